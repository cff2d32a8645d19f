"""The edits between two schemas: what explains a verdict. The verdict itself does not rest on them."""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.compat.edits import arrays, combinations, objects, values
from sguild_codegen.compat.edits.pair import Edit, Pair, same, shown_or_absent
from sguild_codegen.compat.resolving import Document, Json, is_object
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.compat.vocabulary import KEYWORDS
from sguild_codegen.report.change_rules.structure import REFERENCE_CHANGED, SCHEMA_REPLACED
from sguild_codegen.report.safe import shown

_FAMILIES: Final = (values.edits, objects.edits, arrays.edits, combinations.edits)


def edits(old: Json, new: Json) -> Iterator[Edit]:
    """Yield the edits that lead from one schema to another, by place in depth.

    Schemas that are not valid are compared as far as they are understood. Every difference is met: what no
    rule knows is an edit of an annotation.
    """
    waiting, references = [Pair(old, new)], _References(old, new)
    while waiting:
        pair = waiting.pop()
        if same(pair.old, pair.new):
            continue
        followed = references.followed(pair)
        if followed is None:
            continue
        if followed is not pair:
            yield _reference_edit(pair)
        found = [] if same(followed.old, followed.new) else list(_inside(followed))
        yield from (each for each in found if isinstance(each, Edit))
        waiting += [each for each in reversed(found) if isinstance(each, Pair)]


class _References:
    """Where references of both schemas lead; nothing is looked up before the first one is met."""

    def __init__(self, old: Json, new: Json) -> None:
        self._roots, self._documents = (old, new), list[tuple[Document, dict[int, str]]]()
        self._seen: set[tuple[int, int]] = set()

    def followed(self, pair: Pair) -> Pair | None:
        """Return a pair with what its references lead to; ``None`` if that was compared already.

        Moving a schema changes nothing by itself: a reference is followed where the other side has the schema
        itself, or a reference to what has another name now. A reference to something else that was there
        before is an edit of its own.
        """
        old, new = _reference(pair.old), _reference(pair.new)
        if old == new or (old is not None and new is not None and self._is_kept(pair, old)):
            return pair
        before = (pair.old, pair.old_pointer) if old is None else self._target(0, pair.old, old)
        after = (pair.new, pair.new_pointer) if new is None else self._target(1, pair.new, new)
        if before is None or after is None:
            return pair
        found = Pair(before[0], after[0], before[1], after[1], pair.sense)
        key = id(found.old), id(found.new)
        if key in self._seen:
            return None
        self._seen.add(key)
        return found

    def _is_kept(self, pair: Pair, reference: str) -> bool:
        """Tell whether what the old side refers to is still there in the new document."""
        return self._target(1, pair.new, reference) is not None

    def _target(self, side: int, schema: Json, reference: str) -> tuple[Json, str] | None:
        """Return where a reference of a schema leads, and the pointer of that."""
        if not self._documents:
            documents = map(Document, self._roots)
            self._documents += [(each, each.pointers()) for each in documents]
        document, pointers = self._documents[side]
        try:
            target = document.resolve(reference, document.base_of(schema, "")).schema
        except Undecided:
            return None
        if _reference(target) is not None or id(target) not in pointers:
            return None
        return target, pointers[id(target)]


def _reference_edit(pair: Pair) -> Edit:
    old, new = (shown_or_absent(each, "$ref") for each in (pair.old, pair.new))
    return pair.edit(REFERENCE_CHANGED, "/$ref", effect="nothing", old=old, new=new)


def _reference(schema: Json) -> str | None:
    """Return the reference of a schema that is nothing but one."""
    if not is_object(schema) or [each for each in schema if each in KEYWORDS] != ["$ref"]:
        return None
    return schema["$ref"] if isinstance(schema["$ref"], str) else None


def _inside(pair: Pair) -> Iterator[Edit | Pair]:
    old, new = _as_object(pair.old), _as_object(pair.new)
    if not (is_object(old) and is_object(new)):
        yield pair.edit(SCHEMA_REPLACED, old=shown(pair.old), new=shown(pair.new))
        return
    plain = Pair(old, new, pair.old_pointer, pair.new_pointer, pair.sense)
    for family in _FAMILIES:
        yield from family(plain)


def _as_object(schema: Json) -> Json:
    return {} if schema is True else schema
