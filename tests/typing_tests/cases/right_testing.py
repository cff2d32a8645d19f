"""Factories and strategies for the tests of a service; no errors."""

from datetime import UTC, datetime
from typing import assert_type

from hypothesis.strategies import SearchStrategy
from pydantic import MISSING

from sguild_contracts import (
    CreditLocked,
    CreditLockedV1,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    PaymentFailed,
    PersonId,
)
from sguild_contracts.testing import (
    events,
    make_credit_locked,
    make_credit_released,
    make_credit_released_v1,
    make_event,
    make_payment_failed,
    payloads,
)

assert_type(payloads("credit.locked"), SearchStrategy[CreditLockedV1])
assert_type(payloads("credit.released"), SearchStrategy[CreditReleasedV2])
assert_type(payloads("credit.released", version=1), SearchStrategy[CreditReleasedV1])
assert_type(events("credit.locked"), SearchStrategy[Event[CreditLockedV1]])
assert_type(events("credit.released", 1), SearchStrategy[Event[CreditReleasedV1]])

locked: CreditLocked = make_credit_locked(person_id=PersonId.mint(), locked_credits=3)
assert_type(make_credit_released(), CreditReleasedV2)
assert_type(make_credit_released_v1(initiator="coach"), CreditReleasedV1)
assert_type(make_event(locked, tenant_id="sguild-berlin"), Event[CreditLockedV1])


def failed(*, retry: bool, at: datetime | None = None) -> PaymentFailed:
    return make_payment_failed(retryable=retry, next_retry_at=MISSING if at is None else at)


assert failed(retry=True).next_retry_at is not MISSING
assert failed(retry=True, at=datetime.now(UTC)).retryable
