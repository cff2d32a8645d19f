"""One schema with all files that it refers to inside, from raw JSON; and the way back to the files.

What `generate` emits is bundled from the checked model. Here a file need not be sound: `compare` takes
anything.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sguild_codegen.changes.trees import Tree
from sguild_codegen.model.identifiers import SCHEMA_ID_BASE
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import JsonValue


@dataclass(frozen=True, slots=True)
class Bundle:
    """A schema that stands on its own; ``files`` are the names of the files inside, by their place in it."""

    name: str
    schema: Any
    files: Mapping[str, str]

    def place(self, pointer: str) -> tuple[str, str]:
        """Return the file of a JSON pointer of the bundle, and the pointer in it."""
        for prefix, name in self.files.items():
            if pointer == prefix or pointer.startswith(f"{prefix}/"):
                return name, pointer.removeprefix(prefix)
        return self.name, pointer


def bundle(tree: Tree, name: str) -> Bundle:
    """Return a file of a tree as a bundle.

    Raises:
        ContractError: one of the files is not strict JSON.
    """
    others = sorted(referenced_files(tree, name) - {name})
    root = tree.value(name)
    if not others or not isinstance(root, dict):
        return Bundle(name, root, {})
    own = root.get("$defs", {})
    parts = {_id_of(tree, each): _with_id(tree, each) for each in others}
    schema = {**root, "$id": _id_of(tree, name), "$defs": {**(own if isinstance(own, dict) else {}), **parts}}
    places = {f"/$defs/{escape_pointer(_id_of(tree, each))}": each for each in others}
    return Bundle(name, schema, places)


def referenced_files(tree: Tree, name: str) -> set[str]:
    """Return the files that a file leads to, itself among them, as far as they are in the tree."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each not in found and each in tree.ids:
            found.add(each)
            waiting += _leads_to(tree, each)
    return found


def _leads_to(tree: Tree, name: str) -> Iterator[str]:
    raw = tree.content(name)
    if b"$ref" not in raw and b"\\u" not in raw:  # most files: not even parsed
        return
    for text in _references(tree.value(name)):
        path = unquote(text.partition("#")[0])
        if path.startswith(SCHEMA_ID_BASE):
            yield path.removeprefix(SCHEMA_ID_BASE)
        elif path:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref" and isinstance(inner, str):
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _id_of(tree: Tree, name: str) -> str:
    """Return the URI of a file: its own, or one by its path, against which relative references work."""
    value = tree.value(name)
    own = value.get("$id") if isinstance(value, dict) else None
    return own if isinstance(own, str) else f"{SCHEMA_ID_BASE}{name}"


def _with_id(tree: Tree, name: str) -> JsonValue:
    value = tree.value(name)
    return {**value, "$id": _id_of(tree, name)} if isinstance(value, dict) else value
