"""A service as a user writes it: configured by the environment, and its exit code is that of ``serve``."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from deliveries_kit import SalesSubscriber, write_effect
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.subscriber import HandlerContext

FREEZING = 99

subscriber = SalesSubscriber("crm")


@subscriber.on_credit_locked
async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
    """Write the effect, and say so at once; one event stops the process where it stands."""
    await write_effect(event, context)
    if event.payload.locked_credits == FREEZING:
        os.kill(os.getpid(), signal.SIGSTOP)
    sys.stdout.write(f"handled {event.payload.locked_credits}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(subscriber.serve())
