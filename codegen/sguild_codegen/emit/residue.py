"""What a class cannot say of an object: the keywords that are left for the embedded schema.

The class says already which members there are and what each has to be. Checking that again would cost more
than everything else, and so would writing members that the rest does not look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sguild_codegen.emit import keywords
from sguild_codegen.model.schema import Schema

# Keywords through which an object is looked at by the names of its members; any other sees all of it.
_BY_NAME: Final = frozenset(
    (
        *("boolean", "ref", "types", "properties", "required", "dependent_required", "dependent_schemas"),
        *keywords.COMBINATIONS,
        # These are about values that are no objects.
        *keywords.STRING,
        *keywords.NUMBER,
        *keywords.ARRAY,
    )
)
# Keywords that ask an object for its names, whatever the values are.
_OF_NAMES: Final = frozenset(
    (
        *("boolean", "ref", "types", "required", "dependent_required", "dependent_schemas"),
        *("min_properties", "max_properties", "property_names"),
        *keywords.COMBINATIONS,
    )
)
# Keywords for which it matters what others have said of a member.
_OF_THE_REST: Final = frozenset(("pattern_properties", "unevaluated_properties"))


@dataclass(frozen=True, slots=True)
class Residue:
    """A schema that accepts the same as the one that it is left of, for what its class accepts.

    ``members`` are the members that it looks at, ``None`` if it looks at all of them; ``names_only`` tells
    that it asks for their names and for no value.
    """

    schema: Schema
    members: tuple[str, ...] | None
    names_only: bool = False


def residue(schema: Schema) -> Residue:
    """Return what is left of an object schema whose class has checked the members."""
    if keywords.used(schema) & _OF_THE_REST:
        known = {
            name: Schema(location=part.location, boolean=True) for name, part in schema.properties.items()
        }
        return Residue(replace(schema, types=None, required=(), properties=known), None)
    rest = replace(schema, types=None, required=(), properties={}, additional_properties=None)
    members = _members(rest)
    return Residue(rest, members, names_only=members is None and _asks_for_names(rest))


def _asks_for_names(schema: Schema) -> bool:
    return all(keywords.used(each) <= _OF_NAMES for each in _about_the_object(schema, set()))


def _members(schema: Schema) -> tuple[str, ...] | None:
    names: set[str] = set()
    for each in _about_the_object(schema, set()):
        if keywords.used(each) - _BY_NAME:
            return None
        names.update(each.properties, each.required, each.dependent_required, each.dependent_schemas)
        names.update(*each.dependent_required.values())
    return tuple(sorted(names))


def _about_the_object(schema: Schema, seen: set[Schema]) -> Iterator[Schema]:
    """Yield the schema, and those within it that are asked about the same object."""
    if schema in seen:
        return
    seen.add(schema)
    yield schema
    parts = [*schema.all_of, *schema.any_of, *schema.one_of, *schema.dependent_schemas.values()]
    parts += [each for each in (schema.not_, schema.if_, schema.then, schema.else_) if each is not None]
    parts += [schema.ref.target] if schema.ref is not None else []
    for each in parts:
        yield from _about_the_object(each, seen)
