"""Payloads and ids that the contracts forbid."""

from datetime import datetime

from pydantic import MISSING

from sguild_contracts import (
    CreditLocked,
    CreditReservationId,
    Event,
    LeadCreated,
    LeadId,
    LessonId,
    PersonId,
    PersonUpdated,
)
from sguild_contracts.registry import registry


def another_kind_of_id(reservation: CreditReservationId, lesson: LessonId, at: datetime) -> CreditLocked:
    return CreditLocked(
        credit_reservation_id=reservation,
        lesson_id=lesson,
        person_id=lesson,  # error: arg-type, reportArgumentType
        locked_credits=1,
        locked_at=at,
    )


def an_id_that_is_only_text(lead: LeadId, at: datetime) -> LeadCreated:
    return LeadCreated(
        lead_id=lead,
        person_id="per_0197a0b4-7c3a-7d0e-8a34-0b8a5d1c2e3f",  # error: arg-type, reportArgumentType
        source="phone",
        stage="new",
        created_at=at,
    )


def a_missing_field(lead: LeadId, person: PersonId) -> LeadCreated:
    return LeadCreated(lead_id=lead, person_id=person, source="phone")  # error: call-arg, reportCallIssue


def an_unknown_field(lead: LeadId, person: PersonId, at: datetime) -> LeadCreated:
    return LeadCreated(  # error: call-arg
        lead_id=lead,
        person_id=person,
        source="phone",
        stage="new",
        created_at=at,
        tenant_id="org_1",  # error: reportCallIssue
    )


def a_value_that_is_not_listed(lead: LeadId, person: PersonId, at: datetime) -> LeadCreated:
    return LeadCreated(
        lead_id=lead,
        person_id=person,
        source="carrier_pigeon",  # error: arg-type, reportArgumentType
        stage="new",
        created_at=at,
    )


def none_is_not_absent(lead: LeadId, person: PersonId, at: datetime) -> LeadCreated:
    return LeadCreated(
        lead_id=lead,
        person_id=person,
        source="phone",
        stage="new",
        created_at=at,
        owner_id=None,  # error: arg-type, reportArgumentType
    )


def a_number_that_is_text(
    reservation: CreditReservationId, lesson: LessonId, person: PersonId, at: datetime
) -> CreditLocked:
    return CreditLocked(
        credit_reservation_id=reservation,
        lesson_id=lesson,
        person_id=person,
        locked_credits="1",  # error: arg-type, reportArgumentType
        locked_at=at,
    )


def a_change(payload: CreditLocked, event: Event[CreditLocked]) -> None:
    payload.locked_credits = 3  # error: misc, reportAttributeAccessIssue
    event.tenant_id = "org_2"  # error: misc, reportAttributeAccessIssue
    event.payload.locked_credits = 3  # error: misc, reportAttributeAccessIssue


def a_change_of_a_map(person: PersonUpdated) -> None:
    if person.tags is not MISSING:
        person.tags["team"] = "blue"  # error: index, reportIndexIssue


def an_optional_field_unchecked(lead: LeadCreated) -> PersonId:
    return lead.owner_id  # error: return-value, reportReturnType


def a_comparison_that_never_holds(lead: LeadCreated) -> bool:
    return lead.stage == "closed"  # error: comparison-overlap, reportUnnecessaryComparison


def ids_of_two_kinds(lesson: LessonId) -> PersonId:
    person: PersonId = lesson  # error: assignment, reportAssignmentType
    return person


def no_event_type(version: str) -> None:
    registry.payload_model("credit.released", version)  # error: arg-type, reportArgumentType
