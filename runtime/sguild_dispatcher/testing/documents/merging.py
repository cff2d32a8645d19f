"""Merging schemas to one shape, before a value is drawn.

Ways to satisfy ``anyOf``, ``oneOf``, conditions and dependencies are choices. A choice that contradicts what
is known already is passed over for the next one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sguild_dispatcher.testing.documents.leaves import is_valid, kind_of, same_json
from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.negation import negated
from sguild_dispatcher.testing.documents.shapes import Choice, Contained, Rest, Seen, Shape
from sguild_dispatcher.testing.documents.sources import Contradiction, Source

# The type that a keyword says something about.
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("unevaluatedItems", "$$repeat"), "array"),
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties"), "object"),
    **dict.fromkeys(("propertyNames", "minProperties", "maxProperties", "$$name"), "object"),
    **dict.fromkeys(("dependentRequired", "dependentSchemas", "unevaluatedProperties"), "object"),
}
# Keywords that are looked at one by one when the value is drawn.
_LEAF_KEYWORDS: Final = frozenset(
    (
        *("minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "multipleOf", "minProperties", "maxProperties", "minItems", "maxItems"),
        *("uniqueItems", "$$repeat"),
    )
)
_FALSE: Final = Node(False, "")  # noqa: FBT003 - the JSON Schema false


@dataclass(slots=True)
class Merger:
    """Merges schemas to a shape. ``spend`` is called for each schema, so that a draw comes to an end."""

    library: Library
    spend: Callable[[], None]
    _marks: int = 0

    def shape(self, nodes: Sequence[Node], source: Source) -> Shape:
        """Return what the schemas ask for together, one way of each choice taken.

        Raises:
            Contradiction: they ask for what cannot be.
        """
        shape = Shape()
        for node in nodes:
            self._add(node, shape, ())
        while shape.choices:
            shape = self._choose(shape, source)
        self._close(shape)
        self._narrow(shape)
        return shape

    def _choose(self, shape: Shape, source: Source) -> Shape:
        choice = shape.choices.pop(0)
        first = source.branch(choice.count) if choice.count > 1 else 0
        for offset in range(choice.count):
            trial = shape.another()
            try:
                self._add(choice.way((first + offset) % choice.count), trial, choice.marks)
                self._check(trial)
            except Contradiction:
                continue
            return trial
        raise Contradiction

    def _add(self, node: Node, shape: Shape, marks: tuple[int, ...]) -> None:
        self.spend()
        if node.schema is True:
            return
        if node.schema is False:
            raise Contradiction
        marks = self._marked(node, shape, marks)
        for keyword, value in node.schema.items():
            shape.mentioned.add(_KINDS.get(keyword))
            if keyword in _LEAF_KEYWORDS:
                shape.leaves.append({keyword: value})
            elif keyword in _ADDED:
                _ADDED[keyword](node, shape)
            elif keyword in _IN_PLACE:
                for each in _IN_PLACE[keyword](node, self.library):
                    self._add(each, shape, marks)
            elif keyword in _CHOICES:
                shape.choices.extend(_CHOICES[keyword](node, marks))
        for mark in marks:
            shape.seen[mark] = _evaluated(shape.seen[mark], node)

    def _marked(self, node: Node, shape: Shape, marks: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``marks``, and one more where a schema wants to know what is evaluated beside it."""
        found = [each for each in ("unevaluatedProperties", "unevaluatedItems") if each in node.schema]
        if not found:
            return marks
        self._marks += 1
        shape.seen[self._marks] = Seen()
        shape.unevaluated += [(self._marks, each, node.child(node.get(each))) for each in found]
        return (*marks, self._marks)

    def _close(self, shape: Shape) -> None:
        """Apply ``unevaluated...`` to what no schema beside it has evaluated."""
        for mark, keyword, node in shape.unevaluated:
            seen = shape.seen[mark]
            if keyword == "unevaluatedProperties" and not seen.any_name:
                shape.rests.append(Rest(seen.names, seen.patterns, node))
            elif keyword == "unevaluatedItems" and not seen.any_item:
                shape.items.append((seen.items, node))

    def _check(self, shape: Shape) -> None:
        """Look for contradictions that show without a choice: a draw would find them later, at a price."""
        self._narrow(shape)
        for name in shape.required if "object" in shape.kinds else ():
            nodes = shape.member(name)
            if any(each.schema is False for each in nodes):
                _exclude("object", shape)
            elif len(nodes) > 1 and shape.kinds == ("object",):
                probe = Shape()
                for node in nodes:
                    self._add(node, probe, ())
                self._narrow(probe)

    def _narrow(self, shape: Shape) -> None:
        if shape.values is not None:
            shape.values = [each for each in shape.values if _fits(each, shape)]
            if not shape.values:
                raise Contradiction
        if not shape.kinds:
            raise Contradiction


def _fits(value: Json, shape: Shape) -> bool:
    kind = kind_of(value)
    if kind == "number" and "integer" in shape.kinds:
        kind = "integer"
    if kind not in shape.kinds:
        return False
    if kind in ("array", "object"):
        return not any(same_json(value, other) for each in shape.rejected for other in _listed(each))
    return is_valid(shape.leaf(kind), value)


def _listed(rejected: Mapping[str, Json]) -> list[Json]:
    return [rejected["const"]] if "const" in rejected else list(rejected.get("enum", ()))


def _exclude(kind: str, shape: Shape) -> None:
    shape.kinds = tuple(each for each in shape.kinds if each != kind)
    if not shape.kinds:
        raise Contradiction


def _add_type(node: Node, shape: Shape) -> None:
    value = node.get("type")
    listed = [value] if isinstance(value, str) else value
    if "number" in listed:
        listed = [each for each in listed if each != "integer"]
    found: list[str] = []
    for each in listed:
        if each in shape.kinds:
            found.append(each)
        elif (each == "integer" and "number" in shape.kinds) or (
            each == "number" and "integer" in shape.kinds
        ):
            found.append("integer")
    shape.kinds, shape.typed = tuple(found), True
    if not found:
        raise Contradiction


def _add_values(node: Node, shape: Shape) -> None:
    listed = node.get("enum", [])
    if "const" in node.schema:
        const = node.get("const")
        listed = [const] if "enum" not in node.schema or any(same_json(const, e) for e in listed) else []
    if shape.values is not None:
        listed = [each for each in shape.values if any(same_json(each, other) for other in listed)]
    shape.values = listed
    if not listed:
        raise Contradiction


def _add_rejected(node: Node, shape: Shape) -> None:
    shape.rejected.append(node.get("$$reject"))


def _add_properties(node: Node, shape: Shape) -> None:
    for name, each in node.named("properties").items():
        shape.properties[name] = (*shape.properties.get(name, ()), each)


def _add_patterns(node: Node, shape: Shape) -> None:
    shape.patterns.extend(node.named("patternProperties").items())


def _add_required(node: Node, shape: Shape) -> None:
    shape.required.update(dict.fromkeys(node.get("required")))


def _add_rest(node: Node, shape: Shape) -> None:
    names, patterns = frozenset(node.get("properties", ())), tuple(node.get("patternProperties", ()))
    shape.rests.append(Rest(names, patterns, node.child(node.get("additionalProperties"))))


def _add_names(node: Node, shape: Shape) -> None:
    shape.names.append(node.child(node.get("propertyNames")))


def _add_one_name(node: Node, shape: Shape) -> None:
    shape.one_name.append(node.child(node.get("$$name")))


def _add_prefix(node: Node, shape: Shape) -> None:
    shape.prefix.extend(enumerate(node.children("prefixItems")))


def _add_items(node: Node, shape: Shape) -> None:
    shape.items.append((len(node.get("prefixItems", ())), node.child(node.get("items"))))


def _add_contains(node: Node, shape: Shape) -> None:
    low, high = node.get("minContains", 1), node.get("maxContains")
    shape.contained.append(Contained(node.child(node.get("contains")), int(low), high))


_ADDED: Final[Mapping[str, Callable[[Node, Shape], None]]] = {
    "type": _add_type,
    "enum": _add_values,
    "const": _add_values,
    "$$reject": _add_rejected,
    "properties": _add_properties,
    "patternProperties": _add_patterns,
    "required": _add_required,
    "additionalProperties": _add_rest,
    "propertyNames": _add_names,
    "$$name": _add_one_name,
    "prefixItems": _add_prefix,
    "items": _add_items,
    "contains": _add_contains,
}
_IN_PLACE: Final[Mapping[str, Callable[[Node, Library], list[Node]]]] = {
    "$ref": lambda node, library: [library.target(node)],
    "allOf": lambda node, _: node.children("allOf"),
    "not": lambda node, library: [negated(node.child(node.get("not")), library)],
}


def _any_of(node: Node, marks: tuple[int, ...]) -> list[Choice]:
    branches = node.children("anyOf")
    return [Choice(len(branches), branches.__getitem__, marks)]


def _one_of(node: Node, marks: tuple[int, ...]) -> list[Choice]:
    branches = node.children("oneOf")

    def way(index: int) -> Node:
        others = [{"not": each} for at, each in enumerate(branches) if at != index]
        return Node({"allOf": [branches[index], *others]}, node.base)

    return [Choice(len(branches), way, marks)]


def _condition(node: Node, marks: tuple[int, ...]) -> list[Choice]:
    condition = node.child(node.get("if"))
    ways = [
        Node({"allOf": [{"not": condition}, node.child(node.get("else", True))]}, node.base),
        Node({"allOf": [condition, node.child(node.get("then", True))]}, node.base),
    ]
    return [Choice(2, ways.__getitem__, marks)]


def _dependent_required(node: Node, marks: tuple[int, ...]) -> list[Choice]:
    return [
        _dependency(node, name, {"required": names}, marks)
        for name, names in node.get("dependentRequired").items()
    ]


def _dependent_schemas(node: Node, marks: tuple[int, ...]) -> list[Choice]:
    return [_dependency(node, name, each, marks) for name, each in node.named("dependentSchemas").items()]


def _dependency(node: Node, name: str, wanted: Json, marks: tuple[int, ...]) -> Choice:
    absent = Node({"properties": {name: _FALSE}}, node.base)
    present = Node({"required": [name], "allOf": [wanted]}, node.base)
    return Choice(2, (absent, present).__getitem__, marks)


_CHOICES: Final[Mapping[str, Callable[[Node, tuple[int, ...]], list[Choice]]]] = {
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _condition,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
}


def _evaluated(seen: Seen, node: Node) -> Seen:
    """Add what one schema evaluates to what the schemas beside it do."""
    own = node.schema
    return Seen(
        seen.names | frozenset(own.get("properties", ())),
        (*seen.patterns, *own.get("patternProperties", ())),
        seen.any_name or "additionalProperties" in own,
        max(seen.items, len(own.get("prefixItems", ()))),
        seen.any_item or "items" in own,
    )
