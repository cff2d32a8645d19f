"""Messages over HTTP, signed as Standard Webhooks has it: its libraries verify what is signed here.

And what they sign is verified here, but for what that specification forbids and they let pass.

What is signed is ``id.timestamp.body``. The header ``webhook-signature`` has one signature or more,
separated by spaces: ``v1,`` and base64 by HMAC-SHA256, ``v1a,`` and base64 by Ed25519.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.errors import SignatureError
from sguild_dispatcher.signing.algorithms import Algorithm
from sguild_dispatcher.signing.keyring import Keyring, encoded
from sguild_dispatcher.signing.keys import Key

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

TOLERANCE: Final = timedelta(minutes=5)
MOST_SIGNATURES: Final = 10
"""Signatures in one header: each one costs a computation, whoever sent it."""

_VERSIONS: Final[Mapping[Algorithm, str]] = {"hmac-sha256": "v1", "ed25519": "v1a"}
_HEADERS: Final = (ID, TIMESTAMP, SIGNATURE)

# Without a dot, since dots separate what is signed.
_ID: Final = re.compile("[A-Za-z0-9_-]{1,255}")
_TIMESTAMP: Final = re.compile("[1-9][0-9]{0,10}")
_ENTRY: Final = re.compile("(v[0-9]{1,3}[a-z]?),([A-Za-z0-9+/]{1,1024}={0,2})")


Headers: TypeAlias = (
    Mapping[str, str] | Mapping[str, bytes] | Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]]
)
"""Headers as frameworks have them: those of ASGI are pairs of bytes."""


@dataclass(frozen=True, slots=True)
class VerifiedWebhook:
    """What is known of a message whose signature was verified.

    ``webhook_id`` is the same in every attempt to send one message: handle it once.
    """

    webhook_id: str
    sent_at: datetime
    key_id: str


class Webhooks:
    """Signs messages as one domain, and verifies those that it signed.

    Args:
        keyring: the keys; of another party's, :class:`~sguild_dispatcher.Key` takes its ``whsec_…`` or
            ``whpk_…`` as it is.
        domain: whose keys are used.
        tolerance: how far the time of a message may be from now, in the past and in the future.
        clock: only tests replace it.
    """

    def __init__(
        self,
        keyring: Keyring,
        domain: str,
        *,
        tolerance: timedelta = TOLERANCE,
        clock: Clock = system_clock,
    ) -> None:
        self._keyring = keyring
        self._domain = domain
        self._tolerance = tolerance
        self._clock = clock

    def sign(self, webhook_id: str, body: bytes | str) -> dict[str, str]:
        """Return the headers of a message that is sent now with exactly this body.

        A key that is retired until a time signs beside the active one until then, so that a receiver
        who knows one secret only has that long to take the new one.

        Raises:
            MissingKeyError: the domain has no key to sign with.
            SignatureError: the id or the body cannot be signed.
        """
        if _ID.fullmatch(webhook_id) is None:
            raise SignatureError(f"The {ID} must be 1 to 255 letters, digits, - and _.")
        timestamp = str(int(self._clock().timestamp()))
        content = _content(webhook_id, timestamp, body)
        keys = [self._keyring.active(self._domain), *self._retiring()]
        return {
            ID: webhook_id,
            TIMESTAMP: timestamp,
            SIGNATURE: " ".join(_signature(key, content) for key in keys[:MOST_SIGNATURES]),
        }

    def verify(self, headers: Headers, body: bytes | str) -> VerifiedWebhook:
        """Return what is known of a message, after making sure that the domain sent it, and lately.

        Args:
            headers: those of the request, as text or as bytes, a mapping or pairs; upper and lower case are
                the same.
            body: the body as it came, not parsed and written again.

        Raises:
            SignatureError: a header is missing or malformed, the body is neither bytes nor text, the
                message is too old or too new, or no signature is by a key of the domain.
        """
        webhook_id, timestamp, signatures = _checked(_read(headers))
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs(self._clock() - sent_at) > self._tolerance:
            raise SignatureError(
                f"The {TIMESTAMP} {timestamp} is more than {self._tolerance} from now: "
                "the message was held back or sent again, or a clock is wrong."
            )
        content = _content(webhook_id, timestamp, body)
        for key in self._keyring.verifying(self._domain):
            if any(key.verifies(content, each) for each in _of(key, signatures)):
                return VerifiedWebhook(webhook_id, sent_at, key.id)
        raise SignatureError(
            f"No signature of the message is by a key of {self._domain}: it was altered, or the keyring "
            "lacks the key of its sender."
        )

    def _retiring(self) -> Iterator[Key]:
        for key in self._keyring.verifying(self._domain):
            if key.state == "retired" and key.until is not None and key.can_sign:
                yield key


def _content(webhook_id: str, timestamp: str, body: bytes | str) -> bytes:
    return b"%s.%s.%s" % (webhook_id.encode(), timestamp.encode(), encoded(body))


def _signature(key: Key, content: bytes) -> str:
    version = "" if key.algorithm is None else _VERSIONS[key.algorithm]
    return f"{version},{base64.b64encode(key.sign(content)).decode()}"


def _read(headers: Headers) -> list[str]:
    """Return the three headers; frameworks give them in their own case, and some give one twice."""
    found: dict[str, str] = {}
    for name, value in _pairs(headers):
        lower = _text(name).lower()
        if lower not in _HEADERS:
            continue
        if lower in found:
            raise SignatureError(f"The header {lower} occurs twice.")
        found[lower] = _text(value)
    missing = [name for name in _HEADERS if name not in found]
    if missing:
        raise SignatureError(f"The message has no header {', '.join(missing)}: it is not signed.")
    return [found[name] for name in _HEADERS]


def _pairs(headers: Any) -> list[tuple[object, object]]:
    try:
        pairs: Iterable[tuple[object, object]] = headers.items() if hasattr(headers, "items") else headers
        return [(name, value) for name, value in pairs]
    except (TypeError, ValueError):
        pass  # it may hold headers, so it is not the context of what is raised
    raise SignatureError(f"Headers must be a mapping, or pairs, and are {type(headers).__name__}.")


def _text(part: object) -> str:
    """Return a name or a value of a header as text: bytes are Latin-1 there."""
    if isinstance(part, bytes):
        return part.decode("latin-1")
    if not isinstance(part, str):
        raise SignatureError(f"Names and values of headers must be text or bytes, not {type(part).__name__}.")
    return part


def _checked(values: list[str]) -> tuple[str, str, list[tuple[str, bytes]]]:
    """Return id, timestamp and signatures, each as strictly as it is written."""
    webhook_id, timestamp, signatures = values
    if _ID.fullmatch(webhook_id) is None:
        raise SignatureError(f"The {ID} must be 1 to 255 letters, digits, - and _.")
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise SignatureError(f"The {TIMESTAMP} must be whole seconds since 1970, in decimal digits.")
    entries = signatures.split(" ", MOST_SIGNATURES)
    if len(entries) > MOST_SIGNATURES:
        raise SignatureError(f"The {SIGNATURE} has more than {MOST_SIGNATURES} signatures.")
    return webhook_id, timestamp, [_entry(each) for each in entries]


def _entry(text: str) -> tuple[str, bytes]:
    match = _ENTRY.fullmatch(text)
    decoded = None if match is None else _canonical(match[2])
    if match is None or decoded is None:
        raise SignatureError(
            f"The {SIGNATURE} must be signatures such as v1,BASE64 with one space between two of them."
        )
    return match[1], decoded


def _canonical(text: str) -> bytes | None:
    """Return what base64 stands for, ``None`` unless it is the one way to write that."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _of(key: Key, signatures: list[tuple[str, bytes]]) -> Iterator[bytes]:
    """Pass over versions of other algorithms, also of those that are not known yet."""
    for version, signature in signatures:
        if key.algorithm is not None and version == _VERSIONS[key.algorithm]:
            yield signature
