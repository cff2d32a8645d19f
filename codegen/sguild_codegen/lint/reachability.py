"""Definitions that nothing refers to."""

from collections.abc import Iterable, Iterator

from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.edits import Removal
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import Schema
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import shown


def check(contracts: Contracts) -> Iterator[Breach]:
    """Check the definitions of every file against what payloads and envelope lead to."""
    roots = [file.root for file in contracts.files if file.kind != "shared"]
    used = _used(roots)
    for file in contracts.files:
        for node in file.nodes:
            yield from _unused(file, node, used)


def _used(roots: Iterable[Schema]) -> set[Schema]:
    """Return what is applied somewhere: definitions are only where a reference leads to them."""
    found = set[Schema]()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        definitions = {id(each) for each in node.definitions.values()}
        waiting += (each for each in node.children() if id(each) not in definitions)
        waiting += () if node.ref is None else (node.ref.target,)
    return found


def _unused(file: SchemaFile, node: Schema, used: set[Schema]) -> Iterator[Breach]:
    for name, schema in node.definitions.items():
        if used.isdisjoint(schema.walk()):
            below = f"/$defs/{escape_pointer(name)}"
            # A file that only this definition refers to would be left without an entry in the registry.
            stays = all(each.ref is None or each.ref.location.document == file.name for each in schema.walk())
            edits = (Removal(f"{node.pointer}{below}"),) if stays else ()
            yield file.breach(
                rules.UNREACHABLE_DEFINITION, node, below, at_key=True, edits=edits, value=shown(name)
            )
