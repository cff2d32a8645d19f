"""Which keywords constrain which JSON type, and which of them a schema uses."""

from dataclasses import MISSING, fields
from typing import Final

from sguild_codegen.model.schema import Schema

STRING: Final = ("min_length", "max_length", "pattern", "format")
NUMBER: Final = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "multiple_of")
ARRAY: Final = (
    "items",
    "prefix_items",
    "contains",
    "min_contains",
    "max_contains",
    "min_items",
    "max_items",
    "unique_items",
    "unevaluated_items",
)
OBJECT: Final = (
    "properties",
    "required",
    "additional_properties",
    "pattern_properties",
    "property_names",
    "min_properties",
    "max_properties",
    "dependent_required",
    "dependent_schemas",
    "unevaluated_properties",
)
COMBINATIONS: Final = ("all_of", "any_of", "one_of", "not_", "if_", "then", "else_")
OF_TYPE: Final = {
    "null": (),
    "boolean": (),
    "string": STRING,
    "integer": NUMBER,
    "number": NUMBER,
    "array": ARRAY,
    "object": OBJECT,
}
_CONSTRAINTS: Final = frozenset(
    ("boolean", "ref", "types", "enum", "has_const", *STRING, *NUMBER, *ARRAY, *OBJECT, *COMBINATIONS)
)
_DEFAULTS: Final = {
    each.name: each.default if each.default is not MISSING else None
    for each in fields(Schema)
    if each.name in _CONSTRAINTS
}


_SPELLED: Final = {"ref": "$ref", "types": "type", "has_const": "const"}


def used(schema: Schema) -> frozenset[str]:
    """Return the constraining keywords of a schema, by the names of their fields."""
    return frozenset(name for name, default in _DEFAULTS.items() if _is_set(getattr(schema, name), default))


def json_name(field_name: str) -> str:
    """Return the keyword as a contract spells it: ``min_length`` → ``minLength``, ``not_`` → ``not``."""
    if field_name in _SPELLED:
        return _SPELLED[field_name]
    first, *rest = field_name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _is_set(value: object, default: object) -> bool:
    return value not in (default, {})
