"""Keywords with one schema, where an absent one restricts nothing."""

from collections.abc import Iterator

from sguild_codegen.compat.edits.pair import Edit, Pair, Sense, part
from sguild_codegen.compat.resolving import Json
from sguild_codegen.report.change_rules.change_rule import ChangeRule


def restriction(
    pair: Pair, keyword: str, narrower: ChangeRule, wider: ChangeRule, sense: Sense = "same"
) -> Iterator[Edit | Pair]:
    """Yield the edit of such a keyword, or the pair of its schemas if it restricts in both."""
    if not pair.differs(keyword):
        return
    old, new = (_rank(each.get(keyword, True)) for each in (pair.old, pair.new))
    if old == new == _SOME:
        yield pair.below(pair.old[keyword], pair.new[keyword], part(keyword), sense)
    elif old != new:
        yield pair.edit(narrower if new < old else wider, part(keyword), keyword=keyword)


_NOTHING, _SOME, _ANYTHING = range(3)


def _rank(schema: Json) -> int:
    if schema is False:
        return _NOTHING
    return _ANYTHING if schema is True or schema == {} else _SOME
