"""The way of a validator through a schema: which references it passes, and where it ends."""

from dataclasses import dataclass, field
from typing import Any, Final

from sguild_codegen.compat.resolving import Document, Json, is_array, is_object
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.model.pointers import unescape_pointer

_NOTHING: Final = object()  # null is something


def trail(schema: Json, evaluated: str) -> tuple[str, ...]:
    """Return the pointers of the references that a validator's path passes, and last where it leads.

    It is followed as far as it is known. A branch that is nothing but a reference may be passed without a
    step of its own: the schema of a tolerant reader has the target in its place.
    """
    way = _Way(schema)
    for step in evaluated.split("/")[1:]:
        if not way.goes_on(step):
            break
    return (*way.passed, way.pointer)


def is_there(schema: Json, pointer: str) -> bool:
    """Tell whether a JSON pointer leads to something; it passes through no reference."""
    node = schema
    for name in map(unescape_pointer, pointer.split("/")[1:]):
        inner = _member(node, name)
        if inner is _NOTHING:
            return False
        node = inner
    return True


@dataclass(slots=True)
class _Way:
    root: Json
    passed: list[str] = field(default_factory=list[str])
    pointer: str = ""
    base: str = ""
    node: Any = field(init=False)
    document: Document = field(init=False)
    pointers: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.document = Document(self.root)
        self.pointers = self.document.pointers()
        self._enter(self.root)

    def goes_on(self, step: str) -> bool:
        """Take a step; tell whether there was one to take."""
        if step == "$ref":
            return self._follows()
        known = {id(self.node)}
        while is_object(self.node) and self.node.keys() == {"$ref"}:
            if not self._follows() or id(self.node) in known:
                return False
            known.add(id(self.node))
        inner = _member(self.node, unescape_pointer(step))
        if inner is _NOTHING:
            return False
        self.pointer += f"/{step}"
        self._enter(inner)
        return True

    def _follows(self) -> bool:
        """Go where the reference here leads."""
        reference = self.node.get("$ref") if is_object(self.node) else None
        if not isinstance(reference, str):
            return False
        try:
            target = self.document.resolve(reference, self.base)
        except Undecided:
            return False
        self.passed.append(f"{self.pointer}/$ref")
        self.pointer = self.pointers.get(id(target.schema), self.pointer)
        self.base = target.base
        self._enter(target.schema)
        return True

    def _enter(self, node: Json) -> None:
        self.node, self.base = node, self.document.base_of(node, self.base)


def _member(node: Json, name: str) -> Json:
    if is_object(node):
        return node.get(name, _NOTHING)
    if is_array(node) and name.isdigit() and int(name) < len(node):
        return node[int(name)]
    return _NOTHING
