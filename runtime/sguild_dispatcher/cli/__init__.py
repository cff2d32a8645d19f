"""The command ``sguild-dispatcher``: one module a command, with arguments, streams and exit codes alone.

Exit codes: 0 clean, 1 findings or nothing done, 2 usage or configuration, 3 an error of the command itself.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

from sguild_dispatcher.cli import (
    audit,
    cursors,
    dead_letters,
    doctor,
    keys,
    migrate,
    retention,
    roles,
    status,
    subscribers,
)
from sguild_dispatcher.errors import DispatcherError
from sguild_dispatcher.rights import INSUFFICIENT_PRIVILEGE, OPERATOR

OK: Final = 0
USAGE: Final = 2
INTERNAL: Final = 3
INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; results go to stdout, everything else to stderr."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; nothing must be written when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:  # noqa: BLE001 - Python's own exit code for a crash would look like findings
        traceback.print_exc()
        return INTERNAL


class _Version(argparse.Action):
    """Print the version; it is looked up when it is asked for, which keeps every other start fast."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"{parser.prog} {version('sguild-dispatcher')}\n")
        parser.exit()


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except DispatcherError as error:
        return _refused(str(error))
    except Exception as error:
        if not hasattr(error, "sqlstate"):
            raise
        return _refused(f"The database refused: {str(error).partition(chr(10))[0]}.{_way_out(error)}")
    return code


def _way_out(error: Any) -> str:
    if error.sqlstate != INSUFFICIENT_PRIVILEGE:
        return ""
    return f" Connect as a member of {OPERATOR}, as the schema's owner, or as a superuser."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sguild-dispatcher",
        description="Operate the event log: schema, subscribers, cursors, dead letters, retention, keys.",
        epilog="Settings come from SGUILD_DISPATCHER_*. With SGUILD_DISPATCHER_METRICS_PORT each worker "
        "serves /metrics, /healthz and /readyz.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (
        migrate,
        roles,
        status,
        subscribers,
        cursors,
        dead_letters,
        retention,
        audit,
        keys,
        doctor,
    ):
        module.add_parser(commands)
    return parser


def _refused(sentence: str) -> int:
    sys.stderr.write(f"sguild-dispatcher: {sentence}\n")
    return USAGE
