"""What a type checker takes for a connection; which ones work is decided in ``joining.py``.

The shapes are told apart by what only the right kind has: an asynchronous connection opens its
transactions in ``async with``, the other kind in ``with``.
"""

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, TypeAlias


class AsyncDriverConnection(Protocol):
    """An asyncpg ``Connection``, one from an asyncpg pool, or a psycopg ``AsyncConnection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Run a statement."""
        ...

    def transaction(self, *args: Any, **kwargs: Any) -> AbstractAsyncContextManager[Any]:
        """Open a transaction, or a savepoint in one."""
        ...


class SyncDriverConnection(Protocol):
    """A psycopg ``Connection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run a statement."""
        ...

    def transaction(self, *args: Any, **kwargs: Any) -> AbstractContextManager[Any]:
        """Open a transaction, or a savepoint in one."""
        ...


class AsyncSqlAlchemyConnection(Protocol):
    """A SQLAlchemy ``AsyncSession``, ``async_scoped_session`` or ``AsyncConnection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Run a statement."""
        ...

    def begin_nested(self) -> AbstractAsyncContextManager[Any]:
        """Open a savepoint."""
        ...


class SyncSqlAlchemyConnection(Protocol):
    """A SQLAlchemy ``Session``, ``scoped_session`` or ``Connection``."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run a statement."""
        ...

    def begin_nested(self) -> AbstractContextManager[Any]:
        """Open a savepoint."""
        ...


class DjangoConnection(Protocol):
    """``django.db.connection``, or one of ``django.db.connections``."""

    in_atomic_block: bool

    def ensure_connection(self) -> None:
        """Connect if that has not happened yet."""
        ...

    def validate_no_broken_transaction(self) -> None:
        """Refuse a transaction that can only be rolled back."""
        ...


AsyncConnection: TypeAlias = AsyncDriverConnection | AsyncSqlAlchemyConnection
"""What a :class:`~sguild_dispatcher.Publisher` publishes through."""

SyncConnection: TypeAlias = SyncDriverConnection | SyncSqlAlchemyConnection | DjangoConnection
"""What a :class:`~sguild_dispatcher.SyncPublisher` publishes through."""
