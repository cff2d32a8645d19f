"""From one schema to one exact Python type.

A type is source text together with what it imports. What needs a name of its own (a constrained
string, an enum, an object) is added to the module's definitions in the order of dependence. What types
and rules cannot say is checked by the schema itself, embedded as data (SchemaRule): nothing is dropped.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from sguild_codegen.emit import keywords
from sguild_codegen.emit.definitions import (
    FIELDS,
    Definitions,
    Import,
    ObjectClass,
    TaggedUnion,
    TypeSource,
    forget_since,
)
from sguild_codegen.emit.documents import document
from sguild_codegen.emit.literals import literal
from sguild_codegen.emit.names import pascal
from sguild_codegen.emit.objects import CHECKED, discriminator, has_members, is_class, tag_value
from sguild_codegen.emit.refusals import RefusedSchema, refused
from sguild_codegen.model.schema import Schema

_ANNOTATED: Final = Import("typing", "Annotated")
_LITERAL: Final = Import("typing", "Literal")
_ANYTHING: Final = TypeSource("JsonValue", frozenset({Import(FIELDS, "JsonValue")}))
_NOTHING: Final = TypeSource(
    f"Annotated[JsonValue, SchemaRule({literal('false')})]",
    _ANYTHING.imports | {Import("typing", "Annotated"), Import(FIELDS, "SchemaRule")},
)
_NONE: Final = TypeSource("None")

_WITHOUT_FORMAT: Final = tuple(each for each in keywords.STRING if each != "format")
# Formats with a field type of their own; StringRule asserts every other one.
_FORMAT_TYPES: Final = {"date-time": "DateTime", "date": "Date", "email": "Email", "uri": "Uri"}
_SCALARS: Final = {
    "null": _NONE,
    "boolean": TypeSource("Boolean", frozenset({Import(FIELDS, "Boolean")})),
    "string": TypeSource("String", frozenset({Import(FIELDS, "String")})),
    "integer": TypeSource("Integer", frozenset({Import(FIELDS, "Integer")})),
    "number": TypeSource("Number", frozenset({Import(FIELDS, "Number")})),
}
# References can lead through a thousand schemas. What is as deep as this is checked by its schema.
_DEEPEST: Final = 64
_VALUE_TYPES: Final = (("string", str), ("integer", int), ("number", (int, float)))

# What a class can say of an object; anything else is left to the whole schema.
_SAID_BY_CLASSES: Final = frozenset(("types", "properties", "required", "additional_properties")) | CHECKED


@dataclass(frozen=True, slots=True)
class Names:
    """How a schema may be called: by its own name if that is free, else with its owner's before it."""

    owner: str
    own: str

    @property
    def alias(self) -> tuple[str, ...]:
        """Candidates for an alias, which is local to its module."""
        return (self.word, self.qualified)

    @property
    def qualified(self) -> str:
        """The name of a class, which is public and therefore says what it is a part of."""
        return f"{self.owner}{self.word}"

    @property
    def word(self) -> str:
        """The name by itself."""
        return pascal(self.own) or "Value"

    def part(self, name: str) -> "Names":
        """Return the names of something inside."""
        return replace(self, own=f"{self.own}_{name}")


@dataclass(slots=True)
class TypeBuilder:
    """Builds the types of one module; classes and aliases go to ``definitions``.

    ``given`` are types of single schemas that are decided elsewhere; ``formats`` tells whether formats are
    asserted; ``classes`` are the classes of objects so far.
    """

    definitions: Definitions
    given: Mapping[Schema, TypeSource] = field(default_factory=dict[Schema, TypeSource])
    formats: bool = True
    classes: dict[Schema, str] = field(default_factory=dict[Schema, str])
    _targets: dict[Schema, TypeSource] = field(default_factory=dict[Schema, TypeSource])
    _open: set[Schema] = field(default_factory=set[Schema])
    _depth: int = 0

    def root_class(self, schema: Schema, name: str) -> TypeSource:
        """Return the class of the schema that a module is about, under exactly this name.

        Raises:
            RefusedSchema: a part of the schema has no exact type.
        """
        self.classes[schema] = name
        return self._define(schema, name)

    def object_class(self, schema: Schema, name: str) -> TypeSource:
        """Return the class of an object schema; it is defined once, after everything that it needs.

        Raises:
            RefusedSchema: a part of the schema has no exact type.
        """
        if schema in self.classes:
            known = self.classes[schema]
            return TypeSource(known, forward=not self.definitions.has(known))
        claimed = self.definitions.claim((name,), schema.location)
        self.classes[schema] = claimed
        return self._define(schema, claimed)

    def _define(self, schema: Schema, name: str) -> TypeSource:
        properties = {each: self.type_of(part, Names(name, each)) for each, part in schema.properties.items()}
        whole = bool(keywords.used(schema) - _SAID_BY_CLASSES)
        extra = _ANYTHING if schema.pattern_properties else self._extra(schema, name)
        for each in schema.required:
            properties.setdefault(each, extra or _NOTHING)  # a closed object that lacks it accepts nothing
        self.definitions.add(ObjectClass(name, schema, properties, extra, whole))
        return TypeSource(name)

    def _alias(self, names: Names, source: TypeSource) -> TypeSource:
        """Give a type a name of its own, or return the name that it has already."""
        return source if source.forward else self.definitions.alias(self._claim(names, source.text), source)

    def _claim(self, names: Names, meaning: object) -> str:
        return self.definitions.claim(names.alias, meaning)

    def type_of(self, schema: Schema, names: Names) -> TypeSource:
        """Return the type of a schema: the most telling one that accepts exactly what the schema does."""
        mark, classes, targets = self.definitions.mark(), len(self.classes), len(self._targets)
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return self._by_schema(schema, names)
            return self._exact(schema, names)
        except RefusedSchema:
            self.definitions.back_to(mark)
            forget_since(self.classes, classes)
            forget_since(self._targets, targets)
            return self._by_schema(schema, names)
        finally:
            self._depth -= 1

    def _by_schema(self, schema: Schema, names: Names) -> TypeSource:
        """Return a plain type with the whole schema behind it."""
        text = json.dumps(document(schema, formats=self.formats), ensure_ascii=False, sort_keys=True)
        plain = self._plain(schema, names)
        options = "" if self.formats else ", assert_formats=False"
        needed = plain.imports | {_ANNOTATED, Import(FIELDS, "SchemaRule")}
        source = TypeSource(f"Annotated[{plain.text}, SchemaRule({literal(text)}{options})]", needed)
        return self._alias(names, source)

    def _plain(self, schema: Schema, names: Names) -> TypeSource:
        """Return what the values are at least, as a type that writes them again as they came."""
        types = schema.types or _types_of_values(schema)
        if types and all(each in _SCALARS for each in types):
            return _union(_SCALARS[each] for each in _distinct(types))
        if types == ("array",) and self._depth <= _DEEPEST:
            open_ended = schema.items is not None and not schema.prefix_items
            items = (
                self.type_of(schema.items, names.part("item")) if open_ended and schema.items else _ANYTHING
            )
            needed = items.imports | {_ANNOTATED, Import(FIELDS, "ArrayRule")}
            return TypeSource(f"Annotated[tuple[{items.quoted}, ...], ArrayRule()]", needed)
        return _ANYTHING

    def _exact(self, schema: Schema, names: Names) -> TypeSource:
        """Return a type whose parts say everything.

        Raises:
            RefusedSchema: there is none.
        """
        if schema in self.given:
            return self.given[schema]
        if schema.boolean is False:
            raise refused(schema, "false", "a schema that accepts nothing has no type")
        if schema.ref is not None:
            return self._target(schema, names)
        if schema.has_const or schema.enum is not None:
            return self._values(schema, names)
        if schema.types is None:
            return self._untyped(schema, names)
        if len(schema.types) > 1:
            for keyword in keywords.COMBINATIONS:
                _absent(schema, keyword, "beside more than one type")
        return _union(self._one_type(each, schema, names) for each in _distinct(schema.types))

    def _extra(self, schema: Schema, name: str) -> TypeSource | None:
        extra = schema.additional_properties
        if extra is not None and extra.boolean is False:
            return None
        return _ANYTHING if extra is None else self.type_of(extra, Names(name, "extra"))

    def _target(self, schema: Schema, names: Names) -> TypeSource:
        assert schema.ref is not None  # noqa: S101 - the caller has looked
        _allow_only(schema, ("ref",))
        target = schema.ref.target
        own = target.pointer.rsplit("/", 1)[-1] or names.own
        if is_class(target):
            return self.object_class(target, Names(self.definitions.root, own).qualified)
        if target in self._open:
            raise refused(schema, "$ref", "only an object with properties can contain itself")
        if target not in self._targets:
            self._open.add(target)
            try:
                self._targets[target] = self.type_of(target, Names(names.owner, own))
            finally:
                self._open.remove(target)
        return self._targets[target]

    def _values(self, schema: Schema, names: Names) -> TypeSource:
        _allow_only(schema, ("types", "has_const", "enum"))
        values = schema.enum if schema.enum is not None else ()
        if schema.has_const:
            values = (schema.const,)
        kept: list[str | bool | None] = []
        for value in values:
            if not isinstance(value, str | bool | None):
                raise refused(schema, "enum", "only strings, booleans and null can be listed values")
            if schema.types is None or _type_name(value) in schema.types:
                kept.append(value)
        if not kept:
            raise refused(schema, "type", "no listed value is of this type")
        source = TypeSource(f"Literal[{', '.join(map(literal, kept))}]", frozenset({_LITERAL}))
        if any(isinstance(each, bool) for each in kept):
            rule = Import(FIELDS, "LiteralRule")
            text = f"Annotated[{source.text}, {rule.name}()]"
            source = TypeSource(text, source.imports | {rule, _ANNOTATED})
        return source if len(kept) == 1 else self._alias(names, source)

    def _untyped(self, schema: Schema, names: Names) -> TypeSource:
        found = keywords.used(schema) - {"boolean"}
        if not found:
            return _ANYTHING
        if found == frozenset({"one_of"}):
            return self._one_of(schema, names)
        if found == frozenset({"any_of"}):
            parts = enumerate(schema.any_of, start=1)
            return self._alternatives([self.type_of(each, names.part(str(at))) for at, each in parts])
        if "properties" in found:
            raise refused(schema, "type", 'say "type": "object" beside "properties"')
        keyword = keywords.json_name(min(found))
        raise refused(schema, keyword, f'say "type" beside "{keyword}"')

    def _alternatives(self, parts: list[TypeSource]) -> TypeSource:
        return _union(parts)

    def _one_of(self, schema: Schema, names: Names) -> TypeSource:
        """A union of objects that a required property with one constant value tells apart."""
        tag = discriminator(schema)
        parts = tuple(self._branch(each, tag, names) for each in schema.one_of)
        if any(each.forward for each in parts):
            raise refused(schema, "oneOf", "a branch that contains itself has no exact type yet")
        classes = tuple(each.text for each in parts)
        name = self._claim(names, (tag, classes))
        self.definitions.add(TaggedUnion(name, tag, classes))
        return TypeSource(name)

    def _branch(self, schema: Schema, tag: str, names: Names) -> TypeSource:
        if schema.ref is not None:
            return self._target(schema, names)
        return self.object_class(schema, names.part(str(tag_value(schema, tag))).qualified)

    def _one_type(self, name: str, schema: Schema, names: Names) -> TypeSource:
        if name == "object" and has_members(schema):
            return self.object_class(schema, names.qualified)
        for keyword in keywords.COMBINATIONS:
            _absent(schema, keyword, f"in a schema of type {name}")
        build: dict[str, Callable[[Schema, Names], TypeSource]] = {
            "null": lambda _, __: _NONE,
            "boolean": lambda _, __: _field_type("Boolean"),
            "string": self._string,
            "integer": lambda each, called: self._number(each, called, "int", "Integer"),
            "number": lambda each, called: self._number(each, called, "int | float", "Number"),
            "array": self._array,
            "object": self._mapping,
        }
        return build[name](schema, names)

    def _string(self, schema: Schema, names: Names) -> TypeSource:
        known_keywords = keywords.STRING if self.formats else _WITHOUT_FORMAT
        found = keywords.used(schema) & set(known_keywords)
        if not found:
            return _field_type("String")
        if (
            schema.pattern is not None
            and found == frozenset({"pattern"})
            and schema.pattern in self.definitions.id_classes
        ):
            return self.definitions.id_type(schema.pattern)
        if self.formats and schema.format in _FORMAT_TYPES:
            known = _field_type(_FORMAT_TYPES[schema.format])
            if found == frozenset({"format"}):
                return known
            if schema.format in ("date-time", "date"):
                raise refused(schema, "format", f"{schema.format} cannot stand beside length or pattern")
        rule = _rule("StringRule", schema, known_keywords)
        return self._annotated("str", rule, names)

    def _number(self, schema: Schema, names: Names, plain: str, kind: str) -> TypeSource:
        if not keywords.used(schema) & set(keywords.NUMBER):
            return _field_type(kind)
        return self._annotated(plain, _rule(f"{kind}Rule", schema, keywords.NUMBER), names)

    def _array(self, schema: Schema, names: Names) -> TypeSource:
        for keyword in ("prefix_items", "contains", "min_contains", "max_contains", "unevaluated_items"):
            _absent(schema, keyword)
        items = self.type_of(schema.items, names.part("item")) if schema.items else _ANYTHING
        rule = _rule("ArrayRule", schema, ("min_items", "max_items", "unique_items"))
        plain = f"tuple[{items.quoted}, ...]"
        return self._annotated(plain, rule, names, items.imports)

    def _mapping(self, schema: Schema, names: Names) -> TypeSource:
        for keyword in ("pattern_properties", "dependent_schemas", "unevaluated_properties"):
            _absent(schema, keyword)
        extra = schema.additional_properties
        values = self.type_of(extra, names.part("value")) if extra else _ANYTHING
        rule = _rule("ObjectRule", schema, ("min_properties", "max_properties"), _property_names(schema))
        imports = values.imports | {Import(FIELDS, "Map")}
        return self._annotated(f"Map[{values.quoted}]", rule, names, imports)

    def _annotated(
        self, plain: str, rule: TypeSource, names: Names, imports: frozenset[Import] = frozenset()
    ) -> TypeSource:
        needed = rule.imports | imports | {_ANNOTATED}
        return self._alias(names, TypeSource(f"Annotated[{plain}, {rule.text}]", needed))


def _distinct(types: Iterable[str]) -> tuple[str, ...]:
    """Order the types so that null comes last, and drop integer where number takes it in."""
    kept = [each for each in types if each != "null" and not (each == "integer" and "number" in types)]
    return (*kept, "null") if "null" in types else tuple(kept)


def _union(types: Iterable[TypeSource]) -> TypeSource:
    parts = list(dict.fromkeys(types))
    imports: frozenset[Import] = frozenset(chain.from_iterable(each.imports for each in parts))
    text = " | ".join(dict.fromkeys(each.text for each in parts))
    return TypeSource(text, imports, forward=any(each.forward for each in parts))


def _field_type(name: str) -> TypeSource:
    return TypeSource(name, frozenset({Import(FIELDS, name)}))


def _rule(name: str, schema: Schema, parameters: Iterable[str], extra: str = "") -> TypeSource:
    found = keywords.used(schema)
    given = [f"{each}={literal(getattr(schema, each))}" for each in parameters if each in found]
    imports = [Import(FIELDS, each) for each in (name, *(["StringRule"] if extra else []))]
    return TypeSource(f"{name}({', '.join([*given, extra] if extra else given)})", frozenset(imports))


def _property_names(schema: Schema) -> str:
    names = schema.property_names
    if names is None or names.boolean is True:
        return ""
    _allow_only(names, ("types", *keywords.STRING))
    if names.types not in (None, ("string",)):
        raise refused(names, "type", "a property name is a string")
    return f"property_names={_rule('StringRule', names, keywords.STRING).text}"


def _types_of_values(schema: Schema) -> tuple[str, ...]:
    """Return the one type that all listed values have; nothing where there are none, or several."""
    values = (schema.const,) if schema.has_const else schema.enum or ()
    for name, types in _VALUE_TYPES:
        if values and all(isinstance(each, types) and not isinstance(each, bool) for each in values):
            return (name,)
    return ()


def _type_name(value: str | bool | None) -> str:
    return {str: "string", bool: "boolean", type(None): "null"}[type(value)]


def _allow_only(schema: Schema, allowed: Iterable[str]) -> None:
    rest = keywords.used(schema) - set(allowed)
    if rest:
        _absent(schema, min(rest), "here")


def _absent(schema: Schema, keyword: str, where: str = "") -> None:
    if keyword in keywords.used(schema):
        name = keywords.json_name(keyword)
        raise refused(schema, name, f'"{name}" {where} has no exact type yet'.replace("  ", " "))
