"""The logs that a subscriber reads, each with the connections that are needed to read it."""

import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from sguild_dispatcher.errors import DatabaseUnavailableError
from sguild_dispatcher.migrations import check_migrated
from sguild_dispatcher.rights import INSUFFICIENT_PRIVILEGE
from sguild_dispatcher.roles import ReadingRights, missing_rights
from sguild_dispatcher.statements import statement
from sguild_dispatcher.subscriptions import Start, SubscriberName, register
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.transport.drivers import QUERY_CANCELED, AsyncpgDriver, Driver, is_loss, sqlstate
from sguild_dispatcher.transport.interface import (
    Control,
    HomeSession,
    LogSession,
    Session,
    SpoiledSessionError,
)
from sguild_dispatcher.transport.postgres import PostgresControl, PostgresSession, Share, transaction
from sguild_dispatcher.transport.providers import Provider, prepare_session
from sguild_dispatcher.wakeups import CHANNEL

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OneSession:
    """The log lies in the subscriber's own database."""

    session: Session


@dataclass(frozen=True, slots=True)
class TwoSessions:
    """The log lies elsewhere."""

    log: LogSession
    home: HomeSession


Sessions = OneSession | TwoSessions


class Source(Protocol):
    """One log."""

    @property
    def log(self) -> str:
        """The name of the log, empty for that of the subscriber's own database."""
        ...

    @property
    def label(self) -> str:
        """What to add to a sentence about it: nothing for the subscriber's own database."""
        ...

    async def register(self, subscriber: SubscriberName, *, start: Start, partitions: int) -> bool:
        """Create a subscription, and tell whether it is new; see :func:`register`.

        Raises:
            DatabaseUnavailableError, NotMigratedError: the database is not ready.
        """
        ...

    def control(self, on_wakeup: Callable[[], None]) -> AbstractAsyncContextManager[Control]:
        """Connect for the process as a whole; ``on_wakeup`` is called when somebody says that he published.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """
        ...

    def partition(
        self,
        subscriber: SubscriberName,
        subscription: int,
        partition: int,
        partitions: int,
        ignored: tuple[str, ...],
    ) -> AbstractAsyncContextManager[Sessions]:
        """Connect for one partition.

        Raises:
            DatabaseUnavailableError: a database cannot be reached, or its connection was lost meanwhile.
        """
        ...


@runtime_checkable
class BringsSources(Protocol):
    """What a subscriber may be given in place of a pool: it is no database, and has its own transport."""

    def dispatcher_sources(self) -> Sequence[Source]:
        """Return the logs to read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSource:
    """A log in PostgreSQL.

    Attributes:
        log: its name.
        provider: lends connections to it.
        home: lends connections to the subscriber's own database, if that is another one.
        listen: whether to wait for notifications; not behind a pooler.
        rights: what its subscriber means to read.
        idle_seconds: how long a transaction may stand still before the server ends its session.
    """

    log: str
    provider: Provider
    home: Provider | None
    listen: bool
    rights: ReadingRights
    idle_seconds: float

    @property
    def label(self) -> str:
        """See :attr:`Source.label`."""
        return f" of the log of {self.log}" if self.log else ""

    async def register(self, subscriber: SubscriberName, *, start: Start, partitions: int) -> bool:
        """See :meth:`Source.register`."""
        async with borrowed(self.provider, self.rights.domain) as driver, transaction(driver):
            await check_migrated(driver)
            return await register(driver, subscriber, start=start, partitions=partitions)

    @asynccontextmanager
    async def control(self, on_wakeup: Callable[[], None]) -> AsyncGenerator[Control, None]:
        """See :meth:`Source.control`."""
        async with borrowed(self.provider, self.rights.domain) as driver:
            if self.listen:
                await prepare_session(driver, self.idle_seconds)
            if not (self.listen and isinstance(driver, AsyncpgDriver)):
                yield self._control(driver)
                return

            def listener(*_: Any) -> None:
                on_wakeup()

            await driver.connection.add_listener(CHANNEL, listener)
            try:
                yield self._control(driver)
            finally:
                # A connection that is being lost may refuse, and must not hide that it is lost.
                with suppress(Exception):
                    await driver.connection.remove_listener(CHANNEL, listener)

    @asynccontextmanager
    async def partition(
        self,
        subscriber: SubscriberName,
        subscription: int,
        partition: int,
        partitions: int,
        ignored: tuple[str, ...],
    ) -> AsyncGenerator[Sessions, None]:
        """See :meth:`Source.partition`."""
        share = Share(
            subscription=subscription,
            log=self.log,
            partition=partition,
            partitions=partitions,
            ignored=ignored,
        )
        async with self._session(self.provider, share) as log:
            if self.home is None:
                yield OneSession(log)
                return
            async with borrowed(self.home, self.rights.domain) as driver:
                at_home = await self._control(driver).subscription(subscriber)
            async with self._session(self.home, share.at_home(at_home)) as home:
                yield TwoSessions(log, home)

    def _control(self, driver: Driver) -> PostgresControl:
        return PostgresControl(driver, process=process_name(), rights=self.rights)

    @asynccontextmanager
    async def _session(self, provider: Provider, share: Share) -> AsyncGenerator[Session, None]:
        async with borrowed(provider, self.rights.domain) as driver:
            if self.listen:
                await prepare_session(driver, self.idle_seconds)
            async with transaction(driver):
                rows = await driver.fetch(statement("subscription/registered_at"), share.subscription)
            yield PostgresSession(
                driver,
                share,
                registered_at=rows[0]["registered_at"],
                # Behind a pooler another transaction may have another session.
                idle_seconds=None if self.listen else self.idle_seconds,
            )


@asynccontextmanager
async def borrowed(provider: Provider, domain: str) -> AsyncGenerator[Driver, None]:
    """Take a connection for the length of a block, to work for a domain.

    Raises:
        DatabaseUnavailableError: there is none to be had, or it was lost in the block.
        MissingRightsError: its role may not do what was done in the block.
    """
    driver = await provider.acquire()
    try:
        yield driver
    except SpoiledSessionError as error:
        await driver.discard()
        raise session_given_up(error.__cause__ or error) from None
    except Exception as error:
        # What a person or a time limit canceled may pass another time.
        if is_loss(driver, error) or sqlstate(error) == QUERY_CANCELED:
            raise connection_lost(error) from None
        if sqlstate(error) != INSUFFICIENT_PRIVILEGE:
            raise
        rows = await driver.fetch("select current_user as login")
        raise missing_rights(rows[0]["login"], domain, error) from error
    finally:
        await _give_back(provider, driver)


async def _give_back(provider: Provider, driver: Driver) -> None:
    """Release a connection; should it be lost only now, nothing was lost with it."""
    try:
        await provider.release(driver)
    except Exception as error:
        if not driver.is_closed():
            raise
        # Its class alone: a traceback shows what it was raised during, such as a handler's exception.
        _log.debug(
            "A connection was lost while it was given back (%s)",
            type(error).__name__,
            extra={"code": "connection-lost-late", "error": error_type(error)},
        )


def connection_lost(error: BaseException) -> DatabaseUnavailableError:
    """Return the error that says that another connection is needed."""
    reason = str(error).partition("\n")[0] or type(error).__name__
    return DatabaseUnavailableError(
        f"The connection was lost ({reason}); what was not committed is delivered again."
    )


def session_given_up(error: BaseException) -> DatabaseUnavailableError:
    """Return the error that says that another session is needed, since handlers spoiled this one."""
    name = type(error).__name__
    return DatabaseUnavailableError(
        f"A statement of the worker's own failed after handlers had used its session ({name}): the session "
        "is given up, and what was not committed is delivered again."
    )


def process_name() -> str:
    """Return host and process id, for people."""
    return f"{socket.gethostname()}:{os.getpid()}"
