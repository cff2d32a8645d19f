"""Signatures over the exact stored body, by keys that belong to one domain each.

A signature is ``hmac-sha256:`` and 64 lower-case hexadecimal digits: HMAC-SHA256 over the body's
bytes. The key's id stands beside it. There is no timestamp: an event may wait for days, and the
cursor guards against replay.

A keyring file is JSON: ``{"keys": [{"id", "domain", "secret", "state"}]}``. An active key signs and
verifies, a retired one verifies only.
"""

import base64
import binascii
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias, cast

from sguild_dispatcher.errors import KeyringError, MissingKeyError, SignatureError

KeyState: TypeAlias = Literal["active", "retired"]

SIGNATURE_PREFIX: Final = "hmac-sha256:"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with, not one
LEAST_SECRET_BYTES: Final = 24
MOST_SECRET_BYTES: Final = 64

_NEW_SECRET_BYTES: Final = 32
_SIGNATURE: Final = re.compile(f"{SIGNATURE_PREFIX}([0-9a-f]{{64}})")
_NAME: Final = re.compile("[a-z][a-z0-9_-]{0,62}")
_FIELDS: Final = ("id", "domain", "secret", "state")


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of one domain; ``secret`` is ``whsec_`` and the base64 of 24 to 64 bytes.

    Raises:
        KeyringError: a part is not what it must be; the message does not show the secret.
    """

    id: str
    domain: str
    secret: str = field(repr=False)
    state: KeyState = "active"
    _secret_bytes: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for part, text in (("domain", self.domain), ("id", self.id)):
            if _NAME.fullmatch(text) is None:
                raise KeyringError(
                    f"The key {part} {text!r} must be lower-case letters, digits, - and _, a letter first."
                )
        if self.state not in ("active", "retired"):
            raise KeyringError(
                f"The state of key {self.id!r} is {self.state!r}; it must be active or retired."
            )
        object.__setattr__(self, "_secret_bytes", _secret_bytes(self.id, self.secret))

    @classmethod
    def generate(cls, domain: str) -> Self:
        """Return a new active key of ``domain`` with 32 random bytes."""
        secret = base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()
        return cls(f"{domain}-{secrets.token_hex(4)}", domain, SECRET_PREFIX + secret)

    def signature(self, body: bytes) -> str:
        """Return the signature of ``body`` by this key."""
        return SIGNATURE_PREFIX + hmac.digest(self._secret_bytes, body, "sha256").hex()


class Keyring:
    """The keys that a process signs and verifies with; at most one active key a domain.

    Raises:
        KeyringError: an id occurs twice, or a domain has two active keys.
    """

    __slots__ = ("_active", "_keys")

    def __init__(self, keys: Iterable[Key]) -> None:
        by_id: dict[str, Key] = {}
        active: dict[str, Key] = {}
        for key in keys:
            if key.id in by_id:
                raise KeyringError(f"The key id {key.id!r} occurs twice: an id names one key.")
            if key.state == "active" and key.domain in active:
                raise KeyringError(
                    f"{key.domain} has two active keys, {active[key.domain].id!r} and {key.id!r}: "
                    "set the older one's state to retired."
                )
            by_id[key.id] = key
            if key.state == "active":
                active[key.domain] = key
        self._keys: Mapping[str, Key] = MappingProxyType(by_id)
        self._active: Mapping[str, Key] = MappingProxyType(active)

    @classmethod
    def generate(cls, domains: Iterable[str]) -> Self:
        """Return a keyring with one new active key for each domain."""
        return cls(Key.generate(domain) for domain in domains)

    @classmethod
    def from_file(cls, path: Path | str) -> Self:
        """Read a keyring file.

        Raises:
            MissingKeyError: there is no such file.
            KeyringError: it cannot be read, or is not a keyring.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise MissingKeyError(
                f"There is no keyring {path}: make it with "
                f"`sguild-dispatcher keys new DOMAIN --keyring {path}`."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringError(f"The keyring {path} cannot be read: {error}.") from None
        try:
            return cls(_keys_of(text))
        except KeyringError as error:
            raise KeyringError(f"{path} is not a usable keyring. {error}") from None

    def to_file(self, path: Path | str) -> None:
        """Write the keyring, readable by its owner only; an existing file is replaced as a whole.

        Raises:
            KeyringError: its folder does not exist, or the file cannot be written.
        """
        target = Path(path)
        if not target.parent.is_dir():
            raise KeyringError(
                f"The keyring {path} cannot be written: the folder {target.parent} does not exist; "
                "make it, or name another file."
            )
        members = [{name: getattr(key, name) for name in _FIELDS} for key in self]
        try:
            _replace(target, json.dumps({"keys": members}, indent=2) + "\n")
        except OSError as error:
            raise KeyringError(f"The keyring {path} cannot be written: {error}.") from None

    def with_new_key(self, domain: str) -> Self:
        """Return a keyring in which ``domain`` has a new active key, and its old ones are retired."""
        old = [
            Key(key.id, key.domain, key.secret, "retired") if key.domain == domain else key for key in self
        ]
        return type(self)([*old, Key.generate(domain)])

    def active(self, domain: str) -> Key:
        """Return the key that ``domain`` signs with.

        Raises:
            MissingKeyError: it has none.
        """
        try:
            return self._active[domain]
        except KeyError:
            raise MissingKeyError(
                f"The keyring has no active key for {domain}: "
                f"add one with `sguild-dispatcher keys new {domain} --keyring FILE`."
            ) from None

    def sign(self, domain: str, body: bytes | str) -> tuple[str, str]:
        """Return the id of the domain's active key, and its signature of ``body``.

        Raises:
            MissingKeyError: the domain has no active key.
        """
        key = self.active(domain)
        return key.id, key.signature(_bytes(body))

    def verify(self, key_id: str, body: bytes | str, signature: str) -> str:
        """Return the domain whose key signed ``body``.

        Raises:
            SignatureError: malformed, by a key that is not here, or not over this body.
        """
        if _SIGNATURE.fullmatch(signature) is None:
            raise SignatureError(
                f"The signature must be {SIGNATURE_PREFIX} followed by 64 lower-case hexadecimal digits."
            )
        key = self._keys.get(key_id)
        if key is None:
            raise SignatureError(f"The keyring has no key {key_id!r}: add the key, or refuse its sender.")
        if not hmac.compare_digest(key.signature(_bytes(body)), signature):
            raise SignatureError(f"The signature by key {key_id!r} does not match the body: it was altered.")
        return key.domain

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Keyring({list(self._keys.values())!r})"


def _replace(target: Path, text: str) -> None:
    """Write a file that only its owner may read, so that it is there as a whole or not at all."""
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _secret_bytes(key_id: str, secret: str) -> bytes:
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    canonical = secret == SECRET_PREFIX + base64.b64encode(decoded).decode()
    if not canonical or not LEAST_SECRET_BYTES <= len(decoded) <= MOST_SECRET_BYTES:
        raise KeyringError(
            f"The secret of key {key_id!r} must be {SECRET_PREFIX} followed by the base64 of "
            f"{LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes."
        )
    return decoded


def _keys_of(text: str) -> list[Key]:
    try:
        document: Any = json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise KeyringError(f"It is not JSON: {error.msg} in line {error.lineno}.") from None
    match document:
        case {"keys": [*members], **others} if not others:
            return [_key_of(index, member) for index, member in enumerate(members)]
        case _:
            raise KeyringError('It must be an object {"keys": [...]}.')


def _key_of(index: int, member: object) -> Key:
    parts = cast("dict[str, Any]", member) if isinstance(member, dict) else {}
    if parts.keys() != set(_FIELDS) or not all(isinstance(each, str) for each in parts.values()):
        raise KeyringError(
            f"/keys/{index} must be an object of the strings {', '.join(_FIELDS)}, nothing else."
        )
    return Key(*(parts[name] for name in _FIELDS))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise KeyringError(f"The member {name!r} occurs twice in one object.")
    return dict(pairs)
