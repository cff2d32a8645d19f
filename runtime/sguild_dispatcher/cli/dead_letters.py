"""``sguild-dispatcher dead-letters``: look at what failed for good, deliver it again, or drop it."""

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from sguild_dispatcher.cli.actions import (
    NOT_DONE,
    add_author_options,
    add_question_options,
    author_of,
    confirmed,
    counted,
    moment,
    positive,
    rate,
    storable,
)
from sguild_dispatcher.cli.common import (
    add_database_options,
    dsn_of,
    plain_record,
    print_fields,
    print_json,
    print_line,
    print_table,
    report,
)
from sguild_dispatcher.errors import DeadLetterFilterError

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.dead_letters import DeadLetterFilter, DeadLetterRecord, DeadLetters, ReplayStatus

_HEAD = ("ID", "SUBSCRIBER", "EVENT TYPE", "REASON", "ATTEMPTS", "REPLAYS", "HELD", "LAST FAILED", "DETAIL")
_GROUPS = ("COUNT", "SUBSCRIBER", "EVENT TYPE", "REASON", "FIRST FAILED", "LAST FAILED", "ERROR")
_REPLAYS = ("ID", "ASKED AT", "ACTOR", "ASKED", "WAITING", "DELIVERED", "DEAD", "SUPERSEDED", "REASON")


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``dead-letters list``, ``groups``, ``show``, ``replay``, ``replays`` and ``discard``."""
    parser = subparsers.add_parser("dead-letters", help="list, show, replay and discard dead letters")
    commands = parser.add_subparsers(dest="dead_letters_command", required=True, metavar="COMMAND")
    listing = commands.add_parser(
        "list", help="list dead letters, without payloads and without what handlers said"
    )
    groups = commands.add_parser("groups", help="count dead letters that failed alike")
    show = commands.add_parser("show", help="show one dead letter, with the message of its exception")
    show.add_argument("id", metavar="ID", type=int)
    show.add_argument("--payload", action="store_true", help="show the event too; it may hold personal data")
    replay = commands.add_parser("replay", help="deliver dead letters again, from the first attempt on")
    replay.add_argument(
        "--rate", metavar="N", type=rate, help="how many become due in a second (default: all at once)"
    )
    replays = commands.add_parser("replays", help="show what became of replays")
    replays.add_argument("id", metavar="ID", type=positive, nargs="?", help="one replay (default: all)")
    discard = commands.add_parser("discard", help="delete dead letters; their events stay in the log")
    discard.add_argument(
        "--erase",
        action="store_true",
        help="delete the events too, from the log and for every subscriber; the audit keeps their ids",
    )
    for command in (listing, groups, replay, discard):
        _add_filter(command)
    for command in (listing, replay, discard):
        command.add_argument("--max", metavar="N", type=positive, help="how many at most (default: all)")
    for command in (replay, discard):
        command.add_argument("--all", action="store_true", help="every dead letter, where no filter is given")
        add_question_options(command)
        add_author_options(command)
    runs = ((listing, _list), (groups, _groups), (show, _show), (replay, _replay), (replays, _replays))
    for command, run in (*runs, (discard, _discard)):
        add_database_options(command)
        command.set_defaults(run=run)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--id",
        metavar="ID",
        type=int,
        action="append",
        default=[],
        help="the one with this id; may be repeated",
    )
    parser.add_argument("--subscriber", metavar="DOMAIN/NAME", help="those of one subscriber")
    parser.add_argument("--event-type", metavar="TYPE", type=storable, help="those of one event type")
    parser.add_argument(
        "--reason", metavar="REASON", type=storable, help="those with one reason, such as handler_failed"
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        help="those that failed last since 2026-11-24T10:00Z, or since 2h",
    )
    parser.add_argument(
        "--error",
        metavar="TEXT",
        type=storable,
        help="those whose detail begins so, such as the class of an exception",
    )


def _filter(arguments: argparse.Namespace) -> "DeadLetterFilter":
    from sguild_dispatcher.dead_letters import DeadLetterFilter
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = None if arguments.subscriber is None else SubscriberName.parse(arguments.subscriber)
    for option in ("event_type", "error"):
        if getattr(arguments, option) == "":
            name = option.replace("_", "-")
            raise DeadLetterFilterError(
                f"--{name} is empty: leave it out, or say which dead letters are meant."
            )
    return DeadLetterFilter(
        ids=tuple(arguments.id),
        subscriber=subscriber,
        event_type=arguments.event_type,
        reason=arguments.reason,
        since=arguments.since,
        error=arguments.error,
    )


def _letters(arguments: argparse.Namespace) -> "DeadLetters":
    from sguild_dispatcher.dead_letters import DeadLetters

    return DeadLetters(dsn_of(arguments))


def _list(arguments: argparse.Namespace) -> int:
    found = asyncio.run(_letters(arguments).list(_filter(arguments), limit=arguments.max))
    if arguments.format == "json":
        print_json([{**plain_record(each), "detail": each.shown_detail} for each in found])
    elif not found:
        print_line("There are no such dead letters.")
    else:
        print_table(_HEAD, [_row(each) for each in found])
        if any(each.shown_detail != each.detail for each in found):
            print_line(
                "The messages of exceptions are not shown; `sguild-dispatcher dead-letters show ID` does."
            )
    return 0


def _row(letter: "DeadLetterRecord") -> tuple[object, ...]:
    return (
        letter.id,
        letter.subscriber,
        letter.event_type,
        letter.reason,
        letter.attempts,
        letter.replays,
        letter.held,
        letter.last_failed_at,
        letter.shown_detail,
    )


def _groups(arguments: argparse.Namespace) -> int:
    found = asyncio.run(_letters(arguments).groups(_filter(arguments)))
    if arguments.format == "json":
        print_json([plain_record(each) for each in found])
    elif not found:
        print_line("There are no such dead letters.")
    else:
        rows = [
            (
                each.count,
                each.subscriber,
                each.event_type,
                each.reason,
                each.first_failed_at,
                each.last_failed_at,
                each.error,
            )
            for each in found
        ]
        print_table(_GROUPS, rows)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    letter, body = asyncio.run(_letters(arguments).show(arguments.id))
    record = plain_record(letter)
    if arguments.payload:
        # The exact text, not its value: it is what was signed, and large numbers keep their digits.
        record["body"] = body
    if arguments.format == "json":
        print_json(record)
        return 0
    print_fields(record)
    if not arguments.payload:
        print_line("The event is not shown; --payload shows it.")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    only, count = _meant(arguments, "replay")
    if not count or arguments.dry_run or not confirmed(arguments, f"replay {counted(count, 'dead letter')}"):
        return _nothing_done(arguments, "replay", count)
    author = author_of(arguments)
    done = asyncio.run(
        _letters(arguments).replay(
            only, actor=author.actor, reason=author.reason, limit=count, rate=arguments.rate
        )
    )
    record = {"action": "replay", "count": done.count, "id": done.id}
    sentence = f"Replayed {counted(done.count, 'dead letter')}"
    report(arguments, record, f"{sentence}: `sguild-dispatcher dead-letters replays {done.id}` follows them.")
    return 0


def _discard(arguments: argparse.Namespace) -> int:
    verb = "erase" if arguments.erase else "discard"
    only, count = _meant(arguments, verb)
    deed = f"{verb} {counted(count, 'dead letter')}"
    if arguments.erase:
        deed += " with their events, for every subscriber"
    if not count or arguments.dry_run or not confirmed(arguments, deed):
        return _nothing_done(arguments, verb, count)
    author = author_of(arguments)
    who = {"actor": author.actor, "reason": author.reason}
    if not arguments.erase:
        done = asyncio.run(_letters(arguments).discard(only, **who, limit=count))
        record: dict[str, Any] = {"action": verb, "count": done}
        report(arguments, record, f"Discarded {counted(done, 'dead letter')}.")
        return 0
    erased = asyncio.run(_letters(arguments).erase(only, **who, limit=count))
    record = {
        "action": verb,
        "count": erased.failures,
        "events": erased.events,
        "elsewhere": erased.elsewhere,
    }
    sentence = (
        f"Erased {counted(erased.events, 'event')} with {counted(erased.failures, 'failed delivery row')}."
    )
    if erased.elsewhere:
        sentence += f" The logs of {', '.join(erased.elsewhere)}, in other databases, still have theirs."
    report(arguments, record, sentence)
    return 0


def _meant(arguments: argparse.Namespace, verb: str) -> "tuple[DeadLetterFilter, int]":
    """Return which dead letters are meant, and how many there are of them up to ``--max``."""
    only = _filter(arguments)
    if only.is_empty and not arguments.all:
        raise DeadLetterFilterError(
            f"Nothing says which dead letters to {verb}: add a filter "
            "(--id, --subscriber, --event-type, --reason, --since, --error), or --all for every one."
        )
    if arguments.all and not only.is_empty:
        raise DeadLetterFilterError("--all means every dead letter: leave it out where a filter is given.")
    count = asyncio.run(_letters(arguments).count(only))
    return only, count if arguments.max is None else min(count, arguments.max)


def _nothing_done(arguments: argparse.Namespace, verb: str, count: int) -> int:
    """Say what would have been done, and return the exit code: 0 for a dry run that means something."""
    if count and not arguments.dry_run:
        return NOT_DONE
    record = {"action": verb, "count": 0, "would_count": count}
    report(
        arguments,
        record,
        f"Would {verb} {counted(count, 'dead letter')}."
        if count
        else f"There are no such dead letters to {verb}.",
    )
    return 0 if count else NOT_DONE


def _replays(arguments: argparse.Namespace) -> int:
    found = asyncio.run(_letters(arguments).replays(arguments.id))
    if arguments.format == "json":
        print_json([plain_record(each) for each in found])
    elif not found:
        print_line("Nothing was replayed.")
    else:
        print_table(_REPLAYS, [_replay_row(each) for each in found])
    return 0


def _replay_row(replay: "ReplayStatus") -> tuple[object, ...]:
    counts = (replay.asked, replay.waiting, replay.delivered, replay.dead, replay.superseded)
    return (replay.id, replay.acted_at, replay.actor, *counts, replay.reason)
