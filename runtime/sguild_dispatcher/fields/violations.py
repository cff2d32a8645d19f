"""What a model refused, as lines that name the field and the rule, and never the value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

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
    "json_invalid": "is not JSON: {error}",
}
_NAME: Final = "[key]"
_LONGEST_STEP: Final = 64


def violation(pointer: str, message: str) -> PydanticCustomError:
    """Return the error that a generated model raises for a rule about several fields.

    Args:
        pointer: JSON pointer within the model, as ``/invoice_id``; empty for the whole.
        message: what the contract wants, as the rest of a sentence: ``is required when ...``.
    """
    text = "{pointer} {rule}" if pointer else "{rule}"
    return PydanticCustomError("violation", text, {"pointer": pointer, "rule": message})


def problems(error: ValidationError) -> tuple[str, ...]:
    """Return one line for each thing that was refused: ``/payload/person_id: must be ...``.

    No line holds a value, since values are personal data.
    """
    return tuple(_line(each) for each in error.errors(include_url=False, include_input=False))


def _line(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    steps = list(error["loc"])
    is_name = bool(steps) and steps[-1] == _NAME
    pointer = _pointer(steps[:-1] if is_name else steps)
    if error["type"] == "violation":
        return f"{pointer + context['pointer'] or '/'}: {context['rule']}"
    rule = _WORDS[error["type"]].format_map(context) if error["type"] in _WORDS else error["msg"]
    return f"{pointer or '/'}: {'its name ' if is_name else ''}{rule}"


def _pointer(steps: Sequence[int | str]) -> str:
    return "".join(f"/{_escaped(str(step))}" for step in steps)


def _escaped(step: str) -> str:
    shown = step if len(step) <= _LONGEST_STEP else step[:_LONGEST_STEP] + "..."
    return shown.replace("~", "~0").replace("/", "~1")
