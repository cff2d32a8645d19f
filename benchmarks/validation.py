"""Validating from bytes, against plain pydantic models with the same id classes, which are not exact."""

import json
from collections.abc import Callable
from datetime import datetime

from measuring import Ratio, medians
from pydantic import BaseModel

from sguild_contracts import CreditReservationId, EventId, LessonId, PersonId
from sguild_contracts.registry import registry


class PlainPayload(BaseModel):
    """credit.locked as one would write it by hand, and not exact."""

    credit_reservation_id: CreditReservationId
    lesson_id: LessonId
    person_id: PersonId
    locked_credits: int
    locked_at: datetime


class PlainEvent(BaseModel):
    """The envelope likewise."""

    event_id: EventId
    event_type: str
    occurred_at: datetime
    tenant_id: str
    producer: str
    schema_version: int
    payload: PlainPayload
    subject: str | None = None
    actor: str | None = None
    correlation_id: EventId | None = None


def ratios() -> list[Ratio]:
    """Payload and envelope from bytes, against plain pydantic models with the same id classes."""
    body = json.dumps(
        {
            "event_id": EventId.mint(),
            "event_type": "credit.locked",
            "occurred_at": "2026-06-01T10:00:00.000000Z",
            "tenant_id": "sguild-berlin",
            "producer": "revenue",
            "schema_version": 1,
            "payload": {
                "credit_reservation_id": CreditReservationId.mint(),
                "lesson_id": LessonId.mint(),
                "person_id": PersonId.mint(),
                "locked_credits": 2,
                "locked_at": "2026-06-01T10:00:00Z",
            },
            "actor": "system:revenue",
            "correlation_id": EventId.mint(),
        }
    ).encode()
    exact, plain = registry.event_model("credit.locked", 1), PlainEvent
    found = medians({"exact": _many(exact, body), "plain": _many(plain, body)}, 15)
    return [
        Ratio("validate payload and envelope, 1000 times", "plain pydantic", found["exact"], found["plain"])
    ]


def _many(model: type[BaseModel], body: bytes) -> Callable[[], object]:
    validate = model.model_validate_json
    return lambda: [validate(body) for _ in range(1000)]
