"""What stands between worker and handlers in a test: deliveries fail when they are to."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sguild_dispatcher.callables import is_async
from sguild_dispatcher.delivery.context import HandlerContext
from sguild_dispatcher.delivery.outcomes import HandlerVerdict
from sguild_dispatcher.handlers import Handler

Delivery: TypeAlias = tuple[str, str, int, int]
"""Subscriber, event id, attempt and replays. A batch that is done again makes no other delivery of it."""


@dataclass(slots=True)
class Fault:
    """What the next deliveries of an event type fail with."""

    event_type: str
    error: Exception
    times: int


class Faults:
    """The faults that are still to come, and what was raised so far."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._struck: dict[Delivery, Exception] = {}
        self._raised: dict[tuple[str, str], Exception] = {}

    def add(self, fault: Fault) -> None:
        """Let deliveries fail; faults of one type strike in the order in which they were added."""
        self._waiting.append(fault)

    def unexpected(self, subscriber: str, event_id: str) -> Exception | None:
        """Return what a handler raised last for an event, if nobody asked for it.

        Raises:
            LookupError: the event failed as it was meant to: by a fault, or by a verdict of the handler.
        """
        error = self._raised.get((subscriber, event_id))
        if isinstance(error, HandlerVerdict) or any(error is each for each in self._struck.values()):
            raise LookupError
        return error

    def wrap(self, handler: Handler) -> Handler:
        """Return a handler of the same kind that fails where it is to fail."""
        if is_async(handler):
            coroutine: Any = handler

            async def call(event: Any, context: HandlerContext) -> None:
                try:
                    self._strike(context)
                    await coroutine(event, context)
                except Exception as error:
                    self._note(context, error)
                    raise

            return call

        def call_plain(event: Any, context: HandlerContext) -> Awaitable[None] | None:
            try:
                self._strike(context)
                return handler(event, context)
            except Exception as error:
                self._note(context, error)
                raise

        return call_plain

    def _strike(self, context: HandlerContext) -> None:
        self._raised.pop((context.subscriber, context.event_id), None)
        delivery = context.subscriber, context.event_id, context.attempt, context.replays
        if delivery not in self._struck:
            fault = next((each for each in self._waiting if each.event_type == context.event_type), None)
            if fault is None:
                return
            self._struck[delivery] = fault.error
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
        raise self._struck[delivery]

    def _note(self, context: HandlerContext, error: Exception) -> None:
        self._raised[context.subscriber, context.event_id] = error
