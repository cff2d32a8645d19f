"""From pydantic's location of an error to its place in the document.

pydantic puts a step into a location for each branch of a union that it tried (``card`` of a tagged union,
``custom-error[str]`` of another). No document has such a step; the model's core schema tells which they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydantic_core import CoreSchema

Path: TypeAlias = tuple[int | str, ...]
_Schema: TypeAlias = Mapping[str, Any]
_Candidates: TypeAlias = Iterator[Path | None]

NAME: Final = "[key]"
"""The last step of a location that is about a member's name and not about its value."""

_NOTHING: Final[_Schema] = {"type": "nothing"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document an error is, and whether the value there may be null as well."""

    path: Path
    takes_null: bool


def document_place(schema: CoreSchema, location: Path) -> Place:
    """Return the place of an error that a validator of ``schema`` reported at ``location``."""
    walk = _Walk()
    found = walk.path(schema, location)
    return Place(location if found is None else found, walk.reached is not None and _takes_null(walk.reached))


def _takes_null(schema: _Schema) -> bool:
    """Tell whether null is accepted beside what a schema is about; pydantic reports only about the latter."""
    while schema["type"] != "nullable":
        inside: _Schema | None = schema.get("schema") or schema.get("json_schema")
        is_object = schema["type"] == "model" and not schema.get("root_model")
        if inside is None or is_object:
            return False
        schema = inside
    return True


class _Walk:
    """Follows a location through a schema; where several branches are possible, through each."""

    def __init__(self) -> None:
        self.reached: _Schema | None = None
        self._definitions: dict[str, _Schema] = {}
        # What was tried is not tried again: branches within branches would multiply.
        self._found: dict[tuple[int, int], Path | None] = {}
        self._rules: Mapping[str, Callable[[_Schema, Path], _Candidates]] = {
            "definitions": self._defined,
            "definition-ref": self._referred,
            "union": self._choices,
            "tagged-union": self._tagged,
            "model-fields": self._member,
            "list": self._item,
            "tuple": self._item,
            "dict": self._value,
        }

    def path(self, schema: _Schema, rest: Path) -> Path | None:
        """Return what ``rest`` means below ``schema``, ``None`` if it means nothing there."""
        if not rest:
            self.reached = schema
            return ()
        key = (id(schema), len(rest))
        if key not in self._found:
            self._found[key] = None
            candidates = self._rules.get(schema["type"], self._inside)(schema, rest)
            self._found[key] = next((each for each in candidates if each is not None), None)
        return self._found[key]

    def _inside(self, schema: _Schema, rest: Path) -> _Candidates:
        """Follow a schema that adds no step, such as a function around another."""
        for name in ("schema", "json_schema", "python_schema"):
            yield self.path(schema.get(name, _NOTHING), rest)
        for each in schema.get("steps", ()):
            yield self.path(each, rest)

    def _defined(self, schema: _Schema, rest: Path) -> _Candidates:
        self._definitions.update({each["ref"]: each for each in schema["definitions"]})
        yield self.path(schema["schema"], rest)

    def _referred(self, schema: _Schema, rest: Path) -> _Candidates:
        yield self.path(self._definitions.get(schema["schema_ref"], _NOTHING), rest)

    def _choices(self, schema: _Schema, rest: Path) -> _Candidates:
        for each in schema["choices"]:
            labelled = isinstance(each, tuple)
            yield self.path(cast("tuple[_Schema, str]", each)[0] if labelled else each, rest[1:])

    def _tagged(self, schema: _Schema, rest: Path) -> _Candidates:
        yield self.path(schema["choices"].get(rest[0], _NOTHING), rest[1:])

    def _member(self, schema: _Schema, rest: Path) -> _Candidates:
        for name, member in schema["fields"].items():
            if rest[0] == member.get("validation_alias", name):
                yield self._below(member["schema"], rest)
        # Otherwise a name that the model does not know.
        yield self._below(schema.get("extras_schema", _NOTHING), rest)

    def _item(self, schema: _Schema, rest: Path) -> _Candidates:
        items: object = schema.get("items_schema", _NOTHING)
        if isinstance(rest[0], int):
            for each in cast("Sequence[_Schema]", items if isinstance(items, list) else [items]):
                yield self._below(each, rest)

    def _value(self, schema: _Schema, rest: Path) -> _Candidates:
        if isinstance(rest[0], str):
            yield rest if rest[1:] == (NAME,) else self._below(schema.get("values_schema", _NOTHING), rest)

    def _below(self, schema: _Schema, rest: Path) -> Path | None:
        below = self.path(schema, rest[1:])
        return None if below is None else (rest[0], *below)
