"""``sguild-dispatcher subscribers``: register, list, pause, retire and divide who reads the log."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sguild_dispatcher.cli.actions import (
    NOT_DONE,
    add_author_options,
    add_question_options,
    author_of,
    confirmed,
    positive,
)
from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_json,
    print_line,
    print_table,
    report,
    with_connection,
)
from sguild_dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from sguild_dispatcher.audit import AuditAction
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.status import SubscriptionStatus
    from sguild_dispatcher.subscriptions import SubscriberName

T = TypeVar("T")

_HEAD = ("SUBSCRIBER", "STATE", "PARTITIONS", "WAITING", "WAITING SINCE", "RETRYING", "HELD", "DEAD")
_WAIT = 60


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``subscribers register``, ``list``, ``pause``, ``resume``, ``retire`` and ``partitions``."""
    parser = subparsers.add_parser("subscribers", help="register, list, pause, retire and divide subscribers")
    commands = parser.add_subparsers(dest="subscribers_command", required=True, metavar="COMMAND")
    register = commands.add_parser("register", help="create a subscription; an active one stays where it is")
    register.add_argument(
        "--from",
        dest="start",
        choices=("beginning", "now"),
        required=True,
        help="deliver the whole log, or only what is published from now on",
    )
    register.add_argument(
        "--partitions",
        metavar="N",
        type=_number_of_partitions,
        default=1,
        help="among how many workers at most, 1 to 64 (default: 1)",
    )
    pause = commands.add_parser("pause", help="deliver nothing until it is resumed; what is published waits")
    resume = commands.add_parser("resume", help="let a paused subscription go on")
    retire = commands.add_parser("retire", help="end a subscription: its worker stops, its place is lost")
    add_question_options(retire)
    partitions = commands.add_parser(
        "partitions", help="change the number of partitions while the workers run; killed, run it again"
    )
    acts = (
        (register, _register),
        (pause, _pause),
        (resume, _resume),
        (retire, _retire),
        (partitions, _partitions),
    )
    for command, run in acts:
        command.add_argument("subscriber", metavar="DOMAIN/NAME", help="for example sales/sales-crm")
        add_author_options(command)
        command.set_defaults(run=run)
    _add_partitions_options(partitions)
    listing = commands.add_parser("list", help="list the subscriptions, with what waits for them")
    listing.set_defaults(run=_list)
    for command in (*(each for each, _ in acts), listing):
        add_database_options(command)


def _add_partitions_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "partitions", metavar="N", type=_number_of_partitions, nargs="?", help="how many, 1 to 64"
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=positive,
        default=_WAIT,
        help=f"for what was published before to be delivered; then it is given up (default: {_WAIT})",
    )
    parser.add_argument(
        "--cancel", action="store_true", help="give up a change that was killed in the middle"
    )


def _number_of_partitions(text: str) -> int:
    from sguild_dispatcher.subscriptions import BUCKETS

    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= BUCKETS):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of partitions: write one from 1 to {BUCKETS}"
        )
    return int(text)


def print_subscriptions(found: "Sequence[SubscriptionStatus]") -> None:
    """Print subscriptions as a table."""
    if not found:
        command = "sguild-dispatcher subscribers register DOMAIN/NAME --from beginning"
        print_line(f"No subscriber is registered: run `{command}`.")
        return
    print_table(_HEAD, [_row(each) for each in found])


def record(status: "SubscriptionStatus") -> dict[str, Any]:
    """Return a subscription's status as it is printed for programs."""
    totals = ("state", "waiting", "waiting_is_exact", "waiting_since", "lag_seconds")
    return {**plain_record(status), **{name: getattr(status, name) for name in totals}}


def shown_count(count: int, *, is_exact: bool) -> int | str:
    """Return a number as a table shows it, ``>10000`` where counting ended."""
    return count if is_exact else f">{count}"


def _row(status: "SubscriptionStatus") -> tuple[object, ...]:
    waiting = shown_count(status.waiting, is_exact=status.waiting_is_exact)
    counts = (waiting, status.waiting_since, status.retrying, status.held, status.dead)
    return (status.subscriber, status.state, len(status.partitions), *counts)


def _act(
    arguments: argparse.Namespace,
    action: "AuditAction",
    work: "Callable[[Connection, SubscriberName], Awaitable[bool]]",
) -> "tuple[SubscriberName, bool]":
    """Do something to the subscription that is named, and note it in the audit if it changed anything."""
    from sguild_dispatcher.audit import add_entry
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = SubscriberName.parse(arguments.subscriber)
    author = author_of(arguments)

    async def audited(connection: "Connection") -> bool:
        await check_migrated(connection)
        async with connection.transaction():
            changed = await work(connection, subscriber)
            if changed:
                await add_entry(connection, action, author, subscriber=subscriber)
            return changed

    return subscriber, with_connection(arguments, audited)


def _register(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.subscriptions import SubscriberName, register

    subscriber, author = SubscriberName.parse(arguments.subscriber), author_of(arguments)

    async def work(connection: "Connection") -> bool:
        await check_migrated(connection)
        async with connection.transaction():
            return await register(
                connection,
                subscriber,
                start=arguments.start,
                partitions=arguments.partitions,
                actor=author.actor,
                reason=author.reason,
            )

    is_new = with_connection(arguments, work)
    place = "from the beginning" if arguments.start == "beginning" else "from now on"
    said = f"is registered {place}" if is_new else "was registered already and stays where it is"
    report(arguments, {"subscriber": str(subscriber), "new": is_new}, f"{subscriber} {said}.")
    return 0


def _pause(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.subscriptions import pause

    subscriber, is_new = _act(arguments, "pause", pause)
    said = "is paused" if is_new else "was paused already"
    report(arguments, {"subscriber": str(subscriber), "paused": True, "new": is_new}, f"{subscriber} {said}.")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.subscriptions import resume

    subscriber, is_new = _act(arguments, "resume", resume)
    said = "goes on" if is_new else "was not paused"
    report(
        arguments, {"subscriber": str(subscriber), "paused": False, "new": is_new}, f"{subscriber} {said}."
    )
    return 0


def _retire(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.subscriptions import SubscriberName, retire

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def look(connection: "Connection") -> "SubscriptionStatus":
        return await _active(connection, subscriber)

    async def work(connection: "Connection", subscriber: "SubscriberName") -> bool:
        await retire(connection, subscriber)
        return True

    status = with_connection(arguments, look)
    counts = ("waiting", "waiting_is_exact", "retrying", "held", "dead")
    values = {"subscriber": str(subscriber), **{each: getattr(status, each) for each in counts}}
    deed = f"retire {subscriber}, whose place in the log is lost (undelivered: {_undelivered(status)})"
    if arguments.dry_run:
        report(arguments, {**values, "retired": False}, f"Would {deed}.")
        return 0
    if not confirmed(arguments, deed):
        return NOT_DONE
    _act(arguments, "retire", work)
    report(arguments, {**values, "retired": True}, f"{subscriber} is retired.")
    return 0


async def _active(connection: "Connection", subscriber: "SubscriberName") -> "SubscriptionStatus":
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.status import subscriptions
    from sguild_dispatcher.subscriptions import not_active

    await check_migrated(connection)
    found = await subscriptions(connection, only=subscriber)
    if not found or found[0].retired_at is not None:
        raise not_active(subscriber)
    return found[0]


def _undelivered(status: "SubscriptionStatus") -> str:
    waiting = shown_count(status.waiting, is_exact=status.waiting_is_exact)
    return f"{waiting} waiting, {status.retrying} retrying, {status.held} held, {status.dead} dead"


def _partitions(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.partitions import cancel_partitions, change_partitions
    from sguild_dispatcher.subscriptions import SubscriberName

    if (arguments.partitions is None) is not arguments.cancel:
        raise ConfigurationError("Say how many partitions there are to be, or --cancel, and not both.")
    subscriber = SubscriberName.parse(arguments.subscriber)
    author = author_of(arguments)

    async def work(connection: "Connection") -> bool:
        if arguments.cancel:
            return await cancel_partitions(connection, subscriber)
        return await change_partitions(
            connection, subscriber, arguments.partitions, wait=arguments.wait, author=author
        )

    changed = with_connection(arguments, work)
    if arguments.cancel:
        said = "keeps its partitions" if changed else "was not being changed"
    else:
        said = f"{'has' if changed else 'had'} {arguments.partitions} partitions"
    values = {"subscriber": str(subscriber), "partitions": arguments.partitions, "changed": changed}
    report(arguments, values, f"{subscriber} {said}.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.status import subscriptions

    async def work(connection: "Connection") -> "list[SubscriptionStatus]":
        await check_migrated(connection)
        return await subscriptions(connection)

    found = with_connection(arguments, work)
    if arguments.format == "json":
        print_json([record(each) for each in found])
    else:
        print_subscriptions(found)
    return 0
