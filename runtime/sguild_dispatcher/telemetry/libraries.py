"""Which libraries the service has loaded and configured: they are what is told to, and no others."""

import sys
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from sguild_dispatcher.telemetry.observer import Observer

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

    from sguild_dispatcher.telemetry.spans import Spans


def spans() -> "Spans | None":
    """Return what makes spans, ``None`` where no SDK of OpenTelemetry is configured."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry.trace import get_tracer_provider

    provider = get_tracer_provider()
    if _records_nothing(provider):
        return None
    from sguild_dispatcher.telemetry.spans import spans_of

    return spans_of(provider)


def active_trace() -> str | None:
    """Return the ``traceparent`` of the span that is current, ``None`` if there is none."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from sguild_dispatcher.telemetry.spans import current_traceparent

    return current_traceparent()


def load_prometheus() -> None:
    """Import the client of Prometheus if it is installed: a worker that serves metrics has some to serve."""
    with suppress(ImportError):
        import_module("prometheus_client")


def observers() -> tuple[Observer, ...]:
    """Return where to count: what is loaded of OpenTelemetry with an SDK, and of Prometheus."""
    found: list[Observer] = []
    if "opentelemetry.metrics" in sys.modules:
        from opentelemetry.metrics import get_meter_provider

        provider = get_meter_provider()
        if not _records_nothing(provider):
            found.append(_meters(provider))
    if "prometheus_client" in sys.modules:
        found.append(_prometheus())
    return tuple(found)


def _records_nothing(provider: object) -> bool:
    """Tell whether a provider is one of the API's own: they stand for an SDK that is not configured."""
    return type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


@lru_cache(maxsize=1)
def _meters(provider: "MeterProvider") -> Observer:
    from sguild_dispatcher.telemetry.meters import Meters

    return Meters(provider)


@lru_cache(maxsize=1)
def _prometheus() -> Observer:
    from sguild_dispatcher.telemetry.prometheus import Prometheus

    return Prometheus()
