"""What may not be published leaves no row, and its error says what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from publishing_kit import BEFORE_THE_SWITCH, SECRET, lead, locked, released, rows, settled, with_asyncpg
from sample_contracts import (
    AnyPublisher,
    CreditAccountId,
    CreditLockedV1,
    CreditReleasedV1,
    OperationsPublisher,
    PersonId,
    RevenuePublisher,
    SalesPublisher,
    SiteOpenedV1,
    TallyClosedV1,
)
from sguild_dispatcher.context import request_context
from sguild_dispatcher.errors import (
    BodyTooLargeError,
    EmissionWindowError,
    ForeignEventError,
    InvalidEventError,
    MissingContextError,
    MissingKeyError,
    NulCharacterError,
    PublishError,
    UnknownVersionError,
    UnregisteredEventTypeError,
)
from sguild_dispatcher.models import Payload
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring

REFUSED: dict[str, tuple[type[AnyPublisher], Callable[[], Any], dict[str, Any], type[Exception], str]] = {
    "no payload": (RevenuePublisher, lambda: {"a": 1}, {}, UnregisteredEventTypeError, "dict is not"),
    "no contract": (RevenuePublisher, Payload, {}, UnregisteredEventTypeError, "Payload is not"),
    "unregistered type": (
        RevenuePublisher,
        lambda: SiteOpenedV1(note="x"),
        {},
        UnregisteredEventTypeError,
        "'site.opened' is not in the registry",
    ),
    "foreign producer": (RevenuePublisher, lead, {}, ForeignEventError, "lead.created is produced by sales"),
    "version to come": (
        RevenuePublisher,
        released,
        {"clock": lambda: BEFORE_THE_SWITCH},
        EmissionWindowError,
        (
            "may be emitted from 2026-05-22 (00:00 UTC), and it is 2026-05-21T23:59:59+00:00: "
            "publish version 1 until then."
        ),
    ),
    "version gone": (
        RevenuePublisher,
        lambda: CreditReleasedV1(credit_account_id=CreditAccountId.mint(), person_id=PersonId.mint()),
        {},
        EmissionWindowError,
        (
            "credit.released version 1 may be emitted until 2026-05-22 (00:00 UTC), "
            "and it is 2026-06-01T10:00:00+00:00: publish version 2, or set SGUILD_DISPATCHER_EMISSION=warn "
            "for a rollback."
        ),
    ),
    "deprecated producer": (
        OperationsPublisher,
        lambda: TallyClosedV1(note="x"),
        {},
        EmissionWindowError,
        "operations may publish nothing from 2026-05-12",
    ),
    "no tenant": (
        RevenuePublisher,
        locked,
        {"settings": Settings()},
        MissingContextError,
        "publish inside `with request_context(tenant_id=...):`, or set SGUILD_DISPATCHER_TENANT_ID",
    ),
    "tenant too long": (
        RevenuePublisher,
        locked,
        {"settings": Settings(tenant_id="t" * 65)},
        InvalidEventError,
        "/tenant_id: must be a string of 1 to 64 characters",
    ),
    "invalid payload": (
        RevenuePublisher,
        lambda: locked(locked_credits=SECRET, lesson_id=None),
        {},
        InvalidEventError,
        "in lower case; /payload/locked_credits: must be an integer of at least 1.",
    ),
    "missing field": (
        RevenuePublisher,
        lambda: CreditLockedV1.model_construct(person_id=SECRET),
        {},
        InvalidEventError,
        "/payload/lesson_id: is required",
    ),
    "unknown field": (
        SalesPublisher,
        lambda: lead().model_copy(update={"tags": [SECRET, SECRET]}),
        {},
        InvalidEventError,
        "/payload/tags: must be an array of 1 to 5 items, all different",
    ),
    "rule of several fields": (
        RevenuePublisher,
        lambda: released().model_copy(update={"automatic": True}),
        {},
        InvalidEventError,
        "/payload/reason: is required when automatic is true",
    ),
    "no JSON value": (
        RevenuePublisher,
        lambda: locked(person_id=object()),
        {},
        InvalidEventError,
        "cannot be written as JSON",
    ),
    "lone surrogate": (
        RevenuePublisher,
        lambda: locked(person_id="\ud800"),
        {},
        InvalidEventError,
        "cannot be written as JSON",
    ),
    "NUL in a value": (
        SalesPublisher,
        lambda: lead(tags=["a", f"{SECRET}\0"]),
        {},
        NulCharacterError,
        "/payload/tags/1: holds U+0000",
    ),
    "body too large": (
        RevenuePublisher,
        locked,
        {"settings": Settings(tenant_id="t-1", max_body_bytes=100)},
        BodyTooLargeError,
        "and 100 are allowed",
    ),
    "no key": (
        RevenuePublisher,
        locked,
        {"keyring": Keyring.generate(["sales"])},
        MissingKeyError,
        "sguild-dispatcher keys new revenue --keyring FILE",
    ),
    "no keyring": (RevenuePublisher, locked, {"keyring": None}, MissingKeyError, "SGUILD_DISPATCHER_KEYRING"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_leaves_no_row(case: str, dsn: str) -> None:
    publisher, payload, options, error, words = REFUSED[case]
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(error) as caught:
            await settled(publisher, **options).publish(connection, payload())
        assert await connection.fetchval("select 1") == 1, "the transaction is still usable"
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert await rows(dsn) == []


@pytest.mark.parametrize("name", ["tenant_id", "actor", "correlation_id"])
async def test_an_empty_text_of_the_context_is_wrong_and_not_missing(name: str, dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with (
            request_context(**{name: ""}),
            pytest.raises(InvalidEventError, match=f"is refused. /{name}: must be"),
        ):
            await settled(RevenuePublisher).publish(connection, locked())
    assert await rows(dsn) == []


async def test_a_typed_method_takes_its_own_payload_only(dsn: str) -> None:
    publisher: Any = settled(RevenuePublisher)
    async with with_asyncpg(dsn) as connection, connection.transaction():
        with pytest.raises(
            InvalidEventError, match=r"credit\.locked version 1 is published as CreditLockedV1"
        ):
            await publisher.credit_locked(connection, released())
        with pytest.raises(UnknownVersionError, match=r"lead\.created version 2 is withdrawn"):
            await publisher._publish(connection, lead(), "lead.created", 2)
        with pytest.raises(UnknownVersionError, match=r"lead\.created has no version 3"):
            await publisher._publish(connection, lead(), "lead.created", 3)
    assert await rows(dsn) == []


async def test_an_escaped_backslash_is_no_nul(dsn: str) -> None:
    async with with_asyncpg(dsn) as connection, connection.transaction():
        await settled(SalesPublisher).publish(connection, lead(tags=["\\u0000"]))
    assert len(await rows(dsn)) == 1


def test_every_refusal_is_a_publish_error_or_a_missing_key() -> None:
    kinds = {error for _, _, _, error, _ in REFUSED.values()}
    assert all(issubclass(kind, PublishError | MissingKeyError) for kind in kinds)
