"""What the registry may call things, and which names would meet in generated code."""

import re
from dataclasses import dataclass
from typing import Final

from sguild_codegen.reader import limits

_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class NameKind:
    """A kind of name: what it names, its grammar, and the grammar in words."""

    what: str
    grammar: re.Pattern[str]
    form: str

    def reason(self, name: str) -> str | None:
        """Return why ``name`` is none of this kind, ``None`` if it is one."""
        if len(name) > limits.NAME_LENGTH:
            return f"it has {len(name)} characters; the limit is {limits.NAME_LENGTH}"
        return None if self.grammar.fullmatch(name) else "it has another form"


EVENT_TYPE: Final = NameKind(
    "an event type",
    re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"),
    "Use two or more words with a dot between them, such as credit.locked; each starts with a letter a-z and"
    " goes on with a-z, 0-9 and _.",
)
CONTRACT: Final = NameKind(
    "a contract",
    re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*"),
    "Use a-z, 0-9 and single hyphens, such as credit-reservation-lock: it is the folder of the schemas.",
)
DOMAIN: Final = NameKind(
    "a domain",
    re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"),
    "Use a-z, 0-9 and single underscores, such as revenue.",
)
ENTITY: Final = NameKind(
    "an entity",
    re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"),
    "Use a-z, 0-9 and single underscores, such as credit_reservation.",
)
PREFIX: Final = NameKind(
    "an id prefix",
    re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"),
    "Use a-z, 0-9 and single underscores, such as crr; the underscore before the UUID is no part of it.",
)

# Names that every generated package defines itself.
RESERVED: Final = ("event", "registry", "schemas")


def folded(name: str) -> str:
    """Return what has to differ between two names, so that they differ in code in any spelling."""
    return _SEPARATORS.sub("", name.casefold())
