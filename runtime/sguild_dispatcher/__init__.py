"""Typed events over PostgreSQL: publish in the caller's transaction, deliver with exactly-once effects.

Every public name can be imported from here. None is loaded before it is used, so that
importing the package costs next to nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # true to type checkers; importing typing would take longer than all else
if TYPE_CHECKING:
    from sguild_dispatcher.clock import Clock, system_clock
    from sguild_dispatcher.connections import AsyncConnection, SyncConnection
    from sguild_dispatcher.context import RequestContext, current_context, request_context
    from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetterRecord, DeadLetters
    from sguild_dispatcher.delivery.outcomes import DeadLetter, Discard, Retry
    from sguild_dispatcher.fields import Date, DateTime, PrefixedId, Unrecognised
    from sguild_dispatcher.loosening import received
    from sguild_dispatcher.migrations import migrate
    from sguild_dispatcher.models import ContractModel, Envelope, Payload
    from sguild_dispatcher.publisher import Publisher, SyncPublisher
    from sguild_dispatcher.registry import Adapter, Domain, EventType, PayloadVersion, Registry
    from sguild_dispatcher.settings import Settings
    from sguild_dispatcher.signing import Key, Keyring
    from sguild_dispatcher.subscriber import DrainResult, HandlerContext, RetryPolicy, Subscriber
    from sguild_dispatcher.wakeups import SyncWaker, Waker

_EXPORTS = {
    "clock": ("Clock", "system_clock"),
    "connections": ("AsyncConnection", "SyncConnection"),
    "context": ("RequestContext", "current_context", "request_context"),
    "dead_letters": ("DeadLetterFilter", "DeadLetterRecord", "DeadLetters"),
    "delivery.outcomes": ("DeadLetter", "Discard", "Retry"),
    "fields": ("Date", "DateTime", "PrefixedId", "Unrecognised"),
    "loosening": ("received",),
    "migrations": ("migrate",),
    "models": ("ContractModel", "Envelope", "Payload"),
    "publisher": ("Publisher", "SyncPublisher"),
    "registry": ("Adapter", "Domain", "EventType", "PayloadVersion", "Registry"),
    "settings": ("Settings",),
    "signing": ("Key", "Keyring"),
    "subscriber": ("DrainResult", "HandlerContext", "RetryPolicy", "Subscriber"),
    "wakeups": ("SyncWaker", "Waker"),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


__all__ = [
    "Adapter",
    "AsyncConnection",
    "Clock",
    "ContractModel",
    "Date",
    "DateTime",
    "DeadLetter",
    "DeadLetterFilter",
    "DeadLetterRecord",
    "DeadLetters",
    "Discard",
    "Domain",
    "DrainResult",
    "Envelope",
    "EventType",
    "HandlerContext",
    "Key",
    "Keyring",
    "Payload",
    "PayloadVersion",
    "PrefixedId",
    "Publisher",
    "Registry",
    "RequestContext",
    "Retry",
    "RetryPolicy",
    "Settings",
    "Subscriber",
    "SyncConnection",
    "SyncPublisher",
    "SyncWaker",
    "Unrecognised",
    "Waker",
    "current_context",
    "migrate",
    "received",
    "request_context",
    "system_clock",
]
