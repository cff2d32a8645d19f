"""A leased handler's event, written into the inbox in a transaction of the handler's own."""

from typing import Any, Final

from sguild_dispatcher.connections import fetch, fetch_sync, is_async

_INSERT: Final = "inbox/insert"


def claim_on(connection: Any, subscription: int, producer: str, event_id: str) -> Any:
    """Claim an event; see :meth:`sguild_dispatcher.delivery.context.HandlerContext.claim`.

    Returns:
        Whether the event is new; an awaitable of that for a connection of an asynchronous library.
    """
    values = (subscription, [producer], [event_id])
    if is_async(connection):
        return _claim(connection, *values)
    return bool(fetch_sync(connection, _INSERT, *values))


async def _claim(connection: Any, *values: object) -> bool:
    return bool(await fetch(connection, _INSERT, *values))
