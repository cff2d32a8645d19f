"""What a handler receives: the classes of a tolerant reader, where they differ from those of a producer.

A tolerant reader takes values that an open enum does not list. They must show in the type of what is received
and must not show in what is published, so a class with an open enum somewhere inside gets a base,
``ReceivedCreditReleasedV2``, in which the enum is ``Initiator | Unrecognised``; what is published stays the
narrower class. Which enums are open is not decided here: it is read off the tolerant reader's schema.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from sguild_codegen.emit.definitions import Definition, Definitions, Import, ObjectClass, TypeSource
from sguild_codegen.emit.names import received_class
from sguild_codegen.emit.types import Names, TypeBuilder
from sguild_codegen.model.schema import JsonValue, Schema

_UNRECOGNISED: Final = TypeSource(
    "Unrecognised", frozenset({Import("sguild_dispatcher.fields", "Unrecognised")})
)
_OR_UNRECOGNISED: Final = f" | {_UNRECOGNISED.text}"
_DEFINITIONS: Final = "#/$defs/"


def opened_enums(schema: Schema, tolerant: JsonValue) -> frozenset[Schema]:
    """Return the nodes whose enum a tolerant reader opens, wherever it meets them.

    Args:
        schema: what producers are held to.
        tolerant: the schema of its tolerant reader.
    """
    return frozenset(_opened(schema, tolerant))


def _opened(schema: Schema, root: Any) -> Iterator[Schema]:
    """Walk both schemas in step; a definition may be met in an open place and in one that stays exact."""
    waiting: list[tuple[Schema, Any]] = [(schema, root)]
    seen: set[tuple[Schema, int]] = set()
    while waiting:
        exact, found = waiting.pop()
        place = (exact, id(found))
        if not isinstance(found, dict) or place in seen:
            continue
        read = cast("dict[str, Any]", found)
        seen.add(place)
        if exact.enum is not None and "enum" not in read:
            yield exact
        if exact.ref is not None:
            waiting.append((exact.ref.target, _target(root, read.get("$ref", "#"))))
        waiting += _members(exact, read)


def _target(root: Any, reference: str) -> Any:
    return root if reference == "#" else root["$defs"][reference.removeprefix(_DEFINITIONS)]


def _members(exact: Schema, read: dict[str, Any]) -> Iterator[tuple[Schema, Any]]:
    """Yield the parts of a schema that are parts of its type, beside those of the tolerant reader."""
    named = read.get("properties", {})
    yield from ((each, named.get(name)) for name, each in exact.properties.items())
    for found, keyword in ((exact.items, "items"), (exact.additional_properties, "additionalProperties")):
        if found is not None:
            yield found, read.get(keyword)
    for branches, keyword in ((exact.one_of, "oneOf"), (exact.any_of, "anyOf")):
        yield from zip(branches, read.get(keyword, ()), strict=False)


def wide(schema: Schema, opened: frozenset[Schema]) -> frozenset[Schema]:
    """Return the nodes that have an open enum inside, or are one."""
    above: dict[Schema, list[Schema]] = {}
    waiting, seen = [schema], {schema}
    while waiting:
        node = waiting.pop()
        for part in _parts(node):
            above.setdefault(part, []).append(node)
            if part not in seen:
                seen.add(part)
                waiting.append(part)
    found, waiting = set(opened), list(opened)
    while waiting:
        for node in above.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return frozenset(found)


def _parts(schema: Schema) -> Iterator[Schema]:
    yield from schema.properties.values()
    yield from (*schema.one_of, *schema.any_of)
    yield from (each for each in (schema.items, schema.additional_properties) if each is not None)
    if schema.ref is not None:
        yield schema.ref.target


def _open(found: TypeSource) -> TypeSource:
    return replace(found, text=found.text + _OR_UNRECOGNISED, imports=found.imports | _UNRECOGNISED.imports)


@dataclass(slots=True)
class ReceivedTypes(TypeBuilder):
    """Builds what a tolerant reader receives, beside the exact classes that are there already.

    ``opened`` are the enums that it opens, ``wide`` the schemas that hold one; ``exact`` are the classes of
    producers.
    """

    opened: frozenset[Schema] = frozenset()
    wide: frozenset[Schema] = frozenset()
    exact: dict[Schema, str] = field(default_factory=dict[Schema, str])

    def _exact(self, schema: Schema, names: Names) -> TypeSource:
        found = TypeBuilder._exact(self, schema, names)  # noqa: SLF001 - dataclasses with slots have no super()
        return _open(found) if schema in self.opened else found

    def _by_schema(self, schema: Schema, names: Names) -> TypeSource:
        found = TypeBuilder._by_schema(self, schema, names)  # noqa: SLF001
        return _open(found) if schema in self.opened else found

    def _alternatives(self, parts: list[TypeSource]) -> TypeSource:
        """Return a union in which a value that is not recognised comes last: what a branch knows is known."""
        known = [replace(each, text=each.text.removesuffix(_OR_UNRECOGNISED)) for each in parts]
        found = TypeBuilder._alternatives(self, known)  # noqa: SLF001
        return found if known == parts else _open(found)

    def _claim(self, names: Names, meaning: object) -> str:
        """Return the name that the same type has in the exact class, or one of its own."""
        exact = replace(names, owner=names.owner.removeprefix(received_class("")))
        known = self.definitions.known(exact.alias, meaning)
        return known or self.definitions.claim((names.qualified,), meaning)

    def object_class(self, schema: Schema, name: str) -> TypeSource:
        """Return the class of an object: the exact one if no enum inside is open."""
        known = self.exact.get(schema)
        if known is None:
            return TypeBuilder.object_class(self, schema, name)
        if schema not in self.wide:
            return TypeSource(known)
        return TypeBuilder.object_class(self, schema, received_class(known))


def add_received(definitions: Definitions, exact: TypeBuilder, root: Schema, tolerant: JsonValue) -> bool:
    """Add the classes of what is received, as bases of the exact ones; tell whether there are any.

    Args:
        definitions: those of the module; the exact classes of the root are there.
        exact: what has built them.
        root: the schema that producers are held to.
        tolerant: the schema of its tolerant reader.

    Raises:
        RefusedSchema: never for a schema whose exact classes could be built.
    """
    opened = opened_enums(root, tolerant)
    holding = wide(root, opened)
    if not opened or root not in holding:
        return False
    before = len(definitions.items)
    builder = ReceivedTypes(
        definitions, exact.given, exact.formats, opened=opened, wide=holding, exact=dict(exact.classes)
    )
    builder.root_class(root, received_class(exact.classes[root]))
    added = definitions.items[before:]
    definitions.items[before:] = []
    definitions.items[:] = list(_with_bases(definitions.items, added))
    return True


def _with_bases(items: list[Definition], added: list[Definition]) -> Iterator[Definition]:
    """Yield the definitions with each base, and the aliases that it needs, right before its exact class."""
    waiting = list(added)
    bases = {each.name for each in added if isinstance(each, ObjectClass)}
    for item in items:
        name = received_class(item.name)
        if not isinstance(item, ObjectClass) or name not in bases:
            yield item
            continue
        while waiting and name in {each.name for each in waiting}:
            yield replace(each, is_received=True) if isinstance(each := waiting.pop(0), ObjectClass) else each
        yield replace(item, base=name)
