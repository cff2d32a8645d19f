"""What values may be: closed objects, types, formats, ids, and an end to everything that can grow."""

from collections.abc import Iterator, Mapping
from typing import Final

from sguild_codegen.lint.bounds import is_bounded
from sguild_codegen.lint.contracts import Breach, Contracts, SchemaFile
from sguild_codegen.lint.edits import Removal, Replacement
from sguild_codegen.lint.values import (
    Property,
    is_listed,
    properties,
    refinements,
    resolved,
    takes,
    tested,
)
from sguild_codegen.model.identifiers import id_pattern, prefix_of
from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import Schema
from sguild_codegen.reader.problems import Suggestion
from sguild_codegen.report import lint_rules as rules
from sguild_codegen.report.safe import in_full, shown

_TIMES: Final = {"at": ("date-time", "timestamp"), "on": ("date", "day"), "date": ("date", "day")}
_SIZED_FORMATS: Final = frozenset(
    ("date-time", "date", "time", "duration", "uuid", "ipv4", "ipv6", "hostname")
)


def check(contracts: Contracts) -> Iterator[Breach]:
    """Check the shape of every value that a file describes."""
    prefixes = contracts.tree.id_prefixes
    for file in contracts.files:
        tests = tested(file.root)
        refined = {each for node in file.nodes for each in refinements(node)}
        for each in properties(file):
            if each.schema not in tests:
                yield from _property(file, each, prefixes)
        for node in file.nodes:
            yield from _single_value(file, node)
            yield from _prefix(file, node, prefixes)
            if node not in tests:
                yield from _sizes(file, node)
                if node not in refined or node in _branches(file):
                    yield from _openness(file, node)


def _branches(file: SchemaFile) -> set[Schema]:
    """Return the branches of unions: each stands for a whole value where nothing beside the union does."""
    return {
        each
        for node in file.nodes
        if not node.properties and not takes(node, "object")
        for each in (*node.one_of, *node.any_of)
    }


def _openness(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    if not takes(node, "object") or is_listed(node) or node.all_of:
        return
    # The runtime checks the payload of an envelope against the schema of its event type.
    if file.kind == "envelope" and node.pointer == "/properties/payload":
        return
    if node.additional_properties is None and node.unevaluated_properties is None and not _is_split(node):
        yield file.breach(rules.OPEN_OBJECT, node, "/type")


def _is_split(node: Schema) -> bool:
    """Tell whether the branches of a union describe the object, so that they are what is to be closed."""
    return bool(not node.properties and (node.one_of or node.any_of))


def _property(file: SchemaFile, each: Property, prefixes: Mapping[str, str]) -> Iterator[Breach]:
    if not each.refines and _is_anything(each.schema):
        below = f"/properties/{escape_pointer(each.name)}"
        what = f"the property {shown(each.name)}"
        yield file.breach(rules.UNTYPED_VALUE, each.owner, below, at_key=True, what=what)
    if each.name in each.owner.required and each.schema.has_default:
        yield file.breach(
            rules.REQUIRED_DEFAULT,
            each.schema,
            "/default",
            at_key=True,
            edits=(Removal(f"{each.schema.pointer}/default"),),
            value=shown(each.name),
        )
    node = each.schema
    if node.ref is None and takes(node, "string") and not is_listed(node):
        yield from _timestamp(file, each)
        yield from _id(file, each.name, node, prefixes)
    elif node.items is not None and takes(node.items, "string") and each.name.endswith("s"):
        yield from _id(file, each.name.removesuffix("s"), node.items, prefixes)


def _is_anything(node: Schema) -> bool:
    """Tell whether a schema lets every value pass."""
    if node.boolean is not None:
        return node.boolean
    return node.ref is None and not any(
        (node.types, is_listed(node), node.not_, node.if_, *refinements(node))
    )


def _timestamp(file: SchemaFile, each: Property) -> Iterator[Breach]:
    words = each.name.split("_")
    if len(words) > 1 and words[-1] in _TIMES and each.schema.format is None and not each.schema.pattern:
        format_, what = _TIMES[words[-1]]
        yield file.breach(
            rules.TIMESTAMP_FORMAT, each.schema, "/type", value=shown(each.name), what=what, format=format_
        )


def _id(file: SchemaFile, name: str, node: Schema, prefixes: Mapping[str, str]) -> Iterator[Breach]:
    entity = _entity(name, prefixes)
    prefix = prefix_of(node.pattern)
    if entity is None or prefixes.get(prefix or "") == entity or node.format is not None:
        return
    if node.pattern is not None and prefix is None:
        return  # a pattern of another kind: it says more than a prefix does
    expected = next(each for each, behind in prefixes.items() if behind == entity)
    yield file.breach(
        rules.ID_PATTERN,
        node,
        "/pattern" if node.pattern else "/type",
        value=shown(name),
        entity=shown(entity),
        found="any text" if prefix is None else f"the ids with {shown(prefix)}",
        expected=in_full(id_pattern(expected)),
    )


def _entity(name: str, prefixes: Mapping[str, str]) -> str | None:
    """Return the registered entity whose id a property is by its name: all of it, or its last words."""
    words = name.split("_")
    if words[-1] != "id":
        return None
    entities = frozenset(prefixes.values())
    candidates = ("_".join(words[start:-1]) for start in range(len(words) - 1))
    return next((each for each in candidates if each in entities), None)


def _prefix(file: SchemaFile, node: Schema, prefixes: Mapping[str, str]) -> Iterator[Breach]:
    prefix = prefix_of(node.pattern)
    if prefix is not None and prefix not in prefixes:
        near = Suggestion(prefix, prefixes)
        yield file.breach(rules.UNREGISTERED_PREFIX, node, "/pattern", value=shown(prefix), suggestion=near)


def _single_value(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    # The producers of the envelope are those of the registry, however few there are.
    of_producers = file.kind == "envelope" and node.pointer == "/properties/producer"
    if node.enum is not None and len(node.enum) == 1 and not node.has_const and not of_producers:
        value = node.enum[0]
        yield file.breach(
            rules.SINGLE_VALUE,
            node,
            "/enum",
            at_key=True,
            edits=(Replacement(f"{node.pointer}/enum", value, key="const"),),
            value=in_full(value),
        )


def _sizes(file: SchemaFile, node: Schema) -> Iterator[Breach]:
    if is_listed(node):
        return
    if takes(node, "string") and not _is_sized(node):
        yield file.breach(rules.UNBOUNDED_STRING, node, "/type")
    if takes(node, "array") and node.max_items is None and not _is_short(node):
        yield file.breach(rules.UNBOUNDED_ARRAY, node, "/type")
    is_map = node.additional_properties is not None and node.additional_properties.boolean is None
    if takes(node, "object") and is_map and node.max_properties is None:
        yield file.breach(rules.UNBOUNDED_MAP, node, "/type")


def _is_sized(node: Schema) -> bool:
    if node.max_length is not None or node.format in _SIZED_FORMATS:
        return True
    return node.pattern is not None and is_bounded(node.pattern)


def _is_short(node: Schema) -> bool:
    """Tell whether an array is of some length by itself: a tuple, or different values from a list."""
    if node.items is None:
        return False
    items = resolved(node.items)
    return items.boolean is False or (node.unique_items and is_listed(items))
