"""What is known about publishing one version of one event type before any payload is there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Self, cast, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model

from sguild_dispatcher.fields import PrefixedId
from sguild_dispatcher.models import Envelope, Payload
from sguild_dispatcher.registry import Domain, EventType, PayloadVersion, Registry, in_window

ESCAPED_NUL: Final = b"\\u0000"
"""What is in the text of every event that holds U+0000, and of few others."""

_KNOWN: Final = ("event_type", "producer", "schema_version")
_WRITTEN: Final = (
    *_KNOWN, "event_id", "occurred_at", "tenant_id", "payload", "subject", "actor", "correlation_id"
)  # fmt: skip
"""The fields of envelopes that publishers know to write."""


class _UnregisteredEventId(PrefixedId, prefix="evt"):
    """The id of an event whose registry has no prefix for events."""


@dataclass(frozen=True, slots=True)
class EventPlan:
    """One version of an event type: its models, its envelope's fields, its subject and ordering fields."""

    event_type: EventType
    version: PayloadVersion
    payload: type[Payload]
    event: type[Envelope[Any]]
    template: bytes
    """The text of an event without a subject, with a place for each field that the registry does not know."""

    template_with_subject: bytes
    subject_field: str | None
    ordering_field: str | None
    subject_rule: TypeAdapter[Any] | None
    payload_rule: type[BaseModel] | None
    """The payload's part of the event, ``None`` where it cannot be judged apart from its envelope."""

    event_id: type[PrefixedId]

    @classmethod
    def of(cls, registry: Registry, name: str, version: int) -> Self:
        """Return the plan of a version.

        Raises:
            UnregisteredEventTypeError: the registry has no such event type.
            UnknownVersionError: it has no such version, or the version is withdrawn.
        """
        event_type = registry.event_type(name)
        payload = registry.payload_model(name, version)
        event = registry.event_model(name, version)
        return cls(
            event_type=event_type,
            version=event_type.version(version),
            payload=payload,
            event=event,
            template=_template(event, event_type, version, without="subject"),
            template_with_subject=_template(event, event_type, version),
            subject_field=_attribute(payload, event_type.subject),
            ordering_field=_attribute(payload, event_type.ordering_key),
            subject_rule=_subject_rule(event),
            payload_rule=_payload_rule(event) if _has_minted_ids(event) and _is_plain(event) else None,
            event_id=_id_class(event, "event_id"),
        )

    def __str__(self) -> str:
        return f"{self.event_type.name} version {self.version.version}"

    def subject(self, payload: Payload) -> str | None:
        """Return the id that the event is about, if the registry names one and the envelope can hold it.

        The envelope's pattern takes prefixes of three or four letters, so ``crd_acct_...`` is none.
        """
        value = _text_of(payload, self.subject_field)
        if value is None or self.subject_rule is None:
            return None
        # No error is built for what is none: some event types have a subject that never fits.
        return value if self.subject_rule.validator.isinstance_python(value) else None

    def ordering_key(self, event: Envelope[Any]) -> str:
        """Return what order is kept by: the registered field, else the subject, else the event's id."""
        return (
            _text_of(event.payload, self.ordering_field) or _text_of(event, "subject") or str(event.event_id)
        )

    def ordering_text(self, payload: BaseModel) -> str | None:
        """Return the first of these, ``None`` if there is no such field or text."""
        return _text_of(payload, self.ordering_field)

    def outside_of_windows(self, domain: Domain | None, moment: datetime) -> tuple[str, str] | None:
        """Return why the event may not be emitted at ``moment`` and what to do, ``None`` if it may."""
        if domain is not None and not domain.may_emit(moment):
            return (
                (
                    f"{domain.name} may publish nothing from {domain.emit_until} (00:00 UTC) on, "
                    f"and {_present(moment)}"
                ),
                "publish as the domain that took over",
            )
        if not self.version.may_emit(moment):
            window = _window(self.version.emit_from, self.version.emit_until)
            why = f"{self} may be emitted {window} (00:00 UTC), and {_present(moment)}"
            return why, self._way_out(moment)
        return None

    def complaint(self, body: bytes) -> ValidationError:
        """Return in the contract's terms what is wrong with a body that the validator refuses."""
        try:
            self.event.model_validate_json(body)
        except ValidationError as error:
            return error
        raise AssertionError("the validator refused a body that the model takes")

    def pointer_to_nul(self, body: bytes) -> str | None:
        """Return the JSON pointer of the first string in ``body`` that holds U+0000."""
        return next(_pointers_to_nul(json.loads(body), ""), None)

    def _way_out(self, moment: datetime) -> str:
        open_now = [each.version for each in self.event_type.versions if each.may_emit(moment)]
        if not open_now:
            return "no version may be emitted now"
        instead = f"publish version {open_now[-1]}"
        if not in_window(moment, self.version.emit_from, None):
            return f"{instead} until then"
        return f"{instead}, or set SGUILD_DISPATCHER_EMISSION=warn for a rollback"


def _template(event: type[Envelope[Any]], event_type: EventType, version: int, without: str = "") -> bytes:
    """Return the text of an event for the operator ``%`` and a dictionary, in the order of the envelope."""
    known = zip(_KNOWN, (event_type.name, event_type.producer, version), strict=True)
    values = {name: f"%({name})b" for name in _WRITTEN if name != without}
    values |= {name: json.dumps(value).replace("%", "%%") for name, value in known}
    fields = [f'"{name}":{values[name]}' for name in event.model_fields if name in values]
    return f"{{{','.join(fields)}}}".encode()


def _attribute(payload: type[Payload], name: str | None) -> str | None:
    """Return the attribute behind a JSON name: they differ when the name is a Python keyword."""
    if name is None:
        return None
    fields = payload.model_fields.items()
    return next((attribute for attribute, field in fields if (field.alias or attribute) == name), None)


def _subject_rule(event: type[Envelope[Any]]) -> TypeAdapter[Any] | None:
    """Return what judges a subject before the event is built."""
    field = event.model_fields.get("subject")
    return None if field is None else TypeAdapter(cast("Any", Annotated[field.annotation, field]))


def _payload_rule(event: type[Envelope[Any]]) -> type[BaseModel]:
    """Return a model of an event's payload alone, as deep in it as in the event."""
    field = event.model_fields["payload"]
    definitions: dict[str, Any] = {"payload": (field.annotation, field)}
    return create_model("EnvelopePart", **definitions)


def _id_class(event: type[Envelope[Any]], name: str) -> type[PrefixedId]:
    """Return the id class of a field; ``evt`` is the prefix where the registry gives events no prefix."""
    annotation: object = event.model_fields[name].annotation
    if isinstance(annotation, type) and issubclass(annotation, PrefixedId):
        return annotation
    return _UnregisteredEventId


def _has_minted_ids(event: type[Envelope[Any]]) -> bool:
    """Tell whether whatever :meth:`PrefixedId.mint` returns fits the ids of the event and of its chain."""
    event_id, correlation_id = event.model_fields["event_id"], event.model_fields.get("correlation_id")
    if event_id.annotation is not _id_class(event, "event_id") or event_id.metadata:
        return False
    if correlation_id is None:
        return True
    kinds = (correlation_id.annotation, *get_args(correlation_id.annotation))
    return event_id.annotation in kinds and not correlation_id.metadata


def _is_plain(event: type[Envelope[Any]]) -> bool:
    """Tell whether each field of an event is judged by itself, and nothing looks at several of them."""
    schema = cast("dict[str, Any]", event.__pydantic_core_schema__)
    if schema["type"] == "definitions":
        schema = schema["schema"]
    fields = schema.get("schema", {})
    return (schema["type"], fields.get("type")) == ("model", "model-fields") and "post_init" not in schema


def _text_of(model: BaseModel, attribute: str | None) -> str | None:
    value = None if attribute is None else getattr(model, attribute, None)
    if isinstance(value, str):
        return str(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _present(moment: datetime) -> str:
    return f"it is {moment.isoformat(timespec='seconds')}"


def _window(start: date | None, end: date | None) -> str:
    bounds = [f"from {start}" if start else "", f"until {end}" if end else ""]
    return " ".join(bound for bound in bounds if bound)


def _pointers_to_nul(value: object, pointer: str) -> Iterator[str]:
    match value:
        case str() if "\0" in value:
            yield pointer
        case dict():
            for name, each in cast("dict[str, object]", value).items():
                place = f"{pointer}/{_escaped(name)}"
                if "\0" in name:
                    yield place
                yield from _pointers_to_nul(each, place)
        case list():
            for index, each in enumerate(cast("list[object]", value)):
                yield from _pointers_to_nul(each, f"{pointer}/{index}")
        case _:
            return


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1").replace("\0", "\\u0000")
