"""What a service registers for the events that it reads: one handler an event type."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sguild_dispatcher.errors import ConfigurationError, DuplicateHandlerError
from sguild_dispatcher.registry import Registry

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerContext:
    """What a handler gets beside its event."""

    connection: "Connection"
    """The connection of the delivery: what is written here commits together with the cursor, or not at all.

    The transaction is the worker's; ``connection.transaction()`` opens a savepoint in it.
    """

    subscriber: str
    """The subscriber, as ``sales/sales-crm``."""

    event_id: str
    event_type: str

    attempt: int
    """1 for the first delivery, and again after a replay."""

    replays: int
    """How often the event was replayed from the dead letters."""


Handler: TypeAlias = Callable[[Any, HandlerContext], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RegisteredHandler:
    """A handler, and the version of the payload that it takes."""

    version: int
    handler: Handler


class Handlers:
    """The handlers of one subscriber, by event type."""

    def __init__(self, domain: str, registry: Registry) -> None:
        self._domain = domain
        self._registry = registry
        self._handlers: dict[str, RegisteredHandler] = {}

    def add(self, event_type: str, version: int, handler: Handler) -> None:
        """Take a handler for one version of an event type.

        Raises:
            DuplicateHandlerError: the event type has a handler already.
            ConfigurationError: the domain does not subscribe to the event type.
            UnregisteredEventTypeError, UnknownVersionError: the registry has none such.
        """
        registered = self._registry.event_type(event_type)
        registered.version(version)
        if self._domain not in registered.subscribers:
            raise ConfigurationError(
                f"{self._domain} does not subscribe to {event_type}: "
                f"add it to the event type's subscribers in the registry, or remove the handler."
            )
        if event_type in self._handlers:
            raise DuplicateHandlerError(
                f"{event_type} has two handlers, {_name(self._handlers[event_type].handler)} and "
                f"{_name(handler)}: keep one, and let it call the other."
            )
        self._handlers[event_type] = RegisteredHandler(version, handler)

    def get(self, event_type: str) -> RegisteredHandler | None:
        """Return the handler of an event type, ``None`` if it has none."""
        return self._handlers.get(event_type)

    @property
    def ignored(self) -> frozenset[str]:
        """The registered event types that the domain does not subscribe to: they are never fetched."""
        return frozenset(each.name for each in self._registry if self._domain not in each.subscribers)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The event types that the domain subscribes to and this subscriber has no handler for."""
        subscribed = self._registry.subscriptions(self._domain)
        return tuple(each.name for each in subscribed if each.name not in self._handlers)

    @property
    def producers(self) -> tuple[str, ...]:
        """The domains whose events are handled, in alphabetical order: a key of each is needed to verify."""
        return tuple(sorted({self._registry.event_type(each).producer for each in self._handlers}))


def _name(handler: Handler) -> str:
    return getattr(handler, "__qualname__", repr(handler))
