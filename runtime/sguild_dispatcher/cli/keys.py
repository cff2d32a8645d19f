"""``sguild-dispatcher keys``: make and list the keys that events are signed with."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sguild_dispatcher.errors import MissingKeyError
from sguild_dispatcher.settings import PREFIX
from sguild_dispatcher.signing import Keyring

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``keys new`` and ``keys list``."""
    keys = subparsers.add_parser("keys", help="make and list signing keys")
    commands = keys.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    new = commands.add_parser(
        "new",
        help="give a domain a new active key; its earlier keys are retired and only verify from then on",
    )
    new.add_argument("domain", metavar="DOMAIN", help="the domain that signs with the key")
    _add_keyring(new)
    new.set_defaults(run=_new)
    listing = commands.add_parser("list", help="list the keys, without their secrets")
    _add_keyring(listing)
    listing.set_defaults(run=_list)


def _add_keyring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keyring",
        metavar="FILE",
        type=Path,
        default=os.environ.get(f"{PREFIX}KEYRING") or None,
        help=f"the keyring file (default: {PREFIX}KEYRING)",
    )


def _new(arguments: argparse.Namespace) -> int:
    path = _path(arguments)
    keyring = Keyring.from_file(path) if path.exists() else Keyring(())
    changed = keyring.with_new_key(arguments.domain)
    changed.to_file(path)
    sys.stdout.write(f"{arguments.domain} signs with key {changed.active(arguments.domain).id} of {path}\n")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    keys = list(Keyring.from_file(_path(arguments)))
    width = max((len(key.id) for key in keys), default=0)
    for key in keys:
        sys.stdout.write(f"{key.id:<{width}}  {key.state:<7}  {key.domain}\n")
    return 0


def _path(arguments: argparse.Namespace) -> Path:
    if arguments.keyring is None:
        raise MissingKeyError(f"No keyring is named: add --keyring FILE, or set {PREFIX}KEYRING to FILE.")
    return Path(arguments.keyring)
