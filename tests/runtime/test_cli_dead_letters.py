import io
import json
import sys

import pytest

from deliveries_kit import LATER, create_effects, locked, numbers, publish, recording, sales, write_effect
from operation_kit import Run, Terminal, dead_letters, fail, result
from sample_contracts import CreditLockedV1, Event, LessonId
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import DeadLetter, HandlerContext


async def test_the_list_shows_what_failed_and_no_payload(
    run: Run, connection: Connection, configured: str
) -> None:
    assert await run("dead-letters", "list") == (0, "There are no such dead letters.\n", "")
    await dead_letters(connection, configured)
    code, out, _ = await run("dead-letters", "list")
    assert code == 0
    assert "LookupError" in out
    assert "nobody is home" not in out
    assert out.endswith("`sguild-dispatcher dead-letters show ID` does.\n")
    assert "credit.locked" in out
    assert "locked_credits" not in out
    _, out, _ = await run("dead-letters", "list", "--format", "json")
    [letter] = json.loads(out)
    assert (letter["reason"], letter["subscriber"]) == ("handler_failed", "sales/crm")
    assert letter["detail"] == "LookupError"
    assert "body" not in letter


async def test_show_hides_the_payload_until_asked(run: Run, connection: Connection, configured: str) -> None:
    await dead_letters(connection, configured)
    code, out, _ = await run("dead-letters", "show", "1")
    assert code == 0
    assert "locked_credits" not in out
    assert "--payload shows it" in out
    assert "LookupError: nobody is home" in out
    assert '"locked_credits":1' in (await run("dead-letters", "show", "1", "--payload"))[1]
    _, out, _ = await run("dead-letters", "show", "1", "--format", "json", "--payload")
    assert json.loads(json.loads(out)["body"])["payload"]["locked_credits"] == 1
    assert "body" not in json.loads((await run("dead-letters", "show", "1", "--format", "json"))[1])


async def test_what_a_row_holds_cannot_disturb_a_terminal(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured)
    await connection.execute(
        "update sguild_dispatcher.failed_delivery set detail = e'\\x1b[2J\\nsales/crm ok \u202e'"
    )
    for arguments in (("list",), ("show", "1")):
        _, out, _ = await run("dead-letters", *arguments)
        assert "\\u001b[2J\\u000asales/crm ok \\u202e" in out
        assert "\x1b" not in out


async def test_replay_and_discard_act_on_what_the_filter_means(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured, 3)
    replay = ("dead-letters", "replay", "--yes", "--actor", "ada", "--because", "mended")
    assert await run(*replay, "--id", "1") == (
        0,
        "Replayed 1 dead letter: `sguild-dispatcher dead-letters replays 2` follows them.\n",
        "",
    )
    assert await run(*replay, "--id", "1") == (1, "There are no such dead letters to replay.\n", "")
    code, out, _ = await run("dead-letters", "discard", "--all", "--yes", "--format", "json")
    assert (code, json.loads(out)) == (0, {"action": "discard", "count": 2})
    audit = await connection.fetch("select action, actor, reason from sguild_dispatcher.audit_entry")
    assert [each["action"] for each in audit] == ["register", "replay", "discard"]
    assert tuple(audit[1]) == ("replay", "ada", "mended")
    assert audit[2]["actor"]


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, 0), ("YES\n", 0, 0), ("n\n", 1, 2), ("", 1, 2)]
)
async def test_a_person_is_asked_with_the_count(
    *,
    run: Run,
    connection: Connection,
    configured: str,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: int,
) -> None:
    await dead_letters(connection, configured, 2)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    got, _, err = await run("dead-letters", "discard", "--reason", "handler_failed")
    assert got == code
    assert "Discard 2 dead letters? [y/N]" in err
    assert len(json.loads((await run("dead-letters", "list", "--format", "json"))[1])) == left


@pytest.mark.usefixtures("configured")
async def test_nobody_is_asked_about_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert await run("dead-letters", "replay", "--all") == (
        1,
        "There are no such dead letters to replay.\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("replay",),
            "Nothing says which dead letters to replay: add a filter (--id, --subscriber, --event-type",
        ),
        (("discard", "--yes"), "or --all for every one."),
        (("discard", "--all", "--id", "1"), "--all means every dead letter: leave it out where a filter is"),
        (("list", "--reason", "late"), "'late' is no reason of a dead letter; the reasons are bad_signature"),
        (("list", "--id", "one"), "argument --id: invalid int value: 'one'"),
        (("list", "--id", "-1"), "-1 is no id of a dead letter"),
        (("list", "--id", "9" * 30), "is no id of a dead letter"),
        (
            ("replay", "--rate", "1e-300"),
            "'1e-300' is no rate: write how many in a second, from",
        ),
        (("replay", "--rate", "nan"), "'nan' is no rate"),
        (("replay", "--rate", "many"), "'many' is no rate"),
        (("list", "--error", "\udcff"), "argument --error: '\\udcff' is not UTF-8"),
        (("list", "--event-type", "\udcff"), "argument --event-type: '\\udcff' is not UTF-8"),
        (("list", "--reason", "\udcff"), "argument --reason: '\\udcff' is not UTF-8"),
        (("replay", "--because", "\udcff"), "argument --because: '\\udcff' is not UTF-8"),
        (("replay", "--actor", "\udcff"), "argument --actor: '\\udcff' is not UTF-8"),
        (("list", "--event-type", ""), "--event-type is empty: leave it out, or say which"),
        (("list", "--subscriber", "sales"), "'sales' is no subscriber: write DOMAIN/NAME"),
        (("list", "--subscriber", "sales/none"), "sales/none is not a registered subscriber"),
        (("show", "17"), "There is no dead letter 17: `sguild-dispatcher dead-letters list` shows all."),
        (("show", "x"), "invalid int value: 'x'"),
        ((), "the following arguments are required: COMMAND"),
    ],
)
@pytest.mark.usefixtures("configured")
async def test_wrong_use_of_dead_letters_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, out, err = await run("dead-letters", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


async def test_the_dead_letter_of_a_mended_handler_is_replayed_from_the_command_line(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await dead_letters(connection, configured)
    assert (await run("dead-letters", "replay", "--event-type", "credit.locked", "--yes"))[0] == 0
    subscriber = sales(configured)

    @subscriber.on_credit_locked
    async def mended(_event: Event[CreditLockedV1], context: HandlerContext) -> None:
        await context.connection.execute("insert into effect (number) values (1)")

    await subscriber.drain()
    assert await numbers(connection) == [1]
    assert (await run("status"))[0] == 0


# replays


REPLAY = ("dead-letters", "replay", "--yes", "--actor", "ada")


async def replays(run: Run, *arguments: str) -> list[tuple[int, int, int, int, int]]:
    """Return what was asked, waits, was delivered, is dead again, and was acted on since, for each replay."""
    names = ("asked", "waiting", "delivered", "dead", "superseded")
    found = await result(run, "dead-letters", "replays", *arguments)
    return [tuple(each[name] for name in names) for each in found]


async def test_a_replay_is_followed_by_its_id(run: Run, connection: Connection, configured: str) -> None:
    await create_effects(connection)
    await dead_letters(connection, configured, 3)
    assert await run("dead-letters", "replays") == (0, "Nothing was replayed.\n", "")
    first = await result(run, *REPLAY, "--all", "--because", "mended")
    assert (first["count"], await replays(run, str(first["id"]))) == (3, [(3, 3, 0, 0, 0)])
    failing = sales(configured)

    @failing.on_credit_locked
    async def fail_at_two(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        if event.payload.locked_credits >= 2:
            raise LookupError

    await failing.drain()
    assert await replays(run) == [(3, 0, 1, 2, 0)]
    second = await result(run, *REPLAY, "--id", "2")
    assert await replays(run) == [(1, 1, 0, 0, 0), (3, 0, 1, 1, 1)]
    assert (await run("dead-letters", "discard", "--id", "3", "--yes"))[0] == 0
    await sales(configured).drain()
    assert await replays(run) == [(1, 0, 1, 0, 0), (3, 0, 1, 0, 2)]
    assert second["id"] > first["id"]
    code, _, err = await run("dead-letters", "replays", "999")
    assert (code, "There is no replay 999" in err) == (2, True)
    code, out, _ = await run("dead-letters", "replays")
    assert (code, "mended" in out) == (0, True)


async def test_earlier_replays_are_counted(run: Run, connection: Connection, configured: str) -> None:
    await dead_letters(connection, configured)
    subscriber = sales(configured)
    subscriber.on_credit_locked(fail)
    for _ in range(2):
        await run(*REPLAY, "--all")
        await subscriber.drain()
    [letter] = await result(run, "dead-letters", "list")
    [newest] = await result(run, "audit", "list", "--max", "1")
    assert (letter["replays"], letter["replay_id"]) == (2, newest["id"])


async def test_a_rate_spreads_a_replay_in_the_order_of_the_log(
    run: Run, connection: Connection, configured: str
) -> None:
    await dead_letters(connection, configured, 5)
    assert (await result(run, *REPLAY, "--all", "--rate", "0.5", "--max", "4"))["count"] == 4
    rows = await connection.fetch(
        "select seq, extract(epoch from next_attempt_at - first_value(next_attempt_at) over (order by seq)) "
        "as after from sguild_dispatcher.failed_delivery where state = 'retrying' order by seq"
    )
    assert [(row["seq"], row["after"]) for row in rows] == [(1, 0), (2, 2), (3, 4), (4, 6)]
    assert [each["seq"] for each in await result(run, "dead-letters", "list")] == [5]


@pytest.mark.parametrize("verb", ["replay", "discard"])
async def test_a_dry_run_does_nothing(run: Run, connection: Connection, configured: str, verb: str) -> None:
    await dead_letters(connection, configured, 3)
    assert await run("dead-letters", verb, "--all", "--dry-run", "--max", "2") == (
        0,
        f"Would {verb} 2 dead letters.\n",
        "",
    )
    assert len(await result(run, "dead-letters", "list")) == 3
    assert await result(run, "audit", "list", "--action", verb) == []


# groups and filters


async def test_groups_count_what_failed_alike(run: Run, connection: Connection, configured: str) -> None:
    subscriber = sales(configured)

    @subscriber.on_credit_locked
    async def fail_in_two_ways(event: Event[CreditLockedV1], _context: HandlerContext) -> None:
        number = event.payload.locked_credits
        if number == 4:
            raise DeadLetter(f"secret {number}")
        raise (KeyError if number < 3 else LookupError)(f"secret {number}")

    await subscriber.register()
    await publish(connection, *(locked(each) for each in range(1, 5)))
    await subscriber.drain()
    groups = await result(run, "dead-letters", "groups")
    assert [(each["reason"], each["error"], each["count"]) for each in groups] == [
        ("handler_failed", "KeyError", 2),
        ("handler_failed", "LookupError", 1),
        ("handler_rejected", "DeadLetter", 1),
    ]
    assert groups[0]["first_failed_at"] <= groups[0]["last_failed_at"]
    for command in (("groups",), ("list",)):
        assert "secret" not in (await run("dead-letters", *command))[1]
    [one] = await result(run, "dead-letters", "groups", "--error", "LookupError")
    assert one["count"] == 1
    assert (await result(run, *REPLAY, "--error", "KeyError: 'secret 2'"))["count"] == 1
    [entry] = await result(run, "audit", "list", "--action", "replay")
    assert entry["details"] == {"error": "KeyError"}


async def test_several_ids_and_a_moment_restrict(run: Run, connection: Connection, configured: str) -> None:
    await dead_letters(connection, configured, 4)
    await connection.execute(
        "update sguild_dispatcher.failed_delivery set last_failed_at = now() - interval '2 days' "
        "where seq = 1"
    )
    since = await result(run, "dead-letters", "list", "--since", "1d")
    assert [each["seq"] for each in since] == [2, 3, 4]
    some = await result(run, "dead-letters", "list", "--since", "1d", "--id", "1", "--id", "3")
    assert [each["seq"] for each in some] == [3]
    first = await result(run, "dead-letters", "list", "--max", "1")
    assert [each["seq"] for each in first] == [1]


# held back


async def held_behind_one(connection: Connection, dsn: str) -> None:
    """Leave one dead letter with two later events of its key held back."""
    lesson = str(LessonId.mint())
    subscriber = sales(dsn, hold_back=True)

    @subscriber.on_credit_locked
    async def fail_at_one(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        if event.payload.locked_credits == 1:
            raise LookupError
        await write_effect(event, context)

    await subscriber.register()
    await publish(connection, *(locked(each, lesson=lesson) for each in range(1, 4)))
    await subscriber.drain()


async def test_what_is_held_back_is_shown_and_goes_on_in_order(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await held_behind_one(connection, configured)
    [letter] = await result(run, "dead-letters", "list")
    assert (letter["seq"], letter["held"]) == (1, 2)
    [found] = (await result(run, "status"))["subscribers"]
    assert (found["dead"], found["held"], found["retrying"]) == (1, 2, 0)
    await run(*REPLAY, "--all")
    subscriber = sales(configured, hold_back=True)
    recording(subscriber)
    await subscriber.drain()
    assert await numbers(connection) == [1, 2, 3]


async def test_a_discard_lets_what_is_held_back_go_on(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await held_behind_one(connection, configured)
    assert await run("dead-letters", "discard", "--all", "--yes") == (0, "Discarded 1 dead letter.\n", "")
    subscriber = sales(configured, hold_back=True)
    recording(subscriber)
    await subscriber.drain()
    assert await numbers(connection) == [2, 3]


# erasing


async def test_an_erased_event_is_nowhere_and_the_audit_keeps_its_id(
    run: Run, connection: Connection, configured: str
) -> None:
    await create_effects(connection)
    await dead_letters(connection, configured, 2)
    other = sales(configured, "mail", retry=LATER)
    other.on_credit_locked(fail)
    await other.register()
    await other.drain()
    late = sales(configured, "late")
    recording(late)
    await late.register()
    event_id = await connection.fetchval("select event_id from sguild_dispatcher.event_log where seq = 1")
    done = await result(run, "dead-letters", "discard", "--erase", "--id", "1", "--yes", "--actor", "ada")
    assert (done["events"], done["count"], done["elsewhere"]) == (1, 2, [])
    left = await connection.fetch(
        "select event_id from sguild_dispatcher.event_log union all "
        "select event_id from sguild_dispatcher.failed_delivery"
    )
    assert event_id not in {each["event_id"] for each in left}
    await late.drain()
    assert await numbers(connection) == [2]
    [entry] = await result(run, "audit", "list", "--action", "erase")
    assert (entry["actor"], entry["events"]) == ("ada", 2)
    audited = await connection.fetch("select event_id from sguild_dispatcher.audit_event")
    assert {each["event_id"] for each in audited} == {event_id}


async def test_a_discarded_event_stays_in_the_log(run: Run, connection: Connection, configured: str) -> None:
    await create_effects(connection)
    await dead_letters(connection, configured)
    await run("dead-letters", "discard", "--all", "--yes")
    assert await connection.fetchval("select count(*) from sguild_dispatcher.event_log") == 1
    await run("cursors", "rewind", "sales/crm", "--to", "1", "--yes")
    subscriber = sales(configured)
    recording(subscriber)
    await subscriber.drain()
    assert await numbers(connection) == [1]


async def test_what_lies_in_another_log_is_named(run: Run, connection: Connection, configured: str) -> None:
    await dead_letters(connection, configured)
    await connection.execute("update sguild_dispatcher.failed_delivery set log = 'revenue'")
    code, out, _ = await run("dead-letters", "discard", "--erase", "--all", "--yes")
    assert code == 0
    assert out.endswith("The logs of revenue, in other databases, still have theirs.\n")
    assert await connection.fetchval("select count(*) from sguild_dispatcher.event_log") == 1
