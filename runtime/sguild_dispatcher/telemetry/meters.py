"""Metrics of OpenTelemetry; only imported where its API is."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry import names
from sguild_dispatcher.telemetry.observer import Settled

_HANDLED: Final = ("delivered", "discarded", "retrying", "dead")


class Meters:
    """Counts by instruments of the semantic conventions, and by some of our own where they have none.

    Args:
        provider: the SDK's.
    """

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(names.SCOPE, schema_url=names.SCHEMA_URL)
        self._lags: dict[tuple[SubscriberName, str, int], float] = {}
        self._sent = meter.create_counter(
            names.SENT, "{message}", "Events given to the database, in transactions that may yet roll back."
        )
        self._consumed = meter.create_counter(
            names.CONSUMED, "{message}", "Deliveries whose outcome is committed."
        )
        self._operations = meter.create_histogram(
            names.OPERATION_DURATION,
            "s",
            "Duration of publishing, and of fetches that returned events.",
            explicit_bucket_boundaries_advisory=names.SECONDS,
        )
        self._processing = meter.create_histogram(
            names.PROCESS_DURATION,
            "s",
            "Duration of handlers.",
            explicit_bucket_boundaries_advisory=names.SECONDS,
        )
        self._retries = meter.create_counter(
            names.RETRIES, "{message}", "Deliveries that failed and are tried again."
        )
        self._dead = meter.create_counter(names.DEAD_LETTERS, "{message}", "Events that became dead letters.")
        meter.create_observable_gauge(
            names.LAG,
            [self._observed_lags],
            "s",
            "How long the oldest waiting event of a partition has waited.",
        )

    def sent(self, event_type: str, count: int, error: str) -> None:
        """See :meth:`Observer.sent`."""
        self._sent.add(count, _attributes("send", None, event_type, error))

    def publishing(self, event_type: str, seconds: float, error: str) -> None:
        """See :meth:`Observer.publishing`."""
        self._operations.record(seconds, _attributes("send", None, event_type, error))

    def received(self, subscriber: SubscriberName, seconds: float) -> None:
        """See :meth:`Observer.received`."""
        self._operations.record(seconds, _attributes("receive", subscriber, "", ""))

    def processed(self, subscriber: SubscriberName, event_type: str, seconds: float, error: str) -> None:
        """See :meth:`Observer.processed`."""
        self._processing.record(seconds, _attributes("process", subscriber, event_type, error))

    def settled(self, subscriber: SubscriberName, counts: Mapping[Settled, int]) -> None:
        """See :meth:`Observer.settled`."""
        for each, count in counts.items():
            attributes = _attributes("process", subscriber, each.event_type, each.reason)
            if each.outcome in _HANDLED:
                self._consumed.add(count, attributes)
            if each.outcome == "retrying":
                self._retries.add(count, attributes)
            elif each.outcome == "dead":
                self._dead.add(count, attributes)

    def lagging(self, subscriber: SubscriberName, log: str, seconds: Mapping[int, float | None]) -> None:
        """See :meth:`Observer.lagging`."""
        for partition, each in seconds.items():
            if each is None:
                self._lags.pop((subscriber, log, partition), None)
            else:
                self._lags[subscriber, log, partition] = each

    def _observed_lags(self, _: CallbackOptions) -> Iterable[Observation]:
        for (subscriber, log, partition), seconds in tuple(self._lags.items()):
            yield Observation(
                seconds, {**_consumer(subscriber), names.LOG: log or "home", names.PARTITION: str(partition)}
            )


@cache
def _attributes(
    operation: str, subscriber: SubscriberName | None, event_type: str, error: str
) -> dict[str, Any]:
    """Return the attributes of a measurement; there are few of them, so none is forgotten."""
    attributes = {names.SYSTEM: names.SCOPE, names.OPERATION_NAME: operation, names.OPERATION_TYPE: operation}
    if subscriber is not None:
        attributes |= _consumer(subscriber)
    if event_type:
        attributes[names.DESTINATION] = event_type
    if error:
        attributes[names.ERROR_TYPE] = error
    return attributes


def _consumer(subscriber: SubscriberName) -> dict[str, str]:
    return {
        names.SYSTEM: names.SCOPE,
        names.GROUP: subscriber.domain,
        names.SUBSCRIPTION: subscriber.name,
    }
