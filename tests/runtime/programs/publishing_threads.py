"""Publishes from several threads at once, each for the first time, in a process that Prometheus looks at."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
from prometheus_client import REGISTRY

sys.path.insert(0, str(Path(__file__).parents[1]))

from publishing_kit import locked, settled
from sample_contracts import RevenueSyncPublisher

THREADS = 8
# Threads take turns as often as they can.
sys.setswitchinterval(1e-6)

publisher = settled(RevenueSyncPublisher)
barrier = Barrier(THREADS)


def publish() -> None:
    """Publish one event as soon as all threads are ready."""
    payload = locked()
    with psycopg.connect(os.environ["SGUILD_DISPATCHER_DSN"]) as connection:
        barrier.wait()
        publisher.publish(connection, payload)


with ThreadPoolExecutor(THREADS) as pool:
    for each in [pool.submit(publish) for _ in range(THREADS)]:
        each.result()
count = REGISTRY.get_sample_value(
    "sguild_dispatcher_published_events_total", {"event_type": "credit.locked", "error": ""}
)
sys.stdout.write(f"{count}\n")
