"""What a service may have loaded, and what the runtime's calls of its own telemetry take then."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib import import_module
from typing import Final

from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry import Consuming, Publishing

DELIVERY: Final = "delivery"
PUBLISH: Final = "publish"
BATCHED: Final = "publish in batches of 1000"

_CALLS: Final = 20_000
_EVENT_TYPE: Final = "credit.released"


def _load_nothing() -> None:
    """Leave both libraries out."""


def _load_api() -> None:
    import_module("opentelemetry.trace")
    import_module("opentelemetry.metrics")


def _load_sdk(rate: float) -> None:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    trace.set_tracer_provider(TracerProvider(ParentBased(TraceIdRatioBased(rate))))
    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()]))


def _load_prometheus() -> None:
    import_module("prometheus_client")


MODES: Final[Mapping[str, Callable[[], None]]] = {
    "neither": _load_nothing,
    "OpenTelemetry's API": _load_api,
    "its SDK": lambda: _load_sdk(1.0),
    "its SDK, 1 % of traces": lambda: _load_sdk(0.01),
    "prometheus-client": _load_prometheus,
}
"""Each loads and configures what it is named after."""


class _Row:
    event_id = "evt_0190a5c8-7c1f-7c3a-8f4e-2b6d9e1f0a3b"
    event_type = _EVENT_TYPE


def calls_of(name: str) -> str:
    """Return the name of the time that the calls of telemetry alone take in something."""
    return f"{name}, calls alone"


def microseconds() -> dict[str, float]:
    """Return how much of the time of one event is spent on its telemetry, in calls of nothing else."""
    row = _Row()
    batch = [row] * 1000
    consuming = Consuming(SubscriberName("sales", "bench"), known=frozenset({_EVENT_TYPE}))

    def publish() -> None:
        with Publishing(_EVENT_TYPE) as publishing:
            publishing.sending(row)

    def publish_batch() -> None:
        with Publishing(_EVENT_TYPE, count=1000) as publishing:
            publishing.sending(*batch)

    def deliver() -> None:
        if not consuming.listens:
            return
        with consuming.handling(
            nullcontext(),
            event_type=_EVENT_TYPE,
            event_id=row.event_id,
            correlation_id=row.event_id,
            attempt=1,
            trace_context=None,
        ):
            pass

    return {
        calls_of(DELIVERY): _best(deliver, _CALLS),
        calls_of(PUBLISH): _best(publish, _CALLS),
        calls_of(BATCHED): _best(publish_batch, _CALLS // 1000) / 1000,
    }


def _best(call: Callable[[], None], calls: int) -> float:
    """Return the microseconds of a call, of the best of five times."""
    times: list[float] = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(calls):
            call()
        times.append(time.process_time() - start)
    return min(times) / calls * 1e6
