"""``unevaluatedProperties`` and ``unevaluatedItems``, by the cases of what other keywords have evaluated.

Which members are evaluated depends on which branches hold. Each case says under which conditions it holds,
and what is evaluated then; the cases of a schema cover all values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sguild_codegen.compat.formulas import (
    TRUE,
    Cell,
    ElementsFrom,
    Formula,
    Goal,
    Has,
    Kind,
    Lacks,
    Properties,
    all_of,
    any_of,
)
from sguild_codegen.compat.resolving import is_object
from sguild_codegen.compat.undecided import Undecided

if TYPE_CHECKING:
    from sguild_codegen.compat.nodes import Node

_MOST_CASES: Final = 256
_DEEPEST: Final = 64

Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Case:
    """Under ``conditions``: properties of these names and patterns, or elements, are evaluated."""

    conditions: tuple[Formula, ...] = ()
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    prefix: int = 0
    contained: frozenset[Goal] = frozenset()
    everything: bool = False

    @property
    def says_nothing(self) -> bool:
        return self == _Case(self.conditions)

    def beside(self, other: "_Case") -> "_Case":
        return _Case(
            (*self.conditions, *other.conditions),
            self.names | other.names,
            self.patterns | other.patterns,
            max(self.prefix, other.prefix),
            self.contained | other.contained,
            self.everything or other.everything,
        )

    def under(self, condition: Formula) -> "_Case":
        return replace(self, conditions=(condition, *self.conditions))


def unevaluated_properties(node: "Node", schema: Schema, kind: Kind) -> Formula:
    """Return what the keyword says about objects.

    Raises:
        Undecided: there are too many cases.
    """
    if kind != "object" or "unevaluatedProperties" not in schema:
        return TRUE
    goal = node.goal(schema["unevaluatedProperties"])
    return all_of(
        *(
            _unless(case, Properties(Cell(case.names, others=tuple(sorted(case.patterns))), goal))
            for case in _Cases(kind).of(node, outermost=True)
            if not case.everything
        )
    )


def unevaluated_items(node: "Node", schema: Schema, kind: Kind) -> Formula:
    """Return what the keyword says about arrays.

    Raises:
        Undecided: there are too many cases.
    """
    if kind != "array" or "unevaluatedItems" not in schema:
        return TRUE
    goal = node.goal(schema["unevaluatedItems"])
    return all_of(
        *(
            _unless(case, ElementsFrom(case.prefix, node.space.either({goal, *case.contained})))
            for case in _Cases(kind).of(node, outermost=True)
            if not case.everything
        )
    )


def _unless(case: _Case, formula: Formula) -> Formula:
    return any_of(*(each.negated() for each in case.conditions), formula)


@dataclass(slots=True)
class _Cases:
    kind: Kind
    depth: int = 0

    def of(self, node: "Node", *, outermost: bool = False) -> list[_Case]:
        """Return the cases of a node; the keyword of the outermost one asks, and evaluates nothing itself."""
        schema = node.place.schema
        if not is_object(schema):
            return [_Case()]
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Undecided("an unevaluated* keyword stands beside references that lead in a circle")
        cases = [self._own(node, schema, outermost=outermost)]
        for found in self._applied(node, schema):
            if all(each.says_nothing for each in found):
                continue
            cases = [left.beside(right) for left in cases for right in found]
            if len(cases) > _MOST_CASES:
                raise Undecided("an unevaluated* keyword stands beside too many branches")
        self.depth -= 1
        return cases

    def _own(self, node: "Node", schema: Schema, *, outermost: bool) -> _Case:
        if self.kind == "object":
            names, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
            rest = "additionalProperties" in schema
            nested = "unevaluatedProperties" in schema and not outermost
            return _Case((), frozenset(names), frozenset(patterns), everything=rest or nested)
        rest = "items" in schema or ("unevaluatedItems" in schema and not outermost)
        contained = frozenset({node.goal(schema["contains"])}) if "contains" in schema else frozenset[Goal]()
        return _Case(prefix=len(schema.get("prefixItems", ())), contained=contained, everything=rest)

    def _applied(self, node: "Node", schema: Schema) -> Iterator[list[_Case]]:
        """Yield the cases of each keyword that applies other schemas to the same value."""
        if "$ref" in schema:
            yield self.of(node.referred(schema["$ref"]))
        for each in schema.get("allOf", ()):
            yield self.of(node.below(each))
        for each in schema.get("anyOf", ()):
            yield [*self._if_holds(node, each), _Case((node.goal(each).negated(),))]
        if "oneOf" in schema:
            yield [case for each in schema["oneOf"] for case in self._if_holds(node, each)]
        if "if" in schema:
            yield self._conditional(node, schema)
        if self.kind == "object":
            for name, each in schema.get("dependentSchemas", {}).items():
                yield [*_under(Has(name), self.of(node.below(each))), _Case((Lacks(name),))]

    def _if_holds(self, node: "Node", schema: Any) -> list[_Case]:
        return _under(node.goal(schema), self.of(node.below(schema)))

    def _conditional(self, node: "Node", schema: Schema) -> list[_Case]:
        condition = node.goal(schema["if"])
        holds = self.of(node.below(schema["if"]))
        then = self.of(node.below(schema.get("then", True)))
        otherwise = self.of(node.below(schema.get("else", True)))
        both = [left.beside(right) for left in holds for right in then]
        return [*_under(condition, both), *_under(condition.negated(), otherwise)]


def _under(condition: Formula, cases: Iterable[_Case]) -> list[_Case]:
    return [each.under(condition) for each in cases]
