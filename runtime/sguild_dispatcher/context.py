"""Who acts, for which tenant, and in which chain of events: known to the request, not to its input.

The values travel with the task or thread that serves the request::

    with request_context(tenant_id=session.tenant, actor=session.person_id):
        ...
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Final

# https://www.w3.org/TR/trace-context/#traceparent-header-field-values
_TRACEPARENT: Final = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII
)
# https://www.w3.org/TR/trace-context/#tracestate-header-field-values
_KEY: Final = "(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
_MEMBER: Final = rf"{_KEY}=[ -+\--<>-~]{{0,255}}[!-+\--<>-~]"
_TRACESTATE: Final = re.compile(rf"{_MEMBER}(?:[ \t]*,[ \t]*{_MEMBER}){{0,31}}", re.ASCII)

LONGEST_TRACESTATE: Final = 512
"""Characters of a ``tracestate``: what the standard wants to be carried at least, and here at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What a publisher takes from its surroundings; ``None`` means that nothing is known.

    ``actor`` is a person id or ``system:<domain>``; ``correlation_id`` has the form of an event id;
    ``trace_context`` is a W3C ``traceparent``, and after a blank the ``tracestate`` if there is one. It
    travels beside the event, not in it: it is not signed, and nothing but tracing may go by it.
    """

    tenant_id: str | None = None
    actor: str | None = None
    correlation_id: str | None = None
    trace_context: str | None = None


_EMPTY: Final = RequestContext()
_current: ContextVar["RequestContext | EventContext | None"] = ContextVar(
    "sguild_dispatcher_context", default=None
)


def current_context() -> RequestContext:
    """Return the innermost context of this task or thread, an empty one outside of any."""
    current = _current.get()
    return current.request if isinstance(current, EventContext) else current or _EMPTY


@contextmanager
def request_context(
    *,
    tenant_id: str | None = None,
    actor: str | None = None,
    correlation_id: str | None = None,
    trace_context: str | None = None,
) -> Generator[RequestContext]:
    """Set the context of everything that is published inside the block.

    A nested block keeps what it does not set itself. The envelope's own rules judge the values
    when an event is published. A ``trace_context`` that is no W3C ``traceparent`` counts as not given, as
    that standard has it: it often comes from a request's header, and must not keep an event from being sent.
    A ``tracestate`` may follow it, after a blank, and is left out where it is wrong or over 512 characters.
    """
    given = RequestContext(
        tenant_id=tenant_id,
        actor=actor,
        correlation_id=correlation_id,
        trace_context=trace_context_or_none(trace_context),
    )
    values = {each.name: getattr(given, each.name) for each in fields(given)}
    changes = {name: value for name, value in values.items() if value is not None}
    token = _current.set(replace(current_context(), **changes))
    try:
        yield current_context()
    finally:
        _current.reset(token)


class EventContext:
    """Sets the context of a handler: that of its event, and nothing of what surrounds its worker.

    It is what :func:`request_context` does with every field given, in a twentieth of the time: the context is
    made when somebody asks for it, which few handlers do.
    """

    __slots__ = ("_correlation_id", "_tenant_id", "_token", "_trace_context")

    def __init__(self, *, tenant_id: str, correlation_id: str, trace_context: str | None) -> None:
        self._tenant_id = tenant_id
        self._correlation_id = correlation_id
        self._trace_context = trace_context

    @property
    def request(self) -> RequestContext:
        """The context."""
        return RequestContext(
            tenant_id=self._tenant_id,
            correlation_id=self._correlation_id,
            trace_context=trace_context_or_none(self._trace_context),
        )

    def __enter__(self) -> None:
        self._token = _current.set(self)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def trace_context_or_none(text: str | None) -> str | None:
    """Return what is right of a ``traceparent`` and ``tracestate``; without the first there is ``None``."""
    if not text:
        return None
    traceparent, _, tracestate = text.partition(" ")
    if not _TRACEPARENT.fullmatch(traceparent):
        return None
    is_right = len(tracestate) <= LONGEST_TRACESTATE and _TRACESTATE.fullmatch(tracestate)
    return text if is_right else traceparent
