"""What a memory database has beside the conformance of its transport: state, wake-ups, names for mistakes."""

import asyncio
from typing import Any

import pytest

from conformance_kit import NAME, undone
from deliveries_kit import KEYRING, SalesSubscriber, locked, publish
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.errors import UnknownSubscriptionError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import HandlerContext
from sguild_dispatcher.testing.memory import MemoryDatabase


async def test_whoever_commits_wakes_the_workers() -> None:
    database = MemoryDatabase()
    subscriber = SalesSubscriber(
        "crm", connections=database, keyring=KEYRING, settings=Settings(poll_interval=600)
    )
    seen = asyncio.Event()

    @subscriber.on_credit_locked
    async def note(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        seen.set()

    await subscriber.register()
    running = asyncio.create_task(subscriber.run())
    await asyncio.sleep(0.1)
    connection: Any = database.connection()
    await asyncio.to_thread(asyncio.run, publish(connection, locked(1)))
    async with asyncio.timeout(30):
        await seen.wait()
    await subscriber.stop()
    await running


async def test_state_is_part_of_the_transaction() -> None:
    database = MemoryDatabase()
    connection, other = database.connection(), database.connection()
    async with connection.transaction():
        connection.state["a"] = 1
        assert dict(other.state) == {}
        async with undone(connection):
            connection.state["b"] = 2
            del connection.state["a"]
            assert dict(connection.state) == {"b": 2}
        assert dict(connection.state) == {"a": 1}
    assert (dict(other.state), len(other.state)) == ({"a": 1}, 1)
    async with undone(connection):
        connection.state["a"] = 3
    del other.state["a"]
    assert repr(connection.state) == "State({})"
    with pytest.raises(KeyError, match="a"):
        del connection.state["a"]


def test_what_is_read_of_state_is_a_copy() -> None:
    connection = MemoryDatabase().sync_connection()
    numbers = [1]
    connection.state["numbers"] = numbers
    numbers.append(2)
    connection.state["numbers"].append(3)
    assert connection.state["numbers"] == [1]


async def test_who_is_no_active_subscriber_is_named() -> None:
    database = MemoryDatabase()
    for act in (database.retire, database.pause, database.resume):
        with pytest.raises(UnknownSubscriptionError, match="sales/crm is not an active subscription"):
            act(NAME)
    assert database.register(NAME)
    database.retire(NAME)
    with pytest.raises(UnknownSubscriptionError):
        database.pause(NAME)
