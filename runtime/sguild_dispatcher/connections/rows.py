"""Events as they are stored."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from pydantic_core import to_json


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


def as_arrays(rows: Sequence[EventRow]) -> Batch:
    """Return what writes several events by an array a column: for a driver that sends arrays in binary.

    What they have in common, as the events of one publisher in one transaction do, is sent once.
    """
    shared = {(each.producer, each.tenant_id, each.key_id, each.trace_context) for each in rows}
    if len(shared) != 1:
        return as_json(rows)
    event_ids, event_types, versions, _, _, keys, _, signatures, bodies, _ = zip(*rows, strict=True)
    return "insert_events_arrays", (*shared.pop(), event_ids, event_types, versions, keys, signatures, bodies)
