"""Events as they are stored."""

from collections.abc import Sequence
from typing import NamedTuple

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


def as_json(rows: Sequence[EventRow]) -> str:
    """Return the one parameter of ``insert_events.sql``; a body in it is a string and so stays as it is."""
    return to_json(rows).decode()
