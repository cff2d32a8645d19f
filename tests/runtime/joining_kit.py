"""Every kind of connection that can be published through, with one face for tests.

Django connects by aliases that are configured once a process; here ``default`` is each test's own database.
"""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import django
import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_proxy
from django.db import connections as django_connections
from django.db import transaction as django_transaction
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from publishing_kit import settled
from sample_contracts import RevenuePublisher, RevenueSyncPublisher

Block: TypeAlias = AbstractAsyncContextManager[Any]


@dataclass(frozen=True)
class Joined:
    """A connection, and how code that uses its library opens a transaction and a savepoint."""

    connection: Any
    begin: Callable[[], Block]
    savepoint: Callable[[], Block]
    publisher: type[RevenuePublisher | RevenueSyncPublisher]

    async def publish(self, *payloads: Any, **options: Any) -> list[str]:
        """Publish one by one, and return the ids."""
        publisher: Any = settled(self.publisher, **options)
        return [await _value(publisher.publish(self.connection, each)) for each in payloads]

    async def publish_many(self, payloads: Any, **options: Any) -> list[str]:
        """Publish at once, and return the ids."""
        publisher: Any = settled(self.publisher, **options)
        ids: list[str] = await _value(publisher.publish_many(self.connection, payloads))
        return ids


@dataclass(frozen=True)
class Way:
    """A kind of connection; ``pooled`` makes it fit for a pooler that switches sessions."""

    name: str
    opened: Callable[..., AbstractAsyncContextManager[Joined]]

    def open(
        self, dsn: str, *, autocommit: bool = False, pooled: bool = False
    ) -> AbstractAsyncContextManager[Joined]:
        """Connect; with ``autocommit`` each statement is a transaction, where the library can do that."""
        return self.opened(dsn, autocommit=autocommit, pooled=pooled)


async def _value(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def _entered(block: Callable[[], AbstractContextManager[Any]]) -> Callable[[], Block]:
    @asynccontextmanager
    async def entered() -> AsyncIterator[None]:
        with block():
            yield

    return entered


def _asynchronous(connection: Any, begin: Callable[[], Block], savepoint: Callable[[], Block]) -> Joined:
    return Joined(connection, begin, savepoint, RevenuePublisher)


def _synchronous(
    connection: Any,
    begin: Callable[[], AbstractContextManager[Any]],
    savepoint: Callable[[], AbstractContextManager[Any]],
) -> Joined:
    return Joined(connection, _entered(begin), _entered(savepoint), RevenueSyncPublisher)


class OwnConnection(asyncpg.Connection):
    """A subclass, as applications make them."""


@asynccontextmanager
async def _asyncpg(
    dsn: str, *, kind: Any = asyncpg.Connection, autocommit: bool, pooled: bool
) -> AsyncIterator[Joined]:
    del autocommit  # asyncpg knows nothing else
    connection: Any = await asyncpg.connect(dsn, connection_class=kind, **_asyncpg_options(pooled=pooled))
    try:
        yield _asynchronous(connection, connection.transaction, connection.transaction)
    finally:
        await connection.close()


@asynccontextmanager
async def _asyncpg_pool(dsn: str, *, autocommit: bool, pooled: bool) -> AsyncIterator[Joined]:
    del autocommit
    async with (
        asyncpg.create_pool(dsn, min_size=1, max_size=1, **_asyncpg_options(pooled=pooled)) as pool,
        pool.acquire() as connection,
    ):
        yield _asynchronous(connection, connection.transaction, connection.transaction)


def _asyncpg_options(*, pooled: bool) -> dict[str, Any]:
    return {"statement_cache_size": 0} if pooled else {}


@asynccontextmanager
async def _psycopg_async(dsn: str, *, autocommit: bool, pooled: bool) -> AsyncIterator[Joined]:
    options: dict[str, Any] = {"autocommit": autocommit, "row_factory": dict_row}
    async with await psycopg.AsyncConnection.connect(
        dsn, **options, **_psycopg_options(pooled)
    ) as connection:
        yield _asynchronous(connection, connection.transaction, connection.transaction)


@asynccontextmanager
async def _psycopg(dsn: str, *, rows: Any = None, autocommit: bool, pooled: bool) -> AsyncIterator[Joined]:
    options: dict[str, Any] = {"row_factory": rows} if rows else {}
    with psycopg.connect(dsn, autocommit=autocommit, **options, **_psycopg_options(pooled)) as connection:
        yield _synchronous(connection, connection.transaction, connection.transaction)


def _psycopg_options(pooled: bool) -> dict[str, Any]:
    return {"prepare_threshold": None} if pooled else {}


@contextmanager
def engine(dsn: str, *, autocommit: bool = False, pooled: bool = False) -> Any:
    """A SQLAlchemy engine over psycopg."""
    made = create_engine(
        "postgresql+psycopg://",
        creator=partial(psycopg.connect, dsn, **_psycopg_options(pooled)),
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
    )
    try:
        yield made
    finally:
        made.dispose()


@asynccontextmanager
async def async_engine(
    dsn: str, driver: str, *, autocommit: bool = False, pooled: bool = False
) -> AsyncIterator[AsyncEngine]:
    """A SQLAlchemy engine over asyncpg or psycopg."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    if driver == "asyncpg":
        creator: Any = partial(asyncpg.connect, dsn, **_asyncpg_options(pooled=pooled))
        if pooled:  # SQLAlchemy prepares statements of its own
            names = {
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"_{uuid4()}",
            }
            options["connect_args"] = names
    else:
        creator = partial(psycopg.AsyncConnection.connect, dsn, **_psycopg_options(pooled))
    made = create_async_engine(
        f"postgresql+{driver}://", async_creator=creator, poolclass=NullPool, **options
    )
    try:
        yield made
    finally:
        await made.dispose()


@asynccontextmanager
async def _session(
    dsn: str, *, scoped: bool = False, autocommit: bool, pooled: bool
) -> AsyncIterator[Joined]:
    with engine(dsn, autocommit=autocommit, pooled=pooled) as made:
        factory = sessionmaker(made)
        session: Session | scoped_session[Session] = scoped_session(factory) if scoped else factory()
        try:
            yield _synchronous(session, session.begin, session.begin_nested)
        finally:
            session.close()


@asynccontextmanager
async def _connection(dsn: str, *, autocommit: bool, pooled: bool) -> AsyncIterator[Joined]:
    with engine(dsn, autocommit=autocommit, pooled=pooled) as made:
        opened: Engine = made
        with opened.connect() as connection:
            yield _synchronous(connection, connection.begin, connection.begin_nested)


@asynccontextmanager
async def _async_session(
    dsn: str, *, driver: str, scoped: bool = False, autocommit: bool, pooled: bool
) -> AsyncIterator[Joined]:
    async with async_engine(dsn, driver, autocommit=autocommit, pooled=pooled) as made:
        factory = async_sessionmaker(made)
        session: AsyncSession | async_scoped_session[AsyncSession] = (
            async_scoped_session(factory, scopefunc=lambda: None) if scoped else factory()
        )
        try:
            yield _asynchronous(session, session.begin, session.begin_nested)
        finally:
            await session.close()


@asynccontextmanager
async def _async_connection(
    dsn: str, *, driver: str, autocommit: bool, pooled: bool
) -> AsyncIterator[Joined]:
    async with (
        async_engine(dsn, driver, autocommit=autocommit, pooled=pooled) as made,
        made.connect() as opened,
    ):
        connection: AsyncConnection = opened
        yield _asynchronous(connection, connection.begin, connection.begin_nested)


@asynccontextmanager
async def _django(dsn: str, *, proxy: bool, autocommit: bool, pooled: bool) -> AsyncIterator[Joined]:
    del autocommit, pooled  # Django is in autocommit outside of atomic(), and prepares nothing of itself
    with django_database(dsn):
        connection = django_proxy if proxy else django_connections["default"]
        yield _synchronous(connection, django_transaction.atomic, django_transaction.atomic)


@contextmanager
def django_database(dsn: str) -> Any:
    """Let the alias ``default`` of Django stand for a database."""
    if not settings.configured:
        settings.configure()
        django.setup()
    parts = conninfo_to_dict(dsn)
    own = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts["dbname"],
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    handler: Any = django_connections
    with pytest.MonkeyPatch.context() as patch:
        # Django refuses to work on a thread that runs an event loop, as the tests do.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        handler.settings = handler.configure_settings({"default": own})
        try:
            yield
        finally:
            handler["default"].close()
            del handler["default"]


WAYS = (
    Way("asyncpg", _asyncpg),
    Way("asyncpg pool", _asyncpg_pool),
    Way("asyncpg subclass", partial(_asyncpg, kind=OwnConnection)),
    Way("psycopg async", _psycopg_async),
    Way("psycopg", _psycopg),
    Way("psycopg dict_row", partial(_psycopg, rows=dict_row)),
    Way("Session", _session),
    Way("scoped_session", partial(_session, scoped=True)),
    Way("Connection", _connection),
    Way("AsyncSession asyncpg", partial(_async_session, driver="asyncpg")),
    Way("AsyncSession psycopg", partial(_async_session, driver="psycopg")),
    Way("async_scoped_session asyncpg", partial(_async_session, driver="asyncpg", scoped=True)),
    Way("AsyncConnection asyncpg", partial(_async_connection, driver="asyncpg")),
    Way("AsyncConnection psycopg", partial(_async_connection, driver="psycopg")),
    Way("django connection", partial(_django, proxy=True)),
    Way("django connections", partial(_django, proxy=False)),
)


def every_way(test: Any) -> Any:
    """Run a test with every kind of connection."""
    return pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])(test)
