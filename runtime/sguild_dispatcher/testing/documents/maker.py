"""Documents for one schema, with a validator as the judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jsonschema_rs import Draft202012Validator, Registry

from sguild_dispatcher.fields.refusals import refusal
from sguild_dispatcher.testing.documents.breaking import broken
from sguild_dispatcher.testing.documents.changes import changed
from sguild_dispatcher.testing.documents.drawing import Drawer, junk
from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.sources import Contradiction, Exhausted, Source

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_TRIES: Final = 50
_MASK: Final = "the value"
_NONE_VALID: Final = "no document satisfies the schema: it allows nothing, or its rules contradict."
_NONE_INVALID: Final = "no document breaks the schema: it allows everything."


class UnsatisfiableSchemaError(ValueError):
    """No document was found: a schema that accepts nothing, or everything, or whose rules contradict."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a schema has against a document: where (a JSON pointer), by which keyword, and why."""

    pointer: str
    keyword: str
    message: str


@dataclass(slots=True)
class DocumentMaker:
    """Makes documents for a schema; ``others`` are schemas that it refers to, by their URI."""

    schema: Json
    others: Mapping[str, Json] = field(default_factory=dict[str, Json])
    _library: Library = field(init=False, repr=False)
    _judge: Draft202012Validator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._library = Library(self.schema, self.others)
        registry = Registry(list(self.others.items())) if self.others else None
        self._judge = Draft202012Validator(self.schema, validate_formats=True, registry=registry, mask=_MASK)

    def accepts(self, document: Json) -> bool:
        """Tell whether the schema accepts a document, formats asserted."""
        return self._judge.is_valid(document)

    def complaints(self, document: Json) -> tuple[Complaint, ...]:
        """Return what the schema has against a document; nothing where it accepts it."""
        return tuple(_complaint(each) for each in self._judge.iter_errors(document))

    def valid(self, source: Source, given: Mapping[str, Json] | None = None) -> Json:
        """Return a document that the schema accepts; members that are ``given`` have these values.

        Raises:
            UnsatisfiableSchemaError: none was found.
        """
        node = self._library.root
        if given:
            fixed = {name: {"const": value} for name, value in given.items()}
            node = Node({"allOf": [node, {"properties": fixed, "required": [*given]}]}, node.base)
        return self._found(lambda each: self._draw(node, each), source, accepted=True)

    def invalid(self, source: Source) -> Json:
        """Return a document that the schema refuses, most often for one reason.

        Raises:
            UnsatisfiableSchemaError: none was found.
        """
        return self._found(self._near_miss, source, accepted=False)

    def near(self, source: Source) -> Json:
        """Return a document that may be valid or not; nothing of it was judged."""
        half = source.branch(2) == 0
        try:
            if half:
                return self._draw(self._library.root, source)
            document = self._near_miss(source)
            return changed(document, source) if source.branch(2) else document
        except Contradiction:
            return self._anything(source)

    def _near_miss(self, source: Source) -> Json:
        root = self._library.root
        if source.unusual() and source.branch(2):
            return changed(self._draw(root, source), source)
        return self._draw(broken(root, self._library, source), source)

    def _draw(self, node: Node, source: Source) -> Json:
        return Drawer(self._library).value([node], source)

    def _anything(self, source: Source) -> Json:
        try:
            return self._near_miss(source)
        except Contradiction:
            return junk(source)

    def _found(self, draw: Callable[[Source], Json], source: Source, *, accepted: bool) -> Json:
        for attempt in range(_TRIES):
            try:
                document = draw(source.again(attempt) if attempt else source)
            except Exhausted:
                break
            except Contradiction:
                continue
            if self.accepts(document) is accepted:
                return document
        raise UnsatisfiableSchemaError(_NONE_VALID if accepted else _NONE_INVALID)


def _complaint(error: "ValidationError") -> Complaint:
    pointer, rule = refusal(error)
    keyword = next((str(step) for step in reversed(error.schema_path) if isinstance(step, str)), "false")
    return Complaint(pointer, keyword, rule)
