"""Factories and strategies that the contracts do not have, or have for something else."""

from sguild_contracts import CreditLocked, Event, LessonId, PaymentFailed
from sguild_contracts.testing import make_credit_locked, make_event, make_payment_failed, payloads


def another_kind_of_id(lesson: LessonId) -> CreditLocked:
    return make_credit_locked(person_id=lesson)  # error: arg-type, reportArgumentType


def an_unknown_field() -> CreditLocked:
    return make_credit_locked(amount=3)  # error: call-arg, reportCallIssue


def by_position(lesson: LessonId) -> CreditLocked:
    return make_credit_locked(lesson)  # error: call-arg, reportCallIssue


def a_value_that_is_not_listed() -> PaymentFailed:
    return make_payment_failed(processor="paypal")  # error: arg-type, reportArgumentType


def none_is_not_absent() -> PaymentFailed:
    return make_payment_failed(next_retry_at=None)  # error: arg-type, reportArgumentType


def another_event_around_it() -> Event[PaymentFailed]:
    return make_event(make_credit_locked())  # error: arg-type, reportReturnType


unknown = payloads("credit.lost")  # error: call-overload, reportCallIssue, reportArgumentType
no_version = payloads("credit.locked", version=2)  # error: call-overload, reportCallIssue, reportArgumentType
