"""``sguild-dispatcher migrate``: bring the database's schema to the version of this runtime."""

import argparse
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.common import add_database_options, print_json, print_line, with_connection

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "migrate", help="create or update the schema; safe to run twice, and by two processes at once"
    )
    add_database_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.migrations import migrate, migrations

    applied = with_connection(arguments, migrate)
    version = migrations()[-1].version
    if arguments.format == "json":
        print_json({"applied": applied, "version": version})
        return 0
    for name in applied:
        print_line(f"applied {name}")
    print_line(
        f"The schema has version {version}." if applied else f"The schema has version {version} already."
    )
    return 0
