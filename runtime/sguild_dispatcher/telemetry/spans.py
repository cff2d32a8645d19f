"""Spans of OpenTelemetry; only imported where its API is.

A message's creation context is that of its ``send`` span: it is stored beside the event, as W3C's
``traceparent`` and ``tracestate``. The ``process`` span links to it, and is its child too, so that a chain of
events is one trace, from the request that began it to the last handler. Exceptions are named by their class
only: their messages are text of the service, which may quote a payload.
"""

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sguild_dispatcher.context import current_context, trace_context_or_none
from sguild_dispatcher.subscriptions import SubscriberName
from sguild_dispatcher.telemetry import names

_W3C: Final = TraceContextTextMapPropagator()
_TRACEPARENT: Final = "traceparent"
_TRACESTATE: Final = "tracestate"
_ROOT: Final = contexts.Context()
"""What surrounds a delivery: not the span that was current when its worker started."""


class OpenSpan:
    """A span that is current for the length of a block."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span, context: contexts.Context) -> None:
        self._span = span
        self._token = contexts.attach(trace.set_span_in_context(span, context))

    def set(self, attributes: Mapping[str, str | int]) -> None:
        """Add attributes that were not known when it began."""
        self._span.set_attributes(attributes)

    def end(self, error: str) -> None:
        """End it; ``error`` is the class of the exception that ended it, empty if none did."""
        contexts.detach(self._token)
        if error:
            self._span.set_attribute(names.ERROR_TYPE, error)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class Spans:
    """Makes the spans of publishing and delivering.

    Args:
        provider: the SDK's.
    """

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer(names.SCOPE, schema_url=names.SCHEMA_URL)

    def send(self, event_type: str, count: int | None) -> OpenSpan:
        """Begin the span of one event, or of a batch of ``count``; ``event_type`` is empty for several types.

        Its parent is the span that is current, else what the request context says.
        """
        parent = contexts.get_current()
        if not trace.get_current_span(parent).get_span_context().is_valid:
            parent = _remote(current_context().trace_context, parent)
        attributes = _operation("send", event_type)
        if count is not None:
            attributes[names.BATCH_COUNT] = count
        span = self._tracer.start_span(
            f"send {event_type}".rstrip(), parent, trace.SpanKind.PRODUCER, attributes
        )
        return OpenSpan(span, parent)

    def receive(self, subscriber: SubscriberName, traces: Sequence[str | None], seconds: float) -> None:
        """Make the span of a fetch that took ``seconds`` until now, linked to what created its events."""
        now = time.time_ns()
        attributes = {**_operation("receive", ""), **_consumer(subscriber), names.BATCH_COUNT: len(traces)}
        links = [link for each in dict.fromkeys(traces) for link in _links(_remote(each, _ROOT))]
        span = self._tracer.start_span(
            "receive",
            _ROOT,
            kind=trace.SpanKind.CONSUMER,
            attributes=attributes,
            links=links,
            start_time=now - int(seconds * 1e9),
        )
        span.end(now)

    def process(
        self,
        subscriber: SubscriberName,
        event_type: str,
        trace_context: str | None,
        attributes: Mapping[str, str | int],
    ) -> OpenSpan:
        """Begin the span of a handler that is called for one event."""
        created = _remote(trace_context, _ROOT)
        span = self._tracer.start_span(
            f"process {event_type}",
            created,
            trace.SpanKind.CONSUMER,
            {**_operation("process", event_type), **_consumer(subscriber), **attributes},
            links=_links(created),
        )
        return OpenSpan(span, created)


@lru_cache(maxsize=1)
def spans_of(provider: trace.TracerProvider) -> Spans:
    """Return the spans of a provider, whose tracer takes a while to make."""
    return Spans(provider)


def current_trace_context() -> str | None:
    """Return the trace context of the span that is current, ``None`` if there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return trace_context_or_none(f"{carrier.get(_TRACEPARENT, '')} {carrier.get(_TRACESTATE, '')}".rstrip())


def _remote(trace_context: str | None, context: contexts.Context) -> contexts.Context:
    """Return ``context`` with the span of a stored trace context as current, as it is for what is none."""
    found = trace_context_or_none(trace_context)
    if found is None:
        return context
    traceparent, _, tracestate = found.partition(" ")
    return _W3C.extract({_TRACEPARENT: traceparent, _TRACESTATE: tracestate}, context)


def _links(context: contexts.Context) -> list[trace.Link]:
    found = trace.get_current_span(context).get_span_context()
    return [trace.Link(found)] if found.is_valid else []


def _operation(name: str, event_type: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        names.SYSTEM: names.SCOPE,
        names.OPERATION_NAME: name,
        names.OPERATION_TYPE: name,
    }
    if event_type:
        attributes[names.DESTINATION] = event_type
    return attributes


def _consumer(subscriber: SubscriberName) -> dict[str, str]:
    return {names.GROUP: subscriber.domain, names.SUBSCRIPTION: subscriber.name}
