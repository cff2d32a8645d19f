"""The edits between two schemas: what explains a verdict. The verdict itself does not rest on them."""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.compat.edits import arrays, combinations, objects, values
from sguild_codegen.compat.edits.pair import Edit, Pair, same
from sguild_codegen.compat.resolving import Json, is_object
from sguild_codegen.report.change_rules.structure import SCHEMA_REPLACED
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
        found = list(_inside(pair))
        yield from (each for each in found if isinstance(each, Edit))
        waiting += [each for each in reversed(found) if isinstance(each, Pair)]


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
