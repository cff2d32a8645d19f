"""Where references lead: by pointer, anchor or ``$id``, inside one document."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard
from urllib.parse import unquote, urljoin, urlsplit

from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.model.pointers import escape_pointer, unescape_pointer

Json: TypeAlias = Any

SINGLE: Final = (
    *("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
LISTED: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
_MOST_BITS: Final = 4_000
NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Json) -> TypeGuard[list[Json]]:
    """Tell whether a JSON value is an array."""
    return isinstance(value, list)


def subschemas(schema: Json) -> Iterator[Json]:
    """Yield the schemas directly inside a schema."""
    if not is_object(schema):
        return
    for key in SINGLE:
        if key in schema:
            yield schema[key]
    for key in LISTED:
        yield from schema[key] if is_array(schema.get(key)) else ()
    for key in NAMED:
        yield from schema[key].values() if is_object(schema.get(key)) else ()


def objects(schema: Json) -> Iterator[dict[str, Json]]:
    """Yield a schema and all schemas inside it, but true and false."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if is_object(each):
            yield each
            waiting += subschemas(each)


def patterns(schema: Json) -> Iterator[str]:
    """Yield the patterns of texts in a schema, not those of property names."""
    return (each["pattern"] for each in objects(schema) if isinstance(each.get("pattern"), str))


@dataclass(frozen=True, slots=True)
class Place:
    """A schema and the base against which its references resolve."""

    schema: Json
    base: str


@dataclass(slots=True)
class Document:
    """One JSON Schema with everything that can be referred to inside it."""

    root: Json
    _places: dict[str, Place] = field(default_factory=dict[str, Place])
    _bases: dict[int, str] = field(default_factory=dict[int, str])

    def __post_init__(self) -> None:
        self._places[""] = Place(self.root, "")
        waiting = [Place(self.root, "")]
        while waiting:
            place = waiting.pop()
            base = self._note(place)
            waiting += (Place(each, base) for each in subschemas(place.schema))

    def _note(self, place: Place) -> str:
        """Note what a schema can be called, and return the base of the schemas inside it."""
        schema, base = place.schema, place.base
        if not is_object(schema):
            return base
        own = _address(base, schema["$id"]) if isinstance(schema.get("$id"), str) else None
        if own is not None:
            base, _ = own
            self._places.setdefault(base, Place(schema, base))
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(schema.get(key), str):
                self._places.setdefault(f"{base}#{schema[key]}", Place(schema, base))
        self._bases[id(schema)] = base
        return base

    def base_of(self, schema: Json, base: str) -> str:
        """Return the base of the references inside a schema that stands below another one."""
        return self._bases.get(id(schema), base)

    def resolve(self, reference: str, base: str) -> Place:
        """Return where a reference leads.

        Raises:
            Undecided: it leads out of the document, or nowhere.
        """
        found = _address(base, reference) if reference else (base, "")
        resource = None if found is None else self._places.get(found[0])
        if found is None or resource is None:
            raise Undecided(f"the reference {reference!r} leads out of the schema")
        address, fragment = found
        if not fragment:
            return resource
        if not fragment.startswith("/"):
            anchored = self._places.get(f"{address}#{fragment}")
            if anchored is None:
                raise Undecided(f"the reference {reference!r} leads nowhere")
            return anchored
        return self._pointed(resource, fragment, reference)

    def pointers(self) -> dict[int, str]:
        """Return the JSON pointers of all schemas inside the document by identity."""
        found: dict[int, str] = {}
        schemas = {id(self.root)}
        waiting: list[tuple[Json, str]] = [(self.root, "")]
        while waiting:
            node, pointer = waiting.pop()
            if id(node) in schemas:
                found.setdefault(id(node), pointer)
                schemas |= {id(each) for each in subschemas(node) if is_object(each)}
            members = enumerate(node) if is_array(node) else node.items() if is_object(node) else ()
            waiting += [(each, f"{pointer}/{escape_pointer(str(key))}") for key, each in members]
        return found

    def _pointed(self, resource: Place, pointer: str, reference: str) -> Place:
        target, base = resource.schema, resource.base
        for step in unquote(pointer).split("/")[1:]:
            name = unescape_pointer(step)
            try:
                target = target[int(name)] if is_array(target) else target[name]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise Undecided(f"the reference {reference!r} leads nowhere") from error
            base = self._bases.get(id(target), base)
        return Place(target, base)


def _address(base: str, reference: str) -> tuple[str, str] | None:
    """Return the URI that a reference leads to, without and with its fragment; ``None`` if it is no URI."""
    try:
        found = urlsplit(urljoin(base, reference))
    except ValueError:
        return None
    return found._replace(fragment="").geturl(), found.fragment


def copied(value: Json) -> Json:
    """Return a JSON value of which no part is the same object as another one: places are told by identity.

    Raises:
        Undecided: a number in it is none of JSON, or longer than Python writes numbers.
    """
    if is_object(value):
        return {name: copied(each) for name, each in value.items()}
    if is_array(value):
        return [copied(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Undecided(
            f"the schema is invalid: {value} is no JSON number, or one that is too large to be read"
        )
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise Undecided("a number in the schema has more than 1,200 digits")
    return value


def flattened(schema: Json, root: str = "#") -> Json:
    """Return the schema with every reference as ``#`` or ``#/$defs/N``, without ``$id`` and anchors.

    Args:
        schema: a JSON Schema.
        root: what references to the whole schema become: ``#``, or the pointer of a definition that is added
            where there is such a reference.

    Raises:
        Undecided: a reference leads nowhere.
    """
    return _Flattening(Document(schema)).root(root)


@dataclass(slots=True)
class _Flattening:
    document: Document
    names: dict[int, str] = field(default_factory=dict[int, str])
    waiting: list[tuple[str, Place]] = field(default_factory=list[tuple[str, Place]])
    root_is_referred_to: bool = False

    def root(self, name: str) -> Json:
        place = self.document.resolve("", "")
        self.names[id(place.schema)] = name
        flat = self.flat(place.schema, place.base)
        definitions: dict[str, Json] = {}
        while self.waiting:
            each, target = self.waiting.pop()
            definitions[each] = self.flat(target.schema, target.base)
        if name != "#" and self.root_is_referred_to:
            definitions[name.removeprefix("#/$defs/")] = flat
        return {**flat, "$defs": definitions} if definitions else flat

    def flat(self, schema: Json, base: str) -> Json:
        if not is_object(schema):
            return schema
        inner = self.document.base_of(schema, base)
        left_out = ("$id", "$anchor", "$dynamicAnchor", "$defs", "definitions")
        return {
            name: self.keyword(name, value, inner) for name, value in schema.items() if name not in left_out
        }

    def keyword(self, name: str, value: Json, base: str) -> Json:
        if name == "$ref":
            return self.reference(self.document.resolve(value, base))
        if name in SINGLE:
            return self.flat(value, base)
        if name in LISTED and is_array(value):
            return [self.flat(each, base) for each in value]
        if name in NAMED and is_object(value):
            return {key: self.flat(each, base) for key, each in value.items()}
        return value

    def reference(self, target: Place) -> str:
        known = self.names.get(id(target.schema))
        self.root_is_referred_to |= target.schema is self.document.root
        if known is None:
            name = str(len(self.names))
            known = self.names[id(target.schema)] = f"#/$defs/{name}"
            self.waiting.append((name, target))
        return known


def canonical(value: Json) -> str:
    """Return a text that is equal for equal JSON values: 1 and 1.0 are equal, true and 1 are not."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if is_object(value):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if is_array(value) else value
