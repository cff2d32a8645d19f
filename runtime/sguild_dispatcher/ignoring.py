"""What a tolerant reader ignores in a document, read off the trace of its schema.

Wherever the schema of a tolerant reader is wider than the exact one, its ``x-exact`` holds the keywords that
the exact one has there. JSON Schema calls this an annotation: a validator that traces a document tells which
schemas the document has passed, with their annotations, and so what the exact schema would not have taken.
No keyword is thus defined a second time, but for ``anyOf``: of the branches that pass, those count that pass
exactly as well, or else the one that ignores the least.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from pydantic_core.core_schema import ValidationInfo

from sguild_dispatcher.fields import JsonValue, SchemaRule, Unrecognised
from sguild_dispatcher.fields.json_values import checked

Node: TypeAlias = Mapping[str, Any]
"""A step of a trace: a schema or one of its keywords, with its places in schema and document."""

_PLACE: Final = "instanceLocation"
_PATH: Final = "evaluationPath"
_TAKEN_OUT: Final = "x-exact"
_OF_NAMES: Final = ("properties", "patternProperties")
_SEVERAL: Final = 2
_NAMES: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Ignored:
    """What is ignored below one place, by JSON pointer; ``known`` are the members that a schema speaks of."""

    values: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.values | self.properties)

    def told(self, document: Any) -> dict[str, JsonValue]:
        """Return what is ignored with its value in the document."""
        return {each: _at(document, each) for each in sorted(self.values | self.properties)}


_NOTHING: Final = Ignored()


@dataclass(frozen=True)
class TolerantRule(SchemaRule):
    """The schema of a tolerant reader, for a type that is read from JSON.

    An unknown value of an open enum becomes :class:`Unrecognised` before the type reads it. If the context of
    validation is a dictionary, it takes what is ignored, by JSON pointer.
    """

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._taken, handler(source))

    def ignored(self, document: Any) -> Ignored:
        """Return what of a JSON document is ignored; of one that is refused, nothing."""
        trace = cast("Node", self._validator.evaluate(document).hierarchical())
        return _outermost(_ignored(trace, document)) if trace["valid"] else _NOTHING

    def _taken(self, document: Any, info: ValidationInfo) -> Any:
        checked(document)
        self._read(document)
        found = self.ignored(document)
        if info.context is not None:
            info.context.update(found.told(document))
        for pointer in found.values - found.properties:
            _mark(document, pointer)
        return document


def _ignored(trace: Node, document: Any) -> Ignored:
    """Gather what is ignored from the leaves of a trace to its root; it may be deeper than Python's stack."""
    found: dict[int, Ignored] = {}
    for node, is_schema, parts in reversed(list(_nodes(trace))):
        known = [(each, found.pop(id(each))) for each in parts]
        found[id(node)] = _of_schema(node, known, document) if is_schema else _of_keyword(node, known)
    return found[id(trace)]


def _nodes(trace: Node) -> Iterator[tuple[Node, bool, list[Node]]]:
    """Yield the nodes of a trace that may tell something, whether each is a schema, and those inside."""
    waiting = [(trace, True)]
    while waiting:
        node, is_schema = waiting.pop()
        parts = [each for each in node.get("details", ()) if each["valid"]]
        if is_schema:
            # Of keywords, only those with schemas inside; a reference is the schema that it leads to.
            parts = [each for each in parts if "details" in each or _keyword(each) == "$ref"]
        yield node, is_schema, parts
        waiting += ((each, not is_schema or _keyword(each) == "$ref") for each in parts)


def _keyword(node: Node) -> str:
    path: str = node[_PATH]
    return path[path.rfind("/") + 1 :]


def _of_keyword(node: Node, parts: list[tuple[Node, Ignored]]) -> Ignored:
    """Return what is ignored by schemas within a keyword: of the same value, or of one inside."""
    place = node[_PLACE]
    found = [
        each if part[_PLACE] == place else Ignored(each.values, each.properties, frozenset((part[_PLACE],)))
        for part, each in parts
    ]
    if _keyword(node) == "anyOf" and found:
        exact = [each for each in found if not each]
        found = exact or [min(found, key=len)]
    return _all_of(found)


def _of_schema(node: Node, parts: list[tuple[Node, Ignored]], document: Any) -> Ignored:
    """Return what is ignored by the keywords of a schema, and by their having been taken out of it."""
    whole = _all_of(each for _, each in parts)
    exact = _taken_out(node.get("annotations"))
    if not exact:
        return whole
    place = node[_PLACE]
    value = _at(document, place)
    values, properties = set(whole.values), set(whole.properties)
    if value not in exact.get("enum", (value,)):
        values.add(place)
    if isinstance(value, dict):
        members = {f"{place}/{_escaped(each)}" for each in cast("dict[str, Any]", value)}
        if "additionalProperties" in exact:
            properties |= members - _all_of(each for part, each in parts if _keyword(part) in _OF_NAMES).known
        if "unevaluatedProperties" in exact:
            properties |= members - whole.known
    return Ignored(frozenset(values), frozenset(properties), whole.known)


def _taken_out(annotations: object) -> Mapping[str, Any]:
    """Return what was taken out of a schema; a keyword that is traced inside another one has names there."""
    told = cast("Mapping[str, Any]", annotations if isinstance(annotations, dict) else {})
    found: Mapping[str, Any] = told.get(_TAKEN_OUT, {})
    return found


def _all_of(parts: Iterable[Ignored]) -> Ignored:
    found = tuple(parts)
    if len(found) < _SEVERAL:
        return found[0] if found else _NOTHING
    return Ignored(
        _NAMES.union(*(each.values for each in found)),
        _NAMES.union(*(each.properties for each in found)),
        _NAMES.union(*(each.known for each in found)),
    )


def _outermost(found: Ignored) -> Ignored:
    """Leave out what is inside of a property that is ignored as a whole."""
    whole = found.properties
    return Ignored(frozenset(_outside(found.values, whole)), frozenset(_outside(whole, whole)))


def _outside(pointers: Iterable[str], above: frozenset[str]) -> Iterator[str]:
    for pointer in pointers:
        steps = pointer.split("/")
        if not any("/".join(steps[:length]) in above for length in range(2, len(steps))):
            yield pointer


def _at(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        document = document[_key(document, step)]
    return document


def _mark(document: Any, pointer: str) -> None:
    """Make an unknown value tell by its class that it is one."""
    above, _, last = pointer.rpartition("/")
    holder = _at(document, above)
    key = _key(holder, last)
    holder[key] = Unrecognised(holder[key])


def _key(holder: object, step: str) -> Any:
    return int(step) if isinstance(holder, list) else step.replace("~1", "/").replace("~0", "~")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
