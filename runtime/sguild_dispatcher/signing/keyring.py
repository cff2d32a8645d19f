"""The keys that a process signs and verifies with."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.errors import KeyringError, MissingKeyError, SignatureError
from sguild_dispatcher.signing.algorithms import Algorithm
from sguild_dispatcher.signing.files import read_keys, write_keys
from sguild_dispatcher.signing.keys import Key, timestamp
from sguild_dispatcher.signing.secret import Confined, shown

_SIGNATURE: Final = re.compile("hmac-sha256:[0-9a-f]{64}|ed25519:[0-9a-f]{128}")


class Keyring(Confined):
    """Keys of one or more domains; at most one of a domain is active.

    Args:
        clock: says when a key that is retired until a time has retired; only tests replace it.

    Raises:
        KeyringError: an id occurs twice, a domain has two active keys, or two keys have one secret.
    """

    __slots__ = ("_active", "_clock", "_keys", "_signers")

    def __init__(self, keys: Iterable[Key], *, clock: Clock = system_clock) -> None:
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
        _refuse_shared_secrets(by_id.values())
        self._keys: Mapping[str, Key] = MappingProxyType(by_id)
        self._active: Mapping[str, Key] = MappingProxyType(active)
        # Of each active key what every event needs, so that signing looks up nothing else.
        self._signers = {domain: _signer(key) for domain, key in active.items() if key.can_sign}
        self._clock = clock

    @classmethod
    def generate(
        cls, domains: Iterable[str], *, algorithm: Algorithm = "hmac-sha256", clock: Clock = system_clock
    ) -> Self:
        """Return a keyring with one new active key for each domain.

        Raises:
            KeyringError: a domain is not well formed, or the library of the algorithm is missing.
        """
        return cls([Key.generate(domain, algorithm=algorithm) for domain in domains], clock=clock)

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        *,
        clock: Clock = system_clock,
    ) -> Self:
        """Read a keyring file, and the secrets that it refers to.

        Raises:
            MissingKeyError: there is no such file.
            KeyringError: it cannot be read, is not a keyring, or a secret is not where it says.
        """
        keys = read_keys(Path(path))
        try:
            return cls(keys, clock=clock)
        except KeyringError as error:
            raise KeyringError(f"{path} is not a usable keyring. {error}") from None

    def to_file(self, path: Path | str) -> None:
        """Write the keyring, readable by its owner only; an existing file is replaced as a whole.

        Raises:
            KeyringError: its folder does not exist, or the file cannot be written.
        """
        write_keys(Path(path), self)

    def key(self, key_id: str) -> Key:
        """Return the key of an id.

        Raises:
            KeyringError: there is none.
        """
        try:
            return self._keys[key_id]
        except KeyError:
            known = ", ".join(self._keys) or "none"
            raise KeyringError(f"The keyring has no key {shown(key_id)}; it has {known}.") from None

    def active(self, domain: str) -> Key:
        """Return the key that ``domain`` signs with.

        Raises:
            MissingKeyError: it has none, or only the public half of it.
        """
        key = self._active.get(domain)
        if key is None:
            raise MissingKeyError(
                f"The keyring has no active key for {domain}: "
                f"add one with `sguild-dispatcher keys new {domain} --keyring FILE`."
            )
        if not key.can_sign:
            raise MissingKeyError(
                f"The keyring has only the public half of {key.id!r}, which {domain} signs with: "
                "it verifies; use the keyring that has the secret."
            )
        return key

    def sign(self, domain: str, body: bytes | str) -> tuple[str, str]:
        """Return the id of the domain's active key, and its signature of ``body``.

        Raises:
            MissingKeyError: the domain has no active key, or only its public half is here.
            SignatureError: the body is text that UTF-8 cannot write.
        """
        key_id, prefix, sign = self._signers.get(domain) or _signer(self.active(domain))
        return key_id, prefix + sign(encoded(body)).hex()

    def verify(self, key_id: str, body: bytes | str, signature: str) -> str:
        """Return the domain whose key signed ``body``.

        Raises:
            SignatureError: malformed, by a key that is not here or no longer believed, or not over this body.
        """
        if _SIGNATURE.fullmatch(signature) is None:
            raise SignatureError(
                "The signature must be hmac-sha256: followed by 64, or ed25519: followed by 128 "
                "lower-case hexadecimal digits."
            )
        key = self._believed(key_id)
        algorithm, _, digits = signature.partition(":")
        if algorithm != key.algorithm:
            raise SignatureError(
                f"The key {key_id!r} signs by {key.algorithm}, and the signature says {algorithm}: "
                "the key decides, so it is refused."
            )
        if not key.verifies(encoded(body), bytes.fromhex(digits)):
            raise SignatureError(f"The signature by key {key_id!r} does not match the body: it was altered.")
        return key.domain

    def verifying(self, domain: str) -> list[Key]:
        """Return the keys of ``domain`` whose signatures are believed now."""
        moment = self._clock()
        return [each for each in self if each.domain == domain and each.verifies_at(moment)]

    def replacing(self, *keys: Key) -> Self:
        """Return a keyring in which each of ``keys`` takes the place of the one with its id, or comes last.

        Raises:
            KeyringError: the keys cannot be in one keyring.
        """
        return type(self)({**self._keys, **{key.id: key for key in keys}}.values(), clock=self._clock)

    def current(self) -> Self:
        """Return this keyring, as a file that is followed returns its newest."""
        return self

    @property
    def clock(self) -> Clock:
        """The clock by which keys end."""
        return self._clock

    def _believed(self, key_id: str) -> Key:
        key = self._keys.get(key_id)
        if key is None:
            raise SignatureError(
                f"The keyring has no key {shown(key_id)}: add the key, or refuse its sender."
            )
        if key.state == "revoked":
            raise SignatureError(f"The key {key_id!r} was revoked: nothing that it signed is believed.")
        if key.until is not None and self._clock() >= key.until:
            raise SignatureError(
                f"The key {key_id!r} was retired until {timestamp(key.until)}: it is not believed any more."
            )
        return key

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        if not hasattr(self, "_keys"):  # an error left it half made, and a traceback is reported
            return "Keyring(not made)"
        return f"Keyring({list(self._keys.values())!r})"


def _signer(key: Key) -> tuple[str, str, Callable[[bytes], bytes]]:
    sign = key.sign if key.material is None else key.material.sign
    return key.id, f"{key.algorithm}:", sign


def _refuse_shared_secrets(keys: Iterable[Key]) -> None:
    """One secret under two ids would let a domain sign as another, or outlive its being revoked."""
    owners: dict[str, Key] = {}
    for key in keys:
        if key.material is None:
            continue
        other = owners.setdefault(key.material.fingerprint, key)
        if other is not key:
            raise KeyringError(f"The keys {other.id!r} and {key.id!r} have one secret: make a new key.")


def encoded(body: bytes | str) -> bytes:
    """Return the bytes of a body, which are what is signed.

    Raises:
        SignatureError: it is neither bytes nor text, or text that UTF-8 cannot write.
    """
    if isinstance(body, bytes):
        return body
    if not isinstance(body, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SignatureError(f"The body must be bytes or text, and is {type(body).__name__}.")
    try:
        return body.encode()
    except UnicodeEncodeError:
        pass  # it holds the body, so it must not be the context of what is raised
    raise SignatureError("The body holds half of a surrogate pair, which UTF-8 cannot write.")
