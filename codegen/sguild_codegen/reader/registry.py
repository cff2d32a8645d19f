"""The registry file: domains, id prefixes and event types, every value checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar, get_args

from sguild_codegen.model.contract import Domain, DomainStatus, EventType, PayloadVersion, VersionStatus
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import JsonValue
from sguild_codegen.reader import limits, names
from sguild_codegen.reader.json_text import JsonFile
from sguild_codegen.reader.problems import Problems, Suggestion
from sguild_codegen.reader.registry_object import RegistryObject, Shape
from sguild_codegen.report import rules
from sguild_codegen.report.safe import shown

_VERSION: Final = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\.json", re.ASCII)

StatusT = TypeVar("StatusT", DomainStatus, VersionStatus)

_ROOT: Final = Shape(
    "the registry",
    MappingProxyType(
        {
            "registry_version": "the version of the whole registry, such as 2.0.0",
            "envelope": "the path of the envelope's schema, relative to the registry",
            "domains": "the domains that may publish or subscribe",
            "event_types": "the event types",
            "id_prefixes": "the entity behind each id prefix",
            "description": "what the registry is for",
            "$schema": "the JSON Schema of this file, for editors",
        }
    ),
    required=4,
)
_DOMAIN: Final = Shape(
    "a domain",
    MappingProxyType(
        {
            "name": "its name",
            "status": "active or deprecated",
            "deprecated_from": "the day from which it is deprecated",
            "emit_until": "the first day on which it does not emit any more",
            "description": "what it does",
        }
    ),
    required=2,
)
_EVENT_TYPE: Final = Shape(
    "an event type",
    MappingProxyType(
        {
            "event_type": "its name",
            "contract": "the folder of its schemas",
            "producer": "the one domain that may publish it",
            "subscribers": "the domains that may read it",
            "versions": "the versions of its payload",
            "subject": "the payload property that fills the subject of the envelope",
            "ordering_key": "the payload property that order is kept by",
            "closed_enums": "the payload properties whose enum never grows",
            "description": "when it is published",
        }
    ),
    required=5,
)
_PAYLOAD: Final = Shape(
    "a version",
    MappingProxyType(
        {
            "version": "its number, from 1",
            "status": "current, superseded or withdrawn",
            "emit_from": "the first day on which it is emitted",
            "emit_until": "the first day on which it is not emitted any more",
            "description": "what differs from the version before",
        }
    ),
    required=2,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event type, its entry in the registry and where that stands, and the places of its versions."""

    pointer: str
    value: JsonValue
    event_type: EventType
    version_pointers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """What the registry file says; schemas are not read yet."""

    version: str
    envelope: str | None
    domains: tuple[Domain, ...]
    id_prefixes: Mapping[str, str]
    entries: tuple[Entry, ...]


def read_registry(file: JsonFile, problems: Problems) -> Registry:
    """Return what the registry says; entries whose names are refused are left out."""
    root = RegistryObject.read(file.value, file.name, "", _ROOT, problems)
    root.text("description")
    root.text("$schema")
    reader = _Reader(file.name, problems)
    domains = tuple(reader.domains(root))
    reader.known_domains = tuple(each.name for each in domains)
    return Registry(
        version=root.text("registry_version", _is_version, rules.REGISTRY_VERSION) or "0.0.0",
        envelope=root.text("envelope", _is_inside, rules.PATH_OUTSIDE),
        domains=domains,
        id_prefixes=MappingProxyType(dict(reader.id_prefixes(root))),
        entries=tuple(reader.entries(root)),
    )


def schema_path(contract: str, event_type: str, version: int) -> str:
    """Return where the schema file of a payload version has to be."""
    return f"{contract}/schema/payloads/{event_type}-v{version}.json"


@dataclass(slots=True)
class _Reader:
    document: str
    problems: Problems
    known_domains: tuple[str, ...] = ()
    # Folded names of generated classes, with the name that took each first.
    classes: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(names.RESERVED, "of the package itself")
    )

    def domains(self, root: RegistryObject) -> Iterator[Domain]:
        seen: dict[str, str] = {}
        for pointer, value in self._listed(root, "domains"):
            each = RegistryObject.read(value, self.document, pointer, _DOMAIN, self.problems)
            each.text("description")
            name = each.name("name", names.DOMAIN)
            start, end = each.day("deprecated_from"), each.day("emit_until")
            if start and end and end < start:
                reason = f"the domain is deprecated from {start}, after it ends on {end}"
                each.add(rules.INVALID_WINDOW, "emit_until", reason=reason, way_out="Change one of the days.")
            status = self._status(each, get_args(DomainStatus))
            if name is not None and self._is_new(each, "name", "the domain", name, seen):
                yield Domain(name=name, status=status or "active", deprecated_from=start, emit_until=end)

    def id_prefixes(self, root: RegistryObject) -> Iterator[tuple[str, str]]:
        listed = root.mapping("id_prefixes")
        keys = MappingProxyType(dict.fromkeys(listed, ""))
        pointer = f"{root.pointer}/id_prefixes"
        each = RegistryObject(self.document, self.problems, pointer, Shape("id_prefixes", keys, 0), listed)
        seen: dict[str, str] = {}
        for prefix in listed:
            entity = each.name(prefix, names.ENTITY)
            reason = names.PREFIX.reason(prefix)
            if reason is not None:
                kind = names.PREFIX
                self.problems.add(
                    rules.INVALID_NAME,
                    self.document,
                    f"{pointer}/{escape_pointer(prefix)}",
                    at_key=True,
                    value=shown(prefix),
                    what=kind.what,
                    reason=reason,
                    form=kind.form,
                )
            elif entity is not None and self._is_new(each, prefix, "the entity", entity, seen):
                self._claim(each, prefix, "the entity", entity, f"{entity}.id")
                yield prefix, entity

    def entries(self, root: RegistryObject) -> Iterator[Entry]:
        seen: dict[str, str] = {}
        listed = list(self._listed(root, "event_types"))
        if len(listed) > limits.EVENT_TYPES:
            values = {"what": "event types", "count": f"{len(listed):,}", "limit": f"{limits.EVENT_TYPES:,}"}
            root.add(rules.TOO_MANY, "event_types", **values)
        for pointer, value in listed:
            each = RegistryObject.read(value, self.document, pointer, _EVENT_TYPE, self.problems)
            entry = self._entry(each, value)
            if entry is None:
                continue
            name = entry.event_type.name
            if self._is_new(each, "event_type", "the event type", name, seen):
                self._claim_classes(each, entry.event_type)
                yield entry

    def _entry(self, each: RegistryObject, value: JsonValue) -> Entry | None:
        each.text("description")
        name, contract = each.name("event_type", names.EVENT_TYPE), each.name("contract", names.CONTRACT)
        producer = self._domain(each, "producer", each.text("producer"))
        subscribers = each.texts("subscribers")
        versions = self._versions(each, name or "", contract or "")
        for text, pointer in subscribers:
            self._domain(each, pointer.removeprefix(f"{each.pointer}/"), text, what="the subscriber")
        if name is None or contract is None:
            return None
        event_type = EventType(
            name=name,
            contract=contract,
            producer=producer or "",
            subscribers=tuple(text for text, _ in subscribers),
            versions=tuple(version for version, _ in versions),
            description=each.text("description"),
            subject=each.text("subject"),
            ordering_key=each.text("ordering_key"),
            closed_enums=tuple(text for text, _ in each.texts("closed_enums")),
        )
        return Entry(each.pointer, value, event_type, tuple(pointer for _, pointer in versions))

    def _versions(self, entry: RegistryObject, name: str, contract: str) -> list[tuple[PayloadVersion, str]]:
        found: dict[int, tuple[PayloadVersion, str]] = {}
        complete = True
        for pointer, value in self._listed(entry, "versions"):
            each = RegistryObject.read(value, self.document, pointer, _PAYLOAD, self.problems)
            version = self._version(each, name, contract, found)
            complete &= version is not None
            if version is not None:
                found[version.version] = (version, pointer)
        current = sum(1 for version, _ in found.values() if version.status == "current")
        if complete and current != 1 and "versions" in entry.values:
            entry.add(rules.ONE_CURRENT_VERSION, "versions", value=shown(name), count=str(current or "no"))
        return [found[number] for number in sorted(found)]

    def _version(
        self, each: RegistryObject, name: str, contract: str, taken: Mapping[int, object]
    ) -> PayloadVersion | None:
        each.text("description")
        start, end = each.day("emit_from"), each.day("emit_until")
        if start and end and end <= start:
            reason = f"the window ends on {end}, not after it starts on {start}"
            each.add(rules.INVALID_WINDOW, "emit_until", reason=reason, way_out="Change one of the days.")
        status = self._status(each, get_args(VersionStatus))
        number = each.values.get("version")
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not 1 <= number <= limits.VERSION
            or number in taken
        ):
            if "version" in each.values:
                each.add(rules.VERSION_NUMBER, "version", value=shown(number), limit=f"{limits.VERSION:,}")
            return None
        if status is None:
            return None
        path = schema_path(contract, name, number)
        return PayloadVersion(version=number, status=status, path=path, emit_from=start, emit_until=end)

    def _listed(self, parent: RegistryObject, key: str) -> Iterator[tuple[str, JsonValue]]:
        listed = parent.array(key)
        yield from ((f"{parent.pointer}/{key}/{index}", value) for index, value in enumerate(listed))

    def _status(self, each: RegistryObject, known: tuple[StatusT, ...]) -> StatusT | None:
        value = each.text("status")
        for status in known:
            if status == value:
                return status
        if value is not None:
            near = Suggestion(value, known)
            listed = ", ".join(known)
            each.add(
                rules.UNKNOWN_STATUS,
                "status",
                value=shown(value),
                what=each.shape.what,
                known=listed,
                suggestion=near,
            )
        return None

    def _domain(
        self, each: RegistryObject, below: str, name: str | None, what: str = "the producer"
    ) -> str | None:
        if name is not None and name not in self.known_domains:
            near = Suggestion(name, self.known_domains)
            each.add_below(rules.UNKNOWN_DOMAIN, below, what=what, value=shown(name), suggestion=near)
        return name

    def _is_new(self, each: RegistryObject, key: str, what: str, name: str, seen: dict[str, str]) -> bool:
        """Tell whether a name is new, also where case and separators do not count."""
        other = seen.setdefault(names.folded(name), name)
        if other != name:
            each.add(rules.NAME_COLLISION, key, what=what, value=shown(name), other=shown(other))
            return False
        place = f"{each.pointer}/{key}"
        first = seen.setdefault(f"={name}", place) == place
        if not first:
            each.add(rules.DUPLICATE_NAME, key, what=what, value=shown(name))
        return first

    def _claim_classes(self, each: RegistryObject, event_type: EventType) -> None:
        """Claim ``CreditReleased`` and ``CreditReleasedV2``: the second may be an event type as well."""
        self._claim(each, "event_type", "the event type", event_type.name, event_type.name)
        for version in event_type.versions:
            self._claim(
                each, "event_type", "the event type", event_type.name, f"{event_type.name}.v{version.version}"
            )

    def _claim(self, each: RegistryObject, key: str, what: str, name: str, class_name: str) -> None:
        other = self.classes.setdefault(names.folded(class_name), name)
        if other != name:
            each.add(rules.NAME_COLLISION, key, what=what, value=shown(name), other=shown(other))


def _is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _is_inside(text: str) -> bool:
    return len(text) <= limits.NAME_LENGTH and _FILE.fullmatch(text) is not None
