"""Seconds of what runs at the same time, and a steady pace."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE: Final = 600.0
"""Seconds after which a side counts as stuck."""

SETTLING_SECONDS: Final = 0.5
"""What a worker has to start."""


async def timed(*running: Awaitable[object]) -> float:
    """Run all of them together, and return the seconds until the last has ended."""
    start = time.perf_counter()
    await asyncio.gather(*running)
    return time.perf_counter() - start


async def steadily(send: Callable[[int], Awaitable[object]], count: int, interval: float) -> None:
    """Call ``send`` with 0, 1, ..., ``interval`` seconds apart, whatever each call takes."""
    start = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, start + number * interval - time.perf_counter()))
        await send(number)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds.

    Raises:
        TimeoutError: it did not in time.
    """
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what it looks at has no event to wait for
            await asyncio.sleep(0.005)
