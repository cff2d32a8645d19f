"""What a contract file has to keep beyond JSON Schema itself, so that code and people can rely on it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import FORMATS, Location, Schema
from sguild_codegen.reader import limits
from sguild_codegen.reader.keywords import equal_key
from sguild_codegen.reader.problems import Problems, Suggestion
from sguild_codegen.reader.references import in_place
from sguild_codegen.reader.schema import Document
from sguild_codegen.report import rules
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import in_full, shown

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PROPERTY: Final = re.compile(r"[A-Za-z0-9_.:/@$-]+")
_BIDIRECTIONAL: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE_LINE: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029{_BIDIRECTIONAL}]")
_UNSAFE_TEXT: Final = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f{_BIDIRECTIONAL}]")
_BOUNDS: Final = (
    ("minLength", "min_length", "maxLength", "max_length"),
    ("minItems", "min_items", "maxItems", "max_items"),
    ("minContains", "min_contains", "maxContains", "max_contains"),
    ("minProperties", "min_properties", "maxProperties", "max_properties"),
    ("minimum", "minimum", "maximum", "maximum"),
)
_ENVELOPE: Final = (
    "event_id",
    "event_type",
    "occurred_at",
    "tenant_id",
    "producer",
    "schema_version",
    "payload",
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The property names that ``required`` may use; ``opaque`` if references or patterns add more."""

    names: frozenset[str] = frozenset()
    opaque: bool = False

    def __or__(self, other: "Scope") -> "Scope":
        return Scope(self.names | other.names, self.opaque or other.opaque)


def check_payload(document: Document, expected_id: str, problems: Problems) -> None:
    """Check a payload schema: its ``$id``, its root, and every node."""
    if document.root.schema_id != expected_id:
        value = shown(document.root.schema_id)
        problems.add(rules.ID_MISMATCH, document.name, "/$id", expected=in_full(expected_id), value=value)
    _check_root(document, "payload", problems)
    check_document(document, problems)


def check_envelope(document: Document, problems: Problems) -> None:
    """Check the envelope: its root, the properties that the runtime fills in, and every node."""
    _check_root(document, "envelope", problems)
    for name in _ENVELOPE:
        if name not in document.root.properties or name not in document.root.required:
            problems.add(
                rules.ENVELOPE_PROPERTY, document.name, "/properties", at_key=True, value=shown(name)
            )
    check_document(document, problems)


def check_document(document: Document, problems: Problems) -> None:
    """Check the dialect of a schema file and every node in it."""
    if document.root.dialect != DIALECT:
        _dialect(document.root, "/$schema", problems)
    for node in document.root.walk():
        if node is not document.root and node.dialect is not None:
            _dialect(node, f"{node.pointer}/$schema", problems)
        _NodeCheck(node, problems).run()
    _check_required(document.root, Scope(), problems)


def check_dialects(document: Document, problems: Problems) -> None:
    """Check that no schema of a file names another dialect than 2020-12; it need not name any."""
    for node in document.root.walk():
        if node.dialect not in (None, DIALECT):
            _dialect(node, f"{node.pointer}/$schema", problems)


def _dialect(node: Schema, pointer: str, problems: Problems) -> None:
    values = {"expected": shown(DIALECT), "value": shown(node.dialect)}
    problems.add(rules.UNKNOWN_DIALECT, node.location.document, pointer, at_key=False, **values)


def _check_root(document: Document, what: str, problems: Problems) -> None:
    if document.root.types != ("object",):
        problems.add(rules.ROOT_NOT_OBJECT, document.name, "/type", what=what)


@dataclass(slots=True)
class _NodeCheck:
    node: Schema
    problems: Problems

    def run(self) -> None:
        self._names()
        self._texts()
        self._bounds()
        self._values()
        self._format()

    def _names(self) -> None:
        named = (
            ("properties", self.node.properties, "a property"),
            ("$defs", self.node.definitions, "a definition"),
        )
        for key, schemas, what in named:
            for name in schemas:
                reason = _name_reason(name)
                if reason is not None:
                    pointer = f"/{key}/{escape_pointer(name)}"
                    limit = str(limits.PROPERTY_LENGTH)
                    self._add(
                        rules.PROPERTY_NAME,
                        pointer,
                        at_key=True,
                        value=shown(name),
                        what=what,
                        reason=reason,
                        limit=limit,
                    )

    def _texts(self) -> None:
        texts = (
            ("title", self.node.title, _UNSAFE_LINE),
            ("description", self.node.description, _UNSAFE_TEXT),
            ("$comment", self.node.comment, _UNSAFE_TEXT),
        )
        for key, text, unsafe in texts:
            found = unsafe.search(text) if text else None
            if found is not None:
                self._add(rules.UNSAFE_TEXT, f"/{key}", key=key, character=f"U+{ord(found.group()):04X}")

    def _bounds(self) -> None:
        for low, low_field, high, high_field in _BOUNDS:
            low_value, high_value = getattr(self.node, low_field), getattr(self.node, high_field)
            if low_value is not None and high_value is not None and low_value > high_value:
                self._add(
                    rules.CONTRADICTION,
                    f"/{low}",
                    low=low,
                    low_value=shown(low_value),
                    high=high,
                    high_value=shown(high_value),
                )

    def _values(self) -> None:
        if self.node.enum is None:
            return
        if not self.node.enum:
            expected = "an array of at least one value"
            self._add(rules.KEYWORD_VALUE, "/enum", key="enum", expected=expected, value="[]", suggestion="")
        if len(self.node.enum) > limits.ENUM_VALUES:
            count, limit = f"{len(self.node.enum):,}", f"{limits.ENUM_VALUES:,}"
            self._add(rules.TOO_MANY, "/enum", at_key=True, what="values", count=count, limit=limit)
            return
        seen: set[str] = set()
        for index, value in enumerate(self.node.enum):
            if equal_key(value) in seen:
                self._add(rules.DUPLICATE_VALUE, f"/enum/{index}", key="enum", value=shown(value))
            seen.add(equal_key(value))

    def _format(self) -> None:
        if self.node.format is not None and self.node.format not in FORMATS:
            near = Suggestion(self.node.format, FORMATS)
            known = ", ".join(sorted(FORMATS))
            self._add(
                rules.UNKNOWN_FORMAT, "/format", value=shown(self.node.format), known=known, suggestion=near
            )

    def _add(self, rule: Rule, pointer: str, *, at_key: bool = False, **values: object) -> None:
        place = f"{self.node.pointer}{pointer}"
        self.problems.add(rule, self.node.location.document, place, at_key=at_key, **values)


def _name_reason(name: str) -> str | None:
    if len(name) > limits.PROPERTY_LENGTH:
        return f"it has {len(name)} characters"
    if not name.isascii():
        return "it is not ASCII, where names that look alike are the same"
    return None if _PROPERTY.fullmatch(name) else "it holds a character that is not allowed, or none at all"


def _check_required(node: Schema, around: Scope, problems: Problems) -> None:
    """Check the names that a node and those below it require; ``around`` is what outer nodes declare."""
    scope = around | _scope(node)
    free_form = not scope.names and not _is_closed(node)
    if not scope.opaque and not free_form:
        _report_unknown(node, scope.names, problems)
    inner: set[Location] = set()
    for child in in_place(node):
        inner.add(child.location)
        _check_required(child, scope, problems)
    for child in node.children():
        if child.location not in inner:
            _check_required(child, Scope(), problems)


def _scope(node: Schema) -> Scope:
    found = Scope(frozenset(node.properties), node.ref is not None or bool(node.pattern_properties))
    for child in in_place(node):
        found |= _scope(child)
    return found


def _is_closed(node: Schema) -> bool:
    return node.additional_properties is not None and node.additional_properties.boolean is False


def _report_unknown(node: Schema, known: Iterable[str], problems: Problems) -> None:
    known = set(known)
    for pointer, at_key, name in _required_names(node):
        if name not in known:
            problems.add(
                rules.UNKNOWN_REQUIRED,
                node.location.document,
                f"{node.pointer}{pointer}",
                at_key=at_key,
                key=pointer.split("/")[1],
                value=shown(name),
                suggestion=Suggestion(name, known),
            )


def _required_names(node: Schema) -> Iterable[tuple[str, bool, str]]:
    yield from ((f"/required/{index}", False, name) for index, name in enumerate(node.required))
    for key, names in node.dependent_required.items():
        pointer = f"/dependentRequired/{escape_pointer(key)}"
        yield pointer, True, key
        yield from ((f"{pointer}/{index}", False, name) for index, name in enumerate(names))
    for key in node.dependent_schemas:
        yield f"/dependentSchemas/{escape_pointer(key)}", True, key
