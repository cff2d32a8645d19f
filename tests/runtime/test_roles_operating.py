"""The commands by an operator who is no more than that, and by a domain's own people, who see their part."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from roles_kit import KEYRING, connected, create_login, login_dsn
from sguild_contracts import CreditLocked, DeliverySubscriber, Event, RevenuePublisher, SalesSubscriber
from sguild_contracts.testing import make_credit_locked
from sguild_dispatcher.cli import main
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import HandlerContext, Subscriber

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    async def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
async def failed_dsn(roles_dsn: str) -> str:
    """Sales and delivery have a dead letter each."""
    async with connected(roles_dsn) as superuser:
        await create_login(superuser, "operator_app", "in role dispatcher_operator")
    for kind, login in ((SalesSubscriber, "sales_app"), (DeliverySubscriber, "delivery_app")):
        await kind("crm", settings=Settings(dsn=login_dsn(roles_dsn, login)), keyring=KEYRING).register()
    publisher = RevenuePublisher(keyring=KEYRING, settings=Settings(tenant_id="t"))
    async with connected(roles_dsn, "revenue_app") as connection, connection.transaction():
        await publisher.credit_locked(connection, make_credit_locked())
    for kind, login in ((SalesSubscriber, "sales_app"), (DeliverySubscriber, "delivery_app")):
        assert (await failing(roles_dsn, kind, login).drain()).dead == 1
    return roles_dsn


def failing(dsn: str, kind: type[SalesSubscriber | DeliverySubscriber], login: str) -> Subscriber:
    settings = Settings(dsn=login_dsn(dsn, login))
    subscriber = kind("crm", settings=settings, keyring=KEYRING, retry=RetryPolicy(max_attempts=1))

    @subscriber.on_credit_locked
    async def fail(_event: Event[CreditLocked], _context: HandlerContext) -> None:
        raise LookupError("nobody is home")

    return subscriber


# Sales has another subscriber, with the same dead letter.
OTHER = """
    with board as (
        insert into sguild_dispatcher.subscription (domain, name) values ('sales', 'board') returning id
    )
    insert into sguild_dispatcher.failed_delivery (
        subscription_id, domain, log, state, seq, event_id, event_type, schema_version, producer, tenant_id,
        ordering_key, key_id, signature, body, reason, detail, attempts
    )
    select
        board.id, domain, log, state, seq, event_id, event_type, schema_version, producer, tenant_id,
        ordering_key, key_id, signature, body, reason, detail, attempts
    from sguild_dispatcher.failed_delivery cross join board where domain = 'sales'
"""


ALL = (
    "status",
    "subscribers list",
    "subscribers register growth/board --from beginning",
    "subscribers pause sales/crm",
    "subscribers resume sales/crm",
    "dead-letters list",
    "dead-letters groups",
    "dead-letters replay --subscriber sales/crm --yes",
    "dead-letters replays",
    "dead-letters discard --subscriber delivery/crm --yes",
    "cursors show sales/crm",
    "cursors rewind sales/crm --to 1 --yes",
    "cursors skip sales/crm --to now --yes",
    "audit list",
    "subscribers retire delivery/crm --yes",
    "doctor",
)


async def test_an_operator_does_everything_but_migrate(run: Run, failed_dsn: str) -> None:
    dsn, wrong = login_dsn(failed_dsn, "operator_app"), list[str]()
    for command in ALL:
        code, out, err = await run(*command.split(), "--dsn", dsn)
        if code == 2 or err:
            wrong.append(f"{command}: {out}{err}")
    assert wrong == []
    async with connected(failed_dsn) as superuser:
        actions = await superuser.fetch("select distinct action from sguild_dispatcher.audit_entry")
    assert {"replay", "discard", "rewind", "skip", "retire", "register"} <= {row["action"] for row in actions}


OWN = (
    "status",
    "subscribers list",
    "subscribers pause sales/crm",
    "subscribers resume sales/crm",
    "cursors show sales/crm",
    "dead-letters replay --subscriber sales/crm --yes",
    "dead-letters list",
    "audit list",
)


async def test_a_domain_looks_after_its_own_subscribers(run: Run, failed_dsn: str) -> None:
    dsn, wrong = login_dsn(failed_dsn, "sales_app"), list[str]()
    for command in OWN:
        code, out, err = await run(*command.split(), "--dsn", dsn)
        if code == 2 or err or "delivery" in out:
            wrong.append(f"{command}: {out}{err}")
    assert wrong == []


async def test_a_domain_names_its_dead_letters_by_id_or_not_at_all(run: Run, failed_dsn: str) -> None:
    dsn = login_dsn(failed_dsn, "sales_app")
    _, out, _ = await run("dead-letters", "list", "--format", "json", "--dsn", dsn)
    (letter,) = json.loads(out)
    code, _, err = await run("dead-letters", "replay", "--id", str(letter["id"]), "--yes", "--dsn", dsn)
    assert (code, err) == (0, "")
    await failing(failed_dsn, SalesSubscriber, "sales_app").drain()
    assert (await run("dead-letters", "discard", "--all", "--yes", "--dsn", dsn))[::2] == (0, "")
    _, out, _ = await run("audit", "list", "--format", "json", "--dsn", failed_dsn)
    found = [(each["action"], each["subscriber"], each["events"]) for each in json.loads(out)]
    assert found[:2] == [("discard", "sales/crm", 1), ("replay", "sales/crm", 1)]


async def test_a_domain_acts_on_one_subscriber_at_a_time(run: Run, failed_dsn: str) -> None:
    async with connected(failed_dsn) as superuser:
        await superuser.execute(OTHER)
    dsn = login_dsn(failed_dsn, "sales_app")
    code, _, err = await run("dead-letters", "replay", "--all", "--yes", "--dsn", dsn)
    assert code == 2
    assert err == (
        "sguild-dispatcher: These are dead letters of sales/board, sales/crm, and only an operator may act "
        "on those of several subscribers at once, which sales_app is not: name one, "
        "`--subscriber sales/board`.\n"
    )
    operator = login_dsn(failed_dsn, "operator_app")
    assert (await run("dead-letters", "replay", "--all", "--yes", "--dsn", operator))[::2] == (0, "")


async def test_a_domain_cannot_look_after_another(run: Run, failed_dsn: str) -> None:
    dsn = login_dsn(failed_dsn, "sales_app")
    code, out, _ = await run("subscribers", "list", "--format", "json", "--dsn", dsn)
    assert [each["subscriber"] for each in json.loads(out)] == ["sales/crm"]
    for command in (
        "dead-letters replay --subscriber delivery/crm --yes",
        "subscribers retire delivery/crm --yes",
        "subscribers register delivery/crm --from now",
        "retention run",
    ):
        code, out, err = await run(*command.split(), "--dsn", dsn)
        assert (code, out) == (2, ""), command
        assert err, command
