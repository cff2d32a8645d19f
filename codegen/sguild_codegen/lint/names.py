"""Names, titles and ids."""

import re
from collections.abc import Iterator
from typing import Final

from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.edits import Addition, Edit, Replacement
from sguild_codegen.model.identifiers import SCHEMA_ID_BASE
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import Schema
from sguild_codegen.reader.names import folded
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import in_full, shown

_SNAKE: Final = re.compile(r"\$?[a-z][a-z0-9]*(_[a-z0-9]+)*")
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR: Final = re.compile(r"[^a-z0-9]+")


def check(contracts: Contracts) -> Iterator[Breach]:
    """Check how things are called."""
    for file in contracts.files:
        yield from _title(file)
        yield from _shared_id(file)
        for node in file.nodes:
            yield from _cases(file, node)
            yield from _look_alikes(file, node)


def _title(file: SchemaFile) -> Iterator[Breach]:
    if file.event is None or file.version is None:
        return
    expected, found = f"{file.event.name} payload v{file.version.version}", file.root.title
    if found != expected:
        yield file.breach(
            rules.PAYLOAD_TITLE,
            file.root,
            "/title",
            edits=(_set(file, "title", expected, after=("$id", "$schema")),),
            value="missing" if found is None else shown(found),
            expected=in_full(expected),
        )


def _shared_id(file: SchemaFile) -> Iterator[Breach]:
    """Check the name of a shared file; the reader checks those of payloads, and the envelope's is given."""
    expected, found = f"{SCHEMA_ID_BASE}{file.name}", file.root.schema_id
    if file.kind != "shared" or found == expected:
        return
    # References with a path are resolved against $id: another one could lead them elsewhere.
    stays = all(each.ref is None or each.ref.text.startswith("#") for each in file.nodes)
    yield file.breach(
        rules.SHARED_ID,
        file.root,
        "/$id",
        edits=(_set(file, "$id", expected, after=("$schema",)),) if stays else (),
        value="missing" if found is None else shown(found),
        expected=in_full(expected),
    )


def _set(file: SchemaFile, key: str, value: str, *, after: tuple[str, ...]) -> Edit:
    if key in file.raw(file.root):
        return Replacement(f"/{key}", value)
    return Addition("", key, value, after)


def _cases(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    named = (("properties", node.properties, "the property"), ("$defs", node.definitions, "the definition"))
    for key, schemas, what in named:
        for name in schemas:
            if not _SNAKE.fullmatch(name):
                yield file.breach(
                    rules.NAME_CASE,
                    node,
                    f"/{key}/{escape_pointer(name)}",
                    at_key=True,
                    what=what,
                    value=shown(name),
                    suggestion=_in_snake_case(name),
                )


def _in_snake_case(name: str) -> str:
    words = _SEPARATOR.sub("_", _WORD_START.sub("_", name).lower()).strip("_")
    return words if words[:1].isalpha() else "something that starts with a letter"


def _look_alikes(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    seen: dict[str, str] = {}
    for index, value in enumerate(node.enum or ()):
        if not isinstance(value, str) or not folded(value):
            continue
        other = seen.setdefault(folded(value), value)
        if other != value:
            yield file.breach(
                rules.LOOK_ALIKE_VALUES, node, f"/enum/{index}", value=shown(value), other=shown(other)
            )
