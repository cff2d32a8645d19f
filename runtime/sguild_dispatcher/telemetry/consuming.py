"""What the deliveries of one subscriber tell."""

import time
from collections.abc import Container, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry import names
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.telemetry.libraries import observers, spans
from sguild_dispatcher.telemetry.observer import Observer, Settled

if TYPE_CHECKING:
    from sguild_dispatcher.telemetry.spans import OpenSpan, Spans


class Consuming:
    """Tells of one run of a subscriber.

    It tells to the libraries that are configured when it is made: before the run.

    Args:
        subscriber: whose deliveries they are.
        known: the registered event types; metrics call all others by one name.
        harmless: exceptions of handlers that are no errors.
    """

    def __init__(
        self,
        subscriber: SubscriberName,
        *,
        known: Container[str],
        harmless: tuple[type[BaseException], ...] = (),
    ) -> None:
        self.subscriber = subscriber
        self.harmless = harmless
        self._known = known
        self.observers: tuple[Observer, ...] = observers()
        self.spans: Spans | None = spans()
        self.listens = self.spans is not None or bool(self.observers)
        """Whether anybody wants to be told."""
        # A series that begins with its first count is no increase to Prometheus.
        self.settled({})

    @property
    def counts(self) -> bool:
        """Whether anybody counts."""
        return bool(self.observers)

    def received(self, rows: Sequence[Mapping[str, Any]], began: float) -> None:
        """Tell of a fetch that began at ``began`` (``time.perf_counter``); one without rows is not told."""
        if not self.listens or not rows:
            return
        seconds = time.perf_counter() - began
        if self.spans is not None:
            self.spans.receive(self.subscriber, [each["trace_context"] for each in rows], seconds)
        for each in self.observers:
            each.received(self.subscriber, seconds)

    def handling(
        self,
        surroundings: AbstractContextManager[None],
        *,
        event_type: str,
        event_id: str,
        correlation_id: str,
        attempt: int,
        trace_context: str | None,
    ) -> AbstractContextManager[None]:
        """Return a block for the call of a handler: its span is current in it, and its time is taken.

        It is around another block, which takes its place where nobody listens: that costs nothing then.
        """
        attributes: dict[str, str | int] = {
            names.MESSAGE_ID: event_id,
            names.CONVERSATION_ID: correlation_id,
            names.ATTEMPT: attempt,
        }
        return _Handling(self, surroundings, event_type, trace_context, attributes)

    def settled(self, counts: Mapping[Settled, int]) -> None:
        """Tell what a commit settled."""
        named: dict[Settled, int] = {}
        for each, count in counts.items():
            event_type = each.event_type if each.event_type in self._known else names.OTHER
            key = Settled(event_type, each.outcome, each.reason)
            named[key] = named.get(key, 0) + count
        for observer in self.observers:
            observer.settled(self.subscriber, named)

    def lagging(self, log: str, seconds: Mapping[int, float | None]) -> None:
        """Tell how long the oldest waiting event of partitions has waited, ``None`` of those given away."""
        for each in self.observers:
            each.lagging(self.subscriber, log, seconds)


class _Handling(AbstractContextManager[None]):
    __slots__ = (
        "_attributes",
        "_began",
        "_consuming",
        "_event_type",
        "_span",
        "_surroundings",
        "_trace_context",
    )

    def __init__(
        self,
        consuming: Consuming,
        surroundings: AbstractContextManager[None],
        event_type: str,
        trace_context: str | None,
        attributes: Mapping[str, str | int],
    ) -> None:
        self._consuming = consuming
        self._surroundings = surroundings
        self._event_type = event_type
        self._trace_context = trace_context
        self._attributes = attributes

    def __enter__(self) -> None:
        consuming = self._consuming
        self._span: OpenSpan | None = None
        if consuming.spans is not None:
            self._span = consuming.spans.process(
                consuming.subscriber, self._event_type, self._trace_context, self._attributes
            )
        self._surroundings.__enter__()
        self._began = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        consuming = self._consuming
        seconds = time.perf_counter() - self._began
        self._surroundings.__exit__(kind, error, trace)
        failed = "" if error is None or isinstance(error, consuming.harmless) else error_type(error)
        if self._span is not None:
            self._span.end(failed)
        for each in consuming.observers:
            each.processed(consuming.subscriber, self._event_type, seconds, failed)
