"""What an exact schema would have to be given instead of a document, found without the tolerant reader."""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from itertools import islice, product
from typing import Any, Final, get_args

import jsonschema_rs

from sguild_dispatcher.fields import Unrecognised
from sguild_dispatcher.models import ContractModel

_ABSENT: Final = object()
_TRIES: Final = 2_000

Changes = Mapping[str, Any]
"""Values by JSON pointer; ``_ABSENT`` stands for a property that is taken away."""


def mending(
    judge: jsonschema_rs.Draft202012Validator, document: Any, pointers: Collection[str]
) -> Changes | None:
    """Return changes at all of some places that make a document valid, ``None`` if none are found.

    What may stand instead of a value is what the validator names in its complaints.
    """
    named: dict[str, list[Any]] = {each: [] for each in pointers}
    for pointer, options in _options(judge.iter_errors(document)):
        if pointer in named:
            named[pointer] += options
    choices = [_choices(document, each, named[each], turn) for turn, each in enumerate(pointers)]
    for found in islice(product(*choices), _TRIES):
        changes = dict(zip(pointers, found, strict=True))
        if judge.is_valid(changed(document, changes)):
            return changes
    return None


def _choices(document: Any, pointer: str, options: list[Any], turn: int) -> list[Any]:
    """Return what may stand at a place, each time another one first: items of an array may have to differ."""
    distinct = [each for at, each in enumerate(options) if each not in options[:at]]
    first = turn % len(distinct) if distinct else 0
    above = place(document, pointer.rpartition("/")[0])
    return [*distinct[first:], *distinct[:first], *([_ABSENT] if isinstance(above, dict) else [])]


def _options(errors: Any) -> Iterator[tuple[str, list[Any]]]:
    for each in errors:
        facts = each.kind.as_dict()
        if each.kind.name == "enum":
            yield "".join(f"/{_escaped(str(step))}" for step in each.instance_path), facts["options"]
        for branch in facts.get("context", ()):
            yield from _options(branch)


def changed(document: Any, changes: Changes) -> Any:
    """Return a document with changes."""
    found = deepcopy(document)
    for pointer in changes:
        above, _, last = pointer.rpartition("/")
        holder = place(found, above)
        step = int(last) if isinstance(holder, list) else _plain(last)
        if changes[pointer] is _ABSENT:
            del holder[step]
        else:
            holder[step] = changes[pointer]
    return found


def with_news(document: Any, turn: int) -> Any:
    """Return a document with a property that no contract names in some of its objects, by turns."""
    if isinstance(document, list):
        return [with_news(each, turn + 2 * at) for at, each in enumerate(document)]
    if not isinstance(document, dict):
        return document
    found = {name: with_news(each, turn + 2 * at) for at, (name, each) in enumerate(document.items())}
    return found | ({"new/s": {"kind": ["new", None]}} if turn % 4 == 1 else {})


def place(document: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer."""
    for step in pointer.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document[_plain(step)]
    return document


def open_enums(payload: ContractModel) -> Iterator[str]:
    """Yield the members of a payload whose type says that a value may be unknown, by JSON pointer."""
    for name, field in type(payload).model_fields.items():
        if Unrecognised in get_args(field.annotation):
            yield f"/{_escaped(field.alias or name)}"


def unrecognised_in(value: object, pointer: str = "") -> Iterator[str]:
    """Yield where a payload holds values of that class, by JSON pointer."""
    match value:
        case Unrecognised():
            yield pointer
        case ContractModel():
            held = {
                field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()
            }
            yield from unrecognised_in({**held, **(value.model_extra or {})}, pointer)
        case tuple() | list():
            for index, each in enumerate(value):
                yield from unrecognised_in(each, f"{pointer}/{index}")
        case dict():
            for name, each in value.items():
                yield from unrecognised_in(each, f"{pointer}/{_escaped(name)}")
        case _:
            return


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
