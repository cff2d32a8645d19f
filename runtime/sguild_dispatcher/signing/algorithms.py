"""HMAC-SHA256 and Ed25519 behind one interface, and the texts that their keys are written as.

The texts are those of Standard Webhooks: ``whsec_`` and the base64 of 24 to 64 random bytes; ``whsk_`` and
the base64 of an Ed25519 seed followed by its public key; ``whpk_`` and the base64 of such a public key.
"""

import base64
import binascii
import hashlib
import secrets
from hmac import compare_digest
from importlib.util import find_spec
from typing import Final, Literal, Protocol, TypeAlias, get_args

from sguild_dispatcher.errors import KeyringError
from sguild_dispatcher.signing.secret import Confined, Secret

Algorithm: TypeAlias = Literal["hmac-sha256", "ed25519"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)

HMAC_PREFIX: Final = "whsec_"
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"

SECRET_RULE: Final = (
    f"{HMAC_PREFIX} followed by the base64 of 24 to 64 bytes (HMAC-SHA256), or {PRIVATE_PREFIX} followed by "
    "the base64 of an Ed25519 seed and its public key, 32 bytes each"
)
PUBLIC_RULE: Final = f"{PUBLIC_PREFIX} followed by the base64 of the 32 bytes of an Ed25519 public key"

_LEAST_SECRET_BYTES: Final = 24
_MOST_SECRET_BYTES: Final = 64
_NEW_SECRET_BYTES: Final = 32
_SEED_BYTES: Final = 32

_BLOCK_BYTES: Final = 64
"""What SHA-256 takes at a time: a longer secret would be replaced by its digest, and there is none."""

_INNER_PAD: Final = bytes(each ^ 0x36 for each in range(256))
_OUTER_PAD: Final = bytes(each ^ 0x5C for each in range(256))


class Material(Protocol):
    """What a key computes with."""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm, as signatures name it."""
        ...

    @property
    def public(self) -> str | None:
        """The text of the public half, ``None`` if the algorithm has none."""
        ...

    @property
    def can_sign(self) -> bool:
        """False for a public half."""
        ...

    @property
    def fingerprint(self) -> str:
        """The same for the same secret, whichever half is here; it tells nothing else about it."""
        ...

    def sign(self, content: bytes) -> bytes:
        """Return the signature; only if ``can_sign``."""
        ...

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Tell in constant time whether this is the signature of ``content``."""
        ...


class Hmac(Confined):
    """A secret of HMAC-SHA256, of 64 bytes at most: whoever can verify with it can sign too."""

    __slots__ = ("_fingerprint", "_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        # HMAC by its two digests, whose states after the secret went in are kept (RFC 2104, sections 2 and
        # 4): half the work of each signature, and none of the layers that hmac.HMAC puts around it.
        padded = secret.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER_PAD))
        self._outer = hashlib.sha256(padded.translate(_OUTER_PAD))
        self._fingerprint = hashlib.sha256(secret).hexdigest()

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm, as signatures name it."""
        return "hmac-sha256"

    @property
    def public(self) -> None:
        """There is no public half."""
        return

    @property
    def can_sign(self) -> bool:
        """True: there is one secret for both."""
        return True

    @property
    def fingerprint(self) -> str:
        """A digest of the secret, which is too random to be guessed from it."""
        return self._fingerprint

    def sign(self, content: bytes) -> bytes:
        """Return the 32 bytes of the signature."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Tell in constant time whether this is the signature of ``content``."""
        return compare_digest(self.sign(content), signature)


def new_secret(algorithm: Algorithm) -> Secret:
    """Return a new random secret.

    Raises:
        KeyringError: the library of the algorithm is missing.
    """
    if algorithm == "hmac-sha256":
        return Secret(HMAC_PREFIX + _base64(secrets.token_bytes(_NEW_SECRET_BYTES)))
    require_ed25519("To make an Ed25519 key")
    from sguild_dispatcher.signing.ed25519 import Ed25519

    seed = secrets.token_bytes(_SEED_BYTES)
    return Secret(PRIVATE_PREFIX + _base64(seed + Ed25519.from_seed(seed).public_bytes))


def material_of(secret: Secret) -> Material | None:
    """Return what a key computes with, ``None`` for a text that is none of the three.

    It raises nothing, since it looks into a secret: call :func:`require_ed25519` first.
    """
    prefix, _, encoded = secret.reveal().partition("_")
    decoded = _decoded(encoded)
    match f"{prefix}_":
        case "whsec_" if _LEAST_SECRET_BYTES <= len(decoded) <= _MOST_SECRET_BYTES:
            return Hmac(decoded)
        case "whsk_" | "whpk_":
            from sguild_dispatcher.signing.ed25519 import Ed25519

            return Ed25519.from_private(decoded) if prefix == "whsk" else Ed25519.from_public(decoded)
        case _:
            return None


def require_ed25519(purpose: str) -> None:
    """Make sure that Ed25519 can be used.

    Raises:
        KeyringError: its library is not installed.
    """
    if find_spec("cryptography") is None:
        raise KeyringError(
            f"{purpose}, the library cryptography is needed, which is not installed: "
            "pip install 'sguild-dispatcher[ed25519]'."
        )


def needs_ed25519(secret: Secret) -> bool:
    """Tell whether a text says that it is a key of Ed25519."""
    return secret.reveal().startswith((PRIVATE_PREFIX, PUBLIC_PREFIX))


def is_public(secret: Secret) -> bool:
    """Tell whether a text says that it is a public key."""
    return secret.reveal().startswith(PUBLIC_PREFIX)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(encoded: str) -> bytes:
    """Return what canonical base64 stands for, nothing for any other text."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded if _base64(decoded) == encoded else b""
