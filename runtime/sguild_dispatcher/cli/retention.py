"""``sguild-dispatcher retention``: drop what is old and what nothing needs."""

import argparse
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.actions import add_author_options, author_of, counted, days
from sguild_dispatcher.cli.common import (
    add_database_options,
    plain_record,
    print_json,
    print_line,
    with_connection,
)
from sguild_dispatcher.retention import AUDIT_DAYS, DAYS, INBOX_MORE

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.database import Connection
    from sguild_dispatcher.retention import KeptDay, RetentionReport


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``retention run``."""
    parser = subparsers.add_parser("retention", help="drop what is old")
    commands = parser.add_subparsers(dest="retention_command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="drop days of the log that every subscriber is past, and old rows beside it; "
        "exits 1 when an old day is kept",
    )
    run.add_argument(
        "--days",
        metavar="N",
        type=days,
        default=DAYS,
        help=f"days of the log that are kept (default: {DAYS})",
    )
    run.add_argument(
        "--inbox-days",
        metavar="N",
        type=days,
        help=f"of the inbox (default: {INBOX_MORE} more than of the log)",
    )
    run.add_argument(
        "--dead-letter-days",
        metavar="N",
        type=days,
        help="of dead letters (default: kept until they are settled)",
    )
    run.add_argument(
        "--audit-days",
        metavar="N",
        type=days,
        default=AUDIT_DAYS,
        help=f"of the audit (default: {AUDIT_DAYS})",
    )
    run.add_argument("--dry-run", action="store_true", help="say what would be dropped, and drop nothing")
    add_author_options(run)
    add_database_options(run)
    run.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.retention import RetentionPolicy, run_retention

    policy = RetentionPolicy(
        days=arguments.days,
        inbox_days=arguments.inbox_days or arguments.days + INBOX_MORE,
        failed_days=arguments.dead_letter_days,
        audit_days=arguments.audit_days,
    )
    author = author_of(arguments)

    async def work(connection: "Connection") -> "RetentionReport":
        return await run_retention(connection, policy, author, dry_run=arguments.dry_run)

    done = with_connection(arguments, work)
    if arguments.format == "json":
        print_json({**plain_record(done), "dry_run": arguments.dry_run})
    else:
        _print(done, dry_run=arguments.dry_run)
    return 1 if done.kept else 0


def _print(done: "RetentionReport", *, dry_run: bool) -> None:
    verb = "Would drop" if dry_run else "Dropped"
    for day in done.dropped:
        print_line(f"{verb} {day.isoformat()} of the log.")
    for kept in done.kept:
        print_line(f"Kept {_kept(kept)}")
    rows = (
        counted(done.inbox, "inbox row"),
        counted(done.failed, "failed delivery row"),
        counted(done.audit, "audit entry").replace("entrys", "entries"),
    )
    print_line(f"{verb} {', '.join(rows)}.")
    print_line(f"{'Would free' if dry_run else 'Freed'} {counted(done.freed_bytes, 'byte')} of the log.")
    if done.created_days:
        print_line(f"Made the tables of {counted(done.created_days, 'day')} to come.")


def _kept(kept: "KeptDay") -> str:
    if not kept.blocked_by:
        return f"{kept.day.isoformat()}: the log is too busy to be locked; run it again."
    cursors = ", ".join(f"{each.subscriber} partition {each.partition}" for each in kept.blocked_by)
    return f"{kept.day.isoformat()} of the log, which was not delivered yet: see {cursors}."
