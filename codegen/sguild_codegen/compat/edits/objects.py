"""Edits of properties, and of what else an object may hold."""

from collections.abc import Iterator, Mapping

from sguild_codegen.compat.edits.pair import Edit, Pair, part
from sguild_codegen.compat.edits.restrictions import restriction
from sguild_codegen.compat.resolving import Json, is_array, is_object
from sguild_codegen.report.change_rules import objects as rules
from sguild_codegen.report.change_rules.change_rule import ChangeRule, Effect
from sguild_codegen.report.safe import shown


def edits(pair: Pair) -> Iterator[Edit | Pair]:
    """Yield the edits of an object's members, and the pairs of their schemas."""
    if pair.differs("properties"):
        yield from _named(pair, "properties", rules.PROPERTY_ADDED, rules.PROPERTY_REMOVED)
    if pair.differs("required"):
        yield from _required(pair)
    if pair.differs("patternProperties"):
        added, removed = rules.PATTERN_PROPERTY_ADDED, rules.PATTERN_PROPERTY_REMOVED
        yield from _named(pair, "patternProperties", added, removed)
    if pair.differs("dependentRequired"):
        yield from _dependencies(pair)
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        yield from restriction(pair, keyword, rules.ADDITIONAL_CLOSED, rules.ADDITIONAL_OPENED)
    yield from restriction(pair, "propertyNames", rules.NAMES_RESTRICTED, rules.NAMES_FREED)


def _named(pair: Pair, keyword: str, added: ChangeRule, removed: ChangeRule) -> Iterator[Edit | Pair]:
    old, new = _members(pair.old, keyword), _members(pair.new, keyword)
    for name in [*old, *(each for each in new if each not in old)]:
        pointer = f"/{keyword}{part(name)}"
        if name in old and name in new:
            yield pair.below(old[name], new[name], pointer)
        elif name in new:
            effect = _effect(pair.old, keyword, closed="widens", opened="narrows")
            yield pair.edit(added, pointer, effect=effect, name=shown(name))
        else:
            effect = _effect(pair.new, keyword, closed="narrows", opened="widens")
            yield pair.edit(removed, pointer, effect=effect, name=shown(name))


def _effect(schema: Mapping[str, Json], keyword: str, *, closed: Effect, opened: Effect) -> Effect | None:
    """Return what a property more or less does beside a schema in which it is not named, if that is plain."""
    if keyword != "properties" or "patternProperties" in schema or "unevaluatedProperties" in schema:
        return None
    others = schema.get("additionalProperties", True)
    if others is False:
        return closed
    return opened if others is True else None


def _required(pair: Pair) -> Iterator[Edit]:
    old, new = _texts(pair.old.get("required")), _texts(pair.new.get("required"))
    for name in new:
        if name not in old:
            yield pair.edit(rules.PROPERTY_REQUIRED, _place(pair.new, name), name=shown(name))
    for name in old:
        if name not in new:
            yield pair.edit(rules.PROPERTY_OPTIONAL, _place(pair.old, name), name=shown(name))


def _place(schema: Mapping[str, Json], name: str) -> str:
    """Return where a property is declared, else where it is required."""
    return f"/properties{part(name)}" if name in _members(schema, "properties") else "/required"


def _dependencies(pair: Pair) -> Iterator[Edit]:
    old, new = _members(pair.old, "dependentRequired"), _members(pair.new, "dependentRequired")
    for name in [*old, *(each for each in new if each not in old)]:
        before, after = _texts(old.get(name)), _texts(new.get(name))
        pointer = f"/dependentRequired{part(name)}"
        for rule, needed in (
            (rules.DEPENDENCY_REMOVED, [each for each in before if each not in after]),
            (rules.DEPENDENCY_ADDED, [each for each in after if each not in before]),
        ):
            if needed:
                yield pair.edit(rule, pointer, name=shown(name), needed=", ".join(map(shown, needed)))


def _members(schema: Mapping[str, Json], keyword: str) -> dict[str, Json]:
    found = schema.get(keyword)
    return found if is_object(found) else {}


def _texts(value: Json) -> list[str]:
    return [str(each) for each in value] if is_array(value) else []
