"""Schemas that apply themselves to the same value again: what they mean, nobody has said."""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.compat.resolving import Json, is_array, is_object

_LISTED: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("not", "if", "then", "else")
_DEFINITIONS: Final = "#/$defs/"


def applies_itself(flat: Json) -> bool:
    """Tell whether a flattened schema comes back to one of its parts without a step into the value."""
    done: set[int] = set()
    for start in _parts(flat):
        # Each entry is a schema, and what is left to follow from it; what is open is on the way.
        way: list[tuple[int, Iterator[Json]]] = []
        open_: set[int] = set()
        pending: Json = start
        while True:
            if pending is not None and is_object(pending) and id(pending) not in done:
                if id(pending) in open_:
                    return True
                open_.add(id(pending))
                way.append((id(pending), _in_place(pending, flat)))
            if not way:
                break
            pending = next(way[-1][1], None)
            if pending is None:
                name, _ = way.pop()
                open_.discard(name)
                done.add(name)
    return False


def _parts(flat: Json) -> Iterator[Json]:
    """Yield the root and the definitions: a loop goes through a reference."""
    yield flat
    if is_object(flat):
        yield from flat.get("$defs", {}).values()


def _in_place(schema: dict[str, Json], flat: Json) -> Iterator[Json]:
    """Yield the schemas that apply to the same value; booleans lead nowhere and are left out."""
    found: list[Json] = [schema[key] for key in _SINGLE if key in schema]
    for key in _LISTED:
        found += schema[key] if is_array(schema.get(key)) else []
    found += schema.get("dependentSchemas", {}).values()
    reference = schema.get("$ref")
    if reference == "#":
        found.append(flat)
    elif isinstance(reference, str):
        found.append(flat["$defs"][reference.removeprefix(_DEFINITIONS)])
    return (each for each in found if is_object(each))
