"""What commands share that change something: who does it and why, the question before it, moments of time."""

import argparse
import getpass
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sguild_dispatcher.errors import ConfigurationError

if TYPE_CHECKING:
    from sguild_dispatcher.audit import Author

NOT_DONE: Final = 1

_AGO: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_author_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--actor`` and ``--because``."""
    parser.add_argument(
        "--actor", metavar="NAME", help="who does it, for the audit (default: the system's user)"
    )
    parser.add_argument("--because", metavar="TEXT", default="", help="why, for the audit")


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
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment: write 2026-11-24T10:00:00Z, 2026-11-24, or 2h for two hours ago"
        ) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def positive(text: str) -> int:
    """Read a number of things, 1 or more.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if re.fullmatch("[1-9][0-9]{0,17}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number: write one from 1 on")
    return int(text)


def counted(count: int, thing: str) -> str:
    """Return a number with its noun: ``1 event``, ``2 events``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise ConfigurationError("The system does not know who you are: add --actor NAME.") from None
