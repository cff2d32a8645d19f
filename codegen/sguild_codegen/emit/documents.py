"""From a typed schema back to a JSON document that stands on its own: references lead into its ``$defs``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sguild_codegen.emit import keywords
from sguild_codegen.model.schema import JsonValue, Schema

_MAPS: Final = frozenset(("properties", "pattern_properties", "dependent_schemas"))


def document(schema: Schema, *, formats: bool = True) -> dict[str, Any] | bool:
    """Return the constraints of a schema and of all that it refers to, as one JSON Schema.

    Annotations are left out; so are formats when they are not asserted.
    """
    return _Writer(formats).root(schema)


@dataclass(slots=True)
class _Writer:
    formats: bool
    names: dict[Schema, str] = field(default_factory=dict[Schema, str])
    waiting: list[Schema] = field(default_factory=list[Schema])

    def root(self, schema: Schema) -> dict[str, Any] | bool:
        self.names[schema] = "#"
        written = self.node(schema)
        if not isinstance(written, dict):
            return written
        definitions: dict[str, Any] = {}
        while self.waiting:
            target = self.waiting.pop()
            definitions[self.names[target].rpartition("/")[2]] = self.node(target)
        return {**written, "$defs": dict(sorted(definitions.items()))} if definitions else written

    def node(self, schema: Schema) -> dict[str, Any] | bool:
        if schema.boolean is not None:
            return schema.boolean
        return dict(self.members(schema))

    def members(self, schema: Schema) -> Iterator[tuple[str, Any]]:
        if schema.ref is not None:
            yield "$ref", self.reference(schema.ref.target)
        if schema.has_const:
            yield "const", schema.const
        if schema.types is not None:
            yield "type", schema.types[0] if len(schema.types) == 1 else list(schema.types)
        for name in sorted(keywords.used(schema) - {"ref", "has_const", "boolean", "types"}):
            if name != "format" or self.formats:
                yield keywords.json_name(name), self.value(getattr(schema, name))

    def value(self, value: Any) -> JsonValue:
        """Return a keyword's value: a schema, several of them, or plain JSON."""
        if isinstance(value, Mapping):
            return {str(key): self.value(each) for key, each in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, tuple):
            return [self.value(each) for each in cast("Sequence[Any]", value)]
        if isinstance(value, Schema):
            return self.node(value)
        return cast("JsonValue", value)

    def reference(self, target: Schema) -> str:
        if target not in self.names:
            self.names[target] = f"#/$defs/{len(self.names)}"
            self.waiting.append(target)
        return self.names[target]
