"""Payloads and ids: optional fields, enums, and the registry; no errors."""

from datetime import datetime
from typing import assert_type

from pydantic import MISSING

from sguild_contracts import Event, IntakeId, LeadCreated, LeadId, PersonId
from sguild_contracts.registry import registry
from sguild_dispatcher import Payload


def created(at: datetime, owner: PersonId | None) -> LeadCreated:
    return LeadCreated(
        lead_id=LeadId("lead_0197a0b4-7c3a-7d0e-8a34-0b8a5d1c2e3f"),
        person_id=PersonId.parse("per_0197a0b4-7c3a-7d0e-8a34-0b8a5d1c2e3f"),
        source="phone",
        stage="new",
        created_at=at,
        owner_id=MISSING if owner is None else owner,
    )


def owner_of(lead: LeadCreated) -> PersonId:
    if lead.owner_id is MISSING:
        return lead.person_id
    assert_type(lead.owner_id, PersonId)
    return lead.owner_id


def intake_of(event: Event[LeadCreated]) -> IntakeId | None:
    intake = event.payload.intake_id
    return None if intake is MISSING else intake


def subject_of(event: Event[LeadCreated]) -> str:
    return "nobody" if event.subject is MISSING else event.subject.upper()


def is_early(lead: LeadCreated) -> bool:
    match lead.stage:
        case "new" | "attempting" | "reached":
            return True
        case "qualified" | "trial_scheduled" | "won" | "lost":
            return False


def text_of(person: PersonId) -> str:
    return f"{person.upper()} {person.uuid}"


def model_of(event_type: str, version: int) -> type[Payload]:
    return registry.payload_model(event_type, version)
