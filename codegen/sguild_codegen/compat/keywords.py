"""What each keyword says about values of a kind, as a formula. One builder a keyword or pair of keywords."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sguild_codegen.compat.evaluated import unevaluated_items, unevaluated_properties
from sguild_codegen.compat.formats import FORMATS
from sguild_codegen.compat.formulas import (
    FALSE,
    TRUE,
    AtLeast,
    AtMost,
    Cell,
    CountAtLeast,
    CountAtMost,
    Distinct,
    ElementAt,
    ElementsFrom,
    Formula,
    Goal,
    Has,
    HasFormat,
    Kind,
    Lacks,
    Matches,
    Multiple,
    Names,
    OneOf,
    Properties,
    Property,
    SizeAtLeast,
    SizeAtMost,
    all_of,
    any_of,
)
from sguild_codegen.compat.numbers import exact
from sguild_codegen.compat.resolving import Json, is_array
from sguild_codegen.compat.undecided import Undecided

if TYPE_CHECKING:
    from sguild_codegen.compat.nodes import Node

Schema: TypeAlias = Mapping[str, Any]
Builder: TypeAlias = Callable[["Node", Schema, Kind], Formula]

_INTEGRAL: Final = Multiple(Fraction(1))


def kind_of(value: Json) -> Kind:
    """Return the kind of a JSON value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _type(_: "Node", schema: Schema, kind: Kind) -> Formula:
    if "type" not in schema:
        return TRUE
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if kind in types:
        return TRUE
    return _INTEGRAL if kind == "number" and "integer" in types else FALSE


def _values(node: "Node", schema: Schema, kind: Kind) -> Formula:
    parts: list[Formula] = []
    if "enum" in schema:
        parts.append(_among(node, schema["enum"], kind))
    if "const" in schema:
        parts.append(_among(node, [schema["const"]], kind))
    return all_of(*parts)


def _among(node: "Node", values: list[Json], kind: Kind) -> Formula:
    found = [each for each in values if kind_of(each) == kind]
    if kind in ("array", "object"):
        return any_of(*(_equal(node, each) for each in found))
    if kind == "null":
        return TRUE if found else FALSE
    scalars = [exact(each) if kind == "number" else each for each in found]
    return OneOf(frozenset(scalars)) if scalars else FALSE


def _equal(node: "Node", value: Json) -> Formula:
    if is_array(value):
        elements = (ElementAt(index, _constant(node, each)) for index, each in enumerate(value))
        return all_of(SizeAtLeast(len(value)), SizeAtMost(len(value)), *elements)
    members = (
        part for name, each in value.items() for part in (Has(name), Property(name, _constant(node, each)))
    )
    nothing = Properties(Cell(frozenset(value)), node.goal(False))  # noqa: FBT003 - the schema false
    return all_of(*members, nothing)


def _constant(node: "Node", value: Json) -> Goal:
    return Goal(node.space.constant(value))


def _bounds(_: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind != "number":
        return TRUE
    parts: list[Formula] = []
    for name, atom, strict in (
        ("minimum", AtLeast, False),
        ("exclusiveMinimum", AtLeast, True),
        ("maximum", AtMost, False),
        ("exclusiveMaximum", AtMost, True),
    ):
        if name in schema:
            parts.append(atom(exact(schema[name]), strict))
    if "multipleOf" in schema:
        parts.append(Multiple(exact(schema["multipleOf"])))
    return all_of(*parts)


_SIZES: Final[Mapping[Kind, tuple[str, str]]] = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


def _sizes(_: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind not in _SIZES:
        return TRUE
    least, most = _SIZES[kind]
    parts: list[Formula] = []
    if schema.get(least, 0) > 0:
        parts.append(SizeAtLeast(int(schema[least])))
    if most in schema:
        parts.append(SizeAtMost(int(schema[most])))
    return all_of(*parts)


def _text(_: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind != "string":
        return TRUE
    parts: list[Formula] = []
    if "pattern" in schema:
        parts.append(Matches(schema["pattern"]))
    if schema.get("format") in FORMATS:
        parts.append(HasFormat(schema["format"]))
    return all_of(*parts)


def _elements(node: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind != "array":
        return TRUE
    prefix = schema.get("prefixItems", [])
    parts: list[Formula] = [ElementAt(index, node.goal(each)) for index, each in enumerate(prefix)]
    if "items" in schema:
        parts.append(ElementsFrom(len(prefix), node.goal(schema["items"])))
    if schema.get("uniqueItems"):
        parts.append(Distinct())
    return all_of(*parts, *_contained(node, schema))


def _contained(node: "Node", schema: Schema) -> list[Formula]:
    if "contains" not in schema:
        return []
    goal, least = node.goal(schema["contains"]), int(schema.get("minContains", 1))
    parts: list[Formula] = [CountAtLeast(goal, least)] if least > 0 else []
    return [*parts, CountAtMost(goal, int(schema["maxContains"]))] if "maxContains" in schema else parts


def _members(node: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind != "object":
        return TRUE
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    parts: list[Formula] = [Has(name) for name in schema.get("required", ())]
    parts += (Property(name, node.goal(each)) for name, each in named.items())
    parts += (Properties(Cell(pattern=each), node.goal(inner)) for each, inner in patterns.items())
    if "additionalProperties" in schema:
        rest = Cell(frozenset(named), others=tuple(sorted(patterns)))
        parts.append(Properties(rest, node.goal(schema["additionalProperties"])))
    if "propertyNames" in schema:
        parts.append(Names(node.goal(schema["propertyNames"])))
    return all_of(*parts)


def _dependent(node: "Node", schema: Schema, kind: Kind) -> Formula:
    if kind != "object":
        return TRUE
    parts: list[Formula] = []
    for name, wanted in schema.get("dependentRequired", {}).items():
        parts.append(any_of(Lacks(name), all_of(*(Has(each) for each in wanted))))
    for name, inner in schema.get("dependentSchemas", {}).items():
        parts.append(any_of(Lacks(name), node.goal(inner)))
    return all_of(*parts)


def _combined(node: "Node", schema: Schema, _: Kind) -> Formula:
    parts: list[Formula] = [node.goal(each) for each in schema.get("allOf", ())]
    if "anyOf" in schema:
        parts.append(any_of(*(node.goal(each) for each in schema["anyOf"])))
    if "oneOf" in schema:
        parts.append(_exactly_one([node.goal(each) for each in schema["oneOf"]]))
    if "not" in schema:
        parts.append(node.goal(schema["not"]).negated())
    return all_of(*parts)


def _exactly_one(goals: list[Goal]) -> Formula:
    """Return the formula whose negation is short as well: a branch that holds is not alone."""
    return any_of(
        *(
            all_of(each, *(other.negated() for place, other in enumerate(goals) if place != index))
            for index, each in enumerate(goals)
        )
    )


def _conditional(node: "Node", schema: Schema, _: Kind) -> Formula:
    if "if" not in schema:
        return TRUE
    condition = node.goal(schema["if"])
    parts: list[Formula] = []
    if "then" in schema:
        parts.append(any_of(condition.negated(), node.goal(schema["then"])))
    if "else" in schema:
        parts.append(any_of(condition, node.goal(schema["else"])))
    return all_of(*parts)


def _referred(node: "Node", schema: Schema, _: Kind) -> Formula:
    if "$dynamicRef" in schema:
        raise Undecided("$dynamicRef is not handled")
    return Goal(node.referred(schema["$ref"])) if "$ref" in schema else TRUE


BUILDERS: Final[tuple[Builder, ...]] = (
    *(_type, _values, _bounds, _sizes, _text, _elements, _members, _dependent, _combined, _conditional),
    *(_referred, unevaluated_properties, unevaluated_items),
)
