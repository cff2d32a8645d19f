"""What each domain may do in the database: what a registry says of it, and the role that is given it.

The generator writes ``roles.sql`` by this module, and a worker compares its registry by it with what is
installed: both sides say the same in one form.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

OPERATOR: Final = "dispatcher_operator"
"""The role of people who operate the log; it does not begin as those of domains do."""

INSUFFICIENT_PRIVILEGE: Final = "42501"
"""The SQLSTATE of what a role may not do."""

_PREFIX: Final = "sguild_"
_LONGEST: Final = 56  # of 63 bytes that PostgreSQL keeps of a name: policies add a word to it
_DIGITS: Final = 8


class RegisteredDomain(Protocol):
    """A domain of a registry, be it the runtime's or the generator's."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the class says it
    @property
    def status(self) -> str: ...  # noqa: D102


class RegisteredEventType(Protocol):
    """An event type of a registry."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def producer(self) -> str: ...  # noqa: D102
    @property
    def subscribers(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class DomainRights:
    """The event types that a domain may insert and read, in alphabetical order, and the role that may."""

    domain: str
    role: str
    produces: tuple[str, ...]
    subscribes: tuple[str, ...]


def role_of(domain: str) -> str:
    """Return the name of a domain's role: ``sguild_sales``; a long name ends with a digest of it."""
    name = f"{_PREFIX}{domain}"
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(domain.encode()).hexdigest()[:_DIGITS]
    return f"{name[: _LONGEST - _DIGITS - 1]}_{digest}"


def domain_rights(
    domains: Iterable[RegisteredDomain], event_types: Iterable[RegisteredEventType]
) -> tuple[DomainRights, ...]:
    """Return the rights of a registry's domains, in alphabetical order.

    A deprecated domain has none: what it published is read by event type, and it publishes no more.
    """
    known = sorted(event_types, key=lambda each: each.name)
    rights = (
        DomainRights(
            domain=name,
            role=role_of(name),
            produces=tuple(each.name for each in known if each.producer == name),
            subscribes=tuple(each.name for each in known if name in each.subscribers),
        )
        for name in sorted(each.name for each in domains if each.status == "active")
    )
    return tuple(each for each in rights if each.produces or each.subscribes)


def rights_hash(rights: Iterable[DomainRights]) -> str:
    """Return the SHA-256 of all that policies are made of, in hexadecimal digits."""
    form = [[each.domain, each.role, list(each.produces), list(each.subscribes)] for each in rights]
    return hashlib.sha256(json.dumps(form, separators=(",", ":")).encode()).hexdigest()
