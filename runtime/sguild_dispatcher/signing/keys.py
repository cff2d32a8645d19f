"""One key: what it is called, whose it is, and what it may still do."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, Self, TypeAlias, get_args

from sguild_dispatcher.errors import KeyringError
from sguild_dispatcher.signing.algorithms import (
    PUBLIC_RULE,
    SECRET_RULE,
    Algorithm,
    Material,
    is_public,
    material_of,
    needs_ed25519,
    new_secret,
    require_ed25519,
)
from sguild_dispatcher.signing.secret import Confined, Secret, shown

KeyState: TypeAlias = Literal["next", "active", "retired", "revoked"]
"""``next`` verifies and does not sign yet; ``active`` signs and verifies; ``retired`` verifies, until a time
if it has one; ``revoked`` does nothing more, and is kept so that its events are refused by that reason."""

STATES: Final[tuple[KeyState, ...]] = get_args(KeyState)

MOMENT_RULE: Final = "a date and a time of UTC to the second, such as 2026-12-31T00:00:00Z"

_NAME: Final = re.compile("[a-z][a-z0-9_-]{0,62}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret stands that is not in the keyring: a file, or a variable of the environment."""

    member: Literal["secret_file", "secret_env"]
    name: str


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Key(Confined):
    """A key of one domain.

    Args:
        secret: ``whsec_…`` for HMAC-SHA256, ``whsk_…`` for Ed25519, ``whpk_…`` for its public half, which
            verifies only. A revoked key needs none, and keeps none.
        until: when a retired key stops to verify, aware; ``None`` is never.
        reference: where the secret came from; such a secret is not written into a keyring.

    Raises:
        KeyringError: a part is not what it must be; the message does not show the secret.
    """

    id: str
    domain: str
    state: KeyState
    until: datetime | None
    reference: Reference | None
    algorithm: Algorithm | None
    """``None`` for a revoked key."""

    secret: Secret | None
    material: Material | None = field(compare=False)

    def __init__(
        self,
        id: str,  # noqa: A002 - what it is called in the file
        domain: str,
        secret: str | Secret | None,
        state: KeyState = "active",
        *,
        until: datetime | None = None,
        reference: Reference | None = None,
    ) -> None:
        # First of all, so that no error below has the text among its variables.
        secret = Secret(secret) if isinstance(secret, str) else secret
        _check_names(id, domain)
        until = _checked_until(id, state, until)
        kept = None if state == "revoked" else secret
        material = None if state == "revoked" else _material(id, secret)
        values = {
            "id": id,
            "domain": domain,
            "state": state,
            "until": until,
            "reference": None if kept is None else reference,
            "secret": kept,
            "algorithm": None if material is None else material.algorithm,
            "material": material,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        # Also of one that an error left half made, as reporters of tracebacks ask for.
        if not hasattr(self, "material"):
            return "Key(not made)"
        names = ("id", "domain", "state", "until", "reference", "algorithm")
        return f"Key({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    @classmethod
    def generate(
        cls, domain: str, *, algorithm: Algorithm = "hmac-sha256", state: KeyState = "active"
    ) -> Self:
        """Return a new key of ``domain`` with a random secret.

        Raises:
            KeyringError: the domain is not well formed, or the library of the algorithm is missing.
        """
        _check_names("key", domain)
        return cls(f"{domain}-{secrets.token_hex(4)}", domain, new_secret(algorithm), state)

    @property
    def can_sign(self) -> bool:
        """True if the secret is here, and not only a public half."""
        return self.material is not None and self.material.can_sign

    def verifies_at(self, moment: datetime) -> bool:
        """Tell whether signatures by this key are believed at a moment."""
        return self.state != "revoked" and (self.until is None or moment < self.until)

    def sign(self, content: bytes) -> bytes:
        """Return the signature of ``content``.

        Raises:
            KeyringError: the secret is not here.
        """
        if self.material is None or not self.material.can_sign:
            raise KeyringError(f"The key {self.id!r} cannot sign: its secret is not here.")
        return self.material.sign(content)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Tell in constant time whether this key made ``signature``; a revoked one never did."""
        return self.material is not None and self.material.verifies(content, signature)

    def in_state(self, state: KeyState, *, until: datetime | None = None) -> Self:
        """Return this key in another state; a revoked one stays revoked.

        Raises:
            KeyringError: it is revoked.
        """
        if self.state == "revoked" != state:
            raise KeyringError(f"The key {self.id!r} is revoked, and that is for ever: make a new key.")
        return type(self)(self.id, self.domain, self.secret, state, until=until, reference=self.reference)

    def public_half(self) -> Self | None:
        """Return the key without its secret, ``None`` if it has no public half; a revoked one stays."""
        public = None if self.material is None else self.material.public
        if public is None and self.state != "revoked":
            return None
        return type(self)(self.id, self.domain, public, self.state, until=self.until)


def timestamp(moment: datetime) -> str:
    """Return a moment as keyrings write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_of(text: str) -> datetime | None:
    """Return the moment that a text names in that form, ``None`` for any other text."""
    if _MOMENT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _check_names(key_id: str, domain: str) -> None:
    for part, text in (("domain", domain), ("id", key_id)):
        if _NAME.fullmatch(text) is None:
            raise KeyringError(
                f"The key {part} {shown(text)} must be at most 63 lower-case letters, digits, - and _, "
                "a letter first."
            )


def _checked_until(key_id: str, state: str, until: datetime | None) -> datetime | None:
    if state not in STATES:
        raise KeyringError(
            f"The state of key {key_id!r} is {shown(state)}; it must be {', '.join(STATES[:-1])} "
            f"or {STATES[-1]}."
        )
    if until is None:
        return None
    if state != "retired":
        raise KeyringError(f"The key {key_id!r} is {state}: only a retired key has a time in until.")
    if until.tzinfo is None:
        raise KeyringError(f"The time until of key {key_id!r} must be aware, as datetime.now(UTC) is.")
    return until.astimezone(UTC).replace(microsecond=0)


def _material(key_id: str, secret: Secret | None) -> Material:
    if secret is None:
        raise KeyringError(f"The key {key_id!r} has no secret: only a revoked key needs none.")
    if needs_ed25519(secret):
        require_ed25519(f"For the Ed25519 key {key_id!r}")
    material = material_of(secret)
    if material is None:
        part, rule = ("public key", PUBLIC_RULE) if is_public(secret) else ("secret", SECRET_RULE)
        raise KeyringError(f"The {part} of key {key_id!r} must be {rule}.")
    return material
