"""A service in a process of its own: it records each event and says so on stdout.

Arguments: DSN, keyring file, seconds that each handler takes.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from deliveries_kit import sales, write_effect
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import HandlerContext


async def main(dsn: str, keyring: str, seconds: float) -> None:
    """Run the service until it is stopped."""
    subscriber = sales(dsn, keyring=Keyring.from_file(keyring), batch_size=20)

    @subscriber.on_credit_locked
    async def record(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        say(f"handling {event.payload.locked_credits}")
        await write_effect(event, context)
        await asyncio.sleep(seconds)

    say("running")
    await subscriber.run()
    say("stopped")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
