"""Samples for a rehearsal: few payloads that meet much of a contract, the same ones for the same seed."""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.compat.resolving import Json, is_object
from sguild_codegen.emit.documents import document
from sguild_codegen.errors import UnsatisfiableError
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.versions.rehearsal import Evidence
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource, UnsatisfiableSchemaError

_MOST_WISHES: Final = 300
_DEFINITIONS: Final = "#/$defs/"


def samples(event: EventType, version: PayloadVersion, seed: int, count: int) -> list[Evidence]:
    """Return payloads that a version's exact schema accepts.

    Besides ``count`` of any kind there is one for each value of each enum, and one with and one without each
    optional property, of the payload's own properties, unless one of the others has it already.

    Raises:
        UnsatisfiableError: the schema accepts nothing.
    """
    assert version.schema is not None  # noqa: S101 - the caller has looked
    schema: Json = document(version.schema)
    maker = DocumentMaker(schema)
    stem = f"{seed}/{version.version}"
    try:
        drawn = [maker.valid(SeededSource(f"{stem}/{index}")) for index in range(count)]
    except UnsatisfiableSchemaError as error:
        raise UnsatisfiableError(f"{event.name} version {version.version}: {error}") from error
    for index, wish in zip(range(_MOST_WISHES), _wishes(schema), strict=False):
        narrowed = DocumentMaker(wish)
        if any(map(narrowed.accepts, drawn)):
            continue
        try:
            drawn.append(narrowed.valid(SeededSource(f"{stem}/wish/{index}")))
        except UnsatisfiableSchemaError:
            continue  # the rest of the contract forbids it, or hides how to get there
    return [Evidence(f"sample {number}", each) for number, each in enumerate(drawn, 1)]


def _wishes(schema: Json) -> Iterator[Json]:
    """Yield schemas that are narrower than a payload's in one place."""
    if not is_object(schema):
        return
    required = schema.get("required", [])
    for name, each in schema.get("properties", {}).items():
        present = {**schema, "required": [*dict.fromkeys((*required, name))]}
        if name not in required:
            yield present
            yield _with(schema, name, False)  # noqa: FBT003 - a schema
        for value in _values(schema, each):
            yield _with(present, name, {"allOf": [each, {"const": value}]})


def _with(schema: Json, name: str, member: Json) -> Json:
    return {**schema, "properties": {**schema["properties"], name: member}}


def _values(schema: Json, member: Json) -> list[Json]:
    """Return the values of a property's enum, be it its own or that of a definition."""
    if not is_object(member):
        return []
    reference = member.get("$ref", "")
    if reference.startswith(_DEFINITIONS):
        return _values({}, schema.get("$defs", {}).get(reference.removeprefix(_DEFINITIONS)))
    values: list[Json] = member.get("enum", [])
    return values
