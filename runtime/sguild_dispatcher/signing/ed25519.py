"""Ed25519 by ``cryptography``; imported only where a key of it is."""

import base64
import hashlib
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sguild_dispatcher.signing.algorithms import Algorithm
from sguild_dispatcher.signing.secret import Confined

_HALF: Final = 32
"""Bytes of a seed, and of a public key."""


class Ed25519(Confined):
    """A pair of keys, or the public one alone, which verifies and cannot sign."""

    __slots__ = ("_private", "_public", "public_bytes")

    def __init__(self, private: Ed25519PrivateKey | None, public: Ed25519PublicKey) -> None:
        self._private = private
        self._public = public
        self.public_bytes = public.public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Return the pair that 32 bytes stand for."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(private, private.public_key())

    @classmethod
    def from_private(cls, content: bytes) -> Self | None:
        """Return the pair of a seed followed by its public key, ``None`` if they are not that."""
        if len(content) != 2 * _HALF:
            return None
        pair = cls.from_seed(content[:_HALF])
        return pair if pair.public_bytes == content[_HALF:] else None

    @classmethod
    def from_public(cls, content: bytes) -> Self | None:
        """Return the public half, ``None`` if it has not 32 bytes."""
        return cls(None, Ed25519PublicKey.from_public_bytes(content)) if len(content) == _HALF else None

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm, as signatures name it."""
        return "ed25519"

    @property
    def public(self) -> str:
        """The text of the public half."""
        return "whpk_" + base64.b64encode(self.public_bytes).decode()

    @property
    def can_sign(self) -> bool:
        """True if the private half is here."""
        return self._private is not None

    @property
    def fingerprint(self) -> str:
        """A digest of the public half, the same for both."""
        return hashlib.sha256(self.public_bytes).hexdigest()

    def sign(self, content: bytes) -> bytes:
        """Return the 64 bytes of the signature.

        Raises:
            TypeError: this is a public key; ``can_sign`` tells.
        """
        if self._private is None:
            raise TypeError("A public key cannot sign.")
        return self._private.sign(content)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Tell whether this is a signature of ``content``."""
        try:
            self._public.verify(signature, content)
        except InvalidSignature:
            return False
        return True
