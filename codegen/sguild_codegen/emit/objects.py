"""Which objects become classes, and which of their properties tells the branches of a union apart."""

from typing import Final

from sguild_codegen.emit import keywords
from sguild_codegen.emit.refusals import refused
from sguild_codegen.model.schema import Schema

# Keywords of an object that become checks of its class (see checks.py).
CHECKED: Final = frozenset((*keywords.COMBINATIONS, "dependent_required"))


def is_class(schema: Schema) -> bool:
    """Tell whether a schema is of objects only, and of those that become a class."""
    return schema.types == ("object",) and has_members(schema)


def has_members(schema: Schema) -> bool:
    """Tell whether an object has named members, and so becomes a class and not a ``Map``."""
    closed = schema.additional_properties is not None and schema.additional_properties.boolean is False
    return bool(closed or keywords.used(schema) & {"properties", "required", *CHECKED})


def discriminator(schema: Schema) -> str:
    """Return the required property that has a constant of its own in each branch of a ``oneOf``.

    Raises:
        RefusedSchema: there is none.
    """
    branches = [each.ref.target if each.ref else each for each in schema.one_of]
    for name in branches[0].properties:
        tags = [tag_value(each, name) for each in branches]
        if None not in tags and len(set(tags)) == len(tags):
            return name
    raise refused(
        schema, "oneOf", "the branches must be objects with a required property of a different const each"
    )


def tag_value(schema: Schema, name: str) -> str | None:
    """Return the constant of a required property, ``None`` where it has none."""
    member = schema.properties.get(name)
    if not is_class(schema) or name not in schema.required or member is None:
        return None
    return member.const if isinstance(member.const, str) else None
