"""The second proof that a change is compatible: jsonschema-rs decides by canonical forms, not by a search.

It leaves patterns open. Where interegular proves that each match of a pattern of the writer is a match of
one of the reader, the writer's schema may say so beside its own pattern: it accepts the same documents.
"""

from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from sguild_codegen.compat.loops import applies_itself
from sguild_codegen.compat.portable import python_pattern
from sguild_codegen.compat.resolving import (
    LISTED,
    NAMED,
    SINGLE,
    Json,
    flattened,
    is_array,
    is_object,
    patterns,
)
from sguild_codegen.compat.vocabulary import KEYWORDS

_DRAFT: Final = 20
_MOST_PATTERNS: Final = 30


def covers(reader: Json, writer: Json) -> bool | None:
    """Return whether the reader accepts all that the writer's schema accepts, ``None`` if it is not told."""
    around, flat = _constraints(flattened(reader)), _constraints(flattened(writer))
    if applies_itself(around) or applies_itself(flat):
        return None  # jsonschema-rs would not come back from it
    told = _covers(around, flat)
    if told is not None:
        return told
    ours, theirs = set(patterns(flat)), set(patterns(around))
    if not ours or not theirs or len(ours) * len(theirs) > _MOST_PATTERNS**2:
        return None
    wider = {each: sorted(other for other in theirs - {each} if _is_within(each, other)) for each in ours}
    return _covers(around, _with_wider(flat, wider)) if any(wider.values()) else None


def _constraints(schema: Json) -> Json:
    """Return a flattened schema without annotations, which keywords of older drafts are as well."""
    if not is_object(schema):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in NAMED and is_object(value):
            found[name] = {key: _constraints(each) for key, each in value.items()}
        elif name in LISTED and is_array(value):
            found[name] = [_constraints(each) for each in value]
        elif name in KEYWORDS:
            found[name] = _constraints(value) if name in SINGLE else value
    return found


def _covers(reader: Json, writer: Json) -> bool | None:
    try:
        around, inside = (
            jsonschema_rs.canonicalize(each, draft=_DRAFT, validate_formats=True, offline=True)
            for each in (reader, writer)
        )
        found = around.covers(inside)
    except Exception:  # noqa: BLE001 - whatever it raises, it has not told
        return None
    return {"yes": True, "no": False}.get(found.value)


@lru_cache(maxsize=1_000)
def _is_within(inner: str, outer: str) -> bool:
    """Tell whether it is proven, for anchored patterns, that what matches ``inner`` matches ``outer``."""
    narrow, wide = _automaton(inner), _automaton(outer)
    return narrow is not None and wide is not None and bool(narrow.issubset(wide))


@lru_cache(maxsize=1_000)
def _automaton(pattern: str) -> Any:
    """Return interegular's automaton of an anchored pattern, ``None`` for any other."""
    body = _body(pattern)
    if body is None:
        return None
    import interegular

    try:
        parsed: Any = interegular.parse_pattern(body)
        return parsed.to_fsm()
    except Exception:  # noqa: BLE001 - whatever it raises, it cannot be asked
        return None


def _body(pattern: str) -> str | None:
    """Return what stands between ``^`` and ``$``, ``None`` where they are not the ends of it all."""
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return None
    body = pattern[1:-1]
    if "|" in body and not (body.startswith("(") and body.endswith(")") and body.count("(") == 1):
        return None
    return None if "^" in body.replace("[^", "") or "$" in body else python_pattern(body)


def _with_wider(schema: Json, wider: dict[str, list[str]]) -> Json:
    if not is_object(schema):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in NAMED and is_object(value):
            found[name] = {key: _with_wider(each, wider) for key, each in value.items()}
        elif name in LISTED and is_array(value):
            found[name] = [_with_wider(each, wider) for each in value]
        else:
            found[name] = _with_wider(value, wider) if name in SINGLE else value
    more = [{"pattern": each} for each in wider.get(schema.get("pattern", ""), ())]
    return {**found, "allOf": [*found.get("allOf", ()), *more]} if more else found
