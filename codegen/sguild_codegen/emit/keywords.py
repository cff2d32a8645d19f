"""Which keywords constrain which JSON type, and which of them a schema uses."""

from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Final

from sguild_codegen.model.schema import FORMATS, Schema

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
_FIELDS: Final = tuple(each for each in fields(Schema) if each.name in _CONSTRAINTS)
_NAMES: Final = tuple(each.name for each in _FIELDS)
_DEFAULTS: Final = tuple(
    each.default if each.default_factory is MISSING else each.default_factory() for each in _FIELDS
)
_VALUES: Final = attrgetter(*_NAMES)


_SPELLED: Final = {"ref": "$ref", "types": "type", "has_const": "const"}


def used(schema: Schema) -> frozenset[str]:
    """Return the constraining keywords of a schema, by the names of their fields."""
    values = zip(_NAMES, _VALUES(schema), _DEFAULTS, strict=True)
    # Nearly every keyword is absent, and then its value is the default itself.
    found = [name for name, value, default in values if value is not default and value != default]
    if schema.format is not None and schema.format not in FORMATS:
        found.remove("format")
    return frozenset(found)


def json_name(field_name: str) -> str:
    """Return the keyword as a contract spells it: ``min_length`` → ``minLength``, ``not_`` → ``not``."""
    if field_name in _SPELLED:
        return _SPELLED[field_name]
    first, *rest = field_name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
