"""A leased handler's event, written into the inbox in a transaction of the handler's own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sguild_dispatcher.connections import fetch, fetch_sync, is_async
from sguild_dispatcher.errors import UnknownSubscriptionError

_CLAIM: Final = "inbox/claim_on"


def claim_on(
    connection: Any, subscription: int, registered_at: datetime, producer: str, event_id: str
) -> Any:
    """Claim an event; see :meth:`sguild_dispatcher.delivery.context.HandlerContext.claim`.

    Returns:
        Whether the event is new; an awaitable of that for a connection of an asynchronous library.
    """
    values = (subscription, registered_at, producer, event_id)
    if is_async(connection):
        return _claim(connection, values)
    return _is_new(fetch_sync(connection, _CLAIM, *values))


async def _claim(connection: Any, values: Sequence[object]) -> bool:
    return _is_new(await fetch(connection, _CLAIM, *values))


def _is_new(rows: Sequence[Any]) -> bool:
    is_own, is_new = rows[0]
    if not is_own:
        raise UnknownSubscriptionError(
            "context.claim() was given a connection to another database than the subscriber's own, where its "
            "inbox is: hand over a connection to where SGUILD_DISPATCHER_DSN, or the worker's pool, leads."
        )
    return bool(is_new)
