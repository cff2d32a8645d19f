"""Descriptions: missing where the name does not say it all, or there without saying anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.values import Property, properties, resolved, takes, tested
from sguild_codegen.model.identifiers import prefix_of
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import Schema
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import shown

_PLACEHOLDERS: Final = ("todo", "tbd", "tba", "fixme", "xxx")
_WORD: Final = re.compile(r"[a-z0-9]+")
_FILLERS: Final = frozenset(("a", "an", "the", "of", "this", "its", "is"))


def check(contracts: Contracts) -> Iterator[Breach]:
    """Check the descriptions of events, definitions and properties."""
    entities = contracts.tree.id_prefixes
    for file in contracts.files:
        if not file.root.description:
            yield file.breach(rules.EVENT_UNDESCRIBED, file.root)
        tests = tested(file.root)
        for each in properties(file):
            if each.schema not in tests:
                yield from _property(file, each, entities)
        for node in file.nodes:
            yield from _definitions(file, node)


def _property(file: SchemaFile, each: Property, entities: Mapping[str, str]) -> Iterator[Breach]:
    below = f"/properties/{escape_pointer(each.name)}"
    text = _text(each.schema)
    if text is not None:
        if _is_idle(text, each.name) and each.schema.description is not None:
            yield file.breach(rules.IDLE_DESCRIPTION, each.schema, "/description", value=shown(text))
    elif not each.refines and not _says_all(each.name, resolved(each.schema), entities):
        yield file.breach(rules.PROPERTY_UNDESCRIBED, each.owner, below, at_key=True, value=shown(each.name))


def _text(node: Schema) -> str | None:
    """Return what a schema, or the one that it refers to, says about itself."""
    while True:
        text = node.description or node.title
        if text is not None or node.ref is None:
            return text
        node = node.ref.target


def _says_all(name: str, node: Schema, entities: Mapping[str, str]) -> bool:
    """Tell whether a name and a schema leave no question."""
    if node.has_const or node.boolean is not None:
        return True
    if takes(node, "array") and node.items is not None and not node.prefix_items:
        return name.endswith("s") and _says_all(name.removesuffix("s"), resolved(node.items), entities)
    words = name.split("_")
    entity = entities.get(prefix_of(node.pattern) or "")
    if entity is not None:
        return name in (f"{entity}_id", "id")
    if node.format in ("date-time", "date"):
        return words[-1] in ("at", "on", "date")
    if node.format is not None:
        return node.format in (name, words[-1])
    return takes(node, "string") and words[-1] == "name" and node.pattern is None


def _definitions(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    for name, schema in node.definitions.items():
        text = _text(schema)
        if text is None and takes(schema, "object"):
            below = f"/$defs/{escape_pointer(name)}"
            yield file.breach(rules.DEFINITION_UNDESCRIBED, node, below, at_key=True, value=shown(name))
        elif schema.description is not None and _is_idle(schema.description, name):
            place = schema.description
            yield file.breach(rules.IDLE_DESCRIPTION, schema, "/description", value=shown(place))


def _is_idle(text: str, name: str) -> bool:
    said = set(_WORD.findall(text.lower())) - _FILLERS
    is_placeholder = text.lower().startswith(_PLACEHOLDERS) or not any(map(str.isalnum, text))
    return is_placeholder or (bool(said) and said <= set(name.lower().split("_")))
