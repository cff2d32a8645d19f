"""Registering, listing and retiring subscriptions: who reads the log, and from where on.

A subscription is created on purpose. Two services that use one name share its work;
two names each get every event.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sguild_dispatcher.errors import ClusterChangedError, ConfigurationError, UnknownSubscriptionError
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection, Queries

Start: TypeAlias = Literal["beginning", "now"]
"""Where a new subscription starts: at the oldest event of the log, or after the newest."""

_PART: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")


@dataclass(frozen=True, slots=True, order=True)
class SubscriberName:
    """The domain that reads, and the name of the service within it: ``sales/sales-crm``.

    Raises:
        ConfigurationError: a part is not lower-case letters, digits and single ``-``, ``_`` or ``.`` between.
    """

    domain: str
    name: str

    def __post_init__(self) -> None:
        for part in (self.domain, self.name):
            if not _PART.fullmatch(part):
                raise _no_subscriber(str(self))

    def __str__(self) -> str:
        return f"{self.domain}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> "SubscriberName":
        """Read ``DOMAIN/NAME``.

        Raises:
            ConfigurationError: the text is something else.
        """
        domain, slash, name = text.partition("/")
        if not slash:
            raise _no_subscriber(text)
        return cls(domain, name)


def _no_subscriber(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} is no subscriber: write DOMAIN/NAME in lower case, as sales/sales-crm."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A registered subscription, with what waits for it and what failed.

    ``first_started_at`` is when a worker first began to deliver for it, ``None`` if none ever did.
    ``waiting`` counts the events that were not fetched yet, and ``waiting_since`` is when the oldest of them
    was published. ``same_cluster`` is ``False`` after a restore into another cluster.
    """

    subscriber: SubscriberName
    registered_at: datetime
    first_started_at: datetime | None
    retired_at: datetime | None
    moved_at: datetime
    same_cluster: bool
    waiting: int
    waiting_since: datetime | None
    retrying: int
    dead: int


async def register(
    connection: "Queries", subscriber: SubscriberName, *, start: Start, partitions: int = 1
) -> bool:
    """Create a subscription, and tell whether it is new.

    An active one stays as it is. A retired one becomes active again and starts at ``start``.

    Args:
        connection: the database of the log, in an open transaction.
        subscriber: its name.
        start: from where on it gets events.
        partitions: among how many workers its events may be divided, 1 to 64.
    """
    rows = await connection.fetch(
        statement("subscription/insert"), subscriber.domain, subscriber.name, partitions
    )
    if not rows:
        return False
    await connection.fetch(statement("cursor/insert_first"), rows[0]["id"], start == "beginning")
    return True


async def retire(connection: "Connection", subscriber: SubscriberName) -> None:
    """End a subscription: its worker stops, and its cursor no longer holds back retention.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    row = await connection.fetchrow(statement("subscription/retire"), subscriber.domain, subscriber.name)
    if row is None:
        raise UnknownSubscriptionError(
            f"{subscriber} is not an active subscription: `sguild-dispatcher subscribers list` shows all."
        )


async def subscriptions(connection: "Connection") -> list[SubscriptionStatus]:
    """Return every subscription, retired ones too, in the order of their names."""
    rows = await connection.fetch(statement("subscription/list"))
    return [
        SubscriptionStatus(
            subscriber=SubscriberName(row["domain"], row["name"]),
            registered_at=row["registered_at"],
            first_started_at=row["first_started_at"],
            retired_at=row["retired_at"],
            moved_at=row["moved_at"],
            same_cluster=row["same_cluster"],
            waiting=row["waiting"],
            waiting_since=row["waiting_since"],
            retrying=row["retrying"],
            dead=row["dead"],
        )
        for row in rows
    ]


async def subscription_id(connection: "Queries", subscriber: SubscriberName) -> int:
    """Return the id of an active subscription whose cursor means something in this cluster.

    Raises:
        UnknownSubscriptionError: it was never registered, or is retired.
        ClusterChangedError: the database was restored into another cluster.
    """
    rows = await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name)
    if not rows or rows[0]["retired_at"] is not None:
        state = "is retired" if rows else "is not registered"
        raise UnknownSubscriptionError(
            f"{subscriber} {state}: run "
            f"`sguild-dispatcher subscribers register {subscriber} --from beginning` "
            "(or `--from now`, to leave out what was published before)."
        )
    if not rows[0]["same_cluster"]:
        raise ClusterChangedError(
            f"The database was restored into another cluster, and the cursor of {subscriber} consists of "
            "transaction ids of the old one: run `sguild-dispatcher migrate`, which lets every cursor go on "
            "where it was."
        )
    identifier: int = rows[0]["id"]
    return identifier


async def require_subscription(connection: "Connection", subscriber: SubscriberName) -> None:
    """Make sure that a subscription was registered once, be it retired or not.

    Raises:
        UnknownSubscriptionError: it was not.
    """
    if not await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name):
        raise UnknownSubscriptionError(
            f"{subscriber} is not a registered subscriber: `sguild-dispatcher subscribers list` shows all."
        )
