"""Schemas as nodes: equal schemas are one node, also where one is in the old document and one in the new."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sguild_codegen.compat import keywords
from sguild_codegen.compat.formulas import FALSE, TRUE, Formula, Goal, Kind, all_of, any_of
from sguild_codegen.compat.resolving import Document, Json, Place, canonical, is_array, is_object, subschemas

# What says nothing about which documents are accepted: it does not tell nodes apart.
ANNOTATIONS: Final = frozenset(
    (
        *("$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$defs", "definitions", "$vocabulary"),
        *("title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
    )
)


_Closure: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Node:
    """One schema, and what it says about values of each kind."""

    space: "Space"
    document: Document
    place: Place
    _formulas: dict[tuple[Kind, bool], Formula] = field(default_factory=dict[tuple[Kind, bool], Formula])

    def formula(self, kind: Kind, *, wanted: bool) -> Formula:
        """Return the condition on a value of a kind to be accepted, or (not ``wanted``) to be rejected.

        Raises:
            Undecided: a keyword is not handled.
        """
        found = self._formulas.get((kind, wanted))
        if found is None:
            found = self._accepting(kind) if wanted else self.formula(kind, wanted=True).negated()
            self._formulas[kind, wanted] = found
        return found

    def _accepting(self, kind: Kind) -> Formula:
        schema = self.place.schema
        if isinstance(schema, bool):
            return TRUE if schema else FALSE
        return all_of(*(build(self, schema, kind) for build in keywords.BUILDERS))

    def below(self, schema: Json) -> "Node":
        """Return the node of a schema inside this one."""
        return self.space.node(self.document, Place(schema, self.document.base_of(schema, self.place.base)))

    def goal(self, schema: Json) -> Goal:
        """Return the goal to be accepted by a schema inside this one."""
        return Goal(self.below(schema))

    def referred(self, reference: str) -> "Node":
        """Return the node that a reference of this one leads to.

        Raises:
            Undecided: it leads nowhere.
        """
        base = self.document.base_of(self.place.schema, self.place.base)
        return self.space.node(self.document, self.document.resolve(reference, base))


@dataclass(slots=True, eq=False)
class Either:
    """A node without a schema: it accepts what at least one goal asks for."""

    goals: frozenset[Goal]

    def formula(self, kind: Kind, *, wanted: bool) -> Formula:
        """Return the condition to be accepted, or to be rejected: the same one for each kind."""
        del kind  # goals are unfolded by kind when the search comes to them
        found = any_of(*self.goals)
        return found if wanted else found.negated()


@dataclass(slots=True)
class Space:
    """The nodes of all documents of one comparison."""

    _nodes: dict[_Closure, Node] = field(default_factory=dict[_Closure, Node])
    _either: dict[frozenset[Goal], Either] = field(default_factory=dict[frozenset[Goal], Either])
    _keys: dict[tuple[int, int, str], _Closure] = field(default_factory=dict[tuple[int, int, str], _Closure])
    _kept: list[tuple[Document, Json]] = field(default_factory=list[tuple[Document, Json]])

    def root(self, document: Document) -> Node:
        """Return the node of a whole document."""
        return self.node(document, document.resolve("", ""))

    def constant(self, value: Json) -> Node:
        """Return the node that accepts one value."""
        schema = {"const": value}
        return self.node(Document(schema), Place(schema, ""))

    def either(self, goals: "set[Goal]") -> Goal:
        """Return the goal to meet at least one of some goals."""
        if len(goals) == 1:
            return next(iter(goals))
        key = frozenset(goals)
        return Goal(self._either.setdefault(key, Either(key)))

    def node(self, document: Document, place: Place) -> Node:
        """Return the node of a schema: the same one for all schemas that say the same in the same words."""
        key = self._key(document, place)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(self, document, place)
        return found

    def _key(self, document: Document, place: Place) -> _Closure:
        address = id(document), id(place.schema), place.base
        known = self._keys.get(address)
        if known is None:
            known = self._keys[address] = _closure(document, place)
            self._kept.append((document, place.schema))  # an id is only that of an object while it lives
        return known


def _closure(document: Document, place: Place) -> _Closure:
    """Return the text of a schema and of all that it refers to, each by how it is referred to."""
    found: dict[str, str] = {}
    waiting = [("", place)]
    while waiting:
        name, each = waiting.pop()
        if name in found:
            continue
        found[name] = canonical(_constraints(each.schema))
        for reference, inner in _references(document, each.schema, each.base):
            target = document.resolve(reference, inner)
            waiting.append((f"{inner} {reference}", target))
    return tuple(sorted(found.items()))


def _references(document: Document, schema: Json, base: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting = [(schema, base)]
    while waiting:
        each, around = waiting.pop()
        inner = document.base_of(each, around)
        if is_object(each):
            found += ((each[key], inner) for key in ("$ref", "$dynamicRef") if isinstance(each.get(key), str))
            waiting += ((one, inner) for one in _constraining(each))
    return found


def _constraining(schema: Json) -> list[Json]:
    """Return the schemas inside a schema that constrain: definitions do only where they are referred to."""
    kept = {name: value for name, value in schema.items() if name not in ("$defs", "definitions")}
    return list(subschemas(kept))


def _constraints(schema: Json) -> Json:
    """Return a schema without annotations."""
    if not is_object(schema):
        return schema
    return {name: _kept(name, value) for name, value in schema.items() if name not in ANNOTATIONS}


def _kept(name: str, value: Json) -> Json:
    if name in ("properties", "patternProperties", "dependentSchemas") and is_object(value):
        return {key: _constraints(each) for key, each in value.items()}
    if name in ("prefixItems", "allOf", "anyOf", "oneOf") and is_array(value):
        return [_constraints(each) for each in value]
    if name in ("const", "enum", "required", "dependentRequired"):
        return value
    return _constraints(value)
