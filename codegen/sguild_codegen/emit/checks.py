"""Rules about several members of an object, as statements of its class.

Each check is one condition that must not hold; it raises with the place and with what the contract wants.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sguild_codegen.emit import keywords
from sguild_codegen.emit.conditions import (
    FALSE,
    TRUE,
    Condition,
    Equals,
    Present,
    Scalar,
    Some,
    attributes,
    english,
    every,
    exactly_one,
    negate,
    size,
    some,
    source,
)
from sguild_codegen.emit.refusals import RefusedSchema, refused
from sguild_codegen.emit.skeletons import Skeleton
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import Schema

# Leaves of one condition: a oneOf inside a oneOf multiplies them.
_MOST_LEAVES: Final = 2_000
# Formats whose values are held as something else than their text.
_CONVERTED: Final = ("date-time", "date")
_IN_CONDITIONS: Final = frozenset(
    ("boolean", "types", "properties", "required", *keywords.COMBINATIONS, "dependent_required")
)


_TYPE_NAMES: Final = {str: "string", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Check:
    """``if broken: raise violation(pointer, message)``."""

    broken: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckBuilder:
    """Translates the conditional keywords of one object, whose attributes ``skeleton`` names.

    Raises:
        RefusedSchema: a keyword has no exact check.
    """

    owner: Schema
    skeleton: Skeleton

    def checks(self) -> Iterator[Check]:
        """Yield the checks of the object, in the order of the keywords."""
        leaves = 0
        for keyword, case, wanted in self._conditions():
            leaves += size(case) + size(wanted)
            if leaves > _MOST_LEAVES:
                raise _too_large(self.owner, keyword)
            yield from self._check(case, wanted)

    def _conditions(self) -> Iterator[tuple[str, Condition, Condition]]:
        """Yield what must hold in which case, with the keyword that says so."""
        schema = self.owner
        for name, needed in schema.dependent_required.items():
            yield "dependentRequired", self._present(name), self._all_present(needed)
        for each in schema.all_of:
            yield "allOf", TRUE, self._holds(each)
        if schema.any_of:
            yield "anyOf", TRUE, some(self._holds(each) for each in schema.any_of)
        if schema.one_of:
            yield "oneOf", TRUE, self._one(schema)
        if schema.not_ is not None:
            yield "not", TRUE, negate(self._holds(schema.not_))
        if schema.if_ is not None:
            case = self._holds(schema.if_)
            yield "if", case, self._branch(schema.then)
            yield "if", negate(case), self._branch(schema.else_)

    def _check(self, case: Condition, wanted: Condition) -> Iterator[Check]:
        broken = every((case, negate(wanted)))
        if broken == FALSE:
            return
        if broken == TRUE:
            raise refused(self.owner, "not", "the object accepts nothing")
        names = attributes(wanted)
        message = _sentence(wanted) + (f" when {english(case)}" if case != TRUE else "")
        yield Check(source(broken), f"/{escape_pointer(names[0])}" if len(names) == 1 else "", message)

    def _branch(self, schema: Schema | None) -> Condition:
        return TRUE if schema is None else self._holds(schema)

    def _holds(self, schema: Schema) -> Condition:
        """Return the condition that the object, which is known to be one, is accepted by ``schema``."""
        if schema.boolean is not None:
            return TRUE if schema.boolean else FALSE
        rest = keywords.used(schema) - _IN_CONDITIONS
        if rest:
            name = keywords.json_name(min(rest))
            raise refused(schema, name, f'"{name}" has no exact check in a condition yet')
        if schema.types is not None and "object" not in schema.types:
            return FALSE
        return self._limited(schema, every(self._parts(schema)))

    def _one(self, schema: Schema) -> Condition:
        parts = tuple(map(self._holds, schema.one_of))
        if len(parts) * sum(map(size, parts)) > _MOST_LEAVES:
            raise _too_large(schema, "oneOf")
        return exactly_one(parts)

    def _limited(self, schema: Schema, condition: Condition) -> Condition:
        if size(condition) > _MOST_LEAVES:
            raise _too_large(schema, keywords.json_name(min(keywords.used(schema))))
        return condition

    def _parts(self, schema: Schema) -> Iterator[Condition]:
        yield self._all_present(schema.required)
        for name, part in schema.properties.items():
            yield some((negate(self._present(name)), self._value(name, part)))
        for name, needed in schema.dependent_required.items():
            yield some((negate(self._present(name)), self._all_present(needed)))
        yield from map(self._holds, schema.all_of)
        if schema.any_of:
            yield some(map(self._holds, schema.any_of))
        if schema.one_of:
            yield self._one(schema)
        if schema.not_ is not None:
            yield negate(self._holds(schema.not_))
        if schema.if_ is not None:
            case = self._holds(schema.if_)
            yield some((negate(case), self._branch(schema.then)))
            yield some((case, self._branch(schema.else_)))

    def _all_present(self, names: Iterable[str]) -> Condition:
        return every(map(self._present, names))

    def _present(self, name: str) -> Condition:
        if not self.skeleton.has(name):
            raise refused(self.owner, "required", f"{name!r} in a condition is no property of the object")
        attribute = self.skeleton.attribute(name)
        return Present(attribute.name, name) if attribute.optional else TRUE

    def _value(self, name: str, schema: Schema) -> Condition:
        """Return the condition that the member, which is known to be present, is accepted by ``schema``."""
        if schema.boolean is not None:
            return TRUE if schema.boolean else FALSE
        rest = keywords.used(schema) - {"types", "has_const", "enum"}
        values = (schema.const,) if schema.has_const else schema.enum
        if rest or values is None:
            keyword = keywords.json_name(min(rest | {"type"}))
            raise refused(schema, keyword, "a condition on a value may only use const and enum yet")
        kept = tuple(each for each in values if isinstance(each, str | bool | None))
        if len(kept) != len(values):
            raise refused(
                schema, "const", "a condition may only compare with a string, a boolean or null yet"
            )
        if not self.skeleton.has(name):
            raise refused(schema, "const", f"{name!r} in a condition is no property of the object")
        attribute = self.skeleton.attribute(name)
        possible = tuple(each for each in kept if self._is_possible(name, each, schema))
        return Equals(attribute.name, name, possible) if possible else FALSE

    def _is_possible(self, name: str, value: Scalar, condition: Schema) -> bool:
        """Tell whether the member can be ``value``, by its own schema."""
        member = self.owner.properties.get(name, self.owner.additional_properties)
        while member is not None and member.ref is not None:
            member = member.ref.target
        if member is None or member.boolean:
            return True
        if member.has_const or member.enum is not None:
            listed = (member.const,) if member.has_const else member.enum or ()
            return any(type(each) is type(value) and each == value for each in listed)
        if member.types is None and keywords.used(member):
            raise refused(condition, "const", f"a condition on {name!r} needs the type of that property")
        if member.types is not None and _TYPE_NAMES[type(value)] not in member.types:
            return False
        if isinstance(value, str) and member.format in _CONVERTED:
            raise refused(condition, "const", f"a condition cannot compare the {member.format} {name!r} yet")
        return True


def _too_large(schema: Schema, keyword: str) -> RefusedSchema:
    return refused(schema, keyword, f"a condition may have {_MOST_LEAVES:,} parts at most")


def _sentence(wanted: Condition) -> str:
    """Return what the contract wants as the rest of a sentence that begins with the place."""
    names = attributes(wanted)
    match wanted:
        case Present(_, _, negated):
            return "must be absent" if negated else "is required"
        case Equals():
            return f"must be {english(wanted).partition(' is ')[2]}"
        case Some(parts) if all(isinstance(each, Present) and not each.negated for each in parts):
            return f"must have {' or '.join(names)}"
        case _:
            return f"must have: {english(wanted)}" if names else "is never accepted"
