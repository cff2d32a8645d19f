"""What the tests of the command share."""

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from deliveries_kit import locked, publish, sales
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.subscriber import HandlerContext

Run: TypeAlias = Callable[..., Awaitable[tuple[int, str, str]]]


class Terminal(io.StringIO):
    """Somebody who sits there and answers."""

    def isatty(self) -> bool:
        return True


async def result(run: Run, *arguments: str) -> Any:
    """Return what a command prints for programs; it has to succeed."""
    code, out, err = await run(*arguments, "--format", "json")
    assert (code, err) in ((0, ""), (1, "")), (code, err)
    return json.loads(out)


async def fail(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
    raise LookupError("nobody is home")


async def dead_letters(connection: Connection, dsn: str, count: int = 1, **options: Any) -> None:
    """Bring events into the dead letters of sales/crm."""
    subscriber = sales(dsn, **options)
    subscriber.on_credit_locked(fail)
    await subscriber.register()
    await publish(connection, *(locked(each + 1) for each in range(count)))
    await subscriber.drain()
