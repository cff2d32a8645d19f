"""The verdict on a pair, as findings: who breaks by which document, and the edits behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sguild_codegen.changes.pairs import Pair, Side
from sguild_codegen.changes.policies import Judging
from sguild_codegen.compat import Comparison, compare
from sguild_codegen.compat.comparison import Direction
from sguild_codegen.compat.edits import Edit, edits
from sguild_codegen.report.change_rules import objects, verdicts
from sguild_codegen.report.change_rules.change_rule import ChangeRule
from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.safe import shown

Way: TypeAlias = Literal["backward", "forward"]

_BREAKS: Final = {"backward": verdicts.BACKWARD_BREAK, "forward": verdicts.FORWARD_BREAK}
_EXACT: Final = {"backward": verdicts.EXACT_BACKWARD_BREAK, "forward": verdicts.EXACT_FORWARD_BREAK}
_OPEN: Final = {"backward": verdicts.BACKWARD_UNDECIDED, "forward": verdicts.FORWARD_UNDECIDED}
_CAUSES: Final = {"backward": ("narrows", "either"), "forward": ("widens", "either")}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out about a pair."""

    pair: Pair
    strict: Comparison
    tolerant: Comparison
    edits: tuple[Edit, ...]

    @classmethod
    def of(cls, pair: Pair) -> "Judgement":
        """Compare a pair under both lenses."""
        old, new = pair.old.schema, pair.new.schema
        strict = compare(old, new)
        tolerant = compare(old, new, "tolerant", closed_enums=pair.closed_enums)
        return cls(pair, strict, tolerant, tuple(edits(old, new)))

    @property
    def is_clean(self) -> bool:
        """Whether nobody breaks, in no direction and under no lens."""
        found = (self._one(way, lens).verdict for way in _WAYS for lens in ("strict", "tolerant"))
        return all(each == "compatible" for each in found)

    def summary(self) -> str:
        """Return the verdicts in one line."""
        told = [f"{way}: {_word(self._one(way, 'tolerant'), self._one(way, 'strict'))}" for way in _WAYS]
        return f"{self.pair.name}: {', '.join(told)}."

    def findings(self, judging: Judging) -> Iterator[Finding]:
        """Yield a finding for each direction that is not proven compatible for all readers."""
        for way in _WAYS:
            judged, exact = self._one(way, judging.lens), self._one(way, "strict")
            required = getattr(judging.policy, way)
            if judged.verdict == "breaking":
                found = self._break(way, judged, _BREAKS[way])
            elif judged.verdict == "undecided":
                found = self._open(way, judged)
                required = required and not judging.allow_undecided
            elif exact.verdict == "breaking":
                found, required = self._break(way, exact, _EXACT[way]), False
            else:
                continue
            yield replace(found, own_level="error" if required else "notice")

    def causes(self, way: Way) -> list[Edit]:
        """Return the edits that can be behind a break in a direction."""
        return [each for each in self.edits if each.effect in _CAUSES[way]]

    def _one(self, way: Way, lens: str) -> Direction:
        comparison = self.strict if lens == "strict" else self.tolerant
        return comparison.backward if way == "backward" else comparison.forward

    def _break(self, way: Way, direction: Direction, rule: ChangeRule) -> Finding:
        writer, reader = self._sides(way)
        values = {"people": _people(self.pair, way), "way_out": self._way_out(way)}
        found = self._placed(way, direction, rule, values)
        witness = Witness(
            document=direction.witness,
            accepted_by=writer.label,
            refused_by=f"readers of {reader.label}",
        )
        return replace(found, witness=witness)

    def _open(self, way: Way, direction: Direction) -> Finding:
        values = {
            "old": self.pair.old.label,
            "new": self.pair.new.label,
            "reason": direction.reason or "it is not known why",
        }
        return self._placed(way, direction, _OPEN[way], values)

    def _placed(self, way: Way, direction: Direction, rule: ChangeRule, values: dict[str, str]) -> Finding:
        """Return a finding at the place in the new schema, with that in the old one as related."""
        _, reader = self._sides(way)
        refused = reader.pointer_of(direction.schema_pointer or "")
        old_pointer = new_pointer = refused
        causes = self.causes(way)
        if causes and way == "forward":
            new_pointer = max(causes, key=lambda each: _shared(each.old_pointer, refused)).new_pointer
        elif causes:
            old_pointer = max(causes, key=lambda each: _shared(each.new_pointer, refused)).old_pointer
        found = self.pair.new.finding(rule, new_pointer, values)
        related = (self.pair.old.place(rule, old_pointer, values),)
        audience = tuple(sorted(self.pair.readers))
        return replace(found, subject=self.pair.event_type, audience=audience, related=related)

    def _sides(self, way: Way) -> tuple[Side, Side]:
        """Return the sides of writer and reader."""
        pair = self.pair
        return (pair.old, pair.new) if way == "backward" else (pair.new, pair.old)

    def _way_out(self, way: Way) -> str:
        behind = sorted({each.rule.id for each in self.causes(way)})
        told = f" Behind it: {', '.join(behind)}." if behind else ""
        if self.pair.is_edit and self.pair.event_type:
            return f"Leave {self.pair.name} as it was, and write a new version.{told}"
        if way == "forward":
            return f"Keep what readers of {self.pair.old.label} count on, and add beside it.{told}"
        if self.pair.event_type is None:
            return f"Take all that {self.pair.old.label} allows.{told}"
        needed = ", ".join(_to_supply(self.causes(way)))
        return f"An up-adapter from {self.pair.old.label} has to supply {needed or 'the difference'}.{told}"


_WAYS: Final[Sequence[Way]] = ("backward", "forward")


def _word(tolerant: Direction, strict: Direction) -> str:
    if tolerant.verdict == strict.verdict:
        return tolerant.verdict
    return f"{tolerant.verdict} (exact readers: {strict.verdict})"


def _people(pair: Pair, way: Way) -> str:
    """Return who breaks, as a sentence."""
    new, old = pair.new.label, pair.old.label
    if pair.event_type is None:
        broken, other = (new, old) if way == "backward" else (old, new)
        return f"readers of {broken} refuse what {other} allows"
    people, verb = _named(pair.readers)
    by = f", published by {pair.producer}" if pair.producer else ""
    if pair.is_edit:
        met = " on stored events" if way == "backward" else ""
        return f"breaks {people}{met}, which {verb} {pair.name}{by}"
    if way == "forward":
        return f"{new} breaks {people}, which {verb} {pair.event_type} {old}{by}"
    return f"{new} breaks {people} on events of {old} of {pair.event_type}{by}"


def _named(domains: Sequence[str]) -> tuple[str, str]:
    """Return domains for a sentence, and the verb that goes with them."""
    if not domains:
        return "nobody in the registry but any later reader", "reads"
    listed = sorted(domains)
    text = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return text, "reads" if len(listed) == 1 else "read"


def _to_supply(causes: Sequence[Edit]) -> list[str]:
    """Return the properties of the root that old events lack, or have in another form."""
    required = [each.values["name"] for each in causes if each.rule.id == objects.PROPERTY_REQUIRED.id]
    parts = [each.new_pointer.split("/") for each in causes]
    others = [shown(each[2]) for each in parts if each[1:2] == ["properties"] and each[2:]]
    return sorted({*required, *others})


def _shared(one: str, other: str) -> int:
    """Return how many steps two pointers have in common."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
