"""What is told: to SDKs of OpenTelemetry that keep it in memory, and to the client of Prometheus."""

from collections.abc import Iterator, Mapping
from typing import Any

import opentelemetry.metrics._internal as metrics_internal
import opentelemetry.trace as trace_api
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from sguild_dispatcher.telemetry.libraries import observers


class Spans:
    """The spans that ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[ReadableSpan]:
        return sorted(self._exporter.get_finished_spans(), key=lambda each: each.start_time or 0)

    def named(self, name: str) -> list[ReadableSpan]:
        return [each for each in self.all() if each.name == name]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """What an SDK is told of traces."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace_api, "_TRACER_PROVIDER", provider)
    yield Spans(exporter)
    provider.shutdown()


class Metrics:
    """The measurements so far."""

    def __init__(self, reader: InMemoryMetricReader) -> None:
        self._reader = reader

    def points(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """Return attributes and value (of a histogram, the count) of a metric, in the order of their text."""
        return sorted(
            (
                (
                    dict(point.attributes or {}),
                    point.count if isinstance(point, HistogramDataPoint) else point.value,
                )
                for point in self._points(name)
            ),
            key=str,
        )

    def value(self, name: str, **attributes: str) -> float:
        """Return the sum of the points that have these attributes; ``_`` stands for a point in a name."""
        return sum(value for found, value in self.points(name) if _has(found, attributes))

    def everything(self) -> str:
        """Return all of it as text."""
        data = self._reader.get_metrics_data()
        return "" if data is None else data.to_json()

    def _points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        resources = [] if data is None else data.resource_metrics
        scopes = [scope for each in resources for scope in each.scope_metrics]
        return [
            point
            for scope in scopes
            for each in scope.metrics
            if each.name == name
            for point in each.data.data_points
        ]


def _has(found: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    return all(
        found.get(f"messaging.{name.replace('_', '.')}") == value for name, value in attributes.items()
    )


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    """What an SDK is told of metrics."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", provider)
    yield Metrics(reader)
    provider.shutdown()


class Prometheus:
    """The samples of the client's registry, as they grew since the test began."""

    def __init__(self) -> None:
        assert observers()
        self._before = self._samples()

    def grown(self, name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return self._samples().get(key, 0) - self._before.get(key, 0)

    def lag(self, partition: int = 0) -> float | None:
        labels = {"subscriber": "sales/crm", "log": "home", "partition": str(partition)}
        return REGISTRY.get_sample_value("sguild_dispatcher_lag_seconds", labels)

    def _samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }


@pytest.fixture
def prometheus() -> Prometheus:
    """What Prometheus' client counts during the test."""
    return Prometheus()
