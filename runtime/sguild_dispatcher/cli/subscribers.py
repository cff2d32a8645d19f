"""``sguild-dispatcher subscribers``: register, list and retire who reads the log."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sguild_dispatcher.cli.common import (
    add_database_options,
    print_json,
    print_line,
    print_table,
    with_connection,
)

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.subscriptions import SubscriptionStatus

_HEAD = ("SUBSCRIBER", "STATE", "WAITING", "WAITING SINCE", "RETRYING", "DEAD")


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``subscribers register``, ``list`` and ``retire``."""
    parser = subparsers.add_parser("subscribers", help="register, list and retire subscribers")
    commands = parser.add_subparsers(dest="subscribers_command", required=True, metavar="COMMAND")
    register = commands.add_parser("register", help="create a subscription; an active one stays where it is")
    register.add_argument("subscriber", metavar="DOMAIN/NAME", help="for example sales/sales-crm")
    register.add_argument(
        "--from",
        dest="start",
        choices=("beginning", "now"),
        required=True,
        help="deliver the whole log, or only what is published from now on",
    )
    retire = commands.add_parser("retire", help="end a subscription: its worker stops")
    retire.add_argument("subscriber", metavar="DOMAIN/NAME")
    listing = commands.add_parser("list", help="list the subscriptions, with what waits for them")
    for command, run in ((register, _register), (retire, _retire), (listing, _list)):
        add_database_options(command)
        command.set_defaults(run=run)


def record(status: "SubscriptionStatus") -> dict[str, Any]:
    """Return a subscription's status as it is printed for programs."""
    from dataclasses import fields

    values = {each.name: getattr(status, each.name) for each in fields(status)}
    return {**values, "subscriber": str(status.subscriber)}


def print_subscriptions(found: "Sequence[SubscriptionStatus]") -> None:
    """Print subscriptions as a table."""
    if not found:
        command = "sguild-dispatcher subscribers register DOMAIN/NAME --from beginning"
        print_line(f"No subscriber is registered: run `{command}`.")
        return
    print_table(_HEAD, [_row(each) for each in found])


def _row(status: "SubscriptionStatus") -> tuple[object, ...]:
    counts = (status.waiting, status.waiting_since, status.retrying, status.dead)
    return (status.subscriber, _state(status), *counts)


def _state(status: "SubscriptionStatus") -> str:
    if status.retired_at is not None:
        return "retired"
    # The command knows no registry, so a typo in a name shows when no worker of that name ever comes.
    return "never ran" if status.first_started_at is None else "active"


def _register(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.subscriptions import SubscriberName, register

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def work(connection: "Connection") -> bool:
        await check_migrated(connection)
        async with connection.transaction():
            return await register(connection, subscriber, start=arguments.start)

    is_new = with_connection(arguments, work)
    place = "from the beginning" if arguments.start == "beginning" else "from now on"
    said = f"is registered {place}" if is_new else "was registered already and stays where it is"
    _report(arguments, f"{subscriber} {said}.", {"subscriber": str(subscriber), "new": is_new})
    return 0


def _retire(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.subscriptions import SubscriberName, retire

    subscriber = SubscriberName.parse(arguments.subscriber)

    async def work(connection: "Connection") -> None:
        await check_migrated(connection)
        await retire(connection, subscriber)

    with_connection(arguments, work)
    _report(arguments, f"{subscriber} is retired.", {"subscriber": str(subscriber), "retired": True})
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import check_migrated
    from sguild_dispatcher.subscriptions import subscriptions

    async def work(connection: "Connection") -> "list[SubscriptionStatus]":
        await check_migrated(connection)
        return await subscriptions(connection)

    found = with_connection(arguments, work)
    if arguments.format == "json":
        print_json([record(each) for each in found])
    else:
        print_subscriptions(found)
    return 0


def _report(arguments: argparse.Namespace, sentence: str, value: dict[str, Any]) -> None:
    if arguments.format == "json":
        print_json(value)
    else:
        print_line(sentence)
