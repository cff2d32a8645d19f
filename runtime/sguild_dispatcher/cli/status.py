"""``sguild-dispatcher status``: the schema, and how far each subscriber is."""

import argparse
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.common import add_database_options, print_json, print_line, with_connection
from sguild_dispatcher.cli.subscribers import print_subscriptions, record

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.subscriptions import SubscriptionStatus


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "status",
        help="show the schema's version and each subscriber's place; "
        "exits 1 when one has dead letters or a cursor of another cluster",
    )
    add_database_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    version, found = with_connection(arguments, _look)
    if arguments.format == "json":
        print_json({"schema_version": version, "subscribers": [record(each) for each in found]})
    else:
        print_line(f"The schema has version {version}.")
        print_subscriptions(found)
        for complaint in map(_complaint, found):
            if complaint is not None:
                print_line(complaint)
    return 1 if any(map(_complaint, found)) else 0


async def _look(connection: "Connection") -> "tuple[int, list[SubscriptionStatus]]":
    from sguild_dispatcher.migrations import check_migrated, migrations
    from sguild_dispatcher.subscriptions import subscriptions

    await check_migrated(connection)
    return migrations()[-1].version, await subscriptions(connection)


def _complaint(each: "SubscriptionStatus") -> str | None:
    if each.retired_at is not None:
        return None
    if not each.same_cluster:
        return f"{each.subscriber} was registered in another cluster: retire it and register it again."
    if each.dead:
        command = f"sguild-dispatcher dead-letters list --subscriber {each.subscriber}"
        return f"{each.subscriber} has dead letters: see `{command}`."
    return None
