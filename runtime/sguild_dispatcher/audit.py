"""The audit: what people did to subscriptions and events, and what handlers gave up, with who and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

from sguild_dispatcher.errors import ConfigurationError, UnknownAuditEntryError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection, Record

AuditAction: TypeAlias = Literal[
    "discard",
    "erase",
    "partitions",
    "pause",
    "register",
    "replay",
    "resume",
    "retention",
    "retire",
    "rewind",
    "skip",
]
"""What can be done to a subscription or to events."""

HANDLER: Final = "handler"
"""The actor of what a handler discards."""

AUDIT_ACTIONS: tuple[AuditAction, ...] = get_args(AuditAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who does something, and why, for the audit.

    Raises:
        ConfigurationError: nobody is named.
    """

    actor: str
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.actor:
            raise ConfigurationError("The audit needs to know who does this: name an actor.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action.

    ``subscriber`` is ``None`` where the action was not about one. ``events`` is how many events it concerned
    one by one, and ``details`` what it was told: filters, places, numbers.
    """

    id: int
    acted_at: datetime
    action: AuditAction
    subscriber: SubscriberName | None
    actor: str
    reason: str
    events: int
    details: Mapping[str, Any] | None

    @property
    def shown_reason(self) -> str:
        """Why, as lists show it: without what a handler said, which may quote an event's payload."""
        return "" if self.actor == HANDLER else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEvent:
    """An event that an action concerned; ``log`` is empty for the log of the same database."""

    subscriber: SubscriberName
    log: str
    seq: int
    event_id: str
    event_type: str


async def add_entry(
    connection: "Connection",
    action: AuditAction,
    author: Author,
    *,
    subscriber: SubscriberName | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write an entry in the open transaction, and return its id."""
    domain, name = (None, None) if subscriber is None else (subscriber.domain, subscriber.name)
    text = None if details is None else json.dumps(details, ensure_ascii=False, default=str)
    values = (action, domain, name, author.actor, author.reason, text)
    return cast("int", await connection.fetchval(statement("audit/insert_entry"), *values))


async def audit_entries(
    connection: "Connection",
    *,
    action: AuditAction | None = None,
    subscriber: SubscriberName | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """Return the entries that all given arguments agree with, the newest first.

    Raises:
        NotMigratedError: the database is not ready.
    """
    await check_migrated(connection)
    domain, name = (None, None) if subscriber is None else (subscriber.domain, subscriber.name)
    rows = await connection.fetch(statement("audit/list"), action, domain, name, since, limit, None)
    return [_entry(row) for row in rows]


async def audit_entry(
    connection: "Connection", identifier: int, *, limit: int | None = None
) -> tuple[AuditEntry, list[AuditedEvent]]:
    """Return one entry and its events in the order of their logs, up to ``limit``.

    Raises:
        NotMigratedError: the database is not ready.
        UnknownAuditEntryError: there is none with that id.
    """
    await check_migrated(connection)
    nothing = (None,) * 5
    rows = await connection.fetch(statement("audit/list"), *nothing, identifier)
    if not rows:
        raise UnknownAuditEntryError(
            f"There is no audit entry {identifier}: `sguild-dispatcher audit list` shows all."
        )
    events = [
        AuditedEvent(
            subscriber=SubscriberName(each["domain"], each["name"]),
            log=each["log"],
            seq=each["seq"],
            event_id=each["event_id"],
            event_type=each["event_type"],
        )
        for each in await connection.fetch(statement("audit/events"), identifier, limit)
    ]
    return _entry(rows[0]), events


def _entry(row: "Record") -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        acted_at=row["acted_at"],
        action=row["action"],
        subscriber=None if row["domain"] is None else SubscriberName(row["domain"], row["name"]),
        actor=row["actor"],
        reason=row["reason"],
        events=row["events"],
        details=None if row["details"] is None else json.loads(row["details"]),
    )
