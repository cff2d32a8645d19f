"""``sguild-dispatcher keys``: the keys that events are signed with, from the first day to the last."""

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sguild_dispatcher.cli.actions import NOT_DONE, add_question_options, confirmed
from sguild_dispatcher.cli.common import print_json, print_line, print_table
from sguild_dispatcher.errors import KeyringError, MissingKeyError
from sguild_dispatcher.settings import PREFIX
from sguild_dispatcher.signing import Key, Keyring, KeyState, rotation
from sguild_dispatcher.signing.algorithms import ALGORITHMS
from sguild_dispatcher.signing.files import read_secret, write_secret
from sguild_dispatcher.signing.keys import MOMENT_RULE, Reference, moment_of, timestamp
from sguild_dispatcher.signing.locking import locked

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

Run = Callable[[argparse.Namespace], int]


def add_parser(subparsers: "Subparsers") -> None:
    """Add ``keys`` with its commands."""
    keys = subparsers.add_parser("keys", help="make, rotate and list signing keys")
    commands = keys.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    _add_new(commands)
    _add(commands, "list", _list, "list the keys, without their secrets")
    rotate = _add(commands, "rotate", _rotate, "let the next key of a domain sign, and retire the one before")
    rotate.add_argument("domain", metavar="DOMAIN", help="the domain that signs with the keys")
    _add_until(rotate)
    activate = _add(commands, "activate", _activate, "let one key sign, and retire the one before")
    _add_key(activate)
    _add_until(activate)
    retire = _add(commands, "retire", _retire, "let a key sign no more; it goes on verifying")
    _add_key(retire)
    _add_until(retire)
    revoke = _add(
        commands,
        "revoke",
        _revoke,
        "let nothing be believed that a key signed, for ever, and drop its secret",
    )
    _add_key(revoke)
    add_question_options(revoke)
    _add_exchange(commands)


def _add_new(commands: "Subparsers") -> None:
    new = _add(
        commands, "new", _new, "make a key; it is the domain's next one, or active if the domain has none yet"
    )
    new.add_argument("domain", metavar="DOMAIN", help="the domain that signs with the key")
    new.add_argument("--algorithm", choices=ALGORITHMS, default=ALGORITHMS[0], help="default: %(default)s")
    place = new.add_mutually_exclusive_group()
    place.add_argument(
        "--secret-file",
        metavar="FILE",
        type=Path,
        help="keep the secret in this file and not in the keyring; a file that is there gives the secret",
    )
    place.add_argument("--secret-env", metavar="NAME", help="take the secret from this environment variable")


def _add_exchange(commands: "Subparsers") -> None:
    export = _add(commands, "export-public", _export, "write a keyring that verifies and cannot sign")
    export.add_argument("output", metavar="OUTPUT", type=Path, help="the file to write")
    export.add_argument(
        "--domain", action="append", default=[], help="only keys of this domain; may be given again"
    )
    take = _add(commands, "import-public", _import, "take over the public keys that a domain exported")
    take.add_argument("domain", metavar="DOMAIN", help="the domain to take keys of; others are left alone")
    take.add_argument("source", metavar="SOURCE", type=Path, help="the keyring that was exported")


def _add(commands: "Subparsers", name: str, run: Run, purpose: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose)
    parser.add_argument(
        "--keyring",
        metavar="FILE",
        type=Path,
        default=os.environ.get(f"{PREFIX}KEYRING") or None,
        help=f"the keyring file (default: {PREFIX}KEYRING)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how results are printed")
    parser.set_defaults(run=run)
    return parser


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="the id of the key")


def _add_until(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="when the retired key stops to verify, such as 2026-12-31T00:00:00Z (default: never)",
    )


def _new(arguments: argparse.Namespace) -> int:
    path = _path(arguments)
    with locked(path):
        keyring = _present(path)
        key = _made(arguments, path, rotation.state_of_new(keyring, arguments.domain))
        keyring.replacing(key).to_file(path)
    if key.state == "active":
        said = [f"{key.domain} signs with key {key.id} of {path}"]
    else:
        command = f"sguild-dispatcher keys rotate {key.domain} --keyring {path}"
        said = [
            f"{key.id} is the next key of {key.domain} in {path}.",
            f"Give it to all that verify; then let it sign with `{command}`.",
        ]
    return _report(arguments, [key], said)


def _present(path: Path) -> Keyring:
    """Return the keyring, an empty one if there is no such file."""
    return Keyring.from_file(path) if path.exists() else Keyring(())


def _made(arguments: argparse.Namespace, path: Path, state: KeyState) -> Key:
    new = Key.generate(arguments.domain, algorithm=arguments.algorithm, state=state)
    file: Path | None = arguments.secret_file
    if file is not None:
        if not file.exists() and new.secret is not None:
            write_secret(file, new.secret)
        reference = Reference("secret_file", _beside(file, path.parent))
    elif arguments.secret_env is not None:
        reference = Reference("secret_env", arguments.secret_env)
    else:
        return new
    secret = read_secret(reference, path.parent)
    return Key(new.id, new.domain, secret, state, reference=reference)


def _beside(file: Path, folder: Path) -> str:
    """Return a path as the keyring names it: relative to its folder if it lies there, or absolute."""
    whole, start = file.resolve(), folder.resolve()
    return str(whole.relative_to(start) if whole.is_relative_to(start) else whole)


def _list(arguments: argparse.Namespace) -> int:
    keys = list(Keyring.from_file(_path(arguments)))
    if arguments.format == "json":
        return _report(arguments, keys, ())
    head = ("id", "domain", "state", "until", "algorithm", "secret")
    rows = [_shown(key) for key in keys]
    print_table(head, [[each[name] for name in head] for each in rows])
    return 0


def _shown(key: Key) -> dict[str, str | None]:
    if key.reference is not None:
        place = f"{key.reference.member.removeprefix('secret_')} {key.reference.name}"
    else:
        place = "keyring" if key.can_sign else "only public" if key.algorithm else "none"
    return {
        "id": key.id,
        "domain": key.domain,
        "state": key.state,
        "until": None if key.until is None else timestamp(key.until),
        "algorithm": key.algorithm,
        "secret": place,
    }


def _rotate(arguments: argparse.Namespace) -> int:
    until = _until(arguments)
    changed = _changed(arguments, lambda keyring: rotation.rotate(keyring, arguments.domain, until=until))
    return _report_states(arguments, _of(changed, arguments.domain))


def _activate(arguments: argparse.Namespace) -> int:
    until = _until(arguments)
    changed = _changed(arguments, lambda keyring: rotation.activate(keyring, arguments.key, until=until))
    return _report_states(arguments, _of(changed, changed.key(arguments.key).domain))


def _retire(arguments: argparse.Namespace) -> int:
    until = _until(arguments)
    changed = _changed(arguments, lambda keyring: rotation.retire(keyring, arguments.key, until=until))
    return _report_states(arguments, [changed.key(arguments.key)])


def _revoke(arguments: argparse.Namespace) -> int:
    keyring = Keyring.from_file(_path(arguments))
    key = keyring.key(arguments.key)
    if key.state != "revoked":
        deed = f"revoke {key.id} for ever, {_lost(keyring, key)}"
        if arguments.dry_run:
            return _report(arguments, [key], [f"Would {deed}."])
        if not confirmed(arguments, deed):
            return NOT_DONE
    changed = _changed(arguments, lambda keyring: rotation.revoke(keyring, key.id))
    return _report_states(arguments, [changed.key(key.id)])


def _lost(keyring: Keyring, key: Key) -> str:
    """Say what is lost with a key."""
    lost = "with all that it signed and that is not delivered yet"
    if key.state != "active" or not key.can_sign:
        return lost
    is_next = any(each.domain == key.domain and each.state == "next" for each in keyring)
    command = f"sguild-dispatcher keys {'rotate' if is_next else 'new'} {key.domain}"
    return f"{lost}; it is the only key that {key.domain} signs with, and nobody can until `{command}`"


def _changed(arguments: argparse.Namespace, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Change the keyring that is named, while nobody else does."""
    path = _path(arguments)
    with locked(path):
        changed = change(Keyring.from_file(path))
        changed.to_file(path)
    return changed


def _export(arguments: argparse.Namespace) -> int:
    output: Path = arguments.output
    if output.resolve() == _path(arguments).resolve():
        raise KeyringError("OUTPUT is the keyring itself, which would lose its secrets: name another file.")
    # Read inside the lock: what is exported last is what the keyring had last.
    with locked(output):
        given, kept = rotation.public_halves(Keyring.from_file(_path(arguments)), arguments.domain)
        if not given:
            raise KeyringError(
                "There is no public key to export: HMAC-SHA256 has none. "
                "Make an Ed25519 key with `sguild-dispatcher keys new DOMAIN --algorithm ed25519`."
            )
        Keyring(given).to_file(output)
    said = [f"{output} has {', '.join(key.id for key in given)}; it verifies and cannot sign."]
    said += [f"Left out: {key.id}, since {key.algorithm} has no public half." for key in kept]
    return _report(arguments, given, said, left_out=[_shown(key) for key in kept])


def _import(arguments: argparse.Namespace) -> int:
    path = _path(arguments)
    published = Keyring.from_file(arguments.source)
    with locked(path):
        changed = rotation.take_over(_present(path), arguments.domain, published)
        changed.to_file(path)
    return _report_states(arguments, _of(changed, arguments.domain))


def _of(keyring: Keyring, domain: str) -> list[Key]:
    return [key for key in keyring if key.domain == domain]


def _report_states(arguments: argparse.Namespace, keys: Sequence[Key]) -> int:
    ends = ["" if key.until is None else f" until {timestamp(key.until)}" for key in keys]
    said = [f"{key.id} is {key.state}{end}" for key, end in zip(keys, ends, strict=True)]
    return _report(arguments, keys, said)


def _report(arguments: argparse.Namespace, keys: Sequence[Key], said: Iterable[str], **more: object) -> int:
    """Print what a command did: its sentences, or the keys that it concerned as ``list`` shows them."""
    if arguments.format == "json":
        print_json({"keys": [_shown(key) for key in keys], **more})
        return 0
    for sentence in said:
        print_line(sentence)
    return 0


def _until(arguments: argparse.Namespace) -> datetime | None:
    if arguments.until is None:
        return None
    moment = moment_of(arguments.until)
    if moment is None:
        raise KeyringError(f"--until is {arguments.until!r}; it must be {MOMENT_RULE}.")
    return moment


def _path(arguments: argparse.Namespace) -> Path:
    if arguments.keyring is None:
        raise MissingKeyError(f"No keyring is named: add --keyring FILE, or set {PREFIX}KEYRING to FILE.")
    return Path(arguments.keyring)
