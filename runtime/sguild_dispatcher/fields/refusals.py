"""What jsonschema-rs refuses, in the contract's terms: where, and what is wanted, never the value."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_RULES: Final[Mapping[str, str]] = {
    "additionalProperties": "is not a known field",
    "anyOf": "must be one of the alternatives that the contract lists",
    "contains": "must hold as many fitting items as the contract asks for",
    "const": "must be {expected_value}",
    "enum": "must be one of {options}",
    "exclusiveMaximum": "must be below {limit}",
    "exclusiveMinimum": "must be above {limit}",
    "falseSchema": "must be absent",
    "format": "must be in the format {format}",
    "maxItems": "must have at most {limit} items",
    "maximum": "must be at most {limit}",
    "maxLength": "must have at most {limit} characters",
    "maxProperties": "must have at most {limit} properties",
    "minItems": "must have at least {limit} items",
    "minimum": "must be at least {limit}",
    "minLength": "must have at least {limit} characters",
    "minProperties": "must have at least {limit} properties",
    "multipleOf": "must be divisible by {multiple_of}",
    "not": "must not be accepted by {schema}",
    "oneOf": "must be exactly one of the alternatives that the contract lists",
    "pattern": "must match {pattern}",
    "required": "is required",
    "type": "must be {types}",
    "unevaluatedItems": "must have no more items than the contract lists",
    "unevaluatedProperties": "is not a known field",
    "uniqueItems": "must have items that are all different",
}
# Texts that stand in a sentence as they are; every other value is shown as JSON.
_BARE: Final = frozenset(("format", "pattern"))
_NOUNS: Final[Mapping[str, str]] = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def refusal(error: "ValidationError") -> tuple[str, str]:
    """Return the JSON pointer of what is refused, and the rule as the rest of a sentence."""
    kind, facts = error.kind.name, error.kind.as_dict()
    steps = [*error.instance_path, *_member(kind, facts)]
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
    if kind == "propertyNames":
        _, rule = refusal(facts["error"])
        return pointer, f"has a name that is refused: it {rule}"
    if kind not in _RULES:
        return pointer, f"is refused by {kind}"
    rule = _RULES[kind]
    shown = {name: _shown(name, each) for name, each in facts.items() if f"{{{name}}}" in rule}
    return pointer, rule.format_map(shown)


def _member(kind: str, facts: Mapping[str, Any]) -> list[str]:
    """Return the member that a rule about an object is about."""
    if kind == "required":
        return [str(facts["property"])]
    if kind in ("additionalProperties", "unevaluatedProperties"):
        return [str(each) for each in facts["unexpected"][:1]]
    return []


def _shown(name: str, value: Any) -> str:
    if name in _BARE:
        return str(value)
    if name == "types":
        return _listed([_NOUNS[each] for each in sorted(value, key=lambda each: each == "null")])
    if name == "options":
        return ", ".join(json.dumps(each, ensure_ascii=False) for each in value)
    return json.dumps(value, ensure_ascii=False)


def _listed(words: list[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
