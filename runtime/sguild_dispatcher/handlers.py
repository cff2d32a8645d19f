"""What a service registers for the events that it reads: one handler an event type."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias, cast

from sguild_dispatcher.callables import is_async, is_plain, kind_of, name_of, place_of, takes
from sguild_dispatcher.delivery.context import HandlerContext
from sguild_dispatcher.errors import ConfigurationError, DuplicateHandlerError, MissingAdapterError
from sguild_dispatcher.loosening import received_base
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.versions import Hook, Hooks

Handler: TypeAlias = Callable[[Any, HandlerContext], Awaitable[None] | None]

Mode: TypeAlias = Literal["transactional", "leased"]
"""How a handler is called.

``transactional``: inside the transaction that also moves the cursor; its effects in that database happen
once. ``leased``: without a transaction, for handlers that call out; at least once, with duplicates
suppressed.
"""


LONGEST_TIMEOUT: Final = 999_999_999
"""Seconds; as many as ``SGUILD_DISPATCHER_HANDLER_TIMEOUT`` may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """How a handler is called: its mode, and after how many seconds it failed (``None``: see settings)."""

    mode: Mode = "transactional"
    timeout: float | None = None

    def __post_init__(self) -> None:
        seconds = cast("object", self.timeout)
        if seconds is None or (isinstance(seconds, int | float) and 0 < seconds <= LONGEST_TIMEOUT):
            return
        raise ConfigurationError(
            f"{self.mode}(timeout={seconds!r}) must be a number of seconds above 0, at most "
            f"{LONGEST_TIMEOUT}: leave it out to take SGUILD_DISPATCHER_HANDLER_TIMEOUT."
        )


def _as_it_is(handler: Handler) -> Handler:
    return handler


@dataclass(frozen=True, slots=True)
class RegisteredHandler:
    """A handler, the version of the payload that it takes, and how it is called.

    ``called`` is what ``wrap`` makes of it, and ``coroutine`` is that again if it is ``async def``: then it
    need not be asked at each event.
    """

    version: int
    handler: Handler
    options: HandlerOptions
    wrap: Callable[[Handler], Handler] = _as_it_is
    called: Handler = field(init=False)
    coroutine: Callable[[Any, HandlerContext], Awaitable[None]] | None = field(init=False)

    def __post_init__(self) -> None:
        called = self.wrap(self.handler)
        object.__setattr__(self, "called", called)
        object.__setattr__(self, "coroutine", cast("Any", called) if is_async(called) else None)

    @property
    def is_leased(self) -> bool:
        """Tell whether it is called without a transaction."""
        return self.options.mode == "leased"

    def given(self, adapted: Callable[[], Any]) -> "RegisteredHandler":
        """Return a handler that is given what ``adapted`` returns, in place of its event."""
        handler: Any = self.handler

        def adapting(_: Any, context: HandlerContext) -> Awaitable[None] | None:
            returned: Awaitable[None] | None = handler(adapted(), context)
            return returned

        async def adapting_coroutine(_: Any, context: HandlerContext) -> None:
            await handler(adapted(), context)

        return replace(self, handler=adapting if self.coroutine is None else adapting_coroutine)


class Handlers:
    """The handlers of one subscriber, by event type, and its functions from one version to another."""

    def __init__(self, domain: str, registry: Registry) -> None:
        self._domain = domain
        self._registry = registry
        self._handlers: dict[str, RegisteredHandler] = {}
        self._hooks: dict[tuple[str, int, int], Hook] = {}

    def add(self, event_type: str, version: int, handler: Handler, options: HandlerOptions) -> None:
        """Take a handler for one version of an event type.

        Raises:
            DuplicateHandlerError: the event type has a handler already.
            ConfigurationError: the domain does not subscribe to the event type, or the handler is no function
                of an event and a context that does its work when it is called: a generator, say, or a plain
                function, which would hold up a transaction.
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
                _two_handlers(event_type, self._handlers[event_type], handler, version)
            )
        flaw = _handler_flaw(handler, options.mode)
        if flaw is not None:
            raise ConfigurationError(
                f"The handler {place_of(handler)} of {event_type} version {version} {flaw}: write "
                f"`async def handle(event: Event[{self._received(event_type, version)}], "
                "context: HandlerContext) -> None`, or for a thread `def`, registered with "
                "`@subscriber.leased().on_...`."
            )
        self._handlers[event_type] = RegisteredHandler(version, handler, options)

    def adapt(self, event_type: str, source: int, target: int, hook: Hook) -> None:
        """Take the function that makes payloads of the version ``target`` of those of ``source``.

        Raises:
            DuplicateHandlerError: there is one for the two versions already.
            ConfigurationError: it is no plain function of one argument.
        """
        key = (event_type, source, target)
        if key in self._hooks:
            raise DuplicateHandlerError(
                f"{event_type} has two adapters from version {source} to version {target}, "
                f"{name_of(self._hooks[key])} and {name_of(hook)}: keep one."
            )
        flaw = kind_of(hook)
        if flaw is None and not takes(hook, 1):
            flaw = "cannot be called with one argument"
        if flaw is not None:
            raise ConfigurationError(
                f"The adapter {place_of(hook)} of {event_type} from version {source} to version {target} "
                f"{flaw}: write `def adapt(old: {self._received(event_type, source)}) -> "
                f"{self._received(event_type, target)}`, a plain function of one payload that returns one."
            )
        self._hooks[key] = hook

    @property
    def hooks(self) -> Hooks:
        """The functions from one version to another, by event type and both versions."""
        return self._hooks

    def _received(self, event_type: str, version: int) -> str:
        return received_base(self._registry.payload_model(event_type, version)).__name__

    def check_adapters(self) -> None:
        """Make sure that each handler can be given every live version of its event type.

        Raises:
            MissingAdapterError: functions are missing; all of them are named.
        """
        missing = [each for name, handler in self._handlers.items() for each in self._missing(name, handler)]
        if missing:
            raise MissingAdapterError(" ".join(missing))

    def _missing(self, name: str, handler: RegisteredHandler) -> Iterator[str]:
        event_type = self._registry.event_type(name)
        for each in event_type.live:
            source, target = each.version, handler.version
            gaps = "" if source == target else event_type.adapter(source, target).gaps
            if gaps and (name, source, target) not in self._hooks:
                method = f"adapt_{name.replace('.', '_')}_v{source}_to_v{target}"
                yield (
                    f"{name} version {source} cannot be read as version {target}, which "
                    f"{name_of(handler.handler)} takes ({gaps}): register a function with "
                    f"@subscriber.{method}."
                )

    def get(self, event_type: str) -> RegisteredHandler | None:
        """Return the handler of an event type, ``None`` if it has none."""
        return self._handlers.get(event_type)

    def wrapped(self, wrap: Callable[[Handler], Handler]) -> "Handlers":
        """Return the same handlers, called as ``wrap`` makes them; later ones are added to one of both."""
        other = Handlers(self._domain, self._registry)
        other._handlers = {name: replace(each, wrap=wrap) for name, each in self._handlers.items()}
        other._hooks = dict(self._hooks)
        return other

    @property
    def has_leased(self) -> bool:
        """Tell whether any handler is called without a transaction."""
        return any(each.is_leased for each in self._handlers.values())

    def longest(self, timeout: float) -> float:
        """Return how long a transactional handler may take at most; ``timeout`` is for those without one."""
        registered = (each for each in self._handlers.values() if not each.is_leased)
        return max((each.options.timeout or timeout for each in registered), default=timeout)

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


def _two_handlers(event_type: str, one: RegisteredHandler, other: Handler, version: int) -> str:
    names = name_of(one.handler), name_of(other)
    if one.version == version:
        return f"{event_type} has two handlers, {' and '.join(names)}: keep one, and let it call the other."
    versions = one.version, version
    told = " and ".join(f"{name} of version {each}" for name, each in zip(names, versions, strict=True))
    return (
        f"{event_type} has two handlers, {told}: keep one. It is given every event, "
        "whichever version was emitted."
    )


def _handler_flaw(handler: Handler, mode: Mode) -> str | None:
    """Return what keeps a handler from doing its work when it is called, or in a transaction."""
    if not is_async(handler):
        kind = kind_of(handler)
        if kind is not None:
            return kind
        if mode == "transactional" and is_plain(handler):
            return "is not `async def`"
    return None if takes(handler, 2) else "cannot be called with two arguments"
