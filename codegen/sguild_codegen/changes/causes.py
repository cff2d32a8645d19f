"""Which edits are behind a break: those at the places where its reader refuses the witness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sguild_codegen.changes.trails import trail
from sguild_codegen.compat.edits import Edit
from sguild_codegen.compat.edits.pair import part
from sguild_codegen.compat.resolving import Json
from sguild_codegen.compat.validators import Complaint
from sguild_codegen.report.change_rules.objects import PROPERTY_OPTIONAL, PROPERTY_REQUIRED
from sguild_codegen.report.safe import shown

Way: TypeAlias = Literal["backward", "forward"]

_EFFECTS: Final = {"backward": ("narrows", "either"), "forward": ("widens", "either")}
_REQUIRING: Final = (PROPERTY_REQUIRED.id, PROPERTY_OPTIONAL.id)
_UNEXPECTED: Final = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One complaint of a reader, in the schema as it is in the files (a tolerant reader's is another one).

    ``pointer`` is what refuses, ``passed`` are the references on the way there.
    """

    pointer: str
    passed: tuple[str, ...]
    names: tuple[str, ...]
    within: "tuple[Refusal, ...]"

    @classmethod
    def of(cls, complaint: Complaint, schema: Json) -> "Refusal":
        """Find a complaint in the reader's schema."""
        *passed, pointer = trail(schema, complaint.schema_pointer)
        within = tuple(cls.of(each, schema) for each in complaint.within)
        return cls(pointer, tuple(passed), complaint.names, within)

    def explained(self, edits: Sequence[Edit], way: Way) -> Iterator[tuple["Refusal", Edit]]:
        """Yield the edits that are about it; if none is, those about what its branches refuse."""
        own = [(self, each) for each in edits if self.is_by(each, read_pointer(each, way))]
        yield from own
        if not own:
            for each in self.within:
                yield from each.explained(edits, way)

    def is_by(self, edit: Edit, pointer: str) -> bool:
        """Tell whether an edit, which is at a pointer of the reader's schema, is about the same thing."""
        if pointer in self.passed:
            return True
        if not self.names:
            return _is_around(pointer, self.pointer) or _is_around(self.pointer, pointer)
        place, _, keyword = self.pointer.rpartition("/")
        if any(_is_around(pointer, f"{place}/properties{part(each)}") for each in self.names):
            return True
        if edit.rule.id in _REQUIRING:
            return pointer == self.pointer and edit.values["name"] in map(shown, self.names)
        patterns = f"{place}/patternProperties"
        return _is_around(self.pointer, pointer) or (keyword in _UNEXPECTED and _is_around(patterns, pointer))


@dataclass(frozen=True, slots=True)
class Cause:
    """An edit behind a break, and where the reader's schema refuses because of it."""

    edit: Edit
    refused: str


def causes(edits: Sequence[Edit], way: Way, refusals: Sequence[Refusal]) -> list[Cause]:
    """Return what is behind the refusals; the nearest edits if none is at their places."""
    able = [each for each in edits if each.effect in _EFFECTS[way]]
    found = [Cause(edit, at.pointer) for each in refusals for at, edit in each.explained(able, way)]
    if found:
        return found
    refused = refusals[0].pointer if refusals else ""
    return [Cause(each, refused) for each in _nearest(able, way, refused)]


def read_pointer(edit: Edit, way: Way) -> str:
    """Return where an edit is in the schema of the readers that a direction is about."""
    return edit.new_pointer if way == "backward" else edit.old_pointer


def _nearest(edits: Sequence[Edit], way: Way, pointer: str) -> Iterator[Edit]:
    shared = [_shared(read_pointer(each, way), pointer) for each in edits]
    most = max(shared, default=0)
    return (each for each, count in zip(edits, shared, strict=True) if count == most)


def _is_around(outer: str, inner: str) -> bool:
    """Tell whether one pointer is another one, or leads to something around it."""
    return f"{inner}/".startswith(f"{outer}/")


def _shared(one: str, other: str) -> int:
    """Return how many steps two pointers have in common."""
    count = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
