"""What commands share that change something: who does it and why, the question before it, moments of time."""

import argparse
import getpass
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.errors import ConfigurationError
from sguild_dispatcher.retention import LONGEST_DAYS

if TYPE_CHECKING:
    from sguild_dispatcher.audit import Author

NOT_DONE: Final = 1

# What options may be at most, so that no date and no column is left.
LARGEST: Final = 2**63 - 1
RATES: Final = (0.001, 1_000_000.0)

_AGO: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_author_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--actor`` and ``--because``."""
    parser.add_argument(
        "--actor",
        metavar="NAME",
        type=storable,
        help="who does it, for the audit (default: the system's user)",
    )
    parser.add_argument("--because", metavar="TEXT", type=storable, default="", help="why, for the audit")


def add_question_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--yes`` and ``--dry-run``."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def author_of(arguments: argparse.Namespace) -> "Author":
    """Return who does something, and why.

    Raises:
        ConfigurationError: no option says who it is, and neither does the system.
    """
    from sguild_dispatcher.audit import Author

    return Author(actor=arguments.actor or _user(), reason=arguments.because)


def confirmed(arguments: argparse.Namespace, deed: str) -> bool:
    """Ask a person before ``deed`` is done, as "replay 3 dead letters", unless ``--yes`` was given.

    Raises:
        ConfigurationError: there is nobody to ask.
    """
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError(f"Nobody is there to confirm: add --yes to {deed}.")
    sys.stderr.write(f"{deed[0].upper()}{deed[1:]}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    sys.stderr.write("Nothing was done.\n")
    return False


def moment(text: str) -> datetime:
    """Read a moment: ``2026-11-24T10:00:00Z``, ``2026-11-24``, or ``2h`` for two hours ago.

    It is in UTC if no zone is named.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return _moment(text)
    except ValueError:
        rule = "is no moment: write 2026-11-24T10:00:00Z, 2026-11-24, or 2h for two hours ago"
    except OverflowError:
        rule = "is too long ago: the calendar begins with the year 1"
    raise argparse.ArgumentTypeError(f"{text!r} {rule}")


def _moment(text: str) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo is not None else read.replace(tzinfo=UTC)


def positive(text: str) -> int:
    """Read a number of things, or the number of one: 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is none, or more than the database can count.
    """
    return _number(text, LARGEST)


def days(text: str) -> int:
    """Read a number of days, 1 to a century.

    Raises:
        argparse.ArgumentTypeError: it is none, or more.
    """
    return _number(text, LONGEST_DAYS)


def rate(text: str) -> float:
    """Read how many things there are to be in a second.

    Raises:
        argparse.ArgumentTypeError: it is no number, or nothing that makes sense.
    """
    lowest, highest = RATES
    try:
        read = float(text)
    except ValueError:
        read = 0.0
    if not lowest <= read <= highest:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no rate: write how many in a second, from {lowest:g} to {highest:g}"
        )
    return read


def storable(text: str) -> str:
    """Read a text that the database can store or compare.

    Raises:
        argparse.ArgumentTypeError: it has bytes that are no UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8: write it in UTF-8") from None
    return text


def _number(text: str, most: int) -> int:
    if re.fullmatch("[1-9][0-9]*", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number: write one from 1 on")
    if len(text) > len(str(most)) or int(text) > most:
        raise argparse.ArgumentTypeError(f"{text!r} is too large: write a number from 1 to {most}")
    return int(text)


def counted(count: int, thing: str) -> str:
    """Return a number with its noun: ``1 event``, ``2 events``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _user() -> str:
    try:
        return storable(getpass.getuser())
    except (OSError, KeyError, argparse.ArgumentTypeError):
        raise ConfigurationError("The system does not know who you are: add --actor NAME.") from None
