"""Publishing what must not be published, or in a way that cannot work."""

import asyncpg
import psycopg

from sguild_contracts import (
    CreditLocked,
    CreditReleasedV1,
    CreditReleasedV2,
    Event,
    LeadCreated,
    RevenuePublisher,
    RevenueSyncPublisher,
    SalesPublisher,
)


async def another_domains_event(
    publisher: RevenuePublisher, connection: "asyncpg.Connection[asyncpg.Record]", lead: LeadCreated
) -> None:
    await publisher.lead_created(connection, lead)  # error: attr-defined, reportAttributeAccessIssue
    await publisher.credit_locked(connection, lead)  # error: arg-type, reportArgumentType
    await publisher.publish(connection, lead)  # error: call-overload, reportArgumentType
    await SalesPublisher().lead_created(connection, lead)


async def another_payload(
    publisher: RevenuePublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    payload: CreditLocked,
    event: Event[CreditLocked],
) -> None:
    await publisher.credit_reserved(connection, payload)  # error: arg-type, reportArgumentType
    await publisher.credit_locked(connection, event)  # error: arg-type, reportArgumentType
    await publisher.credit_locked(connection, {"locked_credits": 1})  # error: arg-type, reportArgumentType
    await publisher.publish(connection, event)  # error: call-overload, reportArgumentType


async def another_version(
    publisher: RevenuePublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    old: CreditReleasedV1,
    new: CreditReleasedV2,
) -> None:
    await publisher.credit_released(connection, old)  # error: arg-type, reportArgumentType
    await publisher.credit_released_v1(connection, new)  # error: arg-type, reportArgumentType


async def no_connection(publisher: RevenuePublisher, payload: CreditLocked) -> None:
    await publisher.credit_locked(payload)  # error: arg-type, call-arg, reportCallIssue
    await publisher.credit_locked("postgresql://localhost", payload)  # error: arg-type, reportArgumentType


async def the_context_is_no_argument(
    publisher: RevenuePublisher, connection: "asyncpg.Connection[asyncpg.Record]", payload: CreditLocked
) -> None:
    await publisher.credit_locked(connection, payload, tenant_id="org_1")  # error: call-arg, reportCallIssue


async def not_awaited(
    publisher: RevenuePublisher, connection: "asyncpg.Connection[asyncpg.Record]", payload: CreditLocked
) -> None:
    publisher.credit_locked(connection, payload)  # error: unused-coroutine, reportUnusedCoroutine


async def awaited(
    publisher: RevenueSyncPublisher, connection: psycopg.Connection, payload: CreditLocked
) -> None:
    await publisher.credit_locked(connection, payload)  # error: misc, reportGeneralTypeIssues


async def a_connection_of_the_other_kind(
    *,
    publisher: RevenuePublisher,
    synchronous: RevenueSyncPublisher,
    blocking: psycopg.Connection,
    plain: "asyncpg.Connection[asyncpg.Record]",
    asynchronous: psycopg.AsyncConnection,
    payload: CreditLocked,
) -> None:
    await publisher.credit_locked(blocking, payload)  # error: arg-type, reportArgumentType
    synchronous.credit_locked(plain, payload)  # error: arg-type, reportArgumentType
    synchronous.credit_locked(asynchronous, payload)  # error: arg-type, reportArgumentType


async def many_of_another_kind(
    *,
    publisher: RevenuePublisher,
    synchronous: RevenueSyncPublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    blocking: psycopg.Connection,
    leads: list[LeadCreated],
    payload: CreditLocked,
) -> None:
    await publisher.publish_many(connection, leads)  # error: arg-type, reportArgumentType
    await publisher.publish_many(connection, [payload, *leads])  # error: list-item, reportArgumentType
    await publisher.publish_many(blocking, [payload])  # error: arg-type, reportArgumentType
    synchronous.publish_many(connection, [payload])  # error: arg-type, reportArgumentType


async def superseded_version(
    publisher: RevenuePublisher,
    connection: "asyncpg.Connection[asyncpg.Record]",
    payload: CreditReleasedV1,
) -> None:
    await publisher.credit_released_v1(connection, payload)  # error: reportDeprecated
    await publisher.publish(connection, payload)  # error: reportDeprecated
