"""The transport in memory: what a service publishes and reads, without a server.

It behaves as PostgreSQL does, which one suite of tests shows of both. docs/testing.md says what it leaves
out.
"""

from sguild_dispatcher.testing.memory.connections import MemoryConnection, State, SyncMemoryConnection
from sguild_dispatcher.testing.memory.database import MemoryDatabase
from sguild_dispatcher.testing.memory.dead_letters import MemoryDeadLetters
from sguild_dispatcher.testing.memory.tables import AuditEntry

__all__ = [
    "AuditEntry",
    "MemoryConnection",
    "MemoryDatabase",
    "MemoryDeadLetters",
    "State",
    "SyncMemoryConnection",
]
