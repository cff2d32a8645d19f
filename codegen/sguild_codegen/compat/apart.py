"""Whether branches stay apart however tolerant their readers become: by their types, or by a tag.

A tag is a property that each branch for objects requires, with a constant of its own. A tolerant reader takes
no other type than the exact one does, and leaves the tags closed, so what keeps branches apart stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from sguild_codegen.compat.keywords import kind_of
from sguild_codegen.compat.resolving import Json, canonical, is_object

DEFINITIONS: Final = "#/$defs/"
_TYPES: Final = frozenset(("null", "boolean", "number", "string", "array", "object"))
_OBJECT: Final = frozenset(("object",))
_OF_OBJECTS: Final = frozenset(
    (
        *(
            "properties",
            "patternProperties",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
        ),
        *("required", "minProperties", "maxProperties", "dependentRequired", "title", "description", "$ref"),
    )
)


@dataclass(frozen=True, slots=True)
class _Branch:
    """What a branch says of the values that it takes: their types, and constants that objects must have.

    It is ``clear`` if it is opened for objects alone: it takes no other value, or all of them.
    """

    types: frozenset[str]
    constants: Mapping[str, str]
    clear: bool


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches of an ``anyOf`` or ``oneOf``."""

    found: tuple[_Branch, ...]

    @classmethod
    def of(cls, schema: dict[str, Json], keyword: str, definitions: Mapping[str, Json]) -> "Branches":
        """Return what is known of the branches of a schema, in which every reference is flat."""
        around = _types(schema)
        return cls(tuple(_branch(each, around, definitions) for each in schema[keyword]))

    @property
    def tag(self) -> str | None:
        """The property that tells the branches for objects apart, if there is one."""
        constants = [each.constants for each in self._of_objects()]
        shared = set[str].intersection(*map(set, constants)) if constants else set[str]()
        for name in sorted(shared):
            if len({each[name] for each in constants}) == len(constants):
                return name
        return None

    @property
    def stay_apart(self) -> bool:
        """Whether no value is ever taken by two of them."""
        objects = self._of_objects()
        tagged = self.tag is not None and all(each.clear for each in objects)
        return all(
            one.types.isdisjoint(other.types) or (tagged and one in objects and other in objects)
            for one, other in combinations(self.found, 2)
        )

    def _of_objects(self) -> Sequence[_Branch]:
        return [each for each in self.found if "object" in each.types]


def _branch(schema: Json, around: frozenset[str], definitions: Mapping[str, Json]) -> _Branch:
    said = list(_chain(schema, definitions))
    types = around.intersection(*map(_types, said))
    clear = types == _OBJECT or all(each.keys() <= _OF_OBJECTS for each in said)
    return _Branch(types, dict(_constants(said, definitions)), clear)


def _chain(schema: Json, definitions: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield a schema and those that its reference leads to: all of them hold for the same value."""
    seen = set[str]()
    while is_object(schema):
        yield schema
        name = schema.get("$ref", "").removeprefix(DEFINITIONS)
        if name in seen:
            return
        seen.add(name)
        schema = definitions.get(name)


def _types(schema: dict[str, Json]) -> frozenset[str]:
    """Return the types of what a schema takes, as far as it says so itself; integers are numbers."""
    said = schema.get("type", list(_TYPES))
    types = frozenset((said,) if isinstance(said, str) else said)
    values = _listed(schema)
    listed = _TYPES if values is None else frozenset(map(kind_of, values))
    return frozenset("number" if each == "integer" else each for each in types) & listed


def _listed(schema: dict[str, Json]) -> list[Json] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _constants(said: list[dict[str, Json]], definitions: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the required properties that have but one value, and that value."""
    required = {name for each in said for name in each.get("required", ())}
    for each in said:
        for name in required & each.get("properties", {}).keys():
            for holding in _chain(each["properties"][name], definitions):
                values = _listed(holding) or ()
                if len(values) == 1:
                    yield name, canonical(values[0])
