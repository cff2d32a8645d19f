"""What the schemas of a file describe: the values of properties, of items, of whole documents."""

from collections.abc import Iterator
from dataclasses import dataclass

from sguild_codegen.lint.contracts import SchemaFile
from sguild_codegen.model.schema import JsonType, Schema


@dataclass(frozen=True, slots=True)
class Property:
    """A property where it is declared: its name, the object that it is of, and its schema.

    ``refines`` means that an outer schema of the same object declares it as well, as a condition does.
    """

    name: str
    owner: Schema
    schema: Schema
    refines: bool


def properties(file: SchemaFile) -> Iterator[Property]:
    """Yield every property that a file declares."""
    yield from _properties(file.root, frozenset())


def _properties(node: Schema, around: frozenset[str]) -> Iterator[Property]:
    for name, schema in node.properties.items():
        yield Property(name, node, schema, name in around)
    inner = around | node.properties.keys()
    same = {id(each) for each in refinements(node)}
    for child in node.children():
        yield from _properties(child, inner if id(child) in same else frozenset())


def refinements(node: Schema) -> Iterator[Schema]:
    """Yield the schemas that are applied to the same value as this one; references are not followed."""
    yield from (*node.all_of, *node.any_of, *node.one_of, *node.dependent_schemas.values())
    yield from (each for each in (node.not_, node.if_, node.then, node.else_) if each is not None)


def resolved(node: Schema) -> Schema:
    """Return the schema behind references that stand alone."""
    while node.ref is not None:
        node = node.ref.target
    return node


def takes(node: Schema, *wanted: JsonType) -> bool:
    """Tell whether a schema says that it takes one of the types."""
    return node.types is not None and any(each in node.types for each in wanted)


def is_listed(node: Schema) -> bool:
    """Tell whether the values that pass are listed."""
    return node.has_const or node.enum is not None


def tested(root: Schema) -> set[Schema]:
    """Return the schemas that only test a value, inside of ``not`` and ``if``."""
    found = set[Schema]()
    for node in root.walk():
        for each in (node.not_, node.if_):
            if each is not None:
                found.update(each.walk())
    return found
