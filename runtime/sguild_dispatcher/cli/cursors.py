"""``sguild-dispatcher cursors``: show where a subscriber stands in the log, and set it elsewhere."""

import argparse
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.actions import (
    NOT_DONE,
    add_author_options,
    add_question_options,
    author_of,
    confirmed,
    counted,
    moment,
    positive,
)
from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_json,
    print_table,
    report,
    with_connection,
)

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.cursors import CursorPlace, Rewound
    from sguild_dispatcher.database import Connection

_HEAD = ("PARTITION", "DONE", "WINDOW", "POSITION", "GENERATION", "VERSION", "MOVED", "OWNER")


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``cursors show``, ``rewind`` and ``skip``."""
    parser = subparsers.add_parser("cursors", help="show and set where a subscriber stands in the log")
    commands = parser.add_subparsers(dest="cursors_command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="show the place of each partition")
    rewind = commands.add_parser("rewind", help="deliver again what was done, from an event on")
    place = rewind.add_mutually_exclusive_group(required=True)
    place.add_argument("--to", metavar="SEQ", type=positive, help="from the event with this seq on")
    place.add_argument(
        "--since", metavar="TIME", type=moment, help="what was published since 2026-11-24T10:00Z, or since 2h"
    )
    rewind.add_argument(
        "--forget-inbox",
        action="store_true",
        help="also what the inbox keeps from being delivered twice: the events of leased handlers",
    )
    skip = commands.add_parser("skip", help="leave out what waits; retries and dead letters stay")
    skip.add_argument(
        "--to",
        metavar="SEQ|now",
        type=_seq_or_now,
        required=True,
        help="go on with this event, or with new ones",
    )
    for command, run in ((show, _show), (rewind, _rewind), (skip, _skip)):
        command.add_argument("subscriber", metavar="DOMAIN/NAME")
        add_database_options(command)
        command.set_defaults(run=run)
    for command in (rewind, skip):
        add_question_options(command)
        add_author_options(command)


def _seq_or_now(text: str) -> int | None:
    return None if text == "now" else positive(text)


def _show(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.cursors import cursor_places
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def work(connection: "Connection") -> "list[CursorPlace]":
        return await cursor_places(connection, subscriber)

    places = with_connection(arguments, work)
    if arguments.format == "json":
        print_json([plain_record(each) for each in places])
    else:
        print_table(_HEAD, [_row(each) for each in places])
    return 0


def _row(place: "CursorPlace") -> tuple[object, ...]:
    owner = place.owner if place.owner is None or place.owner_alive else f"{place.owner} (dead)"
    numbers = (place.position, place.generation, place.version)
    return (place.partition, place.done, place.window, *numbers, place.moved_at, owner)


def _rewind(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.cursors import count_rewind, rewind, seq_since
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def look(connection: "Connection") -> tuple[int | None, int]:
        seq = arguments.to or await seq_since(connection, subscriber, arguments.since)
        return seq, 0 if seq is None else await count_rewind(connection, subscriber, to=seq)

    async def work(connection: "Connection") -> "Rewound":
        author = author_of(arguments)
        return await rewind(
            connection, subscriber, to=seq or 0, author=author, forget_inbox=arguments.forget_inbox
        )

    seq, count = with_connection(arguments, look)
    record = {"action": "rewind", "subscriber": str(subscriber), "to": seq, "events": count}
    deed = f"deliver {counted(count, 'event')} again to {subscriber}, from seq {seq} on"
    if not count:
        place = f"from seq {seq} on" if seq else f"since {arguments.since:%Y-%m-%d %H:%M:%S%z}"
        nothing = f"Nothing {place} was delivered to {subscriber}."
        report(arguments, {**record, "done": False}, nothing)
        return NOT_DONE
    if arguments.dry_run:
        report(arguments, {**record, "done": False}, f"Would {deed}.")
        return 0
    if not confirmed(arguments, deed):
        return NOT_DONE
    done = with_connection(arguments, work)
    sentence = f"{counted(count, 'event')} will be delivered again to {subscriber}, from seq {seq} on."
    if done.failures:
        sentence += f" {counted(done.failures, 'failed delivery row')} among them counts anew."
    report(arguments, {**record, "done": True, **plain_record(done)}, sentence)
    return 0


def _skip(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.cursors import count_skip, skip
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def look(connection: "Connection") -> int:
        return await count_skip(connection, subscriber, to=arguments.to)

    async def work(connection: "Connection") -> None:
        await skip(connection, subscriber, to=arguments.to, author=author_of(arguments))

    count = with_connection(arguments, look)
    place = "now" if arguments.to is None else arguments.to
    record = {"action": "skip", "subscriber": str(subscriber), "to": place, "events": count}
    if not count:
        report(
            arguments, {**record, "done": False}, f"Nothing waits for {subscriber} before {_named(place)}."
        )
        return NOT_DONE
    if arguments.dry_run:
        report(arguments, {**record, "done": False}, f"Would leave out {counted(count, 'event')}.")
        return 0
    if not confirmed(arguments, f"leave out {counted(count, 'event')} that {subscriber} has not delivered"):
        return NOT_DONE
    with_connection(arguments, work)
    report(
        arguments,
        {**record, "done": True},
        f"{subscriber} leaves out {counted(count, 'event')} before {_named(place)}.",
    )
    return 0


def _named(place: int | str) -> str:
    return f"seq {place}" if isinstance(place, int) else place
