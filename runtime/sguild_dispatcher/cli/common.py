"""What the commands share: the options and the connection of a database, and how results are printed."""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from sguild_dispatcher.errors import SettingsError
from sguild_dispatcher.settings import PREFIX, Settings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from sguild_dispatcher.database import Connection

    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

T = TypeVar("T")


def add_database_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--dsn`` and ``--format``."""
    parser.add_argument("--dsn", metavar="DSN", help=f"the database (default: {PREFIX}DSN)")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how results are printed")


def dsn_of(arguments: argparse.Namespace) -> str:
    """Return the DSN of a command.

    Raises:
        SettingsError: neither the option nor the environment names one.
    """
    dsn: str | None = arguments.dsn or Settings.from_environment().dsn
    if dsn is None:
        raise SettingsError(
            f"No database is named: add --dsn, or set {PREFIX}DSN to postgresql://USER:PASSWORD@HOST/DATABASE."
        )
    return dsn


def with_connection(arguments: argparse.Namespace, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Open a connection to the command's database, do ``work`` with it, and return the result.

    Raises:
        SettingsError, DatabaseUnavailableError: there is no connection to be had.
    """
    from sguild_dispatcher.database import connect

    async def run() -> T:
        connection = await connect(dsn_of(arguments))
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def plain_record(value: "DataclassInstance") -> dict[str, Any]:
    """Return a result as it is printed for programs: its fields, and subscribers by their names."""
    return {each.name: _plain_value(getattr(value, each.name)) for each in fields(value)}


def report(arguments: argparse.Namespace, record: Mapping[str, object], sentence: str) -> None:
    """Print a result in the format that was asked for."""
    if arguments.format == "json":
        print_json(record)
    else:
        print_line(sentence)


def print_json(value: object) -> None:
    """Print a result for programs."""
    json.dump(value, sys.stdout, indent=2, default=_plain)
    sys.stdout.write("\n")


def print_line(text: str) -> None:
    """Print a line for people; characters that could disturb a terminal are escaped."""
    sys.stdout.write(f"{printable(text)}\n")


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns under their names; numbers stand to the right."""
    cells = [tuple(map(_cell, row)) for row in rows]
    numeric = (
        [all(isinstance(each, int) for each in column) for column in zip(*rows, strict=True)] if cells else []
    )
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    for line in [tuple(head), *cells]:
        aligned = [
            text.rjust(width) if cells and is_number else text.ljust(width)
            for text, width, is_number in zip(line, widths, numeric or [False] * len(head), strict=True)
        ]
        print_line("  ".join(aligned).rstrip())


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one record, a field a line."""
    width = max(map(len, fields))
    for name, value in fields.items():
        print_line(f"{name.ljust(width)}  {_cell(value)}")


def printable(text: str) -> str:
    """Escape control and formatting characters as JSON does, so that JSON keeps its meaning."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%SZ")
        case _:
            return str(value)


def _plain_value(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        # A subscriber's name is a text to programs.
        return str(value) if type(value).__str__ is not object.__str__ else plain_record(value)
    if isinstance(value, tuple | list):
        return [_plain_value(each) for each in cast("Sequence[object]", value)]
    return value


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
