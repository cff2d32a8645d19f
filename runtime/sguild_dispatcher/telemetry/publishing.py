"""What a publisher tells of its calls."""

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from sguild_dispatcher.context import current_context
from sguild_dispatcher.telemetry import names
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.telemetry.libraries import active_trace, observers, spans

if TYPE_CHECKING:
    from sguild_dispatcher.telemetry.spans import OpenSpan


class _Row(Protocol):
    @property
    def event_id(self) -> str: ...

    @property
    def event_type(self) -> str: ...


class Publishing:
    """One call of a publisher, as a block around it: a span, and what is counted of it.

    ::

        with Publishing(event_type) as publishing:
            row = ...  # with publishing.trace_context
            publishing.sending(row)
            await insert(row)

    Args:
        event_types: those that are to be published.
        count: how many events a batch has, ``None`` where one is published by itself.
    """

    __slots__ = ("_began", "_count", "_event_type", "_observers", "_rows", "_span", "trace_context")

    trace_context: str | None
    """What is stored beside the events: the creation context of each of them."""

    def __init__(self, *event_types: str, count: int | None = None) -> None:
        self._event_type = event_types[0] if len(event_types) == 1 else ""
        self._count = count
        self._observers = observers()
        self._rows: Sequence[_Row] = ()

    def __enter__(self) -> Self:
        making = spans()
        self._span: OpenSpan | None = None if making is None else making.send(self._event_type, self._count)
        self.trace_context = active_trace() or current_context().trace_context
        self._began = time.perf_counter()
        return self

    def sending(self, *rows: _Row) -> None:
        """Tell that the rows are given to the database now: nothing has refused them before."""
        self._rows = rows
        if self._span is not None and self._count is None:
            event_id = rows[0].event_id
            correlation_id = current_context().correlation_id or event_id
            self._span.set({names.MESSAGE_ID: event_id, names.CONVERSATION_ID: correlation_id})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = "" if error is None else error_type(error)
        if self._span is not None:
            self._span.end(failed)
        if not self._observers:
            return
        seconds = time.perf_counter() - self._began
        counts = Counter(each.event_type for each in self._rows)
        for observer in self._observers:
            observer.publishing(self._event_type, seconds, failed)
            for event_type, count in counts.items():
                observer.sent(event_type, count, failed)
