"""A leased handler's event, written into the inbox in a transaction of the handler's own."""

from typing import Any


def claim_on(connection: Any, subscription: int, producer: str, event_id: str) -> Any:
    """Claim an event; see :meth:`sguild_dispatcher.delivery.context.HandlerContext.claim`."""
    raise NotImplementedError
