"""The edits of a pair as findings. A published version may only get a value in an open enum."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sguild_codegen.changes.policies import Judging
from sguild_codegen.changes.verdicts import Judgement
from sguild_codegen.compat.edits import Edit
from sguild_codegen.compat.resolving import Json, is_array, is_object
from sguild_codegen.compat.tolerance import property_at
from sguild_codegen.model.pointers import unescape_pointer
from sguild_codegen.report.change_rules import structure, values
from sguild_codegen.report.finding import Finding
from sguild_codegen.report.rules import Level

_ANNOTATION: Final = structure.ANNOTATION_CHANGED.id
_ENUM_VALUE: Final = values.ENUM_VALUE_ADDED.id


def edit_findings(judgement: Judgement, judging: Judging) -> Iterator[Finding]:
    """Yield a finding for each edit: an error where the edit of a published version is not allowed."""
    pair = judgement.pair
    is_version = pair.event_type is not None and not pair.is_edit
    held = pair.event_type is not None and pair.is_edit and not judging.policy.is_none
    for each in judgement.edits:
        if is_version and each.rule.id == _ANNOTATION:
            continue  # every version has a name and words of its own
        level: Level = "error" if held and not _is_allowed(each, judgement) else "notice"
        yield _finding(each, judgement, level, is_ignored=judging.lens == "tolerant")


def _finding(edit: Edit, judgement: Judgement, level: Level, *, is_ignored: bool) -> Finding:
    """Return an edit as a finding; ``is_ignored`` tells that readers ignore an unknown value of an enum."""
    pair, values = judgement.pair, dict(edit.values)
    found = pair.new.finding(edit.rule, edit.new_pointer, values)
    way_out = found.help
    if level == "notice" and edit.rule.level == "error" and not (is_ignored and edit.rule.id == _ENUM_VALUE):
        way_out = f'"sguild-codegen explain {edit.rule.id}" says whom it can break, and how to do without.'
    return replace(
        found,
        own_level=level,
        help=way_out,
        subject=pair.event_type,
        audience=tuple(sorted(pair.readers)) if level == "error" else (),
        related=(pair.old.place(edit.rule, edit.old_pointer, values),),
    )


def _is_allowed(edit: Edit, judgement: Judgement) -> bool:
    if edit.rule.id == _ANNOTATION:
        return True
    return edit.rule.id == _ENUM_VALUE and _is_open(edit, judgement)


def _is_open(edit: Edit, judgement: Judgement) -> bool:
    """Tell whether readers ignore an unknown value of an enum: as the registry says, and as it is proven."""
    steps = edit.old_pointer.split("/")
    if property_at(steps[1:]) in judgement.pair.closed_enums:
        return False
    if not _is_of_texts(judgement.pair.old.schema, steps[1:]):
        return False
    harmless = {_ANNOTATION, _ENUM_VALUE}
    only_enums = all(each.rule.id in harmless for each in judgement.edits)
    return not only_enums or judgement.tolerant.forward.verdict == "compatible"


def _is_of_texts(schema: Json, steps: list[str]) -> bool:
    for step in map(unescape_pointer, steps):
        if is_object(schema) and step in schema:
            schema = schema[step]
        elif is_array(schema) and step.isdigit() and int(step) < len(schema):
            schema = schema[int(step)]
        else:
            return False
    return is_array(schema) and all(isinstance(each, str | None) for each in schema)
