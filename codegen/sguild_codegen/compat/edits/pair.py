"""Two schemas at corresponding places, and one edit between them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sguild_codegen.compat.resolving import Json, canonical, is_object
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.report.change_rules.change_rule import ChangeRule, Effect
from sguild_codegen.report.safe import shown

Sense: TypeAlias = Literal["same", "reversed", "unclear"]
"""What accepting less here means for the whole: the same, more (below ``not``), or one or the other."""

_REVERSED: Final[Mapping[Effect, Effect]] = {
    "narrows": "widens",
    "widens": "narrows",
    "either": "either",
    "nothing": "nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit: its rule, the JSON pointers in both schemas (that of a missing place is the one around it).

    ``effect`` is what it does to the whole schema, ``values`` fill the message of the rule.
    """

    rule: ChangeRule
    old_pointer: str
    new_pointer: str
    effect: Effect
    values: Mapping[str, str]

    @property
    def message(self) -> str:
        """What is said about it."""
        return self.rule.message.format_map(self.values)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two schemas that stand in each other's place, and the pointers to them; ``true`` is ``{}``."""

    old: Json
    new: Json
    old_pointer: str = ""
    new_pointer: str = ""
    sense: Sense = "same"

    def edit(self, rule: ChangeRule, below: str = "", *, effect: Effect | None = None, **values: str) -> Edit:
        """Return an edit at a pointer below both schemas; ``effect`` is that of the rule unless given."""
        own = effect or rule.effect
        if self.sense == "reversed":
            own = _REVERSED[own]
        elif self.sense == "unclear" and own != "nothing":
            own = "either"
        return Edit(
            rule=rule,
            old_pointer=self.old_pointer + below,
            new_pointer=self.new_pointer + below,
            effect=own,
            values=values,
        )

    def edit_of_item(self, rule: ChangeRule, below: str, index: int, *, value: str) -> Edit:
        """Return an edit of one item of an array that only one of the schemas has; the other lacks it."""
        found = self.edit(rule, below, value=value)
        if rule.effect == "narrows":
            return replace(found, old_pointer=f"{found.old_pointer}/{index}")
        return replace(found, new_pointer=f"{found.new_pointer}/{index}")

    def below(self, old: Json, new: Json, below: str, sense: Sense = "same") -> "Pair":
        """Return the pair of two schemas at a pointer below these; ``sense`` is that of the step."""
        return self.between(old, new, below, below, sense)

    def between(self, old: Json, new: Json, in_old: str, in_new: str, sense: Sense = "same") -> "Pair":
        """Return the pair of two schemas that stand at different pointers below these."""
        return Pair(
            old, new, self.old_pointer + in_old, self.new_pointer + in_new, _together(self.sense, sense)
        )

    def differs(self, keyword: str) -> bool:
        """Tell whether a keyword is not the same in both; 1 and 1.0 are, 1 and true are not."""
        old, new = self.old.get(keyword, _ABSENT), self.new.get(keyword, _ABSENT)
        return old is not new and (_ABSENT in (old, new) or not same(old, new))


class _Absent:
    pass


_ABSENT: Final = _Absent()


def same(old: Json, new: Json) -> bool:
    """Tell whether two JSON values are equal as JSON Schema has it."""
    return canonical(old) == canonical(new)


def part(name: str) -> str:
    """Return a key as one step of a JSON pointer (RFC 6901)."""
    return f"/{escape_pointer(name)}"


def shown_or_absent(schema: Json, key: str) -> str:
    """Return the value of a key as messages show it, and a word where there is none."""
    return shown(schema[key]) if is_object(schema) and key in schema else "absent"


def _together(outer: Sense, inner: Sense) -> Sense:
    if "unclear" in (outer, inner):
        return "unclear"
    return "same" if outer == inner else "reversed"
