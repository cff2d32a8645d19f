"""A service as a user writes it: configured by the environment, and its exit code is that of ``serve``.

Events of some numbers let it stand still, so that a test can do something meanwhile.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from deliveries_kit import SalesSubscriber, write_effect
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.subscriber import HandlerContext

FREEZING = 99
SLOW = 98
ENDING_SLOWLY = 97

seen: set[int] = set()

subscriber = SalesSubscriber("crm")


@subscriber.on_credit_locked
async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
    """Write the effect, and say so at once; one event stops the process where it stands."""
    number = event.payload.locked_credits
    seen.add(number)
    await write_effect(event, context)
    if number == FREEZING:
        os.kill(os.getpid(), signal.SIGSTOP)
    if number == SLOW:
        say("begun")
        await asyncio.sleep(2)
    say(f"handled {number}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    code = subscriber.serve()
    if ENDING_SLOWLY in seen:
        say("served")
        time.sleep(60)
    sys.exit(code)
