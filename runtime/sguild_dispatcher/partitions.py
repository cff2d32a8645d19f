"""Changing among how many partitions the events of a subscription are divided.

Each partition has a snapshot of its own, and different ones cannot be merged. So nothing new is delivered
until the windows at hand are done; then all partitions get one window of one snapshot; and when all of them
have done it, they are replaced. A killed change is taken up by running it again.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.audit import Author, add_entry
from sguild_dispatcher.errors import PartitionsError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import SubscriberName, active_subscription, check_partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sguild_dispatcher.database import Connection, Record

_LOOK_EVERY: Final = 0.1


async def change_partitions(
    connection: "Connection", subscriber: SubscriberName, partitions: int, *, wait: float, author: Author
) -> bool:
    """Divide the events of a subscription anew, and tell whether that changed anything.

    Workers go on meanwhile: they deliver what was published before, and what comes later waits until the
    change is done. They learn of it by themselves. Order per ordering key is kept.

    Args:
        connection: to the database of the log, outside of a transaction.
        subscriber: the subscription.
        partitions: how many there are to be, 1 to 64.
        wait: seconds for the workers to deliver what was published before; then the change is given up.
        author: who does it, for the audit.

    Raises:
        ConfigurationError: there cannot be so many partitions.
        UnknownSubscriptionError: there is no active subscription of that name.
        PartitionsError: nobody delivered what was published before; the partitions are as they were.
    """
    check_partitions(partitions)
    await check_migrated(connection)
    subscription = await active_subscription(connection, subscriber)
    former: int = await connection.fetchval(statement("partition/want"), subscription, partitions)
    done = False
    try:
        done = former == partitions or await _until_replaced(connection, subscription, wait)
        if not done:
            raise await _stuck(connection, subscriber, subscription, wait)
    finally:
        if former == partitions or not done:
            await connection.execute(statement("partition/cancel"), subscription)
    if former == partitions:
        return False
    details = {"from": former, "to": partitions}
    await add_entry(connection, "partitions", author, subscriber=subscriber, details=details)
    return True


async def cancel_partitions(connection: "Connection", subscriber: SubscriberName) -> bool:
    """Give up a change that was killed in the middle, and tell whether there was one.

    Raises:
        UnknownSubscriptionError: there is no active subscription of that name.
    """
    await check_migrated(connection)
    subscription = await active_subscription(connection, subscriber)
    return bool(await connection.fetch(statement("partition/cancel"), subscription))


async def _until_replaced(connection: "Connection", subscription: int, wait: float) -> bool:
    """Take each step as soon as it is possible, and tell whether all were taken in time."""
    deadline = time.monotonic() + wait
    while True:
        places = await connection.fetch(statement("cursor/places"), subscription)
        if all(each["window"] is None for each in places):
            step = "replace" if len({each["done"] for each in places}) == 1 else "freeze"
            if await _step(connection, f"partition/{step}", subscription) and step == "replace":
                return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_EVERY)


async def _step(connection: "Connection", name: str, subscription: int) -> bool:
    """Set all cursors, unless a worker moves one at the same time."""
    import asyncpg

    try:
        return bool(await connection.fetch(statement(name), subscription))
    except asyncpg.UniqueViolationError:
        return False


async def _stuck(
    connection: "Connection", subscriber: SubscriberName, subscription: int, wait: float
) -> PartitionsError:
    places = await connection.fetch(statement("cursor/places"), subscription)
    row = (await connection.fetch(statement("subscription/load"), subscriber.domain, subscriber.name))[0]
    if row["paused_at"] is not None:
        why = f"is paused: run `sguild-dispatcher subscribers resume {subscriber}`"
    elif not any(each["owner_alive"] for each in places):
        why = "has no worker that delivers it: start one"
    else:
        why = f"did not get done with {_undone(places)} in {wait:g} s: run it again with a longer --wait"
    return PartitionsError(
        f"What was published before has to be delivered before partitions change, and {subscriber} {why}. "
        "Its partitions are as they were."
    )


def _undone(places: "Sequence[Record]") -> str:
    numbers = [str(each["partition"]) for each in places if each["window"] is not None]
    return f"partition {', '.join(numbers)}" if numbers else "its partitions"
