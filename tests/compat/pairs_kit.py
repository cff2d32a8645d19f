"""Random pairs of schemas with few values in them, so that boundaries are hit, and documents to try."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

Json: TypeAlias = Any

VALUES: tuple[Json, ...] = (
    *(None, True, False, 0, 1, 2, -1, 3, 1.5, 0.5, "", "a", "b", "ab", "ba", "abc"),
    *([], [1], [1, 1], ["a"], [1, 2], {}, {"a": 1}, {"b": "a"}, {"a": 1, "b": 2}, {"ab": 0}),
)
_SCALARS = VALUES[:16]
_PATTERNS = ("^a", "b$", "^a?b*$", "[ab]", "^.{2}$", "c", "^[a-c]+$")
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
    *("$ref", "format"),
)
_SMALL = {
    "minimum": (0, 1, -1, 0.5),
    "maximum": (0, 1, 2, 1.5),
    "exclusiveMinimum": (0, 1),
    "exclusiveMaximum": (1, 2, 3),
    "multipleOf": (1, 2, 0.5, 3, 1.5),
    "minLength": (0, 1, 2),
    "maxLength": (0, 1, 2),
    "minItems": (0, 1, 2),
    "maxItems": (0, 1, 2),
    "minProperties": (1, 2),
    "maxProperties": (0, 1, 2),
    "pattern": _PATTERNS,
    "const": VALUES,
    "type": _TYPES,
    "uniqueItems": (True,),
    "format": ("uuid", "date", "ipv4"),
}


@dataclass
class Drawer:
    """Draws everything from one seed."""

    random: Random

    def pair(self) -> tuple[Json, Json]:
        """Return two schemas, the second one mostly an edit of the first."""
        old = self.schema(0)
        new = self.edited(old) if self.random.random() < 0.7 else self.schema(0)
        definitions = {"x": self.schema(1), "y": self.schema(_DEEPEST)}
        return self._with(definitions, old), self._with(definitions, new)

    def schema(self, depth: int) -> Json:
        if self.random.random() < 0.05:
            return self.random.random() < 0.7
        found: dict[str, Json] = {}
        for _ in range(self.random.choice((1, 1, 2, 2, 3))):
            self._add(found, self.random.choice(_KEYWORDS), depth)
        return found

    def edited(self, schema: Json) -> Json:
        other = self.schema(1)
        if not isinstance(schema, dict) or not isinstance(other, dict):
            return other
        kept = dict(schema)
        if kept and self.random.random() < 0.5:
            del kept[self.random.choice(list(kept))]
        return {**kept, **other}

    def document(self, depth: int = 0) -> Json:
        kind = self.random.random()
        if kind < 0.6 or depth > _DEEPEST:
            return self.random.choice(VALUES)
        count = self.random.choice((0, 1, 2, 3))
        if kind < 0.8:
            return [self.document(depth + 1) for _ in range(count)]
        return {self.random.choice((*_NAMES, "x")): self.document(depth + 1) for _ in range(count)}

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
        elif keyword == "$ref":
            # Below a property or an element: a reference to itself in the same place would say nothing.
            schema["properties"] = {"a": {"$ref": f"#/$defs/{self.random.choice('xy')}"}}
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
                return {keyword: {random.choice(_PATTERNS): below()}}
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
                return {
                    keyword: random.choice(
                        ({"pattern": random.choice(_PATTERNS)}, {"enum": ["a", "b"]}, below())
                    )
                }
            case _:  # one schema; false is what is used most
                return {keyword: random.choice((False, below()))}
