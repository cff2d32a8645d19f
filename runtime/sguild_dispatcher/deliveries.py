"""One event to its handler, on the connection and in the transaction that the worker opened."""

import logging
import traceback
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

from sguild_dispatcher.context import request_context
from sguild_dispatcher.errors import TransactionControlError
from sguild_dispatcher.handlers import HandlerContext, Handlers, RegisteredHandler
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Reader, Reason, Refusal
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import failure_detail
from sguild_dispatcher.statements import statement

if TYPE_CHECKING:
    from sguild_dispatcher.database import Connection

_log: Final = logging.getLogger(__name__)

_LOSSES_BEFORE_BLAME: Final = 3


class HandlerRaisedError(Exception):
    """A handler failed where no savepoint protects the batch: the batch is rolled back and done again."""


class Success(Enum):
    """What became of an event that nothing is left to do for."""

    DELIVERED = "delivered"
    PASSED_OVER = "passed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a delivery failed; ``again`` tells whether another attempt may help."""

    reason: Reason
    detail: str
    again: bool = False


Outcome: TypeAlias = Success | Failure


class Blame:
    """Events that broke a transaction from outside of their savepoint, by seq: they fail uncalled afterwards.

    It outlives a connection, so that an event whose handler ends the connection is found out.
    """

    def __init__(self) -> None:
        self._failures: dict[int, Failure] = {}
        self._losses: dict[int, int] = {}

    def get(self, seq: int) -> Failure | None:
        """Return why the event fails, ``None`` if nothing is held against it."""
        return self._failures.get(seq)

    def put(self, seq: int, error: BaseException, *, again: bool) -> None:
        """Let the event fail when it is met next."""
        self._failures[seq] = _failed(error, again=again)

    def connection_lost(self, seq: int, error: BaseException) -> None:
        """Note that the connection was lost in the event's handler; the third time the event is to blame."""
        self._losses[seq] = self._losses.get(seq, 0) + 1
        if self._losses[seq] >= _LOSSES_BEFORE_BLAME:
            self.put(seq, error, again=True)

    def settled(self, seq: int) -> None:
        """Forget the event, since its outcome is committed."""
        self._failures.pop(seq, None)
        self._losses.pop(seq, None)


class Deliverer:
    """Reads rows and calls their handlers."""

    def __init__(
        self,
        connection: "Connection",
        *,
        subscriber: str,
        registry: Registry,
        reader: Reader,
        handlers: Handlers,
        blame: Blame,
    ) -> None:
        self._connection = connection
        self._subscriber = subscriber
        self._registry = registry
        self._reader = reader
        self._handlers = handlers
        self._blame = blame

    async def deliver(self, row: asyncpg.Record, *, attempt: int, replays: int, guarded: bool) -> Outcome:
        """Deliver one event.

        Args:
            row: the stored event.
            attempt: which attempt this is, from 1.
            replays: how often the event was replayed.
            guarded: whether a savepoint is to protect what the transaction did before.

        Raises:
            HandlerRaisedError: the handler failed, and ``guarded`` is false.
            TransactionControlError: the handler ended the transaction.
        """
        known = row["event_type"] in self._registry
        registered = self._handlers.get(row["event_type"])
        if known and registered is None:
            return Success.PASSED_OVER
        blamed = self._blame.get(row["seq"])
        if blamed is not None:
            return blamed
        event = self._reader.read(row)
        if isinstance(event, Refusal):
            return Failure(reason=event.reason, detail=event.detail)
        if registered is None or registered.version != event.schema_version:
            return _unhandled(event, registered)
        context = HandlerContext(
            connection=self._connection,
            subscriber=self._subscriber,
            event_id=event.event_id,
            event_type=event.event_type,
            attempt=attempt,
            replays=replays,
        )
        try:
            return await (self._guarded if guarded else self._unguarded)(registered, event, context)
        except TransactionControlError as error:
            self._blame.put(row["seq"], error, again=False)
            raise
        except Exception as error:
            if self._connection.is_closed():
                self._blame.connection_lost(row["seq"], error)
            raise

    async def _unguarded(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext
    ) -> Outcome:
        try:
            await _call(registered, event, context)
        except Exception as error:
            self._check_connection(context)
            raise HandlerRaisedError from error
        self._check_connection(context)
        return Success.DELIVERED

    async def _guarded(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext
    ) -> Outcome:
        await self._connection.execute(statement("savepoint/open"))
        try:
            await _call(registered, event, context)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is a failed delivery
            self._check_connection(context)
            await self._undo(context)
            return _failed(error, again=True)
        self._check_connection(context)
        try:
            await self._connection.execute(statement("savepoint/release"))
        except asyncpg.InFailedSQLTransactionError as error:
            # The handler swallowed an error of the database, after which nothing can be committed.
            await self._undo(context)
            return _failed(error, again=True)
        except _SAVEPOINT_GONE:
            raise _controlled(context) from None
        return Success.DELIVERED

    async def _undo(self, context: HandlerContext) -> None:
        try:
            await self._connection.execute(statement("savepoint/undo"))
        except _SAVEPOINT_GONE:
            raise _controlled(context) from None

    def _check_connection(self, context: HandlerContext) -> None:
        """Make sure that the handler left connection and transaction open; this asks no server."""
        if self._connection.is_closed():
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed during a handler")
        if not self._connection.is_in_transaction():
            raise _controlled(context)


_SAVEPOINT_GONE: Final = (asyncpg.InvalidSavepointSpecificationError, asyncpg.NoActiveSQLTransactionError)


async def _call(registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext) -> None:
    correlation = getattr(event, "correlation_id", None)
    correlation_id = correlation if isinstance(correlation, str) else event.event_id
    with request_context(tenant_id=event.tenant_id, correlation_id=correlation_id):
        await registered.handler(event, context)


def _controlled(context: HandlerContext) -> TransactionControlError:
    return TransactionControlError(
        f"The handler of {context.event_type} in {context.subscriber} ended the transaction, which is "
        "the worker's: leave commit and rollback to it, and use connection.transaction() for a savepoint."
    )


def _unhandled(event: Envelope[Any], registered: RegisteredHandler | None) -> Failure:
    taken = "none" if registered is None else f"version {registered.version}"
    return Failure(
        reason="unhandled_version",
        detail=f"{event.event_type} came in version {event.schema_version}, and the handler takes {taken}.",
    )


def _failed(error: BaseException, *, again: bool) -> Failure:
    # The frames quote source lines and no values, unlike the exception itself.
    _log.debug("A handler failed:\n%s", "".join(traceback.format_tb(error.__traceback__)))
    return Failure(reason="handler_failed", detail=failure_detail(error), again=again)
