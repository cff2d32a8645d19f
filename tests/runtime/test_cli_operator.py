"""The commands as the role of operators, where domains have roles: they need no more than that."""

import pytest

from operation_kit import Run, result
from roles_kit import INSERT, connected, create_login, login_dsn

ALL = (
    ("status", "--exact"),
    ("subscribers", "list"),
    ("subscribers", "pause", "sales/crm"),
    ("subscribers", "resume", "sales/crm"),
    ("subscribers", "partitions", "sales/crm", "4"),
    ("cursors", "show", "sales/crm"),
    ("cursors", "skip", "sales/crm", "--to", "now", "--yes"),
    ("cursors", "rewind", "sales/crm", "--to", "1", "--yes", "--forget-inbox"),
    ("dead-letters", "list"),
    ("dead-letters", "groups"),
    ("dead-letters", "show", "1", "--payload"),
    ("dead-letters", "replay", "--id", "1", "--yes"),
    ("dead-letters", "replays"),
    ("dead-letters", "discard", "--id", "2", "--yes"),
    ("audit", "list"),
    ("retention", "run", "--dry-run"),
    ("subscribers", "retire", "sales/crm", "--yes"),
)
FAILED = """
    insert into sguild_dispatcher.failed_delivery (
        subscription_id, domain, log, state, seq, event_id, event_type, schema_version, producer, tenant_id,
        ordering_key, key_id, signature, body, reason, detail, attempts
    )
    select
        subscription.id, subscription.domain, 'elsewhere', 'dead', log.seq, log.event_id, log.event_type, 1,
        log.producer, 't', 'k', 'key', 'sig', '{}', 'bad_signature', 'It is not signed.', 0
    from sguild_dispatcher.subscription as subscription cross join sguild_dispatcher.event_log as log
"""


@pytest.fixture
async def operator(run: Run, roles_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A login of operators, with a subscriber, two events, and a dead letter of each."""
    async with connected(roles_dsn) as owner:
        await create_login(owner, "anna", "in role dispatcher_operator")
        monkeypatch.setenv("SGUILD_DISPATCHER_DSN", login_dsn(roles_dsn, "anna"))
        await run("subscribers", "register", "sales/crm", "--from", "beginning")
        for _ in range(2):
            await owner.execute(INSERT, "credit.locked", "revenue")
        await owner.execute(FAILED)
    return login_dsn(roles_dsn, "anna")


@pytest.mark.usefixtures("operator")
async def test_an_operator_can_do_everything_but_delete_events(run: Run) -> None:
    for command in ALL:
        code, _, err = await run(*command)
        assert (code in {0, 1}, err) == (True, ""), command
    actions = [each["action"] for each in await result(run, "audit", "list")]
    assert actions == [
        "retire",
        "discard",
        "replay",
        "rewind",
        "skip",
        "partitions",
        "resume",
        "pause",
        "register",
    ]


@pytest.mark.usefixtures("operator")
async def test_events_are_deleted_by_the_owner_alone(run: Run, roles_dsn: str) -> None:
    erase = ("dead-letters", "discard", "--erase", "--id", "1", "--yes")
    for command in (erase, ("retention", "run")):
        code, out, err = await run(*command)
        assert (code, out) == (2, "")
        assert err.startswith("sguild-dispatcher: The database refused: permission denied for table ")
        assert (await run(*command, "--dsn", roles_dsn))[0] in {0, 1}
