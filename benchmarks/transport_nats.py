"""nats-py with JetStream: each subscriber a durable consumer of one stream on disk, without any decoding."""

import asyncio
import importlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from transport_load import BODY
from transport_timing import timed

SUBSCRIBERS: Final = 3
_BATCH: Final = 500
_START_SECONDS: Final = 10.0
_UNACKNOWLEDGED: Final = 256
"""Publishes at the same time, while the stream is filled."""


class Nats:
    """A server of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def fan_out(self, count: int, *, each_acknowledged: bool) -> float:
        """Fill a stream, and return the seconds in which each of three subscribers takes all of it.

        Args:
            count: messages.
            each_acknowledged: whether each message is, which is the default, or a batch by its last one.
        """
        async with AsyncExitStack() as stack:
            clients = [await self._connect(stack) for _ in range(SUBSCRIBERS)]
            await _fill(clients[0], count)
            policy = "EXPLICIT" if each_acknowledged else "ALL"
            consumers = [await _consumer(each, number, policy) for number, each in enumerate(clients)]
            take = _take_each if each_acknowledged else _take_batches
            seconds = await timed(*(take(each, count) for each in consumers))
            await clients[0].jetstream().delete_stream("events")
        return seconds

    async def _connect(self, stack: AsyncExitStack) -> Any:
        client = await importlib.import_module("nats").connect(self._url)
        stack.push_async_callback(client.close)
        return client


@asynccontextmanager
async def nats_server() -> AsyncGenerator[Nats, None]:
    """Run a server with JetStream, whose data lie in a temporary folder, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="nats-", ignore_cleanup_errors=True) as folder:
        port = _free_port()
        options = ["--jetstream", "--store_dir", folder, "--addr", "127.0.0.1", "--port", str(port)]
        program = Path(sys.executable).with_name("nats-server")
        process = subprocess.Popen([program, *options], stderr=subprocess.DEVNULL)  # noqa: ASYNC220, S603 - it returns at once
        try:
            await _accepting(port)
            yield Nats(f"nats://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait()


async def _fill(client: Any, count: int) -> None:
    stream = client.jetstream()
    await stream.add_stream(name="events", subjects=["credit.released"])
    for first in range(0, count, _UNACKNOWLEDGED):
        number = min(_UNACKNOWLEDGED, count - first)
        await asyncio.gather(*(stream.publish("credit.released", BODY) for _ in range(number)))


async def _consumer(client: Any, number: int, policy: str) -> Any:
    api = importlib.import_module("nats.js.api")
    config = api.ConsumerConfig(ack_policy=api.AckPolicy[policy], max_ack_pending=4 * _BATCH)
    return await client.jetstream().pull_subscribe("credit.released", f"subscriber-{number}", config=config)


async def _take_each(consumer: Any, count: int) -> None:
    taken = 0
    while taken < count:
        messages = await consumer.fetch(min(_BATCH, count - taken))
        taken += len(messages)
        for each in messages:
            await each.ack()


async def _take_batches(consumer: Any, count: int) -> None:
    taken = 0
    while taken < count:
        messages = await consumer.fetch(min(_BATCH, count - taken))
        taken += len(messages)
        await messages[-1].ack()


async def _accepting(port: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
