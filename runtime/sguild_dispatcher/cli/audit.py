"""``sguild-dispatcher audit``: show what people did."""

import argparse
import json
from typing import TYPE_CHECKING

from sguild_dispatcher.audit import AUDIT_ACTIONS
from sguild_dispatcher.cli.actions import moment, positive
from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_json,
    print_line,
    print_table,
    with_connection,
)

if TYPE_CHECKING:
    from sguild_dispatcher.audit import AuditEntry
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection

_HEAD = ("ID", "AT", "ACTION", "SUBSCRIBER", "ACTOR", "EVENTS", "DETAILS", "REASON")


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``audit list``."""
    parser = subparsers.add_parser("audit", help="show what people did, and what handlers discarded")
    commands = parser.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="list the entries, the newest first")
    listing.add_argument("--action", choices=AUDIT_ACTIONS, help="those of one action")
    listing.add_argument("--subscriber", metavar="DOMAIN/NAME", help="those of one subscriber")
    listing.add_argument(
        "--since", metavar="TIME", type=moment, help="those since 2026-11-24T10:00Z, or since 2h"
    )
    listing.add_argument("--max", metavar="N", type=positive, help="how many at most (default: all)")
    add_database_options(listing)
    listing.set_defaults(run=_list)


def _list(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.audit import audit_entries
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = None if arguments.subscriber is None else SubscriberName.parse(arguments.subscriber)

    async def work(connection: "Connection") -> "list[AuditEntry]":
        return await audit_entries(
            connection,
            action=arguments.action,
            subscriber=subscriber,
            since=arguments.since,
            limit=arguments.max,
        )

    found = with_connection(arguments, work)
    if arguments.format == "json":
        print_json([plain_record(each) for each in found])
    elif not found:
        print_line("There are no such entries.")
    else:
        print_table(_HEAD, [_row(each) for each in found])
    return 0


def _row(entry: "AuditEntry") -> tuple[object, ...]:
    details = None if entry.details is None else json.dumps(entry.details, ensure_ascii=False)
    return (
        entry.id,
        entry.acted_at,
        entry.action,
        entry.subscriber,
        entry.actor,
        entry.events,
        details,
        entry.reason or None,
    )
