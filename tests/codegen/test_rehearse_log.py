"""`sguild-codegen rehearse --dsn`: the events of a log instead of samples."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_kit import ROOT, Result, run
from rehearsal_kit import family, readers, rehearse

from sguild_codegen.cli import event_log
from sguild_contracts.registry import registry
from sguild_dispatcher.database import Connection
from sguild_dispatcher.versions import tolerant_rule

CONTRACTS = str(ROOT / "contracts")
SECRET = "hunter-2"  # noqa: S105 - stands for a password
PERSONAL = "jane.doe@example.org"
_INSERT = """
insert into sguild_dispatcher.event_log
    (event_id, event_type, schema_version, producer, tenant_id, ordering_key, key_id, signature, body)
values ($1, $2, $3, 'revenue', 't-1', 'k', 'revenue-1', 's', $4)
"""

_DELETE = """
delete from sguild_dispatcher.event_log where event_type = $1 and schema_version = $2 and $3 > 0
"""


def _payload(version: int, **changes: Any) -> dict[str, Any]:
    [line] = run(
        "sample", "credit.released", "--version", str(version), "--seed", "1", "--contracts", CONTRACTS
    ).out.split("\n\n")
    return {**json.loads(line), "reason_note": PERSONAL, **changes}


async def _log(connection: Connection, name: str, version: int, body: object) -> None:
    await connection.execute(
        _INSERT, name, "credit.released", version, body if isinstance(body, str) else json.dumps(body)
    )


async def _rehearse(dsn: str, *options: str) -> Result:
    arguments = ("credit.released", "--from", "1", "--to", "2", "--contracts", CONTRACTS, "--dsn", dsn)
    return await asyncio.to_thread(run, "rehearse", *arguments, *options)


async def test_events_of_both_versions_are_read_as_the_other_one(connection: Connection, dsn: str) -> None:
    for number in range(3):
        await _log(connection, f"evt_one{number}", 1, {"payload": _payload(1)})
    await _log(connection, "evt_two", 2, {"payload": _payload(2, surprise=PERSONAL, initiator="robot")})
    result = await _rehearse(dsn, "--format", "json")
    found = json.loads(result.out)
    assert (result.code, found["evidence"], found["refuses"]) == (0, "log", False)
    earlier, first, second, hooked = found["readers"]
    assert [each["checked"] for each in found["readers"]] == [1, 1, 1, 3]
    for each in (earlier, first):
        pointers = [one["pointer"] for one in each["unrecognised"]]
        assert pointers == ["/initiator", "/reason_code", "/surprise"]
    assert [each["pointer"] for each in second["unrecognised"]] == ["/initiator", "/surprise"]
    [lack] = hooked["refusals"]
    assert (lack["pointer"], lack["count"]) == ("/reason_code", 3)
    assert lack["examples"] == ["evt_one2", "evt_one1", "evt_one0"]  # the newest first


async def test_what_is_not_recognised_is_what_the_runtime_does_not_recognise(
    connection: Connection, dsn: str
) -> None:
    payload = _payload(2, surprise={"a": 1}, initiator="robot", reversal_reason="New")
    await _log(connection, "evt_two", 2, {"payload": payload})
    found = readers(await _rehearse(dsn, "--format", "json"))
    for each in found[:3]:
        told = tolerant_rule(registry, "credit.released", each["reads_as"]).ignored(payload).told(payload)
        assert [one["pointer"] for one in each["unrecognised"]] == sorted(told)


async def test_what_a_producer_should_not_have_written_is_refused(connection: Connection, dsn: str) -> None:
    await _log(connection, "evt_sound", 2, {"payload": _payload(2)})
    await _log(connection, "evt_zero", 2, {"payload": _payload(2, released_credits=0)})
    await _log(connection, "evt_text", 2, "{")
    await _log(connection, "evt_nan", 2, '{"payload": NaN}')
    await _log(connection, "evt_bare", 2, {"released_credits": PERSONAL})
    result = await _rehearse(dsn)
    assert result.code == 1
    assert "refused (3): such an event goes to the dead letters, and no handler sees it.\n" in result.out
    rule = "minimum (/properties/released_credits/minimum of version 2)"
    assert f"\n    /released_credits: {rule}, 1 of 5: evt_zero\n" in result.out
    assert "\n    the payload: the body is no JSON, 2 of 5: evt_nan, evt_text\n" in result.out
    assert "\n    the payload: the body has no payload, 1 of 5: evt_bare\n" in result.out
    assert "help: find out who wrote these events" in result.out


async def test_no_hook_mends_an_event_that_its_own_version_refuses(connection: Connection, dsn: str) -> None:
    await _log(connection, "evt_sound", 1, {"payload": _payload(1)})
    await _log(connection, "evt_zero", 1, {"payload": _payload(1, released_credits=0)})
    result = await _rehearse(dsn, "--format", "json")
    last = readers(result)[-1]
    assert (result.code, last["sees"], last["hook"]) == (1, "refused", None)
    assert {(each["pointer"], each["version"]) for each in last["refusals"]} == {
        ("/released_credits", 1),
        ("/reason_code", 2),
    }


async def test_the_keys_of_a_map_are_personal_data(connection: Connection, dsn: str, tmp_path: Path) -> None:
    scores = {"scores": {"type": "object", "additionalProperties": {"type": "integer"}}}
    contracts = family(tmp_path, scores, {**scores, "note": {"type": "string"}})
    body = {"payload": {"order_id": "1", "scores": {PERSONAL: "high"}}}
    await connection.execute(_INSERT, "evt_map", "order.placed", 2, json.dumps(body))
    hidden = await asyncio.to_thread(rehearse, contracts, "--dsn", dsn)
    shown = await asyncio.to_thread(rehearse, contracts, "--dsn", dsn, "--show-payloads")
    assert (
        "\n    /scores/*: type (/properties/scores/additionalProperties/type of version 2), 1 of 1"
        in hidden.out
    )
    assert f"\n    /scores/{PERSONAL}: type" in shown.out


@pytest.mark.parametrize("format_", ["text", "json", "markdown"])
async def test_payloads_are_personal_data(connection: Connection, dsn: str, format_: str) -> None:
    odd = _payload(2, released_credits={PERSONAL: [PERSONAL]}, reason_code="by " + PERSONAL)
    await _log(connection, "evt_one", 1, {"payload": _payload(1)})
    await _log(connection, "evt_odd", 2, {"payload": odd})
    hidden = await _rehearse(dsn, "--format", format_)
    shown = await _rehearse(dsn, "--format", format_, "--show-payloads")
    assert (hidden.code, shown.code) == (1, 1)
    assert PERSONAL not in hidden.out + hidden.err
    assert PERSONAL in shown.out
    assert "evt_odd" in hidden.out


async def test_no_more_than_the_newest_are_read(connection: Connection, dsn: str) -> None:
    for number in range(5):
        await _log(connection, f"evt_{number}", 1, {"payload": _payload(1)})
    result = await _rehearse(dsn, "--limit", "2", "--format", "json")
    last = json.loads(result.out)["readers"][-1]
    assert (last["checked"], last["refusals"][0]["examples"]) == (2, ["evt_4", "evt_3"])


async def test_an_empty_log_leaves_what_is_proven(dsn: str) -> None:
    result = await _rehearse(dsn)
    assert result.code == 0
    assert (
        "1  package from before version 2, as version 1   version 2  read directly  -               0 events"
        in result.out
    )


async def test_nothing_can_be_written(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Writing:
        def joinpath(self, _: str) -> "Writing":
            return self

        def read_text(self, encoding: str) -> str:
            assert encoding
            return _DELETE

    monkeypatch.setattr(event_log, "files", lambda _: Writing())
    result = await _rehearse(dsn)
    assert result.code == 2
    assert "cannot execute DELETE in a read-only transaction" in result.err


async def test_a_database_without_a_log_is_a_wrong_use(empty_dsn: str) -> None:
    result = await _rehearse(empty_dsn)
    assert (result.code, result.out) == (2, "")
    assert "has no sguild_dispatcher.event_log: name the one that the producer publishes into." in result.err


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        (f"postgresql://revenue:{SECRET}@localhost:1/shop", "The log at --dsn cannot be read ("),
        (f"postgresql://revenue:{SECRET}@no-such-host.invalid/shop", "The log at --dsn cannot be read ("),
        (f"postgresql://revenue:{SECRET}@localhost:port/shop", "--dsn is no PostgreSQL connection string"),
        (f"host=localhost password={SECRET}", "--dsn is no PostgreSQL connection string"),
        (SECRET, "--dsn is no PostgreSQL connection string"),
    ],
)
async def test_a_broken_dsn_is_one_sentence_without_the_password(dsn: str, said: str) -> None:
    result = await _rehearse(dsn)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"sguild-codegen: {said}")
    assert result.err.count("\n") == 1
    assert SECRET not in result.err


async def test_a_missing_driver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    result = await _rehearse("postgresql://localhost/shop")
    assert (result.code, result.out) == (2, "")
    assert result.err == "sguild-codegen: --dsn needs the driver asyncpg: `pip install asyncpg`.\n"
