"""Modules with models in them: one for each event type, and the envelope's."""

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sguild_codegen.emit.checks import Check, CheckBuilder
from sguild_codegen.emit.definitions import (
    FIELDS,
    Alias,
    Definition,
    Definitions,
    Import,
    ObjectClass,
    TaggedUnion,
    TakenNames,
    TypeSource,
)
from sguild_codegen.emit.documents import document
from sguild_codegen.emit.literals import literal
from sguild_codegen.emit.names import payload_class, received_class
from sguild_codegen.emit.received import add_received
from sguild_codegen.emit.refusals import Collector, RefusedSchema
from sguild_codegen.emit.residue import residue
from sguild_codegen.emit.skeletons import Attribute, ObjectShape, Skeleton
from sguild_codegen.emit.types import TypeBuilder
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.model.schema import JsonValue, Schema

MODELS: Final = "sguild_dispatcher.models"
EVENT: Final = "Event"
# Names that keep their meaning in every module with models.
FIXED: Final = frozenset(
    (
        "Annotated",
        "Any",
        "ArrayRule",
        "Boolean",
        "BooleanRule",
        "ClassVar",
        "ContractModel",
        "ContractRoot",
        "Date",
        "DateTime",
        "Email",
        "Envelope",
        "Event",
        "False",
        "Field",
        "Generic",
        "Integer",
        "IntegerRule",
        "JsonValue",
        "Literal",
        "LiteralRule",
        "MISSING",
        "Map",
        "None",
        "Number",
        "NumberRule",
        "ObjectRule",
        "Payload",
        "PayloadT",
        "PayloadT_co",
        "PrefixedId",
        "SchemaRule",
        "Self",
        "String",
        "StringRule",
        "True",
        "TypeVar",
        "Unrecognised",
        "Uri",
        "bool",
        "dict",
        "float",
        "int",
        "model_config",
        "model_validator",
        "str",
        "tuple",
        "violation",
    )
)
# What the runtime tells of every event, beside the members of the envelope.
ENVELOPE_PROPERTIES: Final = frozenset(("emitted_version", "unrecognised"))
_MISSING: Final = Import("pydantic", "MISSING")
_THIRD_PARTIES: Final = ("pydantic", "sguild_dispatcher")
_RECEIVED: Final = (
    "This is what a handler receives: a value that an open enum does not list is ``Unrecognised``, and "
    "unknown properties are kept."
)


@dataclass(frozen=True, slots=True)
class ModelField:
    """One line of a class: ``name: annotation = default``, with its documentation."""

    name: str
    annotation: str
    default: str | None
    documentation: str | None


@dataclass(frozen=True, slots=True)
class ModelClass:
    """One class, ready for the template."""

    name: str
    bases: str
    documentation: str
    extra_type: str | None
    fields: tuple[ModelField, ...]
    checks: tuple[Check, ...]
    contract: str | None = None
    is_alias: bool = False


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """One alias, ready for the template."""

    name: str
    source: str
    is_alias: bool = True


@dataclass(frozen=True, slots=True)
class ClassHead:
    """What a root class has that others have not."""

    bases: str
    documentation: str
    imports: frozenset[Import]


@dataclass(slots=True)
class ModelModule:
    """The definitions of one module, before its attributes have names.

    ``public`` are the names that the whole package exports: a part of a contract must not take one.
    """

    id_classes: Mapping[str, str]
    ids_module: str
    public: Container[str]
    formats: bool = True
    heads: dict[str, ClassHead] = field(default_factory=dict[str, ClassHead])
    definitions: Definitions = field(init=False)

    def __post_init__(self) -> None:
        taken = TakenNames(FIXED, self.public)
        self.definitions = Definitions("", self.id_classes, self.ids_module, taken)

    def add_root(
        self, schema: Schema, name: str, head: ClassHead, given: Mapping[Schema, TypeSource] | None = None
    ) -> TypeBuilder:
        """Add a root class and everything that it needs; ``given`` are types that are decided elsewhere.

        Raises:
            RefusedSchema: a part of the schema has no exact type.
        """
        self.definitions.root = name
        self.heads[name] = head
        builder = TypeBuilder(self.definitions, given or {}, self.formats)
        builder.root_class(schema, name)
        return builder

    def add_payload(self, schema: Schema, name: str, head: ClassHead, tolerant: JsonValue) -> None:
        """Add a root class, and what a handler receives in its place where that is of another type.

        Raises:
            RefusedSchema: a part of the schema has no exact type.
        """
        builder = self.add_root(schema, name, head)
        received = received_class(name)
        self.definitions.root = received
        if add_received(self.definitions, builder, schema, tolerant):
            self.heads[received] = replace(head, documentation=f"{head.documentation}\n\n{_RECEIVED}")
            self.heads[name] = ClassHead(f"{received}, frozen=True", head.documentation, frozenset())

    def shapes(self) -> Iterator[ObjectShape]:
        """Yield what the generator of skeletons has to know."""
        for each in self.classes():
            yield ObjectShape(each.name, tuple(each.properties), frozenset(each.schema.required))

    def words(self) -> tuple[str, ...]:
        """Return the names of all properties, sorted."""
        return tuple(sorted({name for shape in self.shapes() for name in shape.properties}))

    def classes(self) -> Iterator[ObjectClass]:
        """Yield the classes in the order of their definition."""
        return (each for each in self.definitions.items if isinstance(each, ObjectClass))

    def named(self, skeletons: Mapping[str, Skeleton]) -> dict[str, Skeleton]:
        """Return the skeleton of each class, by attributes that hide no name of the module."""
        names = FIXED | {each.name for each in self.definitions.items} | set(self.id_classes.values())
        names |= ENVELOPE_PROPERTIES if EVENT in self.heads else frozenset()
        return {each.name: skeletons[each.name].avoiding(names) for each in self.classes()}

    def items(self, skeletons: Mapping[str, Skeleton]) -> tuple[ModelAlias | ModelClass, ...]:
        """Return the definitions for the template."""
        used = self.named(skeletons)
        made: list[ModelAlias | ModelClass] = []
        collector = Collector()
        for each in self.definitions.items:
            with collector:
                made.append(self._item(each, used))
        collector.close()
        return tuple(made)

    def _item(self, item: Definition, skeletons: Mapping[str, Skeleton]) -> ModelAlias | ModelClass:
        match item:
            case Alias(name, source):
                return ModelAlias(name, source.text)
            case TaggedUnion(name):
                return ModelAlias(name, _tagged_union(item, skeletons))
            case ObjectClass(name):
                return self._class(item, skeletons[name])

    def _class(self, item: ObjectClass, skeleton: Skeleton) -> ModelClass:
        head = self.heads.get(item.name)
        base = next((each for each in self.classes() if each.name == item.base), None)
        checks = () if item.is_received else _checks(item, skeleton)
        extra, extra_type = _extra(item, base)
        bases = head.bases if head else f"{item.base or 'ContractModel'}, frozen=True"
        return ModelClass(
            name=item.name,
            bases=f"{bases}, extra={literal(extra)}" if extra else bases,
            documentation=head.documentation if head else self._documentation(item),
            extra_type=extra_type,
            fields=tuple(_fields(item, base, skeleton)),
            checks=checks or (),
            contract=self._contract(item.schema) if checks is None else None,
        )

    def _contract(self, schema: Schema) -> str:
        """Return the source of the rule that an object is checked against as a whole."""
        left = residue(schema)
        text = json.dumps(document(left.schema, formats=self.formats), ensure_ascii=False, sort_keys=True)
        members = "" if left.members is None else f", members={_names(left.members)}"
        members = ", names_only=True" if left.names_only else members
        return f"SchemaRule({literal(text)}{members}{'' if self.formats else ', assert_formats=False'})"

    def _documentation(self, item: ObjectClass) -> str:
        roots = [name for name in self.heads if item.name.startswith(name)]
        root = max(roots, key=len, default=self.definitions.root)
        return item.schema.description or item.schema.title or f"A part of {root}."

    def import_groups(
        self, items: Iterable[ModelAlias | ModelClass], more: Iterable[Import] = ()
    ) -> list[list[tuple[str, list[str]]]]:
        """Return what the module imports: standard library, pydantic, runtime and package, each sorted."""
        return grouped({*self._type_imports(), *self._class_imports(items), *more})

    def _type_imports(self) -> Iterator[Import]:
        for each in self.definitions.items:
            match each:
                case Alias(_, source):
                    yield from source.imports
                case TaggedUnion():
                    yield from (Import("typing", "Annotated"), Import("pydantic", "Field"))
                case ObjectClass(_, _, properties, extra):
                    for source in (*properties.values(), *((extra,) if extra else ())):
                        yield from source.imports

    def _class_imports(self, items: Iterable[ModelAlias | ModelClass]) -> Iterator[Import]:
        for each in items:
            if isinstance(each, ModelClass):
                yield from self._base_imports(each)
                yield from _body_imports(each)

    def _base_imports(self, item: ModelClass) -> Iterator[Import]:
        head = self.heads.get(item.name)
        if head:
            yield from head.imports
        elif item.bases.startswith("ContractModel"):
            yield Import(MODELS, "ContractModel")


def _body_imports(item: ModelClass) -> Iterator[Import]:
    if item.checks or item.contract:
        yield from (Import("typing", "Self"), Import("pydantic", "model_validator"))
    if item.checks:
        yield Import(FIELDS, "violation")
    if item.contract:
        yield from (Import("typing", "ClassVar"), Import(FIELDS, "SchemaRule"))
    defaults = [member.default for member in item.fields if member.default]
    if any("MISSING" in default for default in defaults):
        yield _MISSING
    if item.extra_type or any("Field" in default for default in defaults):
        yield Import("pydantic", "Field")


def is_open(items: Iterable[ModelAlias | ModelClass]) -> bool:
    """Tell whether a class of the module types its unknown members, which pyright would not let it do."""
    return any(isinstance(each, ModelClass) and each.extra_type is not None for each in items)


def event_module(
    event: EventType,
    tolerant: Mapping[int, dict[str, JsonValue]],
    id_classes: Mapping[str, str],
    ids_module: str,
    public: Container[str],
) -> ModelModule:
    """Return the module of one event type: a class for each version that is not withdrawn.

    ``tolerant`` are the schemas of the tolerant readers, by version.

    Raises:
        RefusedSchema: a part of a schema has no exact type.
    """
    module = ModelModule(id_classes, ids_module, public)
    for version in live_versions(event):
        name = payload_class(event.name, version.version)
        number = literal(version.version)
        bases = f"Payload, frozen=True, event_type={literal(event.name)}, version={number}"
        head = ClassHead(
            bases, _payload_documentation(event, version), frozenset({Import(MODELS, "Payload")})
        )
        module.add_payload(payload_schema(version), name, head, tolerant[version.version])
    return module


def envelope_module(
    schema: Schema, id_classes: Mapping[str, str], ids_module: str, public: Container[str]
) -> ModelModule:
    """Return the module of the envelope: ``Event``, generic in its payload.

    Raises:
        RefusedSchema: a part of the schema has no exact type.
    """
    imports = {Import("typing", "Generic"), Import(MODELS, "Envelope"), Import(MODELS, "PayloadT_co")}
    head = ClassHead(
        "Envelope[PayloadT_co], Generic[PayloadT_co], frozen=True",
        schema.description or "What every event carries around its payload.",
        frozenset(imports),
    )
    module = ModelModule(id_classes, ids_module, public)
    module.add_root(schema, EVENT, head, {schema.properties["payload"]: TypeSource("PayloadT_co")})
    return module


def live_versions(event: EventType) -> tuple[PayloadVersion, ...]:
    """Return the versions that have a schema, in ascending order."""
    return tuple(each for each in event.versions if each.is_live)


def payload_schema(version: PayloadVersion) -> Schema:
    """Return the root schema of a version that is not withdrawn."""
    assert version.schema is not None  # noqa: S101 - live_versions has left out those without
    return version.schema


def grouped(imports: Iterable[Import]) -> list[list[tuple[str, list[str]]]]:
    """Return imports in the order of PEP 8: standard library, third parties, the package; each sorted."""
    modules: dict[str, set[str]] = defaultdict(set)
    for each in imports:
        modules[each.module].add(each.name)
    groups: dict[int, list[tuple[str, list[str]]]] = defaultdict(list)
    for module, names in sorted(modules.items()):
        rank = 0 if module == "typing" else 1 if module.startswith(_THIRD_PARTIES) else 2
        groups[rank].append((module, sorted(names, key=_import_order)))
    return [groups[rank] for rank in sorted(groups)]


def _names(names: tuple[str, ...]) -> str:
    return f"({', '.join(map(literal, names))}{',' if len(names) == 1 else ''})"


def _import_order(name: str) -> tuple[int, str]:
    """Sort constants before classes before the rest, as isort does."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def _checks(item: ObjectClass, skeleton: Skeleton) -> tuple[Check, ...] | None:
    """Return the checks of a class, ``None`` where only the whole schema can say what it has to be like."""
    if item.whole:
        return None
    try:
        return tuple(CheckBuilder(item.schema, skeleton).checks())
    except RefusedSchema:
        return None


def _extra(item: ObjectClass, base: ObjectClass | None) -> tuple[str | None, str | None]:
    """Return what a class says of members without a name: whether it takes them, and their type."""
    if item.is_received:
        return "allow", item.extra.quoted if item.extra else None
    if item.extra is None:
        return "forbid" if base else None, None
    if base is not None and base.extra == item.extra:
        return None, None
    return "allow", item.extra.quoted


def _fields(item: ObjectClass, base: ObjectClass | None, skeleton: Skeleton) -> Iterator[ModelField]:
    """Yield the fields of a class; below a base only the narrower ones, whose documentation stands there."""
    for name, source in item.properties.items():
        if base is None:
            yield _field(item, skeleton, name)
        elif base.properties[name] != source or name.startswith("__"):
            # mypy loses the constructor of a class that inherits a field with the alias ``__init__``.
            yield replace(_field(item, skeleton, name), documentation=None)


def _field(item: ObjectClass, skeleton: Skeleton, json_name: str) -> ModelField:
    attribute = skeleton.attribute(json_name)
    source = item.properties[json_name]
    text = f"{source.text} | MISSING" if attribute.optional else source.text
    if source.forward:
        text = f'"{text}"'
    return ModelField(
        attribute.name, text, _default(attribute), _description(item.schema.properties.get(json_name))
    )


def _default(attribute: Attribute) -> str | None:
    """Return what stands behind ``=``; type checkers take the name in the constructor from there."""
    if attribute.alias is None:
        return "MISSING" if attribute.optional else None
    default = "default=MISSING, " if attribute.optional else ""
    return f"Field({default}alias={literal(attribute.alias)})"


def _tagged_union(union: TaggedUnion, skeletons: Mapping[str, Skeleton]) -> str:
    """Return the union's source.

    pydantic looks for the tag under the attribute's name as well, which could be another member's name
    in JSON. Where the names differ, each class is tried instead: their tags differ, so one fits at most.
    """
    source = " | ".join(union.classes)
    attributes = {skeletons[each].attribute(union.tag).name for each in union.classes}
    if attributes == {union.tag}:
        return f"Annotated[{source}, Field(discriminator={literal(union.tag)})]"
    return f"Annotated[{source}, Field(union_mode={literal('left_to_right')})]"


def _description(schema: Schema | None) -> str | None:
    if schema is None:
        return None
    if schema.description is None and schema.ref is not None:
        return schema.ref.target.description
    return schema.description


def _payload_documentation(event: EventType, version: PayloadVersion) -> str:
    schema = payload_schema(version)
    text = schema.description or schema.title or f"The payload of {event.name}, version {version.version}."
    if version.status != "superseded":
        return text
    until = f"; it is not emitted from {version.emit_until.isoformat()} on" if version.emit_until else ""
    return f"{text}\n\nVersion {version.version} is superseded{until}."
