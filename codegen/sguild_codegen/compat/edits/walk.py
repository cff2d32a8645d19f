"""The edits between two schemas: what explains a verdict. The verdict itself does not rest on them."""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.compat.edits import arrays, combinations, objects, values
from sguild_codegen.compat.edits.pair import Edit, Pair, same
from sguild_codegen.compat.resolving import Json, is_object
from sguild_codegen.compat.vocabulary import KEYWORDS
from sguild_codegen.report.change_rules.structure import REFERENCE_CHANGED, SCHEMA_REPLACED
from sguild_codegen.report.safe import shown

_FAMILIES: Final = (values.edits, objects.edits, arrays.edits, combinations.edits)


def edits(old: Json, new: Json) -> Iterator[Edit]:
    """Yield the edits that lead from one schema to another, by place in depth.

    Schemas that are not valid are compared as far as they are understood. Every difference is met: what no
    rule knows is an edit of an annotation.
    """
    waiting = [Pair(old, new)]
    while waiting:
        pair = waiting.pop()
        if same(pair.old, pair.new):
            continue
        followed = _followed(pair, old, new)
        if followed is not pair:
            yield _reference_edit(pair)
        found = [] if same(followed.old, followed.new) else list(_inside(followed))
        yield from (each for each in found if isinstance(each, Edit))
        waiting += [each for each in reversed(found) if isinstance(each, Pair)]


def _followed(pair: Pair, old: Json, new: Json) -> Pair:
    """Return a schema and what a reference in its place leads to: moving it changes nothing by itself."""
    before, after = _reference(pair.old), _reference(pair.new)
    if before is not None and after is None:
        target = _pointed(old, before)
        return pair if target is None else Pair(target, pair.new, before, pair.new_pointer, pair.sense)
    if after is not None and before is None:
        target = _pointed(new, after)
        return pair if target is None else Pair(pair.old, target, pair.old_pointer, after, pair.sense)
    return pair


def _reference_edit(pair: Pair) -> Edit:
    old, new = (each.get("$ref", "none") if is_object(each) else "none" for each in (pair.old, pair.new))
    return pair.edit(REFERENCE_CHANGED, "/$ref", effect="nothing", old=shown(old), new=shown(new))


def _reference(schema: Json) -> str | None:
    """Return the pointer of a schema that is nothing but a reference into its own document."""
    if not is_object(schema) or [each for each in schema if each in KEYWORDS] != ["$ref"]:
        return None
    reference = schema["$ref"]
    is_pointer = isinstance(reference, str) and reference.startswith("#/") and "%" not in reference
    return reference[1:] if is_pointer else None


def _pointed(document: Json, pointer: str) -> Json | None:
    target = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not is_object(target) or name not in target:
            return None
        target = target[name]
    return target if _reference(target) is None else None


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
