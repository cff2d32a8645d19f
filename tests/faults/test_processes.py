"""Workers that are killed, and workers that are stopped for longer than their lease and go on."""

import asyncio

from deliveries_kit import until
from faults_kit import BOTH, Publishing, Scale, Scene, Service, fleet, scales
from sguild_dispatcher.audit import Author
from sguild_dispatcher.database import Connection
from sguild_dispatcher.partitions import change_partitions
from sguild_dispatcher.subscriptions import SubscriberName
from verdict import arrival, judge, nothing_is_left

OWNED = "select count(*) from sguild_dispatcher.partition_owner"
OWNER = """
    select worker.process from sguild_dispatcher.partition_owner as owner
    join sguild_dispatcher.worker as worker on worker.id = owner.worker_id
"""


@scales(
    sample=Scale(events=100, faults=1, seed=4),
    full=Scale(events=3_000, faults=20, seed=4),
    versions=BOTH,
)
async def test_killed_workers(database: Connection, database_dsn: str, scene: Scene) -> None:
    """Three processes share six partitions; one is killed and another takes its place, again and again."""
    service = Service(dsn=database_dsn, batch_size=20, lease_seconds=0.6, handler_seconds=0.002)
    publishing, killed = await kill_at_random(scene, service, database, database, partitions=6)
    verdict = await judge(database, database)
    scene.report(f"{killed} killed; {verdict}")
    assert verdict.published == len(publishing.acknowledged)
    verdict.check()
    await nothing_is_left(service)


@scales(sample=Scale(events=50, faults=1, seed=11), full=Scale(events=1_500, faults=10, seed=11))
async def test_killed_workers_of_a_log_elsewhere(
    database: Connection, database_dsn: str, home: Connection, home_dsn: str, scene: Scene
) -> None:
    """The cursor commits in one database and the effects in the other: they still happen once."""
    service = Service(
        dsn=home_dsn, log_dsn=database_dsn, batch_size=20, lease_seconds=0.6, handler_seconds=0.002
    )
    publishing, killed = await kill_at_random(scene, service, database, home, partitions=2)
    verdict = await judge(database, home)
    scene.report(f"{killed} killed; {verdict}")
    assert verdict.published == len(publishing.acknowledged)
    verdict.check()
    await nothing_is_left(service)


@scales(sample=Scale(events=50, faults=1, seed=12), full=Scale(events=1_000, faults=10, seed=12))
async def test_killed_workers_with_leased_handlers(
    database: Connection, database_dsn: str, home: Connection, home_dsn: str, scene: Scene
) -> None:
    """Each handler is called at least once, and what it claims before it writes is written once."""
    service = Service(
        dsn=home_dsn, log_dsn=database_dsn, mode="leased", lease_seconds=0.6, handler_seconds=0.002
    )
    _, killed = await kill_at_random(scene, service, database, home, partitions=2)
    verdict = await judge(database, home)
    calls = await home.fetch("select event_id from call")
    again = len(calls) - len(set(calls))
    scene.report(f"{killed} killed, {again} calls repeated; {verdict}")
    assert len(set(calls)) == verdict.published
    assert again < verdict.published / 2, "two processes call the handlers of one partition"
    verdict.check()
    await nothing_is_left(service)


async def kill_at_random(
    scene: Scene, service: Service, log: Connection, home: Connection, *, partitions: int
) -> tuple[Publishing, int]:
    """Kill workers in the middle of their work, and return when those that are left have done it all."""
    chance = scene.scale.chance()
    await service.subscriber().register(partitions=partitions)
    publishing = Publishing()
    killed = 0

    def enough() -> bool:
        return killed == scene.scale.faults and len(publishing.acknowledged) >= scene.scale.events

    async with fleet(service, scene.keyring, 2, partitions) as workers:
        publishers = asyncio.gather(
            *(publishing.at_random(service.where_log_is, chance, enough=enough, pause=0.1) for _ in range(2))
        )
        while killed < scene.scale.faults:
            # The third comes while the others work, so that partitions move all the time.
            workers.start()
            await asyncio.sleep(chance.uniform(0, 0.7))
            workers.kill(chance.choice(workers.running))
            killed += 1
        await publishers
        await arrival(log, home)
        assert await log.fetchval(OWNED) == partitions
    return publishing, killed


@scales(
    sample=Scale(events=100, faults=2, seed=7),
    full=Scale(events=1_500, faults=15, seed=7),
    versions=BOTH,
)
async def test_two_workers_fight_for_a_partition(
    database: Connection, database_dsn: str, scene: Scene
) -> None:
    service = Service(dsn=database_dsn, batch_size=20, lease_seconds=0.3, handler_seconds=0.003)
    await fight(scene, service, database, database)


@scales(sample=Scale(events=100, faults=2, seed=8), full=Scale(events=1_500, faults=15, seed=8))
async def test_two_workers_fight_for_a_partition_of_a_log_elsewhere(
    database: Connection, database_dsn: str, home: Connection, home_dsn: str, scene: Scene
) -> None:
    """The cursor cannot commit with the effects here: it is the inbox that keeps them single."""
    service = Service(
        dsn=home_dsn, log_dsn=database_dsn, batch_size=20, lease_seconds=0.3, handler_seconds=0.003
    )
    await fight(scene, service, database, home)


async def taken_over(log: Connection, owner: str) -> None:
    """Wait until the partition belongs to another process."""

    async def condition() -> bool:
        return await log.fetchval(OWNER) not in (None, owner)

    await until(condition)


async def fight(scene: Scene, service: Service, log: Connection, home: Connection) -> None:
    """Stop each of two processes in turn in the middle of its work, until the other has taken over."""
    chance = scene.scale.chance()
    await service.subscriber().register()
    publishing = Publishing()
    stopped = 0

    def enough() -> bool:
        return stopped == scene.scale.faults and len(publishing.acknowledged) >= scene.scale.events

    async with fleet(service, scene.keyring, 2, 1) as workers:
        publishers = asyncio.gather(
            *(publishing.at_random(service.where_log_is, chance, enough=enough, pause=0.02) for _ in range(2))
        )
        while stopped < scene.scale.faults:
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            owner = await log.fetchval(OWNER)
            process = next(each for each in workers.running if owner.endswith(f":{each.pid}"))
            workers.pause(process)
            await taken_over(log, owner)
            await asyncio.sleep(chance.uniform(0, 0.3))
            workers.go_on(process)
            stopped += 1
        await publishers
        await arrival(log, home)
    verdict = await judge(log, home)
    scene.report(f"{stopped} times the owner stopped until the other had taken over; {verdict}")
    verdict.check()
    await nothing_is_left(service)


@scales(
    sample=Scale(events=50, faults=1, seed=13),
    full=Scale(events=2_000, faults=12, seed=13),
    versions=BOTH,
)
async def test_another_number_of_partitions_while_workers_are_killed(
    database: Connection, database_dsn: str, scene: Scene
) -> None:
    chance = scene.scale.chance()
    service = Service(dsn=database_dsn, batch_size=20, lease_seconds=0.6, handler_seconds=0.002)
    await service.subscriber().register(partitions=2)
    publishing = Publishing()
    numbers: list[int] = []

    def enough() -> bool:
        return len(numbers) == scene.scale.faults and len(publishing.acknowledged) >= scene.scale.events

    async with fleet(service, scene.keyring, 2, 2) as workers:
        publishers = asyncio.gather(
            *(publishing.at_random(database_dsn, chance, enough=enough, pause=0.05) for _ in range(2))
        )
        while len(numbers) < scene.scale.faults:
            wanted = chance.choice([each for each in range(1, 9) if each != (numbers or [2])[-1]])
            change = asyncio.create_task(
                change_partitions(
                    database, SubscriberName("sales", "crm"), wanted, wait=60, author=Author(actor="tester")
                )
            )
            await asyncio.sleep(chance.uniform(0, 0.3))
            workers.kill(workers.running[0])
            workers.start()
            await change
            numbers.append(wanted)
        await publishers
        await arrival(database, database)
    verdict = await judge(database, database)
    scene.report(f"{len(numbers)} killed during changes to {numbers} partitions; {verdict}")
    assert verdict.published == len(publishing.acknowledged)
    verdict.check()
    await nothing_is_left(service)
