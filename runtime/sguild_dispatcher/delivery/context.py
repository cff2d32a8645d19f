"""What a handler gets beside its event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sguild_dispatcher.errors import NoTransactionError


# Final to type checkers, and not frozen: that would double the time it takes to make one for each event.
@dataclass(eq=False, slots=True, kw_only=True)
class HandlerContext:
    """The event's surroundings.

    Attributes:
        subscriber: the subscriber, as ``sales/sales-crm``.
        event_id: the event's id.
        event_type: its type.
        attempt: 1 for the first delivery, and again after a replay.
        replays: how often the event was replayed from the dead letters.
        trace_context: the W3C ``traceparent`` that its publisher had, and after a blank the ``tracestate`` if
            there was one; a hint, since it is not signed.
    """

    subscriber: Final[str]
    event_id: Final[str]
    event_type: Final[str]
    attempt: Final[int]
    replays: Final[int]
    trace_context: Final[str | None] = None
    _connection: Any = field(default=None, repr=False)
    _claim: Callable[[Any], Any] | None = field(default=None, repr=False)

    @property
    def connection(self) -> Any:
        """The connection of the delivery: what is written here commits with the cursor, or not at all.

        It is of the kind that the subscriber was given: of asyncpg by default, else of its pool or engine.
        The transaction is the worker's; a handler may open savepoints in it.

        Raises:
            NoTransactionError: the handler is leased, so there is no transaction around it.
        """
        if self._connection is None:
            raise NoTransactionError(
                f"The handler of {self.event_type} in {self.subscriber} is leased: no transaction is open "
                "around it. Open one of your own, and call context.claim(connection) first in it."
            )
        return self._connection

    def claim(self, connection: Any) -> Any:
        """Write the event into the inbox, in the transaction that is open on ``connection``.

        A leased handler calls it first in its own transaction: what that transaction writes then happens
        once, however often the event is delivered. With a connection or session of an asynchronous library it
        is awaited::

            if not await context.claim(connection):
                return

        The connection must lead to the subscriber's own database.

        Returns:
            Whether the event is new; ``False`` says that its effects are committed already.

        Raises:
            NotInTransactionError: no transaction is open.
            UnsupportedConnectionError: no connection of a supported library.
        """
        if self._claim is None:
            raise NoTransactionError(
                f"The handler of {self.event_type} in {self.subscriber} is not leased: context.connection is "
                "all it needs, since the cursor commits with it."
            )
        return self._claim(connection)
