"""A stored row becomes a typed event, or is refused with a reason.

The signature is checked first, with everything that must agree with what was signed; then the event type
and its version, which say what the rest has to be; then the envelope; then the payload (see versions.py for
which model reads it). What is refused never reaches a handler. A body without an event type or version is
refused for its envelope: the columns beside it are not signed, so they cannot make it an event of a type that
is unknown.
"""

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from sguild_dispatcher.errors import SignatureError
from sguild_dispatcher.fields import problems
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.plans import EventPlan
from sguild_dispatcher.registry import EventType, Registry
from sguild_dispatcher.retries import shortened
from sguild_dispatcher.signing import FollowedKeyring, Keyring
from sguild_dispatcher.signing.keyring import encoded
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.versions import Hooks, Reading, Unadapted

if TYPE_CHECKING:
    from sguild_dispatcher.transport.interface import Row

Reason: TypeAlias = Literal[
    "bad_signature",
    "handler_failed",
    "handler_rejected",
    "handler_timeout",
    "held_back",
    "invalid_envelope",
    "invalid_payload",
    "not_adapted",
    "unknown_event_type",
    "unknown_version",
    "withdrawn_version",
]
"""Why a delivery failed, or waits. Only ``handler_failed`` and ``handler_timeout`` are tried again."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

_log: Final = logging.getLogger(__name__)

_NO_HOOKS: Final[Hooks] = MappingProxyType({})
_SIGNED_COLUMNS: Final = ("event_id", "event_type", "schema_version", "producer", "tenant_id")
_columns_of: Final = itemgetter(*_SIGNED_COLUMNS)
_fields_of: Final = attrgetter(*_SIGNED_COLUMNS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event is not handed to a handler; ``detail`` holds no value of the event's payload."""

    reason: Reason
    detail: str


class Reader:
    """Reads stored rows by the registry's rules, the keys at hand and the hooks of the service."""

    def __init__(
        self, registry: Registry, keyring: "Keyring | FollowedKeyring", hooks: Hooks = _NO_HOOKS
    ) -> None:
        self._registry = registry
        self._followed = keyring
        self._keyring = keyring.current()
        self._hooks = hooks
        self._readings: dict[tuple[str, int], Reading] = {}
        self._legacy = frozenset(each.name for each in registry.domains if each.status == "deprecated")

    def refresh(self) -> None:
        """Take the keys as they are now."""
        self._keyring = self._followed.current()

    def read(self, row: "Row", version: int | None = None) -> Envelope[Any] | Unadapted | Refusal:
        """Return the event of a row of the log, or why it is refused.

        Args:
            row: as it is stored.
            version: the version that the handler takes; by default the one that was emitted.
        """
        try:
            body = encoded(row["body"])
            domain = self._keyring.verify(row["key_id"], body, row["signature"])
            reading = self._reading(row["event_type"], row["schema_version"])
            if reading is None:
                return self._diagnosis(row, domain, None)
            try:
                event = reading.read(body)
            except ValidationError as error:
                return self._diagnosis(row, domain, error)
            self._check_agreement(row, domain, event, reading.plan)
            if version is None or version == reading.version:
                return event
            return self._in_version(version, event, body, reading)
        except SignatureError as error:
            return Refusal("bad_signature", str(error))
        except Exception as error:  # noqa: BLE001 - one event must not stop those behind it
            return _unread(error)

    def _in_version(
        self, version: int, event: Envelope[Any], body: bytes, emitted: Reading
    ) -> Envelope[Any] | Unadapted | Refusal:
        """Return an event in the handler's version, or with the hook that makes it one of that."""
        event_type = emitted.plan.event_type
        target = self._known(event_type.name, version)
        unknown = self._unheard_of(event_type.name, event.emitted_version)
        hook = self._hooks.get((event_type.name, emitted.version, version))
        if hook is not None:
            return Unadapted(event, hook, target, unknown)
        try:
            return target.read(body)
        except ValidationError as error:
            detail = f"As version {version}: {shortened('; '.join(problems(error)))}"
            return Refusal("unknown_version" if unknown else "not_adapted", f"{unknown} {detail}".lstrip())

    def _reading(self, event_type: str, version: int) -> Reading | None:
        """Return how to read a version; one that is newer than all known ones is read as the newest.

        Nothing is returned for other versions that the registry lacks, and for those that it has withdrawn.
        """
        known = self._readings.get((event_type, version))
        if known is not None or event_type not in self._registry:
            return known
        registered = self._registry.event_type(event_type)
        if version > registered.versions[-1].version and registered.live:
            # Not remembered by this version: rows that nobody vouches for must not fill the memory.
            return self._known(event_type, registered.live[-1].version)
        live = any(each.version == version for each in registered.live)
        return self._known(event_type, version) if live else None

    def _known(self, event_type: str, version: int) -> Reading:
        key = (event_type, version)
        if key not in self._readings:
            plan = EventPlan.of(self._registry, event_type, version)
            self._readings[key] = Reading(self._registry, plan)
        return self._readings[key]

    def _check_agreement(self, row: "Row", domain: str, event: Envelope[Any], plan: EventPlan) -> None:
        """Make sure that columns, key and registry agree with the signed event; else raise SignatureError."""
        columns, fields = _columns_of(row), _fields_of(event)
        if columns != fields:
            pairs = zip(_SIGNED_COLUMNS, columns, fields, strict=True)
            raise SignatureError(_altered(next(name for name, column, field in pairs if column != field)))
        if row["ordering_key"] != plan.ordering_key(event):
            raise SignatureError(_altered("ordering_key"))
        if domain == event.producer == plan.event_type.producer and domain not in self._legacy:
            return
        wrong = self._wrong_source(domain, event, plan.event_type)
        if wrong is not None:
            raise SignatureError(wrong)

    def _wrong_source(self, domain: str, event: Envelope[Any], event_type: EventType) -> str | None:
        producer = self._registry.domain(event.producer)
        if domain != event.producer:
            return _foreign_key(domain, event.producer)
        if producer is not None and producer.status == "deprecated":
            # A legacy producer is believed about any event type, as long as it may still have emitted it.
            if producer.may_emit(event.occurred_at):
                return None
            return f"The event says that {producer.name} emitted it when it no longer might."
        if event.producer != event_type.producer:
            return f"{event.producer} signed an event of {event_type.producer}."
        return None

    def _diagnosis(self, row: "Row", domain: str, error: ValidationError | None) -> Refusal:
        """Tell why an event cannot be read; the order of the checks is the order of the reasons."""
        try:
            found: Any = from_json(row["body"])
        except ValueError as mistake:
            return Refusal("invalid_envelope", f"The body is not JSON: {mistake}.")
        if not isinstance(found, dict):
            return Refusal("invalid_envelope", "The body is not a JSON object.")
        signed = cast("dict[str, object]", found)
        complaint = self._signed_disagreement(row, domain, signed)
        if complaint is not None:
            return Refusal("bad_signature", complaint)
        unnamed = [f"/{name}: is required" for name in ("event_type", "schema_version") if name not in signed]
        if unnamed and error is None:
            return Refusal("invalid_envelope", "; ".join(unnamed))
        unknown = None if unnamed else self._unknown(row, error)
        return unknown or _invalid(error, signed.get("payload"))

    def _signed_disagreement(self, row: "Row", domain: str, signed: Mapping[str, object]) -> str | None:
        for name in _SIGNED_COLUMNS:
            if name in signed and signed[name] != row[name]:
                return _altered(name)
        producer = row["producer"]
        if domain != producer:
            return _foreign_key(domain, producer)
        source = self._registry.domain(producer)
        legacy = source is not None and source.status == "deprecated"
        if row["event_type"] in self._registry and not legacy:
            owner = self._registry.event_type(row["event_type"]).producer
            if owner != producer:
                return f"{producer} signed an event of {owner}."
        return None

    def _unknown(self, row: "Row", error: ValidationError | None) -> Refusal | None:
        name, version = row["event_type"], row["schema_version"]
        if name not in self._registry:
            return Refusal(
                "unknown_event_type",
                f"{name} is not in the registry (version {self._registry.version}): install a newer one.",
            )
        unheard_of = self._unheard_of(name, version)
        if unheard_of:
            return Refusal("unknown_version", f"{unheard_of}{_as_newest(error)}")
        if self._registry.event_type(name).version(version).model is None:
            return Refusal("withdrawn_version", f"{name} version {version} is withdrawn and has no schema.")
        return None

    def _unheard_of(self, event_type: str, version: int) -> str:
        """Say that the registry does not know a version of an event type; nothing if it does."""
        known = self._registry.event_type(event_type).versions
        if any(each.version == version for each in known):
            return ""
        return (
            f"{event_type} has no version {version} in the registry (version {self._registry.version}): "
            "install a newer one."
        )


def _unread(error: Exception) -> Refusal:
    """Return the refusal of an event that could not be read, though no rule refuses it.

    The exception's text may quote a payload: its class is told, and the place.
    """
    kind = error_type(error)
    _log.error(
        "An event could not be read (%s), by a fault of sguild-dispatcher or of the generated package:\n%s",
        kind,
        "".join(traceback.format_tb(error.__traceback__)),
        extra={"code": "reading-failed", "error": kind},
    )
    return Refusal(
        "invalid_payload",
        f"Reading it failed ({kind}), by a fault of sguild-dispatcher or of the generated package: the logs "
        "have the place; report it, install a version that mends it, and replay.",
    )


def _invalid(error: ValidationError | None, payload: object) -> Refusal:
    """Say whether envelope or payload is refused; that there is an object at all is the envelope's rule."""
    if error is None:
        return Refusal("invalid_envelope", "The event cannot be read.")
    places = [each["loc"][:1] for each in error.errors(include_url=False, include_input=False)]
    in_payload = isinstance(payload, dict) and all(each == ("payload",) for each in places)
    detail = shortened("; ".join(problems(error)))
    return Refusal("invalid_payload" if in_payload else "invalid_envelope", detail)


def _as_newest(error: ValidationError | None) -> str:
    """Return why the newest known version does not take an event of a version that is not known."""
    if error is None:
        return ""
    return f" As the newest version here: {shortened('; '.join(problems(error)))}"


def _altered(column: str) -> str:
    return f"The column {column} is not what was signed: the row was altered."


def _foreign_key(domain: str, producer: str) -> str:
    return f"A key of {domain} signed an event of {producer}."
