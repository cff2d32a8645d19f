"""``sguild-dispatcher dead-letters``: look at what failed for good, deliver it again, or drop it."""

import argparse
import asyncio
import getpass
import sys
from typing import TYPE_CHECKING, Any

from sguild_dispatcher.cli.common import (
    add_database_options,
    dsn_of,
    print_fields,
    print_json,
    print_line,
    print_table,
)
from sguild_dispatcher.errors import ConfigurationError, DeadLetterFilterError

if TYPE_CHECKING:
    from sguild_dispatcher.cli.common import Subparsers
    from sguild_dispatcher.dead_letters import DeadLetter, DeadLetterFilter

_HEAD = ("ID", "SUBSCRIBER", "EVENT TYPE", "REASON", "ATTEMPTS", "LAST FAILED", "DETAIL")
_OTHER_END = 1


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``dead-letters list``, ``show``, ``replay`` and ``discard``."""
    parser = subparsers.add_parser("dead-letters", help="list, show, replay and discard dead letters")
    commands = parser.add_subparsers(dest="dead_letters_command", required=True, metavar="COMMAND")
    listing = commands.add_parser(
        "list", help="list dead letters, without payloads and without what handlers said"
    )
    _add_filter(listing)
    show = commands.add_parser("show", help="show one dead letter, with the message of its exception")
    show.add_argument("id", metavar="ID", type=int)
    show.add_argument("--payload", action="store_true", help="show the event too; it may hold personal data")
    replay = commands.add_parser("replay", help="deliver dead letters again, from the first attempt on")
    discard = commands.add_parser("discard", help="delete dead letters for good")
    for command in (replay, discard):
        _add_filter(command)
        _add_action_options(command)
    for command, run in ((listing, _list), (show, _show), (replay, _replay), (discard, _discard)):
        add_database_options(command)
        command.set_defaults(run=run)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", metavar="ID", type=int, help="the one with this id")
    parser.add_argument("--subscriber", metavar="DOMAIN/NAME", help="those of one subscriber")
    parser.add_argument("--event-type", metavar="TYPE", help="those of one event type")
    parser.add_argument("--reason", metavar="REASON", help="those with one reason, such as handler_failed")


def _add_action_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="every dead letter, where no filter is given")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--actor", metavar="NAME", help="who does it, for the audit (default: the system's user)"
    )
    parser.add_argument("--because", metavar="TEXT", default="", help="why, for the audit")


def _filter(arguments: argparse.Namespace) -> "DeadLetterFilter":
    from sguild_dispatcher.dead_letters import DeadLetterFilter
    from sguild_dispatcher.subscriptions import SubscriberName

    subscriber = None if arguments.subscriber is None else SubscriberName.parse(arguments.subscriber)
    if arguments.event_type == "":
        raise DeadLetterFilterError("--event-type is empty: name an event type, as credit.locked.")
    return DeadLetterFilter(
        id=arguments.id, subscriber=subscriber, event_type=arguments.event_type, reason=arguments.reason
    )


def _list(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.dead_letters import DeadLetters

    found = asyncio.run(DeadLetters(dsn_of(arguments)).list(_filter(arguments)))
    if arguments.format == "json":
        print_json([{**_record(each), "detail": each.shown_detail} for each in found])
    elif not found:
        print_line("There are no such dead letters.")
    else:
        print_table(_HEAD, [_row(each) for each in found])
        if any(each.shown_detail != each.detail for each in found):
            print_line(
                "The messages of exceptions are not shown; `sguild-dispatcher dead-letters show ID` does."
            )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from sguild_dispatcher.dead_letters import DeadLetters

    letter, body = asyncio.run(DeadLetters(dsn_of(arguments)).show(arguments.id))
    record = _record(letter)
    if arguments.payload:
        # The exact text, not its value: it is what was signed, and large numbers keep their digits.
        record["body"] = body
    if arguments.format == "json":
        print_json(record)
        return 0
    print_fields(record)
    if not arguments.payload:
        print_line("The event is not shown; --payload shows it.")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    return _act(arguments, "replay", "Replayed")


def _discard(arguments: argparse.Namespace) -> int:
    return _act(arguments, "discard", "Discarded")


def _act(arguments: argparse.Namespace, verb: str, done: str) -> int:
    from sguild_dispatcher.dead_letters import DeadLetters

    only = _filter(arguments)
    if only.is_empty and not arguments.all:
        raise DeadLetterFilterError(
            f"Nothing says which dead letters to {verb}: add a filter "
            "(--id, --subscriber, --event-type, --reason), or --all for every one."
        )
    if arguments.all and not only.is_empty:
        raise DeadLetterFilterError("--all means every dead letter: leave it out where a filter is given.")
    letters = DeadLetters(dsn_of(arguments))
    if not arguments.yes and not _confirmed(verb, asyncio.run(letters.count(only))):
        return _OTHER_END
    act = letters.replay if verb == "replay" else letters.discard
    count = asyncio.run(act(only, actor=_actor(arguments), reason=arguments.because))
    if arguments.format == "json":
        print_json({"action": verb, "count": count})
    else:
        print_line(f"{done} {_counted(count)}." if count else f"There are no such dead letters to {verb}.")
    return 0 if count else _OTHER_END


def _confirmed(verb: str, count: int) -> bool:
    """Ask before anything is done.

    Raises:
        ConfigurationError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(f"Nobody is there to confirm: add --yes to {verb} {_counted(count)}.")
    if not count:
        sys.stderr.write(f"There are no such dead letters to {verb}.\n")
        return False
    sys.stderr.write(f"{verb.capitalize()} {_counted(count)}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    sys.stderr.write("Nothing was done.\n")
    return False


def _actor(arguments: argparse.Namespace) -> str:
    if arguments.actor:
        return str(arguments.actor)
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise ConfigurationError("The system does not know who you are: add --actor NAME.") from None


def _counted(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def _row(letter: "DeadLetter") -> tuple[object, ...]:
    return (
        letter.id,
        letter.subscriber,
        letter.event_type,
        letter.reason,
        letter.attempts,
        letter.last_failed_at,
        letter.shown_detail,
    )


def _record(letter: "DeadLetter") -> dict[str, Any]:
    from dataclasses import fields

    values = {each.name: getattr(letter, each.name) for each in fields(letter)}
    return {**values, "subscriber": str(letter.subscriber)}
