"""How ids are written: of entities (a prefix, an underscore, a UUID of version 7), and of schema files."""

import re
from typing import Final

SCHEMA_ID_BASE: Final = "https://contracts.sguild/"
"""What stands before a schema file's path in its ``$id``; nothing is ever fetched from there."""
UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_ID: Final = re.compile(rf"\^([a-z][a-z0-9]*(?:_[a-z0-9]+)*)_{re.escape(UUID7)}\$")


def id_pattern(prefix: str) -> str:
    """Return the pattern of ids with a prefix."""
    return f"^{prefix}_{UUID7}$"


def prefix_of(pattern: str | None) -> str | None:
    """Return the prefix of the ids that a pattern describes, ``None`` where it describes something else."""
    found = _ID.fullmatch(pattern or "")
    return None if found is None else found[1]
