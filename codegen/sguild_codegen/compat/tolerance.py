"""What a tolerant reader accepts, as a schema: the additive discipline, said once.

A reader may ignore a property that its contract does not name, and a value that an open enum of strings
does not list. So an object with named properties loses ``additionalProperties: false`` (and every object
``unevaluatedProperties: false``), and an enum of strings becomes any string. Everything else stays:
constants, discriminators, enums that the registry closes, the names of maps, and whatever stands where more
documents inside would mean fewer outside (below ``not`` and ``if``, in ``contains``, in branches of a
``oneOf`` that neither types nor a required constant keep apart), or would hide a value from
``unevaluatedItems`` and the like. So a tolerant reader accepts all that an exact one accepts.

What a closed property holds stays as it is wherever the schema speaks of the same object: in ``allOf``,
``then``, behind a reference, and so on.

What has been taken out of a schema stays beside it as ``x-exact``, an annotation: a validator that traces a
document through the schema thereby tells what the exact reader would not have taken.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sguild_codegen.compat.apart import DEFINITIONS, Branches
from sguild_codegen.compat.portable import may_not_end, python_pattern
from sguild_codegen.compat.resolving import Json, flattened, is_object, objects
from sguild_codegen.model.pointers import unescape_pointer

_SAME_OBJECT: Final = {"allOf": 2, "anyOf": 2, "oneOf": 2, "then": 1, "else": 1, "dependentSchemas": 2}
_IN_PLACE: Final = frozenset((*_SAME_OBJECT, "$ref"))
_MAPS: Final = ("properties", "patternProperties", "dependentSchemas")
_LISTS: Final = ("prefixItems", "allOf")
_BRANCHES: Final = ("anyOf", "oneOf")
_SINGLE: Final = ("additionalProperties", "items", "then", "else")
_OF_OTHERS: Final = ("additionalProperties", "unevaluatedProperties")
_TAKEN_OUT: Final = "x-exact"
_EXACT_ROOT: Final = "#/$defs/exact"


def tolerant(schema: Json, closed_enums: Collection[str] = ()) -> Json:
    """Return the schema of a tolerant reader.

    Args:
        schema: what producers are held to.
        closed_enums: properties of the root whose enum stays closed.

    Raises:
        Undecided: a reference leads nowhere.
    """
    return _Opening(_traceable(flattened(schema, _EXACT_ROOT)), frozenset(closed_enums)).root()


def property_at(steps: Sequence[str]) -> str | None:
    """Return the property of the root that a pointer leads into, past ``allOf`` and the like, if it does."""
    while steps and steps[0] in _SAME_OBJECT:
        steps = steps[_SAME_OBJECT[steps[0]] :]
    return unescape_pointer(steps[1]) if steps and steps[0] == "properties" else None


@dataclass(slots=True)
class _Opening:
    """References in open places lead to opened copies of their targets; others lead where they did."""

    flat: Json
    of_root: frozenset[str]
    closings: dict[frozenset[str], int] = field(default_factory=lambda: {frozenset[str](): 0})
    copies: dict[str, Json] = field(default_factory=dict[str, Json])
    waiting: list[tuple[str, frozenset[str]]] = field(default_factory=list[tuple[str, frozenset[str]]])

    def root(self) -> Json:
        opened = self.opened(self.flat, self.of_root)
        while self.waiting:
            name, kept = self.waiting.pop()
            self.copies[self._copy(name, kept)] = self.opened(self.flat["$defs"][name], kept)
        if not self.copies:
            return opened
        return {**opened, "$defs": {**opened.get("$defs", {}), **self.copies}}

    def opened(self, schema: Json, closed: frozenset[str] = frozenset()) -> Json:
        """Return a schema with its limits taken out, but for what it says of the ``closed`` properties."""
        if not is_object(schema):
            return schema
        kept = closed - schema.get("properties", {}).keys() if "additionalProperties" in schema else closed
        exact = {"additionalProperties"} if kept else set[str]()
        exact |= _IN_PLACE if _depends_on_branches(schema) else set()
        found = {
            name: value if name in exact else self._keyword(name, value, closed)
            for name, value in schema.items()
            if name != _TAKEN_OUT
        }
        opened = [name for name in _BRANCHES if name in schema and name not in exact]
        found |= {name: self._branches(name, schema, closed) for name in opened}
        _open_object(found)
        _open_enum(found)
        return found

    def _keyword(self, name: str, value: Json, closed: frozenset[str]) -> Json:
        inside = closed if name in _SAME_OBJECT else frozenset[str]()
        if name == "$ref":
            return self._reference(value, closed)
        if name in _MAPS:
            kept = _kept(name, value, closed)
            return {key: each if key in kept else self.opened(each, inside) for key, each in value.items()}
        if name in _LISTS:
            return [self.opened(each, inside) for each in value]
        return self.opened(value, inside) if name in _SINGLE else value

    def _branches(self, keyword: str, schema: dict[str, Json], closed: frozenset[str]) -> list[Json]:
        """Open branches, but for the tag that tells those for objects apart.

        Those of a ``oneOf`` are opened only if they stay apart.
        """
        branches = Branches.of(schema, keyword, self.flat.get("$defs", {}))
        if keyword == "oneOf" and not branches.stay_apart:
            found: list[Json] = schema[keyword]
            return found
        kept = closed if branches.tag is None else closed | {branches.tag}
        return [self.opened(each, kept) for each in schema[keyword]]

    def _reference(self, reference: str, closed: frozenset[str]) -> str:
        if reference == _EXACT_ROOT:
            closed |= self.of_root
            if closed == self.of_root:
                return "#"  # the root, which is opened itself
        name = reference.removeprefix(DEFINITIONS)
        copy = self._copy(name, closed)
        if copy not in self.copies:
            self.copies[copy] = True  # the place is taken; it is filled later, since chains are long
            self.waiting.append((name, closed))
        return DEFINITIONS + copy

    def _copy(self, name: str, closed: frozenset[str]) -> str:
        number = self.closings.setdefault(closed, len(self.closings))
        return f"{name}-tolerant-{number}" if number else f"{name}-tolerant"


def _depends_on_branches(schema: dict[str, Json]) -> bool:
    """Tell whether a branch that accepts a value thereby takes it from a schema that may refuse it.

    An unknown property can be told where no exact branch has it, an item cannot.
    """
    items, members = (schema.get(each, True) for each in ("unevaluatedItems", "unevaluatedProperties"))
    return items not in (True, {}) or members not in (True, False, {})


def _kept(keyword: str, members: Mapping[str, Json], closed: Collection[str]) -> Collection[str]:
    """Return the members of a keyword that speak of a closed property, or may do so."""
    if keyword == "patternProperties":
        return {each for each in members if any(_may_match(each, name) for name in closed)}
    return closed if keyword == "properties" else ()


def _may_match(pattern: str, name: str) -> bool:
    if may_not_end(pattern):
        return True
    try:
        return re.search(python_pattern(pattern), name) is not None
    except re.error:
        return True


def _traceable(flat: Json) -> Json:
    """Return a flat schema in which no keyword lets members pass without a trace, as ``true`` would."""
    for each in objects(flat):
        each.update({name: {} for name in _OF_OTHERS if each.get(name) is True})
    return flat


def _open_object(schema: dict[str, Any]) -> None:
    if "properties" in schema and schema.get("additionalProperties") is False:
        _take_out(schema, "additionalProperties")
    if schema.get("unevaluatedProperties") is False:
        _take_out(schema, "unevaluatedProperties")


def _open_enum(schema: dict[str, Any]) -> None:
    values = schema.get("enum", ())
    if not all(isinstance(each, str | None) for each in values):
        return
    said = schema.get("type", ["string", "null"])
    taken = {said} if isinstance(said, str) else set(said)
    listed = {"null" if each is None else "string" for each in values}
    types = sorted(listed & taken, reverse=True)
    if "string" in types:
        _take_out(schema, "enum")
        schema["type"] = types if len(types) > 1 else "string"


def _take_out(schema: dict[str, Any], name: str) -> None:
    schema.setdefault(_TAKEN_OUT, {})[name] = schema.pop(name)
