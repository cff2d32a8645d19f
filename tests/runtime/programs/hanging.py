"""A service whose handler hangs in a thread, as one does that waits for a socket without a time limit."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from deliveries_kit import SalesSubscriber
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.subscriber import HandlerContext

subscriber = SalesSubscriber("crm")


@subscriber.leased(timeout=0.2).on_credit_locked  # type: ignore[arg-type]
def hang(_event: Event[CreditLockedV1], _context: HandlerContext) -> None:
    """Say that it was called, and wait for ever."""
    sys.stdout.write("called\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(subscriber.serve())
