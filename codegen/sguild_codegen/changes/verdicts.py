"""The verdict on a pair, as findings: who breaks by which document, and the edits behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sguild_codegen.changes.causes import Refusal, Way, causes
from sguild_codegen.changes.pairs import Pair, Side
from sguild_codegen.changes.policies import Judging, Lens
from sguild_codegen.compat import Comparison, compare
from sguild_codegen.compat.comparison import Direction
from sguild_codegen.compat.edits import Edit, edits
from sguild_codegen.compat.resolving import is_object
from sguild_codegen.report.change_rules import verdicts
from sguild_codegen.report.change_rules.change_rule import ChangeRule
from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.safe import shown

_BREAKS: Final = {"backward": verdicts.BACKWARD_BREAK, "forward": verdicts.FORWARD_BREAK}
_EXACT: Final = {"backward": verdicts.EXACT_BACKWARD_BREAK, "forward": verdicts.EXACT_FORWARD_BREAK}
_OPEN: Final = {"backward": verdicts.BACKWARD_UNDECIDED, "forward": verdicts.FORWARD_UNDECIDED}


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
        found = (self._one(way, lens).verdict for way in _WAYS for lens in _LENSES)
        return all(each == "compatible" for each in found)

    def summary(self, lens: Lens) -> str:
        """Return the verdicts of a lens in one line, and those on the other readers where they differ."""
        return f"{self.pair.name}: {', '.join(f'{way}: {self._word(way, lens)}' for way in _WAYS)}."

    def _word(self, way: Way, lens: Lens) -> str:
        strict, tolerant = self._one(way, "strict").verdict, self._one(way, "tolerant").verdict
        if strict == tolerant or self.pair.is_exact:
            return strict
        if lens == "strict":
            return f"{strict} (tolerant readers: {tolerant})"
        return f"{tolerant} (exact readers: {strict})"

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

    def _one(self, way: Way, lens: Lens) -> Direction:
        comparison = self.strict if lens == "strict" else self.tolerant
        return comparison.backward if way == "backward" else comparison.forward

    def _break(self, way: Way, direction: Direction, rule: ChangeRule) -> Finding:
        writer, reader = self._sides(way)
        way_out = self._way_out(way, direction)
        if rule is _EXACT[way]:
            way_out = "Readers that ignore what they do not know go on: nothing has to be done for them."
            way_out += self._behind(way, direction)
        values = {"people": _people(self.pair, way), "way_out": way_out}
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
        writer, _ = self._sides(way)
        refusals = self._refusals(way, direction)
        refused = written = refusals[0].pointer if refusals else ""
        first = next(iter(causes(self.edits, way, refusals)), None)
        if first is not None:
            refused = first.refused
            written = first.edit.new_pointer if way == "forward" else first.edit.old_pointer
        if not writer.has(written) and writer.has(refused):
            written = refused  # such as "required", for a property that is gone
        old_pointer, new_pointer = (written, refused) if way == "backward" else (refused, written)
        found = self.pair.new.finding(rule, new_pointer, values)
        related = (self.pair.old.place(rule, old_pointer, values),)
        audience = tuple(sorted(self.pair.readers))
        return replace(found, subject=self.pair.event_type, audience=audience, related=related)

    def _refusals(self, way: Way, direction: Direction) -> list[Refusal]:
        _, reader = self._sides(way)
        return [Refusal.of(each, reader.schema) for each in direction.complaints]

    def _sides(self, way: Way) -> tuple[Side, Side]:
        """Return the sides of writer and reader."""
        pair = self.pair
        return (pair.old, pair.new) if way == "backward" else (pair.new, pair.old)

    def _way_out(self, way: Way, direction: Direction) -> str:
        told = self._behind(way, direction)
        pair = self.pair
        if pair.is_exact:
            return (
                f"Leave {pair.name} as it was: it is read to the letter, so that nothing can be added.{told}"
            )
        if pair.is_edit and pair.event_type:
            return f"Leave {pair.name} as it was, and write a new version.{told}"
        if way == "forward":
            return f"Keep what readers of {pair.old.label} count on, and add beside it.{told}"
        if pair.event_type is None:
            return f"Take all that {pair.old.label} allows.{told}"
        needed = ", ".join(self._to_supply())
        places = ", ".join(sorted({shown(each.document_pointer) for each in direction.complaints} - {'""'}))
        task = f"to change what {pair.new.label} refuses{places and f' at {places}'}"
        if needed:
            task = f"to supply {needed}"
        return f"An up-adapter from {pair.old.label} has {task}.{told}"

    def _behind(self, way: Way, direction: Direction) -> str:
        behind = causes(self.edits, way, self._refusals(way, direction))
        rules = sorted({each.edit.rule.id for each in behind})
        return f" Behind it: {', '.join(rules)}." if rules else ""

    def _to_supply(self) -> list[str]:
        """Return the properties of the root that the new schema requires and the old one does not ensure."""
        old, new = self.pair.old.schema, self.pair.new.schema
        required = new.get("required", ()) if is_object(new) else ()
        before = old.get("required", ()) if is_object(old) else ()
        asked = [each for each in required if isinstance(each, str) and each not in before]
        # The old schema may ensure it by other words: only a comparison knows.
        ensured = (compare(old, {"required": [each]}).backward.verdict == "compatible" for each in asked)
        return sorted(shown(each) for each, is_there in zip(asked, ensured, strict=True) if not is_there)


_WAYS: Final[Sequence[Way]] = ("backward", "forward")
_LENSES: Final[Sequence[Lens]] = ("strict", "tolerant")


def _people(pair: Pair, way: Way) -> str:
    """Return who breaks, as a sentence."""
    new, old = pair.new.label, pair.old.label
    if pair.is_exact:
        people, verb = _named(pair.readers, "publishes or reads", "publish or read")
        breaks = f"stored events break {people}, which {verb} events in {new}"
        return breaks if way == "backward" else f"{new} breaks {people}, which {verb} events in it"
    if pair.event_type is None:
        broken, other = (new, old) if way == "backward" else (old, new)
        return f"readers of {broken} refuse what {other} allows"
    people, verb = _named(pair.readers, "reads", "read")
    by = f", published by {pair.producer}" if pair.producer else ""
    if pair.is_edit:
        breaks = "stored events break" if way == "backward" else "breaks"
        return f"{breaks} {people}, which {verb} {pair.name}{by}"
    if way == "forward":
        return f"{new} breaks {people}, which {verb} {pair.event_type} {old}{by}"
    return f"{new} breaks {people} on events of {old} of {pair.event_type}{by}"


def _named(domains: Sequence[str], one: str, many: str) -> tuple[str, str]:
    """Return domains for a sentence, and of the verb for one of them and for many the one that they need."""
    if not domains:
        return "nobody in the registry but any later reader", one
    listed = sorted(domains)
    text = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return text, one if len(listed) == 1 else many
