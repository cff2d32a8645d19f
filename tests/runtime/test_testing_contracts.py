"""What tests of a service get from the generated package: factories, payloads, whole events."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from pydantic import MISSING, ValidationError

from sguild_contracts import LessonId, PersonId, testing
from sguild_contracts.registry import registry
from sguild_contracts.schemas import payload_schema
from sguild_contracts.testing import (
    kit,
    make_credit_locked,
    make_credit_released_v1,
    make_event,
    make_payment_failed,
    make_reservation_funded,
    payloads,
)
from sguild_dispatcher.models import Payload
from sguild_dispatcher.registry import EventType, PayloadVersion
from sguild_dispatcher.testing.strategies import invalid_documents, valid_documents

LIVE = [(event, version) for event in registry for version in event.versions if version.status != "withdrawn"]
FACTORIES = [name for name in testing.__all__ if name.startswith("make_") and name != "make_event"]


def version_id(value: Any) -> str:
    return value.name if isinstance(value, EventType) else f"v{value.version}"


def model_of(name: str) -> type[Payload]:
    return type(getattr(testing, name)())


live_versions = pytest.mark.parametrize(("event", "version"), LIVE, ids=version_id)
factories = pytest.mark.parametrize("name", FACTORIES)


def test_every_live_version_has_a_factory() -> None:
    made = {(model_of(name).__event_type__, model_of(name).__event_version__) for name in FACTORIES}
    assert made == {(event.name, version.version) for event, version in LIVE}
    assert set(testing.__all__) <= set(dir(testing))


@live_versions
def test_payloads_are_of_the_model(event: EventType, version: PayloadVersion) -> None:
    model = registry.payload_model(event.name, version.version)

    @settings(max_examples=30, database=None)
    @given(kit.payloads(event.name, version.version))
    def holds(payload: Payload) -> None:
        assert type(payload) is model
        assert model.model_validate_json(payload.model_dump_json()) == payload

    holds()


@live_versions
def test_the_model_takes_valid_documents_and_refuses_others(
    event: EventType, version: PayloadVersion
) -> None:
    model = registry.payload_model(event.name, version.version)
    schema = payload_schema(event.name, version.version)

    @settings(max_examples=30, database=None)
    @given(valid_documents(schema), invalid_documents(schema))
    def holds(valid: Any, invalid: Any) -> None:
        model.model_validate_json(json.dumps(valid))
        with pytest.raises(ValidationError):
            model.model_validate_json(json.dumps(invalid))

    holds()


@live_versions
def test_events_are_as_their_producer_sends_them(event: EventType, version: PayloadVersion) -> None:
    @settings(max_examples=20, database=None)
    @given(kit.events(event.name, version.version))
    def holds(drawn: Any) -> None:
        assert drawn.event_type == event.name
        assert drawn.schema_version == version.version
        assert drawn.producer == event.producer
        assert version.may_emit(drawn.occurred_at)
        subject = getattr(drawn.payload, event.subject or "", None)
        assert drawn.subject in {subject, MISSING}

    holds()


@factories
def test_a_factory_needs_nothing_and_leaves_out_what_is_optional(name: str) -> None:
    document = json.loads(getattr(testing, name)().model_dump_json())
    model = model_of(name)
    schema = payload_schema(model.__event_type__, model.__event_version__)
    assert set(document) == set(schema["required"])


@factories
def test_a_factory_gives_new_ids_each_time_and_the_rest_again(name: str) -> None:
    one, other = (json.loads(getattr(testing, name)().model_dump_json()) for _ in range(2))
    assert one != other
    assert [key for key in one if "_id" not in key and one[key] != other[key]] in ([], NESTED.get(name))


# Arrays and objects with ids inside, and an actor that may be a person.
NESTED = {
    "make_intake_captured": ["participants"],
    "make_intake_amended": ["amended_by"],
}


@factories
def test_a_factory_keeps_what_it_is_given(name: str) -> None:
    factory = getattr(testing, name)
    model = model_of(name)

    @settings(max_examples=20, database=None)
    @given(kit.payloads(model.__event_type__, model.__event_version__), st.data())
    def holds(payload: Payload, data: st.DataObject) -> None:
        present = {key: value for key, value in dict(payload).items() if value is not MISSING}
        given_names = data.draw(st.lists(st.sampled_from(sorted(present)), unique=True))
        made = factory(**{key: present[key] for key in given_names})
        assert {key: getattr(made, key) for key in given_names} == {key: present[key] for key in given_names}
        assert model.model_validate_json(made.model_dump_json()) == made

    holds()


def test_a_factory_completes_what_a_condition_asks_for() -> None:
    assert make_payment_failed().next_retry_at is MISSING
    assert isinstance(make_payment_failed(retryable=True).next_retry_at, datetime)
    assert make_payment_failed(retryable=True).amount_minor == make_payment_failed().amount_minor
    moment = make_credit_locked().locked_at
    assert make_payment_failed(next_retry_at=moment).retryable is True
    assert make_reservation_funded(funding_source="invoice_paid").invoice_id is not MISSING


def test_a_factory_takes_no_contradiction() -> None:
    with pytest.raises(ValidationError, match="/next_retry_at: must be absent when retryable is not true"):
        make_payment_failed(retryable=False, next_retry_at=make_credit_locked().locked_at)
    with pytest.raises(ValidationError, match="/locked_credits: must be an integer of at least 1"):
        make_credit_locked(locked_credits=0)
    lesson: Any = LessonId.mint()
    with pytest.raises(ValidationError, match="/person_id: must be per_"):
        make_credit_locked(person_id=lesson)
    with pytest.raises(ValidationError, match="/locked_at"):
        make_credit_locked(locked_at=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="amount"):
        make_credit_locked(amount=1)  # type: ignore[call-arg]


def test_an_event_around_a_payload() -> None:
    person = PersonId.mint()
    event = make_event(make_credit_locked(person_id=person), tenant_id="sguild-berlin")
    assert (event.subject, event.tenant_id, event.producer) == (person, "sguild-berlin", "revenue")
    assert type(event).model_validate_json(event.model_dump_json()) == event
    old = make_event(make_credit_released_v1())
    assert old.occurred_at.date() < date(2026, 5, 22)
    assert make_event(make_credit_locked(), occurred_at=old.occurred_at).occurred_at == old.occurred_at
    with pytest.raises(ValidationError, match="/tenant_id"):
        make_event(make_credit_locked(), tenant_id="")


def test_payloads_shrink_to_simple_ones() -> None:
    shrunk = find(
        payloads("lead.reached"), lambda each: each.attempt_number >= 3, settings=settings(database=None)
    )
    assert (shrunk.attempt_number, shrunk.channel) == (3, "phone")
    assert shrunk.reached_at == datetime(2026, 5, 1, tzinfo=UTC)


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="is not in the registry"):
        kit.payloads("credit.lost")
    with pytest.raises(ValueError, match="withdrawn"):
        kit.payloads("intake.captured", 1)
    with pytest.raises(AttributeError, match="has no attribute 'make_credit_lost'"):
        testing.make_credit_lost  # noqa: B018


def test_production_code_does_not_load_it() -> None:
    import subprocess
    import sys

    program = "import sys\nimport sguild_contracts as c\n[getattr(c, each) for each in c.__all__]\n"
    program += "print([each for each in sys.modules if 'testing' in each and 'sguild' in each])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
