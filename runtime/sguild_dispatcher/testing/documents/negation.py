"""What breaks a schema: for each keyword, the schemas that hold exactly where the keyword does not.

Keywords that start with two dollar signs are this package's own: ``$$reject`` is a constraint that a scalar
must not satisfy, ``$$name`` a schema that one name of an object satisfies, ``$$repeat`` wants equal elements.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from sguild_dispatcher.testing.documents.leaves import is_valid
from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.patterns import matching
from sguild_dispatcher.testing.documents.sources import SeededSource
from sguild_dispatcher.testing.documents.words import NAMES

TYPES: Final = ("string", "number", "boolean", "null", "array", "object")
_PAIRS: Final = 6  # of branches of oneOf that are made to hold together

_Negation = Callable[[Node, Json], Iterator[dict[str, Any]]]


def negated(node: Node, library: Library) -> Node:
    """Return a schema that accepts what ``node`` refuses; it may accept a little more."""
    if isinstance(node.schema, bool):
        return Node(not node.schema, node.base)
    options = [each for keyword in node.schema for each in negations(node, keyword, library)]
    if not options:
        return Node(False, node.base)  # noqa: FBT003 - the JSON Schema false
    return options[0] if len(options) == 1 else Node({"anyOf": options}, node.base)


def negations(node: Node, keyword: str, library: Library) -> list[Node]:
    """Return the ways in which one keyword of a schema can be broken; none for an annotation."""
    if keyword == "$ref":
        return [negated(library.target(node), library)]
    if keyword not in _NEGATIONS:
        return []
    return [Node(each, node.base) for each in _NEGATIONS[keyword](node, node.get(keyword))]


def fresh_name(node: Node) -> str:
    """Return a name that neither ``properties`` nor ``patternProperties`` of a schema say anything about."""
    known = node.get("properties", {})
    patterns = list(node.get("patternProperties", {}))
    taken = {each for each in NAMES for pattern in patterns if is_valid({"pattern": pattern}, each)}
    return next((each for each in NAMES if each not in known and each not in taken), "nobody's name")


def _not(schema: Json) -> dict[str, Any]:
    return {"not": schema}


def _type(_: Node, value: Json) -> Iterator[dict[str, Any]]:
    listed = [value] if isinstance(value, str) else value
    rest = [each for each in TYPES if each not in listed and not (each == "number" and "integer" in listed)]
    if rest:
        yield {"type": rest}
    if "integer" in listed and "number" not in listed:
        yield {"type": "number", "$$reject": {"type": "integer"}}


def _values(_: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield {"$$reject": {"enum": value}}


def _value(_: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield {"$$reject": {"const": value}}


def _rejecting(kind: str, keyword: str) -> _Negation:
    def negation(_: Node, value: Json) -> Iterator[dict[str, Any]]:
        yield {"type": kind, "$$reject": {keyword: value}}

    return negation


def _opposite(kind: str, keyword: str) -> _Negation:
    def negation(_: Node, value: Json) -> Iterator[dict[str, Any]]:
        yield {"type": kind, keyword: value}

    return negation


def _fewer(kind: str, keyword: str) -> _Negation:
    def negation(_: Node, value: Json) -> Iterator[dict[str, Any]]:
        if value > 0:
            yield {"type": kind, keyword: int(value) - 1}

    return negation


def _more(kind: str, keyword: str) -> _Negation:
    def negation(_: Node, value: Json) -> Iterator[dict[str, Any]]:
        yield {"type": kind, keyword: int(value) + 1}

    return negation


def _member(name: str, schema: Json) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: schema}}


def _absent(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, False)}


def _element(index: int, schema: Json) -> dict[str, Any]:
    return {"type": "array", "minItems": index + 1, "prefixItems": [*[True] * index, schema]}


def _required(_: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield from (_absent(name) for name in value)


def _properties(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    yield from (_member(name, _not(each)) for name, each in node.named("properties").items())


def _pattern_properties(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    for pattern, each in node.named("patternProperties").items():
        yield _member(matching(pattern, SeededSource(pattern)), _not(each))


def _extra(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield _member(fresh_name(node), _not(node.child(value)))


def _property_names(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield {"type": "object", "$$name": _not(node.child(value))}


def _dependent_required(_: Node, value: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    for name, wanted in value.items():
        yield from ({**_absent(each), "required": [name]} for each in wanted)


def _dependent_schemas(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    for name, each in node.named("dependentSchemas").items():
        yield {"type": "object", "required": [name], "not": each}


def _prefix_items(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    yield from (_element(index, _not(each)) for index, each in enumerate(node.children("prefixItems")))


def _items(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield _element(len(node.get("prefixItems", ())), _not(node.child(value)))


def _contains(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    each, low, high = node.child(value), node.get("minContains", 1), node.get("maxContains")
    if low == 1:
        yield {"type": "array", "items": _not(each)}
    elif low > 1:
        yield {"type": "array", "contains": each, "minContains": 0, "maxContains": low - 1}
    if high is not None:
        yield {"type": "array", "contains": each, "minContains": high + 1}


def _unique(_: Node, value: Json) -> Iterator[dict[str, Any]]:
    if value:
        yield {"type": "array", "minItems": 2, "$$repeat": True}


def _all_of(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    yield from (_not(each) for each in node.children("allOf"))


def _any_of(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    yield {"allOf": [_not(each) for each in node.children("anyOf")]}


def _one_of(node: Node, _: Json) -> Iterator[dict[str, Any]]:
    branches = node.children("oneOf")
    yield {"allOf": [_not(each) for each in branches]}
    for number, pair in enumerate(combinations(branches, 2)):
        if number < _PAIRS:
            yield {"allOf": list(pair)}


def _negative(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    yield {"allOf": [node.child(value)]}


def _conditional(node: Node, value: Json) -> Iterator[dict[str, Any]]:
    condition = node.child(value)
    if "then" in node.schema:
        yield {"allOf": [condition, _not(node.child(node.get("then")))]}
    if "else" in node.schema:
        yield {"allOf": [_not(condition), _not(node.child(node.get("else")))]}


_NEGATIONS: Final[Mapping[str, _Negation]] = {
    "type": _type,
    "enum": _values,
    "const": _value,
    "minLength": _fewer("string", "maxLength"),
    "maxLength": _more("string", "minLength"),
    "pattern": _rejecting("string", "pattern"),
    "format": _rejecting("string", "format"),
    "minimum": _opposite("number", "exclusiveMaximum"),
    "maximum": _opposite("number", "exclusiveMinimum"),
    "exclusiveMinimum": _opposite("number", "maximum"),
    "exclusiveMaximum": _opposite("number", "minimum"),
    "multipleOf": _rejecting("number", "multipleOf"),
    "properties": _properties,
    "required": _required,
    "additionalProperties": _extra,
    "unevaluatedProperties": _extra,
    "patternProperties": _pattern_properties,
    "propertyNames": _property_names,
    "minProperties": _fewer("object", "maxProperties"),
    "maxProperties": _more("object", "minProperties"),
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "items": _items,
    "unevaluatedItems": _items,
    "prefixItems": _prefix_items,
    "contains": _contains,
    "minItems": _fewer("array", "maxItems"),
    "maxItems": _more("array", "minItems"),
    "uniqueItems": _unique,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _negative,
    "if": _conditional,
}
