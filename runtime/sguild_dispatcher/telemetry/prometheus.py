"""Metrics of Prometheus, in the default registry of its client; only imported where that is.

The names are ours: the client's own style, and not what OpenTelemetry's names would be translated to.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry import names
from sguild_dispatcher.telemetry.observer import Settled

_HOME: Final = "home"


class Prometheus:
    """Counts in a registry.

    Args:
        registry: by default the one that every exposition of the client shows.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._sent = Counter(
            "sguild_dispatcher_published_events",
            "Events given to the database, in transactions that may yet roll back.",
            ("event_type", "error"),
            registry=registry,
        )
        self._publishing = Histogram(
            "sguild_dispatcher_publish_seconds",
            "Duration of publishing one event, or a batch (event_type is empty if it has several types).",
            ("event_type",),
            buckets=names.SECONDS,
            registry=registry,
        )
        self._fetching = Histogram(
            "sguild_dispatcher_fetch_seconds",
            "Duration of fetches that returned events.",
            ("subscriber",),
            buckets=names.SECONDS,
            registry=registry,
        )
        self._handling = Histogram(
            "sguild_dispatcher_handler_seconds",
            "Duration of handlers.",
            ("subscriber", "event_type"),
            buckets=names.SECONDS,
            registry=registry,
        )
        self._settled = Counter(
            "sguild_dispatcher_deliveries",
            "Deliveries whose outcome is committed; retrying and dead are failures, for a reason.",
            ("subscriber", "event_type", "outcome", "reason"),
            registry=registry,
        )
        self._dead = Counter(
            "sguild_dispatcher_dead_letters",
            "Events that became dead letters; 0 from the start, so that the first one is an increase.",
            ("subscriber",),
            registry=registry,
        )
        self._lag = Gauge(
            "sguild_dispatcher_lag_seconds",
            "How long the oldest waiting event of a partition has waited.",
            ("subscriber", "log", "partition"),
            registry=registry,
        )

    def sent(self, event_type: str, count: int, error: str) -> None:
        """See :meth:`Observer.sent`."""
        self._sent.labels(event_type, error).inc(count)

    def publishing(self, event_type: str, seconds: float, error: str) -> None:  # noqa: ARG002 - the protocol's
        """See :meth:`Observer.publishing`."""
        self._publishing.labels(event_type).observe(seconds)

    def received(self, subscriber: SubscriberName, seconds: float) -> None:
        """See :meth:`Observer.received`."""
        self._fetching.labels(str(subscriber)).observe(seconds)

    def processed(self, subscriber: SubscriberName, event_type: str, seconds: float, error: str) -> None:  # noqa: ARG002 - the protocol's
        """See :meth:`Observer.processed`."""
        self._handling.labels(str(subscriber), event_type).observe(seconds)

    def settled(self, subscriber: SubscriberName, counts: Mapping[Settled, int]) -> None:
        """See :meth:`Observer.settled`."""
        dead = self._dead.labels(str(subscriber))
        for each, count in counts.items():
            self._settled.labels(str(subscriber), each.event_type, each.outcome, each.reason).inc(count)
            if each.outcome == "dead":
                dead.inc(count)

    def lagging(self, subscriber: SubscriberName, log: str, seconds: Mapping[int, float | None]) -> None:
        """See :meth:`Observer.lagging`."""
        for partition, each in seconds.items():
            labels = (str(subscriber), log or _HOME, str(partition))
            if each is None:
                self._lag.remove(*labels)
            else:
                self._lag.labels(*labels).set(each)
