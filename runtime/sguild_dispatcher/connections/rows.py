"""Events as they are stored."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from pydantic_core import to_json

_LINE_BREAK: Final = "\n"


class EventRow(NamedTuple):
    """One event as it is stored, in the order of the parameters of ``insert_event.sql``."""

    event_id: str
    event_type: str
    schema_version: int
    producer: str
    tenant_id: str
    ordering_key: str
    key_id: str
    signature: str
    body: str
    trace_context: str | None


Batch: TypeAlias = tuple[str, tuple[object, ...]]
"""A statement's name and its parameters."""


def as_json(rows: Sequence[EventRow]) -> Batch:
    """Return what writes several events by one parameter; a body in it is a string and so stays as it is."""
    return "insert_events", (to_json(rows).decode(),)


def as_lines(rows: Sequence[EventRow]) -> Batch:
    """Return what writes several events by a text a column, with a line for each of them.

    What they have in common, as the events of one publisher in one transaction do, is sent once. JSON as it
    is written here has no line break, but an ordering key may have one.
    """
    shared = {(each.producer, each.tenant_id, each.key_id, each.trace_context) for each in rows}
    event_ids, event_types, versions, _, _, keys, _, signatures, bodies, _ = zip(*rows, strict=True)
    columns = (event_ids, event_types, map(str, versions), keys, signatures, bodies)
    lines = tuple(map(_LINE_BREAK.join, columns))
    if len(shared) != 1 or any(each.count(_LINE_BREAK) != len(rows) - 1 for each in lines):
        return as_json(rows)
    return "insert_events_lines", (*shared.pop(), *lines)
