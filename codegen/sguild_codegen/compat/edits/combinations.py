"""Edits of combinations, conditions, references and definitions, and of what constrains nothing."""

from collections.abc import Iterator, Mapping
from typing import Final

from sguild_codegen.compat.edits.pair import Edit, Pair, Sense, part, shown_or_absent
from sguild_codegen.compat.resolving import Json, canonical, is_array, is_object
from sguild_codegen.compat.vocabulary import KEYWORDS
from sguild_codegen.report.change_rules import structure as rules
from sguild_codegen.report.change_rules.change_rule import ChangeRule, Effect
from sguild_codegen.report.safe import shown

_CONDITIONS: Final[Mapping[str, Sense]] = {"not": "reversed", "if": "unclear", "then": "same", "else": "same"}
_DEFINITIONS: Final = ("$defs", "definitions")
_REFERENCES: Final = ("$ref", "$dynamicRef")


def edits(pair: Pair) -> Iterator[Edit | Pair]:
    """Yield the edits of all that applies to the value as a whole, and of annotations."""
    for keyword in _REFERENCES:
        if pair.differs(keyword):
            was, now = (shown_or_absent(each, keyword) for each in (pair.old, pair.new))
            yield pair.edit(rules.REFERENCE_CHANGED, part(keyword), old=was, new=now)
    for keyword in ("allOf", "anyOf", "oneOf"):
        if pair.differs(keyword):
            yield from _branches(pair, keyword)
    for keyword, sense in _CONDITIONS.items():
        if pair.differs(keyword):
            yield from _condition(pair, keyword, sense)
    if pair.differs("dependentSchemas"):
        yield from _dependent(pair)
    for keyword in _DEFINITIONS:
        old, new = (_members(each, keyword) for each in (pair.old, pair.new))
        for name in [each for each in old if each in new]:
            yield pair.below(old[name], new[name], f"/{keyword}{part(name)}", "unclear")
    yield from _annotations(pair)


def _branches(pair: Pair, keyword: str) -> Iterator[Edit | Pair]:
    old, new = pair.old.get(keyword), pair.new.get(keyword)
    if not (is_array(old) and is_array(new)):
        rule = rules.CONDITION_DROPPED if is_array(old) else rules.CONDITION_ADDED
        yield pair.edit(rule, part(keyword), keyword=keyword)
        return
    left, right = _unmatched(old, new), _unmatched(new, old)
    if not left and not right:  # the same branches in another order, or one of them twice
        return
    sense: Sense = "unclear" if keyword == "oneOf" else "same"
    for before, after in zip(left, right, strict=False):
        yield pair.between(old[before], new[after], f"/{keyword}/{before}", f"/{keyword}/{after}", sense)
    added, removed = _branch_rules(keyword)
    effect: Effect | None = "either" if keyword == "oneOf" else None
    for rule, indices in ((removed, left[len(right) :]), (added, right[len(left) :])):
        for index in indices:
            yield pair.edit(rule, f"/{keyword}/{index}", effect=effect, keyword=keyword)


def _branch_rules(keyword: str) -> tuple[ChangeRule, ChangeRule]:
    if keyword == "allOf":
        return rules.CONDITION_ADDED, rules.CONDITION_DROPPED
    return rules.ALTERNATIVE_ADDED, rules.ALTERNATIVE_REMOVED


def _unmatched(branches: list[Json], others: list[Json]) -> list[int]:
    """Return the indices of the branches that the other schema does not have, wherever it has them."""
    known = {canonical(each) for each in others}
    return [index for index, each in enumerate(branches) if canonical(each) not in known]


def _condition(pair: Pair, keyword: str, sense: Sense) -> Iterator[Edit | Pair]:
    if keyword in pair.old and keyword in pair.new:
        yield pair.below(pair.old[keyword], pair.new[keyword], part(keyword), sense)
    else:
        rule = rules.CONDITION_ADDED if keyword in pair.new else rules.CONDITION_DROPPED
        effect: Effect | None = "either" if keyword == "if" else None
        yield pair.edit(rule, part(keyword), effect=effect, keyword=keyword)


def _dependent(pair: Pair) -> Iterator[Edit | Pair]:
    old, new = (_members(each, "dependentSchemas") for each in (pair.old, pair.new))
    for name in [*old, *(each for each in new if each not in old)]:
        pointer = f"/dependentSchemas{part(name)}"
        if name in old and name in new:
            yield pair.below(old[name], new[name], pointer)
        else:
            rule = rules.CONDITION_ADDED if name in new else rules.CONDITION_DROPPED
            yield pair.edit(rule, pointer, keyword=f"dependentSchemas of {shown(name)}")


def _annotations(pair: Pair) -> Iterator[Edit]:
    """Yield one edit for all keywords of a place that constrain nothing, unknown ones among them."""
    changed = [
        each
        for each in {**pair.old, **pair.new}
        if each not in KEYWORDS and each not in _DEFINITIONS and pair.differs(each)
    ]
    if changed:
        yield pair.edit(rules.ANNOTATION_CHANGED, part(changed[0]), keywords=", ".join(map(shown, changed)))


def _members(schema: Mapping[str, Json], keyword: str) -> dict[str, Json]:
    found = schema.get(keyword)
    return found if is_object(found) else {}
