"""What a model refused, as lines that name the field and the rule, and never the value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError

from sguild_dispatcher.fields.paths import NAME, Path, document_place

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "missing_argument": "is required",
    "extra_forbidden": "is not a known field",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be an array",
    "list_type": "must be an array",
    "literal_error": "must be {expected}",
    "none_required": "must be null",
    "union_tag_invalid": "must have {discriminator} as one of {expected_tags}",
    "union_tag_not_found": "must have {discriminator}",
    "frozen_instance": "is read-only",
    "json_invalid": "is not JSON: {error}",
}
_LONGEST_STEP: Final = 64


def violation(pointer: str, message: str) -> PydanticCustomError:
    """Return the error that a generated model raises for a rule about several fields.

    Args:
        pointer: JSON pointer within the model, as ``/invoice_id``; empty for the whole.
        message: what the contract wants, as the rest of a sentence: ``is required when ...``.
    """
    text = "{within} {rule}" if pointer else "{rule}"
    return PydanticCustomError("violation", text, {"within": pointer, "rule": message})


def problems(error: ValidationError) -> tuple[str, ...]:
    """Return one line for each thing that was refused: ``/payload/person_id: must be ...``.

    No line holds a value, since values are personal data.
    """
    return tuple(str(_problem(each, each["loc"])) for each in error.errors(include_url=False))


def explained(error: ValidationError, schema: CoreSchema) -> ValidationError:
    """Return the error that a validator of ``schema`` raised, in the contract's terms.

    Each message is the line that :func:`problems` returns, each location a path in the document; the
    alternatives of a union at one place are one error. The context has ``pointer`` and ``rule``.
    """
    found: dict[str, list[_Problem]] = {}
    for each in error.errors(include_url=False):
        place = document_place(schema, each["loc"])
        problem = _problem(each, place.path)
        if place.takes_null and problem.rule.startswith("must be "):
            problem = replace(problem, rule=f"{problem.rule} or null")
        found.setdefault(problem.pointer, []).append(problem)
    return ValidationError.from_exception_data(
        error.title, [_merged(each) for each in found.values()], hide_input=True
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    details: ErrorDetails
    path: Path
    pointer: str
    rule: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.rule}"


def _problem(error: ErrorDetails, path: Path) -> _Problem:
    context: Mapping[str, Any] = error.get("ctx", {})
    if "pointer" in context:
        return _Problem(error, path, context["pointer"], context["rule"])
    is_name = path[-1:] == (NAME,)
    pointer = _pointer(path[:-1] if is_name else path)
    if error["type"] == "violation":
        return _Problem(error, path, pointer + context["within"] or "/", context["rule"])
    rule = _WORDS[error["type"]].format_map(context) if error["type"] in _WORDS else error["msg"]
    return _Problem(error, path, pointer or "/", f"{'its name ' if is_name else ''}{rule}")


def _merged(alternatives: Sequence[_Problem]) -> InitErrorDetails:
    first = alternatives[0]
    rule = _either(each.rule for each in alternatives)
    # The line goes in last: nothing in it is taken for a placeholder then.
    context = {"pointer": first.pointer, "rule": rule, "line": f"{first.pointer}: {rule}"}
    kind: Any = first.details["type"]  # pydantic asks for a LiteralString
    shown = PydanticCustomError(kind, "{line}", context)
    return {"type": shown, "loc": first.path, "input": first.details["input"]}


def _either(rules: Iterable[str]) -> str:
    first, *others = dict.fromkeys(rules)
    return " or ".join([first, *(each.removeprefix("must be ") for each in others)])


def _pointer(steps: Sequence[int | str]) -> str:
    return "".join(f"/{_escaped(str(step))}" for step in steps)


def _escaped(step: str) -> str:
    shown = step if len(step) <= _LONGEST_STEP else step[:_LONGEST_STEP] + "..."
    return shown.replace("~", "~0").replace("/", "~1")
