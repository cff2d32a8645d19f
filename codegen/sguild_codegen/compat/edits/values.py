"""Edits of types, enums, constants, bounds, patterns and formats."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from sguild_codegen.compat.edits.pair import Edit, Pair, part, shown_or_absent
from sguild_codegen.compat.resolving import Json, canonical, is_array
from sguild_codegen.report.change_rules import values as rules
from sguild_codegen.report.change_rules.change_rule import ChangeRule
from sguild_codegen.report.safe import shown

_TYPES: Final = ("null", "boolean", "object", "array", "number", "integer", "string")
_LOWER: Final = (*("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"),)
_UPPER: Final = (*("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"),)


def edits(pair: Pair) -> Iterator[Edit]:
    """Yield the edits of what a single value may be."""
    if pair.differs("type"):
        yield from _types(pair)
    if pair.differs("enum"):
        yield from _enum(pair)
    if pair.differs("const"):
        yield _one(pair, "const", rules.CONST_ADDED, rules.CONST_DROPPED, rules.CONST_CHANGED)
    if pair.differs("pattern"):
        yield _one(pair, "pattern", rules.PATTERN_ADDED, rules.PATTERN_DROPPED, rules.PATTERN_CHANGED)
    if pair.differs("format"):
        yield _one(pair, "format", rules.FORMAT_ADDED, rules.FORMAT_DROPPED, rules.FORMAT_CHANGED)
    yield from (_bound(pair, each) for each in (*_LOWER, *_UPPER) if pair.differs(each))
    if pair.differs("multipleOf"):
        yield _step(pair)


def _types(pair: Pair) -> Iterator[Edit]:
    old, new = _named_types(pair.old), _named_types(pair.new)
    if old == new:  # the same types in another order, or all of them
        return
    rule = rules.TYPE_CHANGED
    if new < old:
        rule = rules.TYPE_NARROWED
    elif old < new:
        rule = rules.TYPE_WIDENED
    yield pair.edit(
        rule, "/type", old=shown_or_absent(pair.old, "type"), new=shown_or_absent(pair.new, "type")
    )


def _named_types(schema: Mapping[str, Json]) -> set[str]:
    named = schema.get("type", list(_TYPES))
    found = {str(each) for each in (named if is_array(named) else [named])}
    return found | {"integer"} if "number" in found else found


def _enum(pair: Pair) -> Iterator[Edit]:
    old, new = pair.old.get("enum"), pair.new.get("enum")
    if not is_array(old) and is_array(new):
        yield pair.edit(rules.ENUM_ADDED, "/enum", count=str(len(new)))
    elif is_array(old) and not is_array(new):
        yield pair.edit(rules.ENUM_DROPPED, "/enum", count=str(len(old)))
    elif is_array(old) and is_array(new):
        yield from _enum_values(pair, old, new)


def _enum_values(pair: Pair, old: list[Json], new: list[Json]) -> Iterator[Edit]:
    before, after = ({canonical(each) for each in values} for values in (old, new))
    for index, value in enumerate(old):
        if canonical(value) not in after:
            yield pair.edit_of_item(rules.ENUM_VALUE_REMOVED, "/enum", index, value=shown(value))
    for index, value in enumerate(new):
        if canonical(value) not in before:
            yield pair.edit_of_item(rules.ENUM_VALUE_ADDED, "/enum", index, value=shown(value))


def _one(pair: Pair, key: str, added: ChangeRule, dropped: ChangeRule, changed: ChangeRule) -> Edit:
    rule = added if key not in pair.old else changed if key in pair.new else dropped
    return pair.edit(rule, part(key), old=shown_or_absent(pair.old, key), new=shown_or_absent(pair.new, key))


def _bound(pair: Pair, key: str) -> Edit:
    old, new = _number(pair.old.get(key)), _number(pair.new.get(key))
    narrower = old is None
    if old is not None and new is not None:
        narrower = new > old if key in _LOWER else new < old
    if key == "minContains" and new is None:
        narrower = old is not None and old < 1  # absent means 1
    rule = rules.BOUND_NARROWED if narrower else rules.BOUND_WIDENED
    return pair.edit(
        rule, part(key), keyword=key, old=shown_or_absent(pair.old, key), new=shown_or_absent(pair.new, key)
    )


def _step(pair: Pair) -> Edit:
    """Return the edit of ``multipleOf``: a multiple of the old step is narrower."""
    old, new = _number(pair.old.get("multipleOf")), _number(pair.new.get("multipleOf"))
    rule = rules.STEP_CHANGED
    if old is None or (new is not None and old > 0 and (new / old).denominator == 1):
        rule = rules.BOUND_NARROWED
    elif new is None or (new > 0 and (old / new).denominator == 1):
        rule = rules.BOUND_WIDENED
    key = "multipleOf"
    return pair.edit(
        rule, part(key), keyword=key, old=shown_or_absent(pair.old, key), new=shown_or_absent(pair.new, key)
    )


def _number(value: Json) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Fraction(str(value))
