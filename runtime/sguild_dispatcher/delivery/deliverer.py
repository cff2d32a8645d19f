"""One event to its handler: in a savepoint, in the open transaction as it is, or without any."""

import asyncio
import inspect
import logging
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, TypeAlias

from sguild_dispatcher.context import EventContext
from sguild_dispatcher.delivery.blame import Blame
from sguild_dispatcher.delivery.context import HandlerContext
from sguild_dispatcher.delivery.outcomes import (
    DeadLetter,
    Discard,
    Discarded,
    Failure,
    Outcome,
    Retry,
    Success,
)
from sguild_dispatcher.delivery.threads import THREADS
from sguild_dispatcher.delivery.timing import HandlerTimes
from sguild_dispatcher.delivery.watchdog import HandlerTimeoutError, Watchdog
from sguild_dispatcher.errors import NotAdaptedError, TransactionControlError
from sguild_dispatcher.handlers import Handlers, RegisteredHandler
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Reader, Refusal
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.retries import failure_detail, message_of, shortened, storable
from sguild_dispatcher.telemetry import Consuming
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.transport.interface import (
    FailedTransactionError,
    HomeSession,
    Row,
    SavepointGoneError,
)
from sguild_dispatcher.versions import Unadapted

_log: Final = logging.getLogger(__name__)

Protection: TypeAlias = Literal["none", "savepoint", "lease"]
"""What protects a batch from a handler that fails: nothing, a savepoint, or that no transaction is open."""

Claim: TypeAlias = Callable[[Row, Any], Any]


class HandlerRaisedError(Exception):
    """A handler failed where no savepoint protects the batch: the batch is rolled back and done again."""


class ConnectionLostError(Exception):
    """The connection was closed during a handler."""


class HandlerAbortedError(Exception):
    """A handler ended with what is no ``Exception``, such as ``SystemExit``; that is the cause."""


class Deliverer:
    """Reads rows and calls their handlers.

    Args:
        subscriber: its full name.
        registry: what is known of event types.
        reader: turns rows into events.
        handlers: what to call.
        blame: events that are known to break transactions.
        times: counts how long handlers take.
        timeout: seconds after which a handler has failed that has no timeout of its own.
        claim: writes an event into the inbox on a connection of a leased handler.
        telemetry: who is told of handlers.
    """

    def __init__(
        self,
        *,
        subscriber: str,
        registry: Registry,
        reader: Reader,
        handlers: Handlers,
        blame: Blame,
        times: HandlerTimes,
        timeout: float,
        claim: Claim,
        telemetry: Consuming,
    ) -> None:
        self._subscriber = subscriber
        self._registry = registry
        self._reader = reader
        self._handlers = handlers
        self._blame = blame
        self._times = times
        self._timeout = timeout
        self._claim = claim
        self._telemetry = telemetry
        self._watchdog = Watchdog()
        self._protections = {
            "none": self._unprotected,
            "savepoint": self._in_savepoint,
            "lease": self._leased,
        }

    def is_leased(self, row: Row) -> bool:
        """Tell whether the handler of an event is to be called without a transaction."""
        registered = self._handlers.get(row["event_type"])
        return registered is not None and registered.is_leased

    async def deliver(
        self, row: Row, home: HomeSession, *, attempt: int, replays: int, protection: Protection
    ) -> Outcome:
        """Deliver one event.

        Args:
            row: the stored event.
            home: where a transaction is open, unless the handler is leased.
            attempt: which attempt this is, from 1.
            replays: how often the event was replayed.
            protection: what protects what the transaction did before.

        Raises:
            HandlerRaisedError: the handler failed, and there is no protection.
            TransactionControlError: the handler ended the transaction.
            ConnectionLostError: the connection was closed during the handler.
        """
        prepared = self._prepare(row)
        if not isinstance(prepared, tuple):
            return prepared
        registered, event = prepared
        leased = protection == "lease"
        context = HandlerContext(
            subscriber=self._subscriber,
            event_id=event.event_id,
            event_type=event.event_type,
            attempt=attempt,
            replays=replays,
            trace_context=row["trace_context"],
            _connection=None if leased else home.connection,
            _claim=(lambda connection: self._claim(row, connection)) if leased else None,
        )
        try:
            return await self._protections[protection](registered, event, context, home)
        except TransactionControlError as error:
            self._blame.put(row["seq"], failed(error, again=False))
            raise
        except Exception as error:
            if home.is_closed():
                self._blame_for_loss(row["seq"], error)
            raise

    def _blame_for_loss(self, seq: int, error: Exception) -> None:
        """Note that the connection is gone after a handler; some libraries close it when time is up."""
        if isinstance(error.__cause__, HandlerTimeoutError):
            self._blame.put(seq, _timed_out(error.__cause__))
        else:
            self._blame.connection_lost(seq, failed(error, again=True))

    def _prepare(self, row: Row) -> Outcome | tuple[RegisteredHandler, Envelope[Any]]:
        """Return the handler and the event, or what becomes of it without any handler."""
        registered = self._handlers.get(row["event_type"])
        if registered is None and row["event_type"] in self._registry:
            return Success.PASSED_OVER
        blamed = self._blame.get(row["seq"])
        if blamed is not None:
            return blamed
        found = self._reader.read(row, None if registered is None else registered.version)
        if isinstance(found, Refusal):
            return Failure(reason=found.reason, detail=found.detail)
        if registered is None:
            raise AssertionError(row["event_type"])  # it is in no registry, so the reader has refused it
        if isinstance(found, Unadapted):
            return registered.given(found.adapted), found.event
        return registered, found

    async def _unprotected(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext, home: HomeSession
    ) -> Outcome:
        try:
            await self._call(registered, event, context)
        except Exception as error:
            _check_connection(context, home, error)
            raise HandlerRaisedError from error
        _check_connection(context, home)
        return Success.DELIVERED

    async def _in_savepoint(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext, home: HomeSession
    ) -> Outcome:
        await home.open_savepoint()
        try:
            await self._call(registered, event, context)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is a failed delivery
            _check_connection(context, home, error)
            await _undo(context, home)
            return _verdict(error)
        _check_connection(context, home)
        try:
            await home.release_savepoint()
        except FailedTransactionError as error:
            # The handler swallowed an error of the database, after which nothing can be committed.
            await _undo(context, home)
            return failed(error.__cause__ or error, again=True)
        except SavepointGoneError:
            raise _controlled(context) from None
        return Success.DELIVERED

    async def _leased(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext, _: HomeSession
    ) -> Outcome:
        try:
            await self._call(registered, event, context)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is a failed delivery
            return _verdict(error)
        return Success.DELIVERED

    async def _call(
        self, registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext
    ) -> None:
        correlation = getattr(event, "correlation_id", None)
        correlation_id = correlation if isinstance(correlation, str) else event.event_id
        seconds = registered.options.timeout or self._timeout
        surroundings: AbstractContextManager[None] = EventContext(
            tenant_id=event.tenant_id, correlation_id=correlation_id, trace_context=context.trace_context
        )
        if self._telemetry.listens:
            surroundings = self._telemetry.handling(
                surroundings,
                event_type=event.event_type,
                event_id=event.event_id,
                correlation_id=correlation_id,
                attempt=context.attempt,
                trace_context=context.trace_context,
            )
        began = time.perf_counter()
        try:
            with surroundings, self._watchdog(seconds):
                if registered.coroutine is not None:
                    await registered.coroutine(event, context)
                else:
                    await _run(registered, event, context)
        except (Exception, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            raise HandlerAbortedError from error
        finally:
            self._times.add(event.event_type, time.perf_counter() - began)


def _is_being_cancelled() -> bool:
    """Tell whether somebody cancels the task at hand, and not only one that its handler waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _run(registered: RegisteredHandler, event: Envelope[Any], context: HandlerContext) -> None:
    """Call a handler that is not `async def`, though it may return what is to be awaited."""
    handler = registered.called
    if registered.is_leased:
        result = await THREADS.run(handler, event, context)
    else:
        result = handler(event, context)
    if inspect.isawaitable(result):
        await result


async def _undo(context: HandlerContext, home: HomeSession) -> None:
    try:
        await home.undo_savepoint()
    except SavepointGoneError:
        raise _controlled(context) from None


def _check_connection(context: HandlerContext, home: HomeSession, error: Exception | None = None) -> None:
    """Make sure that the handler left connection and transaction open, whatever it raised; asks no server."""
    if home.is_closed():
        raise ConnectionLostError("the connection was closed during a handler") from error
    if not home.is_in_transaction():
        raise _controlled(context)


def _controlled(context: HandlerContext) -> TransactionControlError:
    return TransactionControlError(
        f"The handler of {context.event_type} in {context.subscriber} ended the transaction, which is "
        "the worker's: leave commit and rollback to it, and use connection.transaction() for a savepoint."
    )


def _verdict(error: BaseException) -> Outcome:
    """Return what a handler's exception means."""
    if isinstance(error, Discard):
        return Discarded(reason=storable(message_of(error)))
    if isinstance(error, DeadLetter):
        return Failure(reason="handler_rejected", detail=failure_detail(error))
    if isinstance(error, Retry):
        return Failure(reason="handler_failed", detail=failure_detail(error), again=True, after=error.after)
    if isinstance(error, NotAdaptedError):
        return Failure(
            reason="unknown_version" if error.unknown else "not_adapted", detail=shortened(str(error))
        )
    if isinstance(error, HandlerTimeoutError):
        return _timed_out(error)
    return failed(error, again=True)


def _timed_out(error: HandlerTimeoutError) -> Failure:
    return Failure(reason="handler_timeout", detail=f"{str(error).capitalize()}.", again=True)


def failed(error: BaseException, *, again: bool) -> Failure:
    """Return the failure of a handler that raised."""
    if isinstance(error, HandlerAbortedError):
        error = error.__cause__ or error
    # The frames quote source lines and no values, unlike the exception itself.
    _log.debug(
        "A handler failed:\n%s",
        "".join(traceback.format_tb(error.__traceback__)),
        extra={"code": "handler-raised", "error": error_type(error)},
    )
    return Failure(reason="handler_failed", detail=failure_detail(error), again=again)
