"""Which libraries the service has loaded and configured: they are what is told to, and no others."""

import sys
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.telemetry.observer import Observer

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

    from sguild_dispatcher.telemetry.spans import Spans

_making: Final = Lock()
"""Threads may publish for the first time at once, and a registry takes each name only once."""


def spans() -> "Spans | None":
    """Return what makes spans, ``None`` where no SDK of OpenTelemetry is configured."""
    loaded = sys.modules.get("opentelemetry.trace")
    if loaded is None:
        return None
    provider = loaded.get_tracer_provider()
    if _records_nothing(provider):
        return None
    from sguild_dispatcher.telemetry.spans import spans_of

    return spans_of(provider)


def active_trace() -> str | None:
    """Return the trace context of the span that is current, ``None`` if there is none."""
    loaded = sys.modules.get("opentelemetry.trace")
    if loaded is None or loaded.get_current_span() is loaded.INVALID_SPAN:
        return None
    from sguild_dispatcher.telemetry.spans import current_trace_context

    return current_trace_context()


def load_prometheus() -> None:
    """Import the client of Prometheus if it is installed: a worker that serves metrics has some to serve."""
    with suppress(ImportError):
        import_module("prometheus_client")


def observers() -> tuple[Observer, ...]:
    """Return where to count: what is loaded of OpenTelemetry with an SDK, and of Prometheus."""
    found: list[Observer] = []
    loaded = sys.modules.get("opentelemetry.metrics")
    if loaded is not None:
        provider = loaded.get_meter_provider()
        if not _records_nothing(provider):
            with _making:
                found.append(_meters(provider))
    if "prometheus_client" in sys.modules:
        with _making:
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
