"""The judges: two validators that know nothing of the prover. Neither uses a network.

jsonschema takes more than a second to import, so only a verdict that needs its word loads it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import jsonschema_rs

from sguild_codegen.compat.languages import ways
from sguild_codegen.compat.portable import may_not_end, portable
from sguild_codegen.compat.resolving import Json, is_array, is_object, objects, patterns
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.model.pointers import escape_pointer

_MOST_WAYS: Final = 1_000_000
"""Ways to read a text with a pattern that Python's ``re`` tries within a second."""
_RUST: Final = jsonschema_rs.Draft202012Validator


@dataclass(frozen=True, slots=True)
class Complaint:
    """Where a document is refused, and by which place of the schema, both as JSON pointers.

    The path in the schema is the one that was gone: it passes through ``$ref``. ``names`` are the properties
    that are missing, or that must not be there, where it is about names. ``within`` are the complaints of
    the branches, where none of an ``anyOf`` or a ``oneOf`` takes the document.
    """

    document_pointer: str
    schema_pointer: str
    names: tuple[str, ...] = ()
    within: "tuple[Complaint, ...]" = ()


class Judge:
    """What jsonschema-rs says about the documents of one schema, formats asserted."""

    def __init__(self, schema: Json) -> None:
        """Read a schema.

        Raises:
            Undecided: it is invalid, or refers to something that is not there.
        """
        self.schema = schema
        if not is_object(schema) and not isinstance(schema, bool):
            raise Undecided("the schema is invalid: it is neither an object nor true or false")
        try:
            self._validator = _RUST(schema, validate_formats=True, offline=True)
        except (
            ValueError,
            TypeError,
            jsonschema_rs.ValidationError,
            jsonschema_rs.ReferencingError,
        ) as error:
            raise Undecided(f"the schema is invalid: {str(error).splitlines()[0]}") from error

    def accepts(self, document: Json) -> bool:
        """Tell whether a document is accepted."""
        return self._validator.is_valid(document)

    def complaints(self, document: Json) -> Iterator[Complaint]:
        """Yield why a document is refused."""
        for error in self._validator.iter_errors(document):
            yield _complaint(error)


def second_opinion(schema: Json) -> Callable[[Json], bool]:
    """Return what tells whether a document is accepted according to jsonschema, formats asserted.

    Raises:
        Undecided: jsonschema cannot read the schema, or does not come to an end.
    """
    import re

    from jsonschema import Draft202012Validator
    from referencing import Registry

    validator: Any = Draft202012Validator(
        portable(schema), format_checker=Draft202012Validator.FORMAT_CHECKER, registry=Registry()
    )

    names = (name for each in objects(schema) for name in each.get("patternProperties", ()))
    slow = [each for each in (*patterns(schema), *names) if may_not_end(each)]

    def accepts(document: Json) -> bool:
        if any(ways(pattern, text) > _MOST_WAYS for pattern in slow for text in set(_texts(document))):
            raise Undecided("jsonschema may not come to an end with one of the patterns")
        try:
            accepted = bool(validator.is_valid(document))
        except (re.error, RecursionError) as error:
            raise Undecided("jsonschema cannot read one of the schemas") from error
        return accepted

    return accepts


def _texts(document: Json) -> Iterator[str]:
    """Yield the texts in a document, names of members too."""
    if is_object(document):
        yield from document
        for each in document.values():
            yield from _texts(each)
    elif is_array(document):
        for each in document:
            yield from _texts(each)
    elif isinstance(document, str):
        yield document


@cache
def is_of_format(name: str, text: str) -> bool:
    """Tell whether a text is of a format."""
    return bool(_of_format(name).is_valid(text))


@cache
def _of_format(name: str) -> Any:
    return _RUST({"format": name}, validate_formats=True)


def _complaint(error: jsonschema_rs.ValidationError) -> Complaint:
    details: Mapping[str, Any] = error.kind.as_dict()
    required, unexpected = details.get("property"), details.get("unexpected", ())
    return Complaint(
        _pointer(error.instance_path),
        _pointer(error.evaluation_path),
        (required,) if isinstance(required, str) else tuple(map(str, unexpected)),
        tuple(_complaint(each) for branch in details.get("context", ()) for each in branch),
    )


def _pointer(steps: list[str | int]) -> str:
    return "".join(f"/{escape_pointer(str(step))}" for step in steps)
