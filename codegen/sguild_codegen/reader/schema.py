"""From raw JSON to typed schemas; every keyword's value is checked on the way."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urljoin

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import JsonValue, Location, Reference, References, Schema
from sguild_codegen.reader import limits
from sguild_codegen.reader.keywords import (
    KEYWORDS,
    MEANT,
    TYPES,
    UNSUPPORTED,
    Keyword,
    KeywordError,
    Many,
    Named,
    One,
    Plain,
)
from sguild_codegen.reader.patterns import (
    PatternError,
    PatternNotPortableError,
    PatternTooLargeError,
    portable,
)
from sguild_codegen.reader.problems import Problems, Suggestion
from sguild_codegen.report import rules
from sguild_codegen.report.safe import shown

_INVALID: Final = object()
_NULLABLE: Final = frozenset({"const", "default"})


@dataclass(frozen=True, slots=True)
class PendingReference:
    """A ``$ref`` that was read; ``base`` is the URI of the schema resource that it stands in."""

    location: Location
    base: str
    text: str


@dataclass(slots=True)
class Document:
    """What a schema file names: its resources (by URI), its anchors (by URI and name), its references."""

    name: str
    value: JsonValue
    root: Schema
    resources: dict[str, Location] = field(default_factory=dict[str, Location])
    anchors: dict[tuple[str, str], Location] = field(default_factory=dict[tuple[str, str], Location])
    references: list[PendingReference] = field(default_factory=list[PendingReference])


def read_schema(name: str, value: JsonValue, table: References, problems: Problems) -> Document:
    """Return the typed schemas of one file; ``table`` gets every node, ``problems`` every breach.

    Where the value of a keyword is refused the keyword is left out, so that the rest is checked too.
    """
    document = Document(name, value, Schema(location=Location(name, "")))
    reader = _Reader(document, table, problems)
    document.root = reader.schema(value, "", name)
    if reader.count > limits.SCHEMAS:
        count, limit = f"{reader.count:,}", f"{limits.SCHEMAS:,}"
        problems.add(rules.TOO_MANY, name, "", count=count, limit=limit, what="schemas in one file")
    return document


@dataclass(slots=True)
class _Reader:
    document: Document
    table: References
    problems: Problems
    count: int = field(default=0)

    def schema(self, value: JsonValue, pointer: str, base: str) -> Schema:
        """Read one node and everything below it."""
        self.count += 1
        location = Location(self.document.name, pointer)
        if isinstance(value, dict):
            node = self._object(value, location, self._base(value, location, base))
        else:
            if not isinstance(value, bool):
                self._wrong("a schema", KeywordError("an object, true or false", value), pointer)
            node = Schema(location=location, boolean=value if isinstance(value, bool) else None)
        self.table.nodes[location] = node
        return node

    def _base(self, value: dict[str, JsonValue], location: Location, base: str) -> str:
        """Return the URI of the resource that the node belongs to, which it may start itself."""
        identity = value.get("$id")
        if not isinstance(identity, str):
            if not location.pointer:
                self.document.resources[base] = location
            return base
        uri = urljoin(base, identity)
        if uri in self.document.resources:
            self._add(rules.DUPLICATE_ID, f"{location.pointer}/$id", key="$id", value=shown(identity))
        self.document.resources.setdefault(uri, location)
        return uri

    def _object(self, value: dict[str, JsonValue], location: Location, base: str) -> Schema:
        fields: dict[str, Any] = {}
        for key, each in value.items():
            keyword = KEYWORDS.get(key)
            if keyword is None:
                self._unknown(key, location.pointer)
                continue
            found = self._keyword(keyword, key, each, location, base)
            if found is not _INVALID:
                fields[keyword.field] = found
                if key in _NULLABLE:
                    fields[f"has_{key}"] = True
        return Schema(location=location, **fields)

    def _keyword(self, keyword: Keyword, key: str, value: JsonValue, location: Location, base: str) -> Any:
        pointer = f"{location.pointer}/{escape_pointer(key)}"
        match keyword:
            case One():
                return self.schema(value, pointer, base)
            case Many():
                return self._many(key, value, pointer, base)
            case Named():
                return self._named(keyword, key, value, pointer, base)
            case Plain():
                return self._plain(keyword, key, value, location, base)

    def _many(self, key: str, value: JsonValue, pointer: str, base: str) -> Any:
        if not isinstance(value, list) or not value:
            return self._wrong(key, KeywordError("an array of at least one schema", value), pointer)
        return tuple(self.schema(each, f"{pointer}/{index}", base) for index, each in enumerate(value))

    def _named(self, keyword: Named, key: str, value: JsonValue, pointer: str, base: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(key, KeywordError("an object of schemas", value), pointer)
        schemas: dict[str, Schema] = {}
        for name, each in value.items():
            inner = f"{pointer}/{escape_pointer(name)}"
            used = self._pattern(name, inner, at_key=True) if keyword.patterns else name
            schemas[used] = self.schema(each, inner, base)
        return MappingProxyType(schemas)

    def _plain(self, keyword: Plain, key: str, value: JsonValue, location: Location, base: str) -> Any:
        pointer = f"{location.pointer}/{escape_pointer(key)}"
        try:
            checked = keyword.check(value)
        except KeywordError as error:
            return self._wrong(key, error, pointer)
        if key == "pattern":
            return self._pattern(checked, pointer)
        if key == "$ref":
            self.document.references.append(PendingReference(location, base, checked))
            return Reference(checked, location, self.table)
        if key == "$anchor":
            self._anchor(checked, location, base)
        return checked

    def _anchor(self, name: str, location: Location, base: str) -> None:
        if (base, name) in self.document.anchors:
            self._add(rules.DUPLICATE_ID, f"{location.pointer}/$anchor", key="$anchor", value=shown(name))
        self.document.anchors.setdefault((base, name), location)

    def _pattern(self, pattern: str, pointer: str, *, at_key: bool = False) -> str:
        try:
            return portable(pattern)
        except PatternError as error:
            rule, way_out = _broken_rule(error)
            self.problems.add(
                rule,
                self.document.name,
                pointer,
                at_key=at_key,
                reason=error.reason,
                position=str(error.position),
                way_out=way_out,
            )
        return pattern

    def _unknown(self, key: str, pointer: str) -> None:
        inner = f"{pointer}/{escape_pointer(key)}"
        if key in UNSUPPORTED:
            self._add(rules.UNSUPPORTED_KEYWORD, inner, key=shown(key), reason=UNSUPPORTED[key])
            return
        meant = f"Did you mean {MEANT[key]}? " if key in MEANT else Suggestion(key, KEYWORDS)
        self._add(rules.UNKNOWN_KEYWORD, inner, key=shown(key), suggestion=meant)

    def _wrong(self, key: str, error: KeywordError, pointer: str) -> object:
        near = Suggestion(error.value, TYPES) if key == "type" else ""
        self.problems.add(
            rules.KEYWORD_VALUE,
            self.document.name,
            pointer + error.inner,
            key=key,
            expected=error.expected,
            value=shown(error.value),
            suggestion=near,
        )
        return _INVALID

    def _add(self, rule: rules.Rule, pointer: str, **values: object) -> None:
        self.problems.add(rule, self.document.name, pointer, at_key=True, **values)


def _broken_rule(error: PatternError) -> tuple[rules.Rule, str]:
    if isinstance(error, PatternNotPortableError):
        return rules.PATTERN_NOT_PORTABLE, error.way_out
    return rules.PATTERN_TOO_LARGE if isinstance(error, PatternTooLargeError) else rules.INVALID_PATTERN, ""
