"""Who acts, for which tenant, and in which chain of events: known to the request, not to its input.

The values travel with the task or thread that serves the request::

    with request_context(tenant_id=session.tenant, actor=session.person_id):
        ...
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """What a publisher takes from its surroundings; ``None`` means that nothing is known.

    ``actor`` is a person id or ``system:<domain>``; ``correlation_id`` has the form of an event id.
    """

    tenant_id: str | None = None
    actor: str | None = None
    correlation_id: str | None = None


_current: ContextVar[RequestContext | None] = ContextVar("sguild_dispatcher_context", default=None)


def current_context() -> RequestContext:
    """Return the innermost context of this task or thread, an empty one outside of any."""
    return _current.get() or RequestContext()


@contextmanager
def request_context(
    *, tenant_id: str | None = None, actor: str | None = None, correlation_id: str | None = None
) -> Generator[RequestContext]:
    """Set the context of everything that is published inside the block.

    A nested block keeps what it does not set itself. The envelope's own rules judge the values
    when an event is published.
    """
    given = RequestContext(tenant_id=tenant_id, actor=actor, correlation_id=correlation_id)
    values = {each.name: getattr(given, each.name) for each in fields(given)}
    changes = {name: value for name, value in values.items() if value is not None}
    token = _current.set(replace(current_context(), **changes))
    try:
        yield current_context()
    finally:
        _current.reset(token)
