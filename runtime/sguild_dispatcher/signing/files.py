"""Keyring files: ``{"keys": [{"id", "domain", "state", "secret"}]}``.

In place of ``secret`` an entry may have ``secret_file``, the path of a file that holds the secret and
nothing else (relative to the keyring's folder), ``secret_env``, the name of a variable of the environment,
or ``public_key``. A retired key may have ``until``.
"""

import json
import logging
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from sguild_dispatcher.errors import KeyringError, MissingKeyError
from sguild_dispatcher.signing.algorithms import is_public
from sguild_dispatcher.signing.keys import MOMENT_RULE, Key, Reference, moment_of, timestamp
from sguild_dispatcher.signing.secret import SECRET_PREFIXES, Secret, shown

_ALWAYS: Final = ("id", "domain", "state")
_SOURCES: Final = ("secret", "secret_file", "secret_env", "public_key")
_MEMBERS: Final = (*_ALWAYS, *_SOURCES, "until")
_RESERVED: Final = "SGUILD_DISPATCHER_"
_VARIABLE: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")

_log: Final = logging.getLogger(__name__)
_exposed: Final = set[Path]()


def read_keys(path: Path) -> list[Key]:
    """Return the keys of a keyring file, with the secrets that it refers to.

    Raises:
        MissingKeyError: there is no such file.
        KeyringError: it cannot be read, is not a keyring, or a secret is not where it says.
    """
    text = _read(path)
    if text is None:
        raise MissingKeyError(
            f"There is no keyring {path}: make it with `sguild-dispatcher keys new DOMAIN --keyring {path}`."
        )
    try:
        members = _members(text)
        keys = [_key(index, each, path.parent) for index, each in enumerate(members)]
    except KeyringError as error:
        raise KeyringError(f"{path} is not a usable keyring. {error}") from None
    if any("secret" in _entry(key) for key in keys):
        _warn_if_exposed(path)
    return keys


def _warn_if_exposed(path: Path) -> None:
    """Say once that everybody may read a file with secrets. That a group may is how containers mount them."""
    try:
        exposed = sys.platform != "win32" and path.stat().st_mode & stat.S_IROTH
    except OSError:
        return  # it was read, and is gone
    if exposed and path.absolute() not in _exposed:
        _exposed.add(path.absolute())
        _log.warning(
            "Every user of this machine may read the keyring %s, which holds secrets: run `chmod o-r %s`, or "
            "mount it with the mode 0440",
            path,
            path,
            extra={"code": "keyring-exposed", "path": str(path)},
        )


def write_keys(path: Path, keys: Iterable[Key]) -> None:
    """Write a keyring file, readable by its owner only, as a whole or not at all.

    Raises:
        KeyringError: its folder does not exist, or the file cannot be written.
    """
    entries = [_entry(key) for key in keys]
    text = Secret(json.dumps({"keys": entries}, indent=2, default=Secret.reveal) + "\n")
    _write(path, text, "keyring")


def write_secret(path: Path, secret: Secret) -> None:
    """Write a secret into a file of its own.

    Raises:
        KeyringError: its folder does not exist, or it cannot be written.
    """
    _write(path, Secret(secret.reveal() + "\n"), "secret")


def read_secret(reference: Reference, folder: Path) -> Secret:
    """Return the secret that a reference names; a path is relative to ``folder``.

    Raises:
        KeyringError: it is not there, or cannot be read.
    """
    if reference.member == "secret_env":
        return _secret_of_variable(reference.name)
    path = folder / reference.name
    text = _read(path)
    if text is None:
        raise KeyringError(f"There is no secret file {path}: mount it, or correct secret_file.")
    return Secret(text.reveal().rstrip("\r\n"))


def _secret_of_variable(name: str) -> Secret:
    if _VARIABLE.fullmatch(name) is None or name.startswith(_RESERVED):
        raise KeyringError(
            "secret_env must name a variable of the environment: letters, digits and _, "
            f"and not {_RESERVED} first, which settings have."
        )
    if not os.environ.get(name):
        raise KeyringError(f"The variable {name} of the environment has no secret: set it.")
    return Secret(os.environ[name])


def _members(text: Secret) -> list[object]:
    """Return the entries of a keyring, in which secrets are :class:`Secret`."""
    twice: list[str] = []

    def without_secrets(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(name for name in names if names.count(name) > 1)
        return {name: _hidden(value, certain=name == "secret") for name, value in pairs}

    document: object = None
    complaint = ""
    try:
        document = _hidden(json.loads(text.reveal(), object_pairs_hook=without_secrets))
    except json.JSONDecodeError as error:
        complaint = f"It is not JSON: {error.msg} in line {error.lineno}."
    except (ValueError, RecursionError):
        complaint = "It is nested too deeply, or has a number that is too long."
    # Not raised above: the error that was caught holds the whole text.
    if complaint:
        raise KeyringError(complaint)
    if twice:
        raise KeyringError(f"The member {shown(twice[0])} occurs twice in one object.")
    members = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    keys = members.get("keys")
    others = [name for name in members if name != "keys"]
    if others or not isinstance(keys, list):
        found = f", without the member {shown(others[0])}" if others else ""
        raise KeyringError(f'It must be an object {{"keys": [...]}}{found}.')
    return cast("list[object]", keys)


def _hidden(value: object, *, certain: bool = False) -> object:
    """Return the value with its secrets wrapped, also where one was written in the wrong place."""
    if isinstance(value, str) and (certain or value.startswith(SECRET_PREFIXES)):
        return Secret(value)
    if isinstance(value, list):
        return [_hidden(each) for each in cast("list[object]", value)]
    return value


def _key(index: int, member: object, folder: Path) -> Key:
    parts = cast("dict[str, Any]", member) if isinstance(member, dict) else {}
    unknown = [name for name in parts if name not in _MEMBERS]
    if unknown:
        raise KeyringError(
            f"/keys/{index} has the member {shown(unknown[0])}, which is none of {', '.join(_MEMBERS)}."
        )
    sources = [name for name in _SOURCES if name in parts]
    revoked = parts.get("state") == "revoked"
    if not _is_entry(parts) or not (len(sources) == 1 or (revoked and not sources)):
        raise KeyringError(
            f"/keys/{index} must have the strings id, domain and state, one of {', '.join(_SOURCES)} "
            "(none if it is revoked), and until if it is retired until a time."
        )
    secret, reference = None, None
    if sources and not revoked:
        secret, reference = _secret(index, sources[0], parts[sources[0]], folder)
    return Key(
        parts["id"],
        parts["domain"],
        secret,
        parts["state"],
        until=_until(index, parts.get("until")),
        reference=reference,
    )


def _is_entry(parts: Mapping[str, object]) -> bool:
    return parts.keys() >= set(_ALWAYS) and all(
        isinstance(value, Secret if name == "secret" else str) for name, value in parts.items()
    )


def _secret(index: int, source: str, value: Any, folder: Path) -> tuple[Secret, Reference | None]:
    reference: Reference | None = None
    match source:
        case "secret_file" | "secret_env":
            reference = Reference(source, value)
            secret = read_secret(reference, folder)
        case "secret":
            secret = cast("Secret", value)
        case _:
            secret = Secret(value)
    if is_public(secret) != (source == "public_key"):
        raise KeyringError(
            f"/keys/{index}/{source} must {'begin' if source == 'public_key' else 'not begin'} with whpk_: "
            "that is a public key, which stands in public_key."
        )
    return secret, reference


def _until(index: int, text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = moment_of(text)
    if moment is None:
        raise KeyringError(f"/keys/{index}/until must be {MOMENT_RULE}.")
    return moment


def _entry(key: Key) -> dict[str, object]:
    entry: dict[str, object] = {"id": key.id, "domain": key.domain, "state": key.state}
    if key.until is not None:
        entry["until"] = timestamp(key.until)
    if key.reference is not None:
        entry[key.reference.member] = key.reference.name
    elif key.secret is not None:
        entry["public_key" if is_public(key.secret) else "secret"] = key.secret
    return entry


def _read(path: Path) -> Secret | None:
    """Return a file's text, ``None`` if there is no such file."""
    try:
        return Secret(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        complaint = error.strerror or "it is no file"
    except UnicodeDecodeError:
        complaint = "it is not UTF-8"
    # Not raised above: a decoding error holds the file's bytes.
    raise KeyringError(f"{path} cannot be read: {complaint}.")


def check_folder(path: Path, what: str) -> None:
    """Make sure that the folder is there in which a file is to be written.

    Raises:
        KeyringError: it is not.
    """
    folder = path.resolve().parent
    if not folder.is_dir():
        raise KeyringError(
            f"The {what} {path} cannot be written: the folder {folder} does not exist; "
            "make it, or name another file."
        )


def _write(path: Path, text: Secret, what: str) -> None:
    check_folder(path, what)
    try:
        _replace(path.resolve(), text)  # a link stays one
    except OSError as error:
        complaint = error.strerror
    else:
        return
    raise KeyringError(f"The {what} {path} cannot be written: {complaint}.")


def _replace(target: Path, text: Secret) -> None:
    """Write a file that only its owner may read, so that it is there as a whole or not at all."""
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text.reveal())
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
