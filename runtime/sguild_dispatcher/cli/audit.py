"""``sguild-dispatcher audit``: show what people did."""

import argparse
import json
from typing import TYPE_CHECKING

from sguild_dispatcher.audit import AUDIT_ACTIONS
from sguild_dispatcher.cli.actions import moment, positive
from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_fields,
    print_json,
    print_line,
    print_table,
    with_connection,
)

if TYPE_CHECKING:
    from sguild_dispatcher.audit import AuditedEvent, AuditEntry
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection

_HEAD = ("ID", "AT", "ACTION", "SUBSCRIBER", "ACTOR", "EVENTS", "DETAILS", "REASON")
_EVENTS = ("SUBSCRIBER", "LOG", "SEQ", "EVENT TYPE", "EVENT")


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``audit list`` and ``show``."""
    parser = subparsers.add_parser("audit", help="show what people did, and what handlers discarded")
    commands = parser.add_subparsers(dest="audit_command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="list the entries, the newest first")
    listing.add_argument("--action", choices=AUDIT_ACTIONS, help="those of one action")
    listing.add_argument("--subscriber", metavar="DOMAIN/NAME", help="those of one subscriber")
    listing.add_argument(
        "--since", metavar="TIME", type=moment, help="those since 2026-11-24T10:00Z, or since 2h"
    )
    listing.add_argument("--max", metavar="N", type=positive, help="how many at most (default: all)")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="show one entry, with what a handler said and the events")
    show.add_argument("id", metavar="ID", type=positive, help="the entry's id")
    show.add_argument("--max", metavar="N", type=positive, help="how many events at most (default: all)")
    show.set_defaults(run=_show)
    for command in (listing, show):
        add_database_options(command)


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
        print_json([{**plain_record(each), "reason": each.shown_reason} for each in found])
    elif not found:
        print_line("There are no such entries.")
    else:
        print_table(_HEAD, [_row(each) for each in found])
        if any(each.shown_reason != each.reason for each in found):
            print_line("What handlers said is not shown; `sguild-dispatcher audit show ID` does.")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.audit import audit_entry

    async def work(connection: "Connection") -> "tuple[AuditEntry, list[AuditedEvent]]":
        return await audit_entry(connection, arguments.id, limit=arguments.max)

    entry, events = with_connection(arguments, work)
    if arguments.format == "json":
        print_json({**plain_record(entry), "listed": [plain_record(each) for each in events]})
        return 0
    print_fields({**plain_record(entry), "details": _details(entry), "reason": entry.reason or None})
    if events:
        print_line("")
        print_table(
            _EVENTS,
            [(each.subscriber, each.log, each.seq, each.event_type, each.event_id) for each in events],
        )
    return 0


def _row(entry: "AuditEntry") -> tuple[object, ...]:
    return (
        entry.id,
        entry.acted_at,
        entry.action,
        entry.subscriber,
        entry.actor,
        entry.events,
        _details(entry),
        entry.shown_reason or None,
    )


def _details(entry: "AuditEntry") -> str | None:
    return None if entry.details is None else json.dumps(entry.details, ensure_ascii=False)
