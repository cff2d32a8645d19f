"""Both sides of a memory database on one connection."""

from sguild_dispatcher.testing.memory.home import MemoryHome
from sguild_dispatcher.testing.memory.log import MemoryLog


class MemorySession(MemoryLog, MemoryHome):
    """See :class:`sguild_dispatcher.transport.interface.Session`."""
