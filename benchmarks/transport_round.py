"""One round: everything once, the sides taking turns, each in new databases."""

import statistics
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack, nullcontext
from typing import Final, TypeVar

from transport_load import BATCH, Load
from transport_nats import SUBSCRIBERS, Nats
from transport_own import Own, connected, exact_only
from transport_pgqueuer import PgQueuer
from transport_procrastinate import Procrastinate
from transport_report import ROLES, Amounts

from sguild_dispatcher.testing.postgres import drop_database

INTERVAL: Final = 1 / 50
_WARMING: Final = 100
_TURNS: Final = 3

SideT = TypeVar("SideT", Own, PgQueuer, Procrastinate)


PARTS: Final = ("publish", "deliver", "deliver-slowly", "latency", "wal", "tolerance", "held")
"""What a round may be limited to; the ratios to procrastinate and nats-py need both kinds of delivery."""


async def measured_round(server: str, nats: Nats, load: Load, parts: Collection[str] = PARTS) -> Amounts:
    """Return the amounts: rates in events a second, times in seconds, sizes in bytes."""
    async with AsyncExitStack() as stack:

        async def new(create: Callable[[], Awaitable[SideT]]) -> SideT:
            side = await create()
            stack.push_async_callback(drop_database, side.dsn)
            return side

        own = await new(lambda: Own.create(server, roles=False))
        with_roles = await new(lambda: Own.create(server, roles=True))
        pgqueuer = await new(lambda: PgQueuer.create(server))
        procrastinate = await new(lambda: Procrastinate.create(server))
        sides = {"": own, ROLES: with_roles}
        measures: dict[str, Callable[[], Awaitable[dict[str, float]]]] = {
            "publish": lambda: _published(sides, pgqueuer, load),
            "deliver": lambda: _delivered(sides, pgqueuer, load),
            "deliver-slowly": lambda: _delivered_slowly(procrastinate, nats, load),
            "latency": lambda: _latencies(sides, pgqueuer, load),
            "wal": lambda: _wal(server, stack, load),
            "tolerance": lambda: _tolerant(server, stack, load),
            "held": lambda: _held(server, stack, load),
        }
        amounts: dict[str, float] = {}
        for name in PARTS:
            if name in parts:
                amounts |= await measures[name]()
        return amounts


async def _published(sides: dict[str, Own], pgqueuer: PgQueuer, load: Load) -> dict[str, float]:
    amounts: dict[str, float] = {}
    count = load.published
    for connections, name in ((1, "1 connection"), (8, "8 connections")):
        for roles, own in sides.items():
            amounts[f"publish, {name}{roles}"] = count / await own.publish(connections, count)
        amounts[f"pgqueuer, {name}"] = count / await pgqueuer.publish(connections, count)
        amounts[f"pgqueuer, {name}, no transaction"] = count / await pgqueuer.publish(
            connections, count, joined=False
        )
    for roles, own in sides.items():
        amounts[f"batch of 1000{roles}"] = load.batches * BATCH / await own.publish_batches(load.batches)
    amounts["pgqueuer, batch of 1000"] = load.batches * BATCH / await pgqueuer.publish_batches(load.batches)
    return amounts


async def _delivered(sides: dict[str, Own], pgqueuer: PgQueuer, load: Load) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for roles, own in sides.items():
        await own.deliver()
        await own.publish_batches(load.delivered // BATCH)
        amounts[f"deliveries{roles}"] = SUBSCRIBERS * load.delivered / await own.deliver()
    await pgqueuer.deliver()
    await pgqueuer.publish_batches(load.delivered // BATCH)
    amounts["pgqueuer, jobs that do nothing"] = load.delivered / await pgqueuer.deliver()
    return amounts


async def _delivered_slowly(procrastinate: Procrastinate, nats: Nats, load: Load) -> dict[str, float]:
    await procrastinate.publish_jobs(load.slow_jobs)
    return {
        "procrastinate, jobs that do nothing": load.slow_jobs / await procrastinate.deliver(),
        "nats-py, fan-out": SUBSCRIBERS
        * load.delivered
        / await nats.fan_out(load.delivered, each_acknowledged=True),
        "nats-py, fan-out, batches acknowledged": SUBSCRIBERS
        * load.delivered
        / await nats.fan_out(load.delivered, each_acknowledged=False),
    }


async def _latencies(sides: dict[str, Own], pgqueuer: PgQueuer, load: Load) -> dict[str, float]:
    amounts = {
        f"p50 latency at 50/s{roles}": statistics.median(await own.times(load.timed, INTERVAL))
        for roles, own in sides.items()
    }
    amounts["pgqueuer, p50 latency"] = statistics.median(await pgqueuer.times(load.timed, INTERVAL))
    return amounts


async def _wal(server: str, stack: AsyncExitStack, load: Load) -> dict[str, float]:
    """Return the bytes of WAL for an event that is published in a transaction of its own, and of its body."""
    own = await Own.create(server, roles=False)
    stack.push_async_callback(drop_database, own.dsn)
    async with connected(own.dsn) as connection:
        await connection.execute("checkpoint")
        await own.publish(8, _WARMING)
        await own.deliver()
        before = await connection.fetchval("select pg_current_wal_insert_lsn()")
        await own.publish(8, load.published)
        await own.deliver()
        size = await connection.fetchval("select pg_current_wal_insert_lsn() - $1::pg_lsn", before)
    published = load.published // 8 * 8
    return {"WAL of an event, 3 subscribers": float(size) / published, "its body": await own.body_bytes()}


async def _tolerant(server: str, stack: AsyncExitStack, load: Load) -> dict[str, float]:
    """Return how fast events without surprises are delivered, also by a reader that takes no others."""
    own = await Own.create(server, roles=False)
    stack.push_async_callback(drop_database, own.dsn)
    seconds = {"deliveries, tolerant reader": 0.0, "deliveries, exact reader": 0.0}
    await own.deliver()
    for _ in range(_TURNS):
        for name in seconds:
            await own.publish_batches(load.delivered // BATCH)
            with nullcontext() if "tolerant" in name else exact_only():
                seconds[name] += await own.deliver()
    return {name: SUBSCRIBERS * load.delivered * _TURNS / taken for name, taken in seconds.items()}


async def _held(server: str, stack: AsyncExitStack, load: Load) -> dict[str, float]:
    """Return how fast events are delivered while another transaction stays open, and while none does."""
    free, held = await Own.create(server, roles=False), await Own.create(server, roles=False)
    for each in (free, held):
        stack.push_async_callback(drop_database, each.dsn)
    seconds = dict.fromkeys((free, held), 0.0)
    async with connected(held.dsn) as connection, connection.transaction():
        await connection.execute("select pg_current_xact_id()")
        for _ in range(load.held // load.held_step):
            for each in seconds:
                await each.publish_batches(load.held_step // BATCH)
                seconds[each] += await each.deliver()
    return {
        "deliveries under a held xmin": SUBSCRIBERS * load.held / seconds[held],
        "deliveries without": SUBSCRIBERS * load.held / seconds[free],
    }
