"""Logins of two domains, each through a pgbouncer in transaction pooling: rights are those of the login."""

import asyncpg
import pytest

from pgbouncer_kit import COMMAND, pooler, through
from roles_kit import INSERT, KEYRING, connected, login_dsn
from sguild_contracts import CreditLocked, Event, RevenuePublisher, SalesPublisher, SalesSubscriber
from sguild_contracts.testing import make_credit_locked, make_lead_created
from sguild_dispatcher.context import request_context
from sguild_dispatcher.retries import RetryPolicy
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import DrainResult, HandlerContext

pytestmark = pytest.mark.skipif(COMMAND is None, reason="pgbouncer is not installed")


def worker(dsn: str) -> SalesSubscriber:
    settings = Settings(dsn=dsn, poll_interval=0.05, lease_seconds=1, wakeups="poll")
    retry = RetryPolicy(max_attempts=3, base=0, cap=0)
    subscriber = SalesSubscriber("crm", settings=settings, keyring=KEYRING, retry=retry)
    publisher = SalesPublisher(keyring=KEYRING, settings=Settings())

    @subscriber.on_credit_locked
    async def answer(event: Event[CreditLocked], context: HandlerContext) -> None:
        with request_context(tenant_id=event.tenant_id):
            await publisher.lead_created(context.connection, make_lead_created())
        if context.attempt == 1:
            raise LookupError

    return subscriber


async def test_domains_publish_and_consume_under_their_policies(roles_dsn: str) -> None:
    with (
        pooler(login_dsn(roles_dsn, "revenue_app")) as of_revenue,
        pooler(login_dsn(roles_dsn, "sales_app")) as of_sales,
    ):
        subscriber = worker(through(of_sales, roles_dsn))
        assert await subscriber.register(partitions=2)
        publisher = RevenuePublisher(keyring=KEYRING, settings=Settings(tenant_id="tenant-1"))
        revenue = await asyncpg.connect(through(of_revenue, roles_dsn), statement_cache_size=0)
        async with revenue.transaction():
            for _ in range(3):
                await publisher.credit_locked(revenue, make_credit_locked())
        assert await subscriber.drain() == DrainResult(delivered=3, retried=3)
        # What is not revenue's it neither publishes nor reads.
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await revenue.execute(INSERT, "lead.created", "sales")
        read = "select event_type, count(*) from sguild_dispatcher.event_log group by 1"
        assert await revenue.fetch(read) == []
        await revenue.close()
    async with connected(roles_dsn) as owner:
        counts = {each["event_type"]: each["count"] for each in await owner.fetch(read)}
    assert counts == {"credit.locked": 3, "lead.created": 3}
