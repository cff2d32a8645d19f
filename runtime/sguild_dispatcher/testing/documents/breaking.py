"""Schemas for documents that break one rule in one place and keep all others.

One keyword, here or further in, is taken out and its negation put in: what is drawn for the result misses
the schema there, and nowhere else unless a rule depends on another.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.negation import fresh_name, negations
from sguild_dispatcher.testing.documents.sources import Source

_DEEPEST: Final = 12
_Way: TypeAlias = Callable[[], Node]


def broken(node: Node, library: Library, source: Source, depth: int = 0) -> Node:
    """Return a schema for documents that miss ``node`` in one place, which the source chooses."""
    if isinstance(node.schema, bool):
        return Node(not node.schema, node.base)
    inner = partial(broken, library=library, source=source, depth=depth + 1)
    ways = [*_own(node, library)]
    if depth < _DEEPEST:
        ways += _inside(node, library, inner)
    if not ways:
        return Node(False, node.base)  # noqa: FBT003 - the JSON Schema false
    return ways[source.branch(len(ways))]()


def _own(node: Node, library: Library) -> Iterator[_Way]:
    """Yield the ways to break a keyword of this schema itself."""
    for keyword in node.schema:
        if keyword in ("properties", "$ref", "allOf"):
            continue  # broken further in
        kept = _kept(keyword, node)
        for each in negations(node, keyword, library):
            yield partial(node.but, keyword, *_companions(keyword), allOf=[*kept, each])
        if keyword == "required":
            yield from (_without(name, node) for name in node.get("required"))


def _companions(keyword: str) -> tuple[str, ...]:
    companions = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}
    return companions.get(keyword, ())


def _kept(keyword: str, node: Node) -> list[Json]:
    """Return what has to hold still when a keyword goes that others lean on."""
    if keyword in ("additionalProperties", "unevaluatedProperties") and node.get(keyword) is False:
        return [{"propertyNames": {"enum": [*node.get("properties", ()), fresh_name(node)]}}]
    return []


def _without(name: str, node: Node) -> _Way:
    required = [each for each in node.get("required") if each != name]
    absent = {"properties": {name: False}}
    return partial(node.but, required=required, allOf=[absent])


def _inside(node: Node, library: Library, inner: Callable[[Node], Node]) -> Iterator[_Way]:
    """Yield the ways to break a schema inside of this one."""
    if "$ref" in node.schema:
        yield lambda: node.but("$ref", allOf=[inner(library.target(node))])
    for index, each in enumerate(node.children("allOf")):
        yield partial(_branch, node, index, each, inner)
    for name, each in node.named("properties").items():
        yield partial(_member, node, name, each, inner)
    for index, each in enumerate(node.children("prefixItems")):
        yield partial(_element, node, index, each, inner)
    if isinstance(node.get("items"), dict):
        start = len(node.get("prefixItems", ()))
        yield partial(_element, node, start, node.child(node.get("items")), inner)
    if isinstance(node.get("additionalProperties"), dict):
        extra = node.child(node.get("additionalProperties"))
        yield partial(_member, node, fresh_name(node), extra, inner)


def _branch(node: Node, index: int, each: Node, inner: Callable[[Node], Node]) -> Node:
    others = [other for at, other in enumerate(node.children("allOf")) if at != index]
    return node.but("allOf").but(allOf=[*others, inner(each)])


def _member(node: Node, name: str, each: Node, inner: Callable[[Node], Node]) -> Node:
    properties = {**node.named("properties"), name: inner(each)}
    return node.but(properties=properties, required=[*dict.fromkeys((*node.get("required", ()), name))])


def _element(node: Node, index: int, each: Node, inner: Callable[[Node], Node]) -> Node:
    prefix = [*node.children("prefixItems")[:index], inner(each), *node.children("prefixItems")[index + 1 :]]
    least = max(int(node.get("minItems", 0)), index + 1)
    return node.but(prefixItems=prefix, minItems=least)
