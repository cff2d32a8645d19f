"""Who gets which events, in which order, and from where on."""

import asyncio

import pytest

from conformance_kit import NAME, Transport, recorder, recording
from deliveries_kit import locked, publish, publisher, until
from sample_contracts import CreditAccountId, CreditLockedV1, CreditReleasedV2, Event, PersonId
from sguild_dispatcher.dead_letters import DeadLetterFilter
from sguild_dispatcher.errors import ConfigurationError, UnknownSubscriptionError
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.subscriber import DrainResult, HandlerContext, Retry


async def test_each_event_is_delivered_once(transport: Transport) -> None:
    subscriber = await recorder(transport)
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=2)
    await publish(transport.connection, locked(3))
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await subscriber.drain() == DrainResult()
    assert await transport.effects() == [1, 2, 3]


async def test_two_names_each_get_everything(transport: Transport) -> None:
    both = [await recorder(transport, "crm"), await recorder(transport, "mail")]
    await publish(transport.connection, locked(1))
    for each in both:
        assert await each.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [1, 1]


async def test_from_now_leaves_out_what_was_published_before(transport: Transport) -> None:
    subscriber = transport.subscriber()
    recording(transport, subscriber)
    await publish(transport.connection, locked(1))
    late = await transport.connect()
    async with late.transaction():
        await publish(late, locked(2))
        assert await subscriber.register("now")
        assert not await subscriber.register("beginning")
    await publish(transport.connection, locked(3))
    await subscriber.drain()
    assert await transport.effects() == [2, 3]


@pytest.mark.parametrize("partitions", [0, -1, 65])
async def test_there_are_1_to_64_partitions(transport: Transport, partitions: int) -> None:
    with pytest.raises(
        ConfigurationError, match=f"^{partitions} is no number of partitions: write one from 1 to 64"
    ):
        await transport.subscriber().register(partitions=partitions)


async def test_who_is_not_registered_is_told_so(transport: Transport) -> None:
    with pytest.raises(UnknownSubscriptionError, match="sales/crm is not registered"):
        await transport.subscriber().drain()


async def test_a_late_commit_is_neither_lost_nor_delivered_twice(transport: Transport) -> None:
    subscriber = await recorder(transport)
    late = await transport.connect()
    async with late.transaction():
        await publish(late, locked(1))
        await publish(transport.connection, locked(2))
        await subscriber.drain()
        await publish(transport.connection, locked(3))
        await subscriber.drain()
        assert await transport.effects() == [2, 3]
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await subscriber.drain() == DrainResult()
    assert await transport.effects() == [2, 3, 1]


@pytest.mark.parametrize("late_is_last", [False, True])
async def test_a_late_commit_inside_a_window_is_delivered_once(
    transport: Transport, *, late_is_last: bool
) -> None:
    """The window is frozen while the late transaction is open, and paged after it committed."""
    subscriber = transport.subscriber(batch_size=2)
    late = await transport.connect()
    commit, committed = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with late.transaction():
            if not late_is_last:
                await publish(late, locked(10))
            await publish(transport.connection, locked(4), locked(5), locked(6), locked(7))
            if late_is_last:
                await publish(late, locked(10))
            opened.set()
            await commit.wait()
        committed.set()

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await transport.write(context.connection, event.payload.locked_credits)
        if event.payload.locked_credits == 4:
            commit.set()
            await committed.wait()

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    opened = asyncio.Event()
    holding = asyncio.create_task(hold())
    await opened.wait()
    assert await subscriber.drain() == DrainResult(delivered=8)
    await holding
    assert sorted(await transport.effects()) == [1, 2, 3, 4, 5, 6, 7, 10]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 14, 15])
async def test_pages_of_every_size_deliver_all_in_order(transport: Transport, batch_size: int) -> None:
    subscriber = await recorder(transport, batch_size=batch_size)
    for start in range(0, 14, 2):
        await publish(transport.connection, locked(start + 1), locked(start + 2))
    assert await subscriber.drain() == DrainResult(delivered=14)
    assert await transport.effects() == list(range(1, 15))


@pytest.mark.parametrize("batch_size", [1, 2, 500])
async def test_a_handler_may_publish_what_its_own_subscriber_reads(
    transport: Transport, batch_size: int
) -> None:
    subscriber = transport.subscriber(batch_size=batch_size)

    @subscriber.on_credit_locked
    async def chain(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        number = event.payload.locked_credits
        await transport.write(context.connection, number)
        if number < 10:
            await publisher().credit_locked(context.connection, locked(number + 10))
        await publish(await transport.connect(), locked(99)) if number == 1 else None

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult(delivered=5)
    assert sorted(await transport.effects()) == [1, 2, 11, 12, 99]


async def test_types_without_a_handler_are_passed_over(transport: Transport) -> None:
    subscriber = await recorder(transport)
    released = CreditReleasedV2(
        credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint(), automatic=False
    )
    await publish(transport.connection, locked(1), released)
    assert await subscriber.drain() == DrainResult(delivered=1, passed_over=1)
    assert await transport.waiting() == []


async def test_event_types_of_others_are_never_fetched(transport: Transport) -> None:
    subscriber = await recorder(transport)
    first, _ = await publish(transport.connection, locked(1), locked(2))
    await transport.alter("event_type", "lead.created", first)
    assert await subscriber.drain() == DrainResult(delivered=1)


async def test_a_handler_knows_its_event(transport: Transport) -> None:
    subscriber = transport.subscriber()
    seen: list[tuple[str, str, str, int, int]] = []

    @subscriber.on_credit_locked
    async def look(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert type(event.payload) is CreditLockedV1
        seen.append(
            (context.subscriber, context.event_id, context.event_type, context.attempt, context.replays)
        )

    await subscriber.register()
    [event_id] = await publish(transport.connection, locked(1))
    await subscriber.drain()
    assert seen == [("sales/crm", event_id, "credit.locked", 1, 0)]


async def test_a_chain_keeps_tenant_and_correlation(transport: Transport) -> None:
    subscriber = transport.subscriber()
    seen: list[tuple[str, object]] = []

    @subscriber.on_credit_locked
    async def chain(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        seen.append((event.tenant_id, event.correlation_id))
        if event.payload.locked_credits == 1:
            await publisher().credit_locked(context.connection, locked(2))

    await subscriber.register()
    [first] = await publish(transport.connection, locked(1))
    await subscriber.drain()
    assert seen == [("tenant-1", first), ("tenant-1", first)]


# the life of a subscription


async def test_a_worker_that_runs_gets_what_is_published(transport: Transport) -> None:
    subscriber = await recorder(transport)
    running = asyncio.create_task(subscriber.run())
    await publish(transport.connection, locked(1))

    async def one() -> bool:
        return await transport.effects() == [1]

    await until(one)
    await subscriber.stop()
    await running


async def test_a_paused_subscription_goes_on_where_it_was(transport: Transport) -> None:
    subscriber = await recorder(transport)
    await transport.pause(paused=True)
    await publish(transport.connection, locked(1), locked(2))
    assert await subscriber.drain() == DrainResult()
    await transport.pause(paused=False)
    assert await subscriber.drain() == DrainResult(delivered=2)


async def test_a_paused_subscription_makes_no_retries(transport: Transport) -> None:
    subscriber = transport.subscriber(retry=RetryPolicy(max_attempts=2, base=1, cap=1))
    attempts: list[int] = []

    @subscriber.on_credit_locked
    async def pause_and_fail(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        attempts.append(context.attempt)
        raise Retry(after=0)

    await subscriber.register()
    await publish(transport.connection, locked(1))
    await subscriber.drain()
    assert await transport.replay(DeadLetterFilter()) == 1
    attempts.clear()
    await transport.pause(paused=True)
    assert await subscriber.drain() == DrainResult()
    assert attempts == []
    await transport.pause(paused=False)
    assert await subscriber.drain() == DrainResult(retried=1, dead=1)


async def test_a_batch_whose_cursor_was_set_anew_is_rolled_back(transport: Transport) -> None:
    """While its handler runs, the subscription begins anew, from now: the event is no longer its own."""
    subscriber = transport.subscriber()
    began, go_on = asyncio.Event(), asyncio.Event()

    @subscriber.on_credit_locked
    async def wait(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await transport.write(context.connection, event.payload.locked_credits)
        began.set()
        await go_on.wait()

    await subscriber.register()
    await publish(transport.connection, locked(1))
    draining = asyncio.create_task(subscriber.drain())
    await began.wait()
    await transport.retire()
    assert await subscriber.register("now")
    go_on.set()
    assert await draining == DrainResult()
    assert await transport.effects() == []


async def test_a_retired_subscription_ends_its_worker_and_may_begin_anew(transport: Transport) -> None:
    subscriber = await recorder(transport)
    await publish(transport.connection, locked(1))
    await subscriber.drain()
    running = asyncio.create_task(subscriber.run())
    await asyncio.sleep(0.1)
    await transport.retire()
    with pytest.raises(UnknownSubscriptionError, match=f"{NAME} is retired"):
        await asyncio.wait_for(running, 30)
    assert await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1)
    assert await transport.effects() == [1, 1]


async def test_stop_finishes_the_handler_and_keeps_what_is_done(transport: Transport) -> None:
    subscriber = transport.subscriber()

    @subscriber.on_credit_locked
    async def stop_at_two(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 2:
            await subscriber.stop()
        await transport.write(context.connection, event.payload.locked_credits)

    await subscriber.register()
    await publish(transport.connection, locked(1), locked(2), locked(3))
    await subscriber.run()
    assert await transport.effects() == [1, 2]
    assert await subscriber.drain() == DrainResult(delivered=1)
