"""The schemas that documents are drawn from, and where their references lead.

A schema is read as it is written, not through the generator's model of it: a fault of the generator's
reader must not be shared by what tests it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urljoin

from sguild_dispatcher.testing.documents.leaves import kind_of

Json: TypeAlias = Any

_MAPS: Final = frozenset(("properties", "patternProperties", "$defs", "dependentSchemas"))
_VALUES: Final = frozenset(("const", "enum", "default", "examples", "required", "dependentRequired"))


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A schema and the URI that its references start from; parts may be nodes with a URI of their own."""

    schema: Json
    base: str

    def child(self, schema: Json) -> "Node":
        """Return a schema that stands inside of this one."""
        if isinstance(schema, Node):
            return schema
        own = _members(schema).get("$id")
        return Node(schema, urljoin(self.base, own) if isinstance(own, str) else self.base)

    def get(self, keyword: str, default: Json = None) -> Json:
        """Return the value of a keyword."""
        return self.schema.get(keyword, default)

    def children(self, keyword: str) -> "list[Node]":
        """Return the schemas that a keyword lists; none if it is not there."""
        return [self.child(each) for each in self.get(keyword, ())]

    def named(self, keyword: str) -> "dict[str, Node]":
        """Return the schemas that a keyword has by name; none if it is not there."""
        return {name: self.child(each) for name, each in self.get(keyword, {}).items()}

    def but(self, *without: str, **keywords: Json) -> "Node":
        """Return the schema with keywords left out or added; ``allOf`` is added to what is there."""
        kept = {key: value for key, value in self.schema.items() if key not in (*without, *keywords)}
        if "allOf" in keywords:
            keywords["allOf"] = [*self.get("allOf", ()), *keywords["allOf"]]
        return Node({**kept, **keywords}, self.base)


@dataclass(slots=True)
class Library:
    """One schema, and others that it refers to, by URI."""

    schema: Json
    others: Mapping[str, Json] = field(default_factory=dict[str, Json])
    _resources: dict[str, Node] = field(default_factory=dict[str, Node], init=False)
    _anchors: dict[tuple[str, str], Node] = field(default_factory=dict[tuple[str, str], Node], init=False)

    def __post_init__(self) -> None:
        for uri, schema in self.others.items():
            self._resources[uri] = _top(schema, uri)
            self._scan(_top(schema, uri))
        self._resources[self.root.base] = self.root
        self._scan(self.root)

    @property
    def root(self) -> Node:
        """The schema that documents are drawn for."""
        return _top(self.schema, "")

    def target(self, node: Node) -> Node:
        """Return what the ``$ref`` of a node leads to.

        Raises:
            KeyError: there is nothing.
        """
        reference = node.get("$ref")
        # urljoin knows no URN, and a fragment needs no joining.
        uri = f"{node.base}{reference}" if reference.startswith("#") else urljoin(node.base, reference)
        address, _, fragment = uri.partition("#")
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchors[address, fragment]
        found = self._resources[address]
        for step in fragment.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.child(found.schema[int(key) if isinstance(found.schema, list) else key])
        return found

    def _scan(self, node: Node) -> None:
        """Note every ``$id`` and ``$anchor`` below a node."""
        if isinstance(node.get("$id"), str):
            self._resources[node.base] = node
        if isinstance(node.get("$anchor"), str):
            self._anchors[node.base, node.get("$anchor")] = node
        for each in _parts(node):
            self._scan(each)


def _top(schema: Json, uri: str) -> Node:
    return Node(schema, uri).child(schema if isinstance(schema, dict) else {"allOf": [schema]})


def _parts(node: Node) -> Iterator[Node]:
    for keyword, value in node.schema.items():
        listed = value if kind_of(value) == "array" else [value]
        if keyword in _MAPS:
            listed = list(_members(value).values())
        if keyword not in _VALUES:
            yield from (node.child(each) for each in listed if isinstance(each, dict))


def _members(value: Json) -> dict[str, Json]:
    return value if kind_of(value) == "object" else {}
