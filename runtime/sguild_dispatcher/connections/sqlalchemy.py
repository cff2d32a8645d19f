"""Sessions and connections of SQLAlchemy 2: how to come to the driver's connection of their transaction.

SQLAlchemy ends a transaction of the driver only if it has begun one of its own. So it has to begin first:
what the driver did without its knowledge would be rolled back in silence when the connection goes back
to the pool.
"""

from typing import Any

from sguild_dispatcher.statements import statement


def of_session(session: Any) -> Any:
    """Return the driver's connection of a ``Session`` or ``scoped_session``, which begins if it has to."""
    return of_connection(session.connection())


def of_connection(connection: Any) -> Any:
    """Return the driver's connection of a ``Connection``, which begins as it does before a statement."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection


async def of_async_session(session: Any) -> Any:
    """Return the driver's connection of an ``AsyncSession`` or ``async_scoped_session``."""
    return await of_async_connection(await session.connection())


async def of_async_connection(connection: Any) -> Any:
    """Return the driver's connection of an ``AsyncConnection``, which begins here and not later."""
    if not connection.in_transaction():
        await connection.begin()
    pooled = await connection.get_raw_connection()
    if connection.dialect.driver == "asyncpg" and not pooled.driver_connection.is_in_transaction():
        # SQLAlchemy's adapter of asyncpg sends BEGIN with the first statement that passes through it.
        await connection.exec_driver_sql(statement("nothing"))
    return pooled.driver_connection
