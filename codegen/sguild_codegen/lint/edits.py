"""Edits of JSON text in place: what is not meant stays as it is, to the last blank."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import JsonValue
from sguild_codegen.reader.positions import Place, scan


@dataclass(frozen=True, slots=True)
class Removal:
    """Take the member at a pointer out of its object."""

    pointer: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """Put another value, and maybe another key, in place of the member at a pointer."""

    pointer: str
    value: JsonValue
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """Put a member into the object at a pointer: behind the first of ``after`` that is there, else first."""

    pointer: str
    key: str
    value: JsonValue
    after: tuple[str, ...] = ()


Edit: TypeAlias = Removal | Replacement | Addition


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return the text after the edits, one after the other; an edit whose place is gone does nothing."""
    for each in edits:
        places = scan(text).places
        match each:
            case Removal(pointer) if pointer in places:
                text = _without(text, places[pointer])
            case Replacement(pointer) if pointer in places:
                text = _replaced(text, places[pointer], each)
            case Addition(pointer) if pointer in places:
                text = _with(text, places, each)
            case _:
                pass
    return text


def replace_file(path: Path, content: bytes) -> None:
    """Write a file anew: whoever reads it meanwhile, or after a crash, sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    shutil.copymode(path, temporary)
    temporary.replace(path)


def _without(text: str, place: Place) -> str:
    """Return the text without a member, and without the comma that it does not need any more."""
    if place.key is None:
        return text
    start, end = place.key.start, place.value.end
    rest = text[end:].lstrip()
    if rest.startswith(","):
        return text[:start] + rest[1:].lstrip()
    before = text[:start].rstrip()
    if before.endswith(","):
        return before[:-1] + text[end:]
    return before + rest


def _replaced(text: str, place: Place, edit: Replacement) -> str:
    text = text[: place.value.start] + _json(edit.value) + text[place.value.end :]
    if edit.key is None or place.key is None:
        return text
    return text[: place.key.start] + _json(edit.key) + text[place.key.end :]


def _with(text: str, places: dict[str, Place], edit: Addition) -> str:
    start = places[edit.pointer].value.start + 1
    first = text[start:].lstrip()
    blank = text[start : len(text) - len(first)]
    member = f"{_json(edit.key)}: {_json(edit.value)}"
    for key in edit.after:
        place = places.get(f"{edit.pointer}/{escape_pointer(key)}")
        if place is not None:
            return f"{text[: place.value.end]},{blank}{member}{text[place.value.end :]}"
    comma = "" if first.startswith("}") else ","
    return f"{text[:start]}{blank}{member}{comma}{blank if comma else ''}{first if comma else blank + first}"


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
