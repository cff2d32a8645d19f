"""An event is in the log when, and only if, the transaction that it was published in commits."""

import pytest

from conformance_kit import Transport, recorder, undone, undone_sync
from deliveries_kit import KEYRING, locked, publish, publisher
from sample_contracts import RevenueSyncPublisher
from sguild_dispatcher.context import request_context
from sguild_dispatcher.errors import NotInTransactionError, PublishError, UnsupportedConnectionError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult


async def test_a_commit_publishes(transport: Transport) -> None:
    subscriber = await recorder(transport)
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    assert await transport.effects() == [1, 2]


async def test_a_rollback_publishes_nothing(transport: Transport) -> None:
    subscriber = await recorder(transport)
    async with undone(transport.connection):
        await transport.write(transport.connection, 9)
        await publish(transport.connection, locked(1))
    await publish(transport.connection, locked(2))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [2]


async def test_a_savepoint_that_is_rolled_back_takes_its_own_events_only(transport: Transport) -> None:
    subscriber = await recorder(transport)
    async with transport.connection.transaction():
        await publish(transport.connection, locked(1))
        async with undone(transport.connection):
            await publish(transport.connection, locked(2))
        await publish(transport.connection, locked(3))
    await subscriber.drain()
    assert await transport.effects() == [1, 3]


async def test_without_a_transaction_nothing_is_published(transport: Transport) -> None:
    subscriber = await recorder(transport)
    with request_context(tenant_id="tenant-1"), pytest.raises(NotInTransactionError, match="transaction"):
        await publisher().publish(transport.connection, locked(1))
    assert await subscriber.drain() == DrainResult()


async def test_what_is_not_committed_is_not_delivered(transport: Transport) -> None:
    subscriber = await recorder(transport)
    other = await transport.connect()
    async with other.transaction():
        await publish(other, locked(1))
        assert await subscriber.drain() == DrainResult()
    assert await subscriber.drain() == DrainResult(delivered=1)


async def test_events_have_the_order_in_which_they_were_written(transport: Transport) -> None:
    subscriber = await recorder(transport)
    other = await transport.connect()
    async with other.transaction():
        await publish(other, locked(1))
        await publish(transport.connection, locked(2))
        await publish(other, locked(3))
    await subscriber.drain()
    assert await transport.effects() == [1, 2, 3]


async def test_many_are_published_at_once_and_in_order(transport: Transport) -> None:
    subscriber = await recorder(transport)
    payloads = [locked(each) for each in range(1, 8)]
    wrong = locked(9).model_copy(update={"locked_credits": 0})
    with request_context(tenant_id="tenant-1"):
        async with transport.connection.transaction():
            ids = await publisher().publish_many(transport.connection, payloads)
            with pytest.raises(PublishError, match=r"payloads\[1\]"):
                await publisher().publish_many(transport.connection, [locked(8), wrong])
    assert len(set(ids)) == 7
    assert await subscriber.drain() == DrainResult(delivered=7)
    assert await transport.effects() == [1, 2, 3, 4, 5, 6, 7]


async def test_code_without_asyncio_publishes_alike(transport: Transport) -> None:
    subscriber = await recorder(transport)
    sync = RevenueSyncPublisher(keyring=KEYRING, settings=Settings(tenant_id="tenant-1"))
    with transport.connect_sync() as connection:
        with connection.transaction():
            sync.publish(connection, locked(1))
            with undone_sync(connection):
                sync.publish(connection, locked(2))
            sync.publish_many(connection, [locked(3), locked(4)])
        with undone_sync(connection):
            sync.publish(connection, locked(5))
        with pytest.raises(NotInTransactionError):
            sync.publish(connection, locked(6))
    assert await subscriber.drain() == DrainResult(delivered=3)
    assert await transport.effects() == [1, 3, 4]


async def test_a_publisher_names_the_connection_that_it_cannot_take(transport: Transport) -> None:
    with request_context(tenant_id="tenant-1"), transport.connect_sync() as connection:
        with pytest.raises(UnsupportedConnectionError, match="needs a SyncPublisher"):
            await publisher().publish(connection, locked(1))
        with pytest.raises(UnsupportedConnectionError, match="needs an asynchronous Publisher"):
            RevenueSyncPublisher(keyring=KEYRING).publish(transport.connection, locked(1))
