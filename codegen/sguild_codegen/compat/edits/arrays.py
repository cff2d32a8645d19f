"""Edits of what an array may hold."""

from collections.abc import Iterator

from sguild_codegen.compat.edits.pair import Edit, Pair, Sense
from sguild_codegen.compat.edits.restrictions import restriction
from sguild_codegen.compat.resolving import is_array
from sguild_codegen.report.change_rules import structure as rules


def edits(pair: Pair) -> Iterator[Edit | Pair]:
    """Yield the edits of an array's items, and the pairs of their schemas."""
    if pair.differs("prefixItems"):
        yield from _positions(pair)
    for keyword in ("items", "unevaluatedItems"):
        yield from restriction(pair, keyword, rules.ITEMS_RESTRICTED, rules.ITEMS_FREED)
    if pair.differs("contains"):
        yield from _contains(pair)
    if pair.differs("uniqueItems") and pair.new.get("uniqueItems", False) != pair.old.get(
        "uniqueItems", False
    ):
        unique = pair.new.get("uniqueItems", False)
        yield pair.edit(rules.UNIQUENESS_ADDED if unique else rules.UNIQUENESS_DROPPED, "/uniqueItems")


def _positions(pair: Pair) -> Iterator[Edit | Pair]:
    old, new = ([] if not is_array(found) else found for found in _both(pair, "prefixItems"))
    for index in range(max(len(old), len(new))):
        pointer = f"/prefixItems/{index}"
        if index < len(old) and index < len(new):
            yield pair.below(old[index], new[index], pointer)
        else:
            rule = rules.POSITION_ADDED if index < len(new) else rules.POSITION_REMOVED
            yield pair.edit(rule, pointer, index=str(index))


def _contains(pair: Pair) -> Iterator[Edit | Pair]:
    if "contains" in pair.old and "contains" in pair.new:
        # A limit on how many items match turns less into more.
        sense: Sense = "unclear" if "maxContains" in {*pair.old, *pair.new} else "same"
        yield pair.below(pair.old["contains"], pair.new["contains"], "/contains", sense)
    else:
        yield pair.edit(
            rules.CONTAINS_ADDED if "contains" in pair.new else rules.CONTAINS_DROPPED, "/contains"
        )


def _both(pair: Pair, keyword: str) -> tuple[object, object]:
    return pair.old.get(keyword), pair.new.get(keyword)
