"""Random pairs of schemas with few values in them, so that boundaries are hit, and documents to try."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

Json: TypeAlias = Any

VALUES: tuple[Json, ...] = (
    *(None, True, False, 0, 1, 2, -1, 3, 1.5, 0.5, "", "a", "b", "ab", "ba", "abc"),
    *([], [1], [1, 1], ["a"], [1, 2], {}, {"a": 1}, {"b": "a"}, {"a": 1, "b": 2}, {"ab": 0}),
    *(0.1, 0.3, "2024-02-29", "127.0.0.1", [[]], [None, False], {"a": {"a": 1}}, {"ab": "a", "a": None}),
)
_SCALARS = VALUES[:16]
_PATTERNS = (
    *("^a", "b$", "^a?b*$", "[ab]", "^.{2}$", "c", "^[a-c]+$", "^$", "^(?:a|b$)", "(?:^|b)a", "^[^a]*$"),
    *("^a$", "a", "^\\w{1,2}$"),
)
_NAMES = ("a", "b", "ab", "c")
_TYPES: tuple[Json, ...] = (
    *("string", "integer", "number", "boolean", "null", "array", "object", "object"),
    *(["string", "null"], ["integer", "array"], ["object", "number"]),
)
_DEEPEST = 2
_KEYWORDS = (
    *("type", "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minLength", "maxLength", "pattern", "items", "prefixItems", "contains", "minItems"),
    *("maxItems", "uniqueItems", "properties", "properties", "required", "additionalProperties"),
    *("patternProperties", "propertyNames", "minProperties", "maxProperties", "allOf", "anyOf", "oneOf"),
    *("not", "if", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems"),
    *("$ref", "format", "wanted", "tagged", "closed"),
)
_SMALL = {
    "minimum": (0, 1, -1, 0.5, 0.3),
    "maximum": (0, 1, 2, 1.5, 0.3),
    "exclusiveMinimum": (0, 1, 0.1),
    "exclusiveMaximum": (1, 2, 3, 0.3),
    "multipleOf": (1, 2, 0.5, 3, 1.5, 0.1),
    "minLength": (0, 1, 2),
    "maxLength": (0, 1, 2),
    "minItems": (0, 1, 2),
    "maxItems": (0, 1, 2),
    "minProperties": (1, 2, 3),
    "maxProperties": (0, 1, 2),
    "minContains": (0, 1, 2),
    "maxContains": (0, 1, 2),
    "pattern": _PATTERNS,
    "const": VALUES,
    "type": _TYPES,
    "uniqueItems": (True,),
    "format": ("uuid", "date", "ipv4"),
}
_BOUNDS = tuple(name for name in _SMALL if name.startswith(("m", "ex")) and name != "multipleOf")
_LIKE = (
    *(
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
        ("anyOf", "oneOf"),
        ("allOf", "anyOf"),
    ),
    *(
        ("additionalProperties", "unevaluatedProperties"),
        ("items", "unevaluatedItems"),
        ("items", "contains"),
    ),
    *(("then", "else"), ("properties", "patternProperties"), ("minItems", "minContains")),
)


@dataclass
class Drawer:
    """Draws everything from one seed."""

    random: Random

    def pair(self) -> tuple[Json, Json]:
        """Return two schemas, the second one mostly an edit of the first."""
        old = self.schema(0)
        change = self.random.choices(
            (self.edited, self.nudged, self.rewritten, self.other), (40, 35, 10, 15)
        )[0]
        definitions = {"x": self.schema(1), "y": self.schema(_DEEPEST)}
        return self._with(definitions, old), self._with(definitions, change(old))

    def schema(self, depth: int) -> Json:
        if self.random.random() < 0.05:
            return self.random.random() < 0.7
        found: dict[str, Json] = {}
        for _ in range(self.random.choice((1, 1, 2, 2, 3))):
            self._add(found, self.random.choice(_KEYWORDS), depth)
        return found

    # Changes

    def other(self, _: Json) -> Json:
        return self.schema(0)

    def edited(self, schema: Json) -> Json:
        """Return a schema with a keyword less, and others more."""
        other = self.schema(1)
        if not isinstance(schema, dict) or not isinstance(other, dict):
            return other
        kept = dict(schema)
        if kept and self.random.random() < 0.5:
            del kept[self.random.choice(list(kept))]
        return {**kept, **other}

    def nudged(self, schema: Json) -> Json:
        """Return a schema with one keyword somewhere changed by the least that there is."""
        changed = copy.deepcopy(schema)
        places = [each for each in _places(changed) if each]
        if places:
            place = self.random.choice(places)
            self._nudge(place, self.random.choice(list(place)))
        return changed

    def _nudge(self, place: dict[str, Json], name: str) -> None:
        value, random = place[name], self.random
        likes = [b if a == name else a for a, b in _LIKE if name in (a, b)]
        if name in _BOUNDS and random.random() < 0.6:
            place[name] = value + random.choice((1, -1, 0.5) if "imum" in name else (1, -1))
            if place[name] < 0 and "imum" not in name:
                place[name] = 0
        elif likes and random.random() < 0.3:
            like = random.choice(likes)
            if like not in place:
                place[like] = place.pop(name)
        elif name in _SMALL:
            place[name] = random.choice(_SMALL[name])
        elif isinstance(value, list) and len(value) > 1:
            value.pop(random.randrange(len(value)))
        elif isinstance(value, dict) and name != "not":
            place[name] = {**value, **({"c": True} if name in ("properties", "patternProperties") else {})}
        else:
            del place[name]

    def rewritten(self, schema: Json) -> Json:
        """Return a schema in other words that mean the same, or nearly so."""
        unlike = {"not": {"enum": list(self.random.sample(VALUES, 1))}}
        return self.random.choice(
            (
                {"not": {"not": schema}},
                {"allOf": [schema, {}]},
                {"anyOf": [schema, {"allOf": [schema, unlike]}]},
                {"oneOf": [{"allOf": [schema, unlike]}, {"allOf": [schema, {"not": unlike}]}]},
                {"if": unlike, "then": schema, "else": schema},
                {"if": schema, "else": False},
                {"anyOf": [schema, {"const": self.random.choice(VALUES)}]},
            )
        )

    # Documents

    def documents(self, count: int, *schemas: Json) -> Iterator[Json]:
        """Yield documents, made of values that are on both sides of what the schemas name."""
        pool = [*VALUES, *(value for schema in schemas for value in _near(schema))]
        yield from pool
        for _ in range(count):
            yield self.document(pool)

    def document(self, pool: list[Json], depth: int = 0) -> Json:
        kind = self.random.random()
        if depth > _DEEPEST or (kind < 0.5 and depth) or kind < 0.2:
            return self.random.choice(pool)
        count = self.random.choice((0, 1, 2, 2, 3))
        if kind < 0.6:
            return [self.document(pool, depth + 1) for _ in range(count)]
        names = self.random.sample((*_NAMES, "x", "k", "aa"), count)
        return {name: self.document(pool, depth + 1) for name in names}

    # Parts of schemas

    def _with(self, definitions: Json, schema: Json) -> Json:
        refers = '"$ref"' in json.dumps([schema, definitions])
        return {"$defs": definitions, **schema} if refers and isinstance(schema, dict) else schema

    def _below(self, depth: int) -> Json:
        if depth < _DEEPEST:
            return self.schema(depth + 1)
        leaves = (True, {"type": self.random.choice(("string", "integer", "null"))})
        return self.random.choice((*leaves, {"const": self.random.choice(_SCALARS)}))

    def _add(self, schema: dict[str, Json], keyword: str, depth: int) -> None:
        if keyword in _SMALL:
            schema[keyword] = self.random.choice(_SMALL[keyword])
        else:
            schema.update(self._composed(keyword, depth))

    def _composed(self, keyword: str, depth: int) -> dict[str, Json]:  # noqa: C901, PLR0911 - a line a keyword
        random = self.random

        def below() -> Json:
            return self._below(depth)

        match keyword:
            case "enum":
                return {keyword: random.sample(VALUES, random.choice((1, 2, 3)))}
            case "required":
                return {keyword: random.sample(_NAMES[:3], random.choice((1, 2)))}
            case "properties":
                return {keyword: {name: below() for name in random.sample(_NAMES, random.choice((1, 2)))}}
            case "patternProperties":
                return {
                    keyword: {name: below() for name in random.sample(_PATTERNS, random.choice((1, 1, 2)))}
                }
            case "prefixItems" | "allOf" | "anyOf" | "oneOf":
                return {keyword: [below() for _ in range(random.choice((1, 2, 2, 3)))]}
            case "contains":
                bounds = {name: random.choice((0, 1, 2)) for name in ("minContains", "maxContains")}
                return {keyword: below(), **{k: v for k, v in bounds.items() if random.random() < 0.4}}
            case "if":
                branches = {name: below() for name in ("then", "else") if random.random() < 0.7}
                return {keyword: below(), **branches}
            case "dependentRequired":
                return {keyword: {random.choice("ab"): [random.choice(("b", "ab"))]}}
            case "dependentSchemas":
                return {keyword: {random.choice("ab"): below()}}
            case "propertyNames":
                return {keyword: self._names(below)}
            case "$ref" | "wanted" | "tagged" | "closed":
                return self._shaped(keyword, below)
            case _:  # one schema; false is what is used most
                return {keyword: random.choice((False, below()))}

    def _names(self, below: Callable[[], Json]) -> Json:
        chosen = self.random.choice(_PATTERNS)
        return self.random.choice(
            ({"pattern": chosen}, {"enum": ["a", "b", "ab"]}, {"not": {"pattern": chosen}}, below())
        )

    def _shaped(self, shape: str, below: Callable[[], Json]) -> dict[str, Json]:
        """Return what single keywords seldom come to: recursion, wanted properties, unions."""
        random = self.random
        match shape:
            case "$ref":
                # Below a property or an element: a reference to itself in the same place would say nothing.
                reference = {"$ref": f"#/$defs/{random.choice('xy')}"}
                inside = random.choice((reference, {"anyOf": [reference, {"type": "null"}]}))
                return random.choice(({"properties": {"a": inside}}, {"items": inside}, {"required": ["a"]}))
            case "wanted":
                wanted = [{"patternProperties": {random.choice(_PATTERNS): below()}} for _ in range(2)]
                return {"allOf": [{"not": each} for each in wanted], "type": "object"}
            case "tagged":
                branches = [
                    {"required": ["k"], "properties": {"k": {"const": tag}, "a": below()}} for tag in "abc"
                ]
                return {
                    "type": "object",
                    random.choice(("oneOf", "anyOf")): branches[: random.choice((2, 3))],
                }
            case _:
                return {
                    random.choice(("allOf", "anyOf")): [below(), {"properties": {"a": below()}}],
                    random.choice(("unevaluatedProperties", "unevaluatedItems")): False,
                }


def _places(schema: Json) -> Iterator[dict[str, Json]]:
    """Yield the schemas in a schema, and the maps of schemas."""
    if isinstance(schema, dict):
        yield schema
        for name, value in schema.items():
            yield from (
                _places(value) if name not in ("const", "enum", "required", "dependentRequired") else ()
            )
    elif isinstance(schema, list):
        for each in schema:
            yield from _places(each)


def _near(schema: Json) -> Iterator[Json]:
    """Yield the values that a schema names, and the neighbours of numbers."""
    for place in _places(schema):
        for name, value in place.items():
            if name == "const":
                yield value
            elif name == "enum" and isinstance(value, list):
                yield from value
            elif isinstance(value, int | float) and not isinstance(value, bool):
                yield from (value, value + 1, value - 1, value + 0.5, "a" * int(max(value, 0) % 9))
