"""Waking workers after a commit, so that they need not wait for their next look at the log.

The business transaction itself notifies nobody: NOTIFY takes a lock at commit that all committing
sessions share. A wake-up carries no payload and is only a hint; polling finds everything without it.
"""

from typing import Final

CHANNEL: Final = "sguild_dispatcher"
"""The channel that workers listen on."""
