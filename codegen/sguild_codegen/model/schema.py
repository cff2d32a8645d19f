"""A JSON Schema (2020-12) as a typed tree of nodes.

Every keyword that the reader knows is a field of :class:`Schema`; an absent keyword is ``None`` (or empty,
where empty means the same). References lead to nodes, so recursive schemas are cycles of
:attr:`Reference.target`, never of the tree itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonType: TypeAlias = Literal["null", "boolean", "object", "array", "number", "string", "integer"]


FORMATS: Final = frozenset(
    {
        *("date-time", "date", "time", "duration", "regex", "uuid"),
        *("email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"),
        *("uri", "uri-reference", "iri", "iri-reference", "uri-template"),
        *("json-pointer", "relative-json-pointer"),
    }
)
"""The formats of 2020-12: any other one is an annotation."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Identity of a node: its file (relative to the contracts folder, with ``/``) and its JSON pointer."""

    document: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.document}#{self.pointer}"


@dataclass(frozen=True, slots=True)
class References:
    """Every node of a contract tree by its location, and where the reference at a location leads."""

    nodes: dict[Location, "Schema"] = field(default_factory=dict[Location, "Schema"])
    targets: dict[Location, Location] = field(default_factory=dict[Location, Location])


@dataclass(frozen=True, slots=True)
class Reference:
    """A ``$ref`` of the node at ``source``: its text in the contract, and the node that it leads to."""

    text: str
    source: Location
    _table: References = field(repr=False, compare=False)

    @property
    def location(self) -> Location:
        """Where the reference leads, maybe into another file."""
        return self._table.targets[self.source]

    @property
    def target(self) -> "Schema":
        """The node that the reference leads to."""
        return self._table.nodes[self.location]

    @property
    def target_root(self) -> "Schema":
        """The root of the file that the reference leads into."""
        return self._table.nodes[Location(self.location.document, "")]


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schema:
    """One node: an object with keywords, or one of the schemas ``true`` and ``false`` (``boolean``).

    Nodes are compared by identity, so they can be keys. ``pattern`` and the keys of ``pattern_properties``
    are in a spelling that ECMA-262 and the regex crate of Rust read alike; ``$`` is the end of input.
    ``const`` and ``default`` may be null: ``has_const`` and ``has_default`` tell whether they are there.
    """

    location: Location
    boolean: bool | None = None

    # Core
    schema_id: str | None = None
    dialect: str | None = None
    anchor: str | None = None
    ref: Reference | None = None
    definitions: Mapping[str, "Schema"] = field(default_factory=_nothing)

    # Annotations
    title: str | None = None
    description: str | None = None
    comment: str | None = None
    deprecated: bool = False
    read_only: bool = False
    write_only: bool = False
    default: JsonValue = None
    has_default: bool = False
    examples: tuple[JsonValue, ...] = ()
    content_encoding: str | None = None
    content_media_type: str | None = None
    content_schema: "Schema | None" = None

    # Any value
    types: tuple[JsonType, ...] | None = None
    enum: tuple[JsonValue, ...] | None = None
    const: JsonValue = None
    has_const: bool = False

    # Strings
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None

    # Numbers
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    multiple_of: int | float | None = None

    # Objects
    properties: Mapping[str, "Schema"] = field(default_factory=_nothing)
    required: tuple[str, ...] = ()
    additional_properties: "Schema | None" = None
    pattern_properties: Mapping[str, "Schema"] = field(default_factory=_nothing)
    property_names: "Schema | None" = None
    min_properties: int | None = None
    max_properties: int | None = None
    dependent_required: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    dependent_schemas: Mapping[str, "Schema"] = field(default_factory=_nothing)
    unevaluated_properties: "Schema | None" = None

    # Arrays
    items: "Schema | None" = None
    prefix_items: tuple["Schema", ...] = ()
    contains: "Schema | None" = None
    min_contains: int | None = None
    max_contains: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    unevaluated_items: "Schema | None" = None

    # Combinations
    all_of: tuple["Schema", ...] = ()
    any_of: tuple["Schema", ...] = ()
    one_of: tuple["Schema", ...] = ()
    not_: "Schema | None" = None
    if_: "Schema | None" = None
    then: "Schema | None" = None
    else_: "Schema | None" = None

    @property
    def pointer(self) -> str:
        """The JSON pointer of the node in its file: ``/properties/person_id``; empty for the root."""
        return self.location.pointer

    def children(self) -> Iterator["Schema"]:
        """Yield the schemas directly inside this one, definitions among them; references are not followed."""
        for schemas in (self.definitions, self.properties, self.pattern_properties, self.dependent_schemas):
            yield from schemas.values()
        for listed in (self.prefix_items, self.all_of, self.any_of, self.one_of):
            yield from listed
        single = (
            self.additional_properties,
            self.property_names,
            self.unevaluated_properties,
            self.items,
            self.contains,
            self.unevaluated_items,
            self.content_schema,
            self.not_,
            self.if_,
            self.then,
            self.else_,
        )
        yield from (each for each in single if each is not None)

    def walk(self) -> Iterator["Schema"]:
        """Yield this node and all nodes below it in the same file."""
        yield self
        for child in self.children():
            yield from child.walk()
