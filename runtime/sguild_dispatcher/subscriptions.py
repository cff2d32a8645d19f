"""Registering, pausing and retiring subscriptions: who reads the log, and from where on.

A subscription is created on purpose. Two services that use one name share its work;
two names each get every event.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sguild_dispatcher.errors import ClusterChangedError, ConfigurationError, UnknownSubscriptionError
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection, Queries

Start: TypeAlias = Literal["beginning", "now"]
"""Where a new subscription starts: at the oldest event of the log, or after the newest."""

_PART: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")


BUCKETS: Final = 64
"""The shares that ordering keys are divided into, and so the most partitions; see ``event_log.bucket``."""


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


def check_partitions(partitions: int) -> None:
    """Make sure that a subscription can have so many partitions.

    Raises:
        ConfigurationError: it cannot.
    """
    if not 1 <= partitions <= BUCKETS:
        raise ConfigurationError(f"{partitions} is no number of partitions: write one from 1 to {BUCKETS}.")


async def register(
    connection: "Queries",
    subscriber: SubscriberName,
    *,
    start: Start,
    partitions: int = 1,
    actor: str = "service",
    reason: str = "",
) -> bool:
    """Create a subscription, and tell whether it is new.

    An active one stays as it is. A retired one becomes active again and starts at ``start``; at the beginning
    it forgets what failed before and is still in the log. The audit learns of the registration, and of each
    event that is forgotten.

    Args:
        connection: the database of the log, in an open transaction.
        subscriber: its name.
        start: from where on it gets events.
        partitions: among how many workers its events may be divided, 1 to 64.
        actor: who does it, for the audit.
        reason: why.

    Raises:
        ConfigurationError: there cannot be so many partitions.
    """
    check_partitions(partitions)
    rows = await connection.fetch(
        statement("subscription/insert"), subscriber.domain, subscriber.name, partitions
    )
    if not rows:
        return False
    values = (rows[0]["id"], start == "beginning", actor, reason)
    await connection.fetch(statement("cursor/insert_first"), *values)
    return True


async def retire(connection: "Connection", subscriber: SubscriberName) -> None:
    """End a subscription: its worker stops, and its cursor no longer holds back retention.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    if not await connection.fetch(statement("subscription/retire"), subscriber.domain, subscriber.name):
        raise not_active(subscriber)


async def pause(connection: "Connection", subscriber: SubscriberName) -> bool:
    """Let the workers of a subscription deliver nothing until it is resumed, and tell whether that is new.

    The handlers that run are finished. What is published meanwhile waits, and so do retries; retention waits
    for them, too.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    return await _switch(connection, "subscription/pause", subscriber)


async def resume(connection: "Connection", subscriber: SubscriberName) -> bool:
    """Let a paused subscription go on, and tell whether it was paused; raises as :func:`pause`."""
    return await _switch(connection, "subscription/resume", subscriber)


async def _switch(connection: "Connection", name: str, subscriber: SubscriberName) -> bool:
    if await connection.fetch(statement(name), subscriber.domain, subscriber.name):
        return True
    await active_subscription(connection, subscriber)
    return False


def not_active(subscriber: SubscriberName) -> UnknownSubscriptionError:
    """Return the error that says that nobody registered a subscription, or that it is retired."""
    return UnknownSubscriptionError(
        f"{subscriber} is not an active subscription: `sguild-dispatcher subscribers list` shows all."
    )


async def active_subscription(connection: "Queries", subscriber: SubscriberName) -> int:
    """Return the id of a subscription that is not retired.

    Raises:
        UnknownSubscriptionError: there is none of that name.
    """
    rows = await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name)
    if not rows or rows[0]["retired_at"] is not None:
        raise not_active(subscriber)
    identifier: int = rows[0]["id"]
    return identifier


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
