"""What all keywords that apply to one value ask for together."""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, cast

from sguild_dispatcher.testing.documents.leaves import is_valid
from sguild_dispatcher.testing.documents.library import Json, Node
from sguild_dispatcher.testing.documents.negation import TYPES


@dataclass(frozen=True, slots=True)
class Rest:
    """A schema for the members that have neither one of these names nor match one of these patterns."""

    names: frozenset[str]
    patterns: tuple[str, ...]
    node: Node

    def covers(self, name: str) -> bool:
        """Tell whether the schema applies to a member of this name."""
        return name not in self.names and not any(is_valid({"pattern": each}, name) for each in self.patterns)


@dataclass(frozen=True, slots=True)
class Contained:
    """A schema that some elements have to satisfy: at least ``low``, at most ``high`` if that is given."""

    node: Node
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What ``unevaluatedProperties`` and ``unevaluatedItems`` of one schema find evaluated."""

    names: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    any_name: bool = False
    items: int = 0
    any_item: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Ways to go on; a way is made when it is tried, since there can be many."""

    count: int
    way: Callable[[int], Node]
    marks: tuple[int, ...]


@dataclass(slots=True)
class Shape:
    """The constraints on one value. ``mentioned`` are the types that keywords say something about."""

    kinds: tuple[str, ...] = TYPES
    typed: bool = False
    mentioned: set[str | None] = field(default_factory=set[str | None])
    values: list[Json] | None = None
    leaves: list[dict[str, Json]] = field(default_factory=list[dict[str, Json]])
    rejected: list[Json] = field(default_factory=list[Json])
    properties: dict[str, tuple[Node, ...]] = field(default_factory=dict[str, tuple[Node, ...]])
    required: dict[str, None] = field(default_factory=dict[str, None])
    patterns: list[tuple[str, Node]] = field(default_factory=list[tuple[str, Node]])
    rests: list[Rest] = field(default_factory=list[Rest])
    names: list[Node] = field(default_factory=list[Node])
    one_name: list[Node] = field(default_factory=list[Node])
    prefix: list[tuple[int, Node]] = field(default_factory=list[tuple[int, Node]])
    items: list[tuple[int, Node]] = field(default_factory=list[tuple[int, Node]])
    contained: list[Contained] = field(default_factory=list[Contained])
    choices: list[Choice] = field(default_factory=list[Choice])
    seen: dict[int, Seen] = field(default_factory=dict[int, Seen])
    unevaluated: list[tuple[int, str, Node]] = field(default_factory=list[tuple[int, str, Node]])

    def another(self) -> "Shape":
        """Return a copy that can be added to; the original stays as it is."""
        made = copy(self)
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, dict | list | set):
                setattr(made, each.name, copy(cast("object", value)))
        return made

    def limit(self, keyword: str, choose: Callable[[Iterable[Any]], Any], default: Any) -> Any:
        """Return the tightest value of a keyword; ``choose`` is ``max`` or ``min``."""
        found = [each[keyword] for each in self.leaves if keyword in each]
        return choose(found) if found else default

    def wants(self, keyword: str) -> bool:
        """Tell whether a flag is set, as ``uniqueItems``."""
        return any(each.get(keyword) for each in self.leaves)

    def leaf(self, kind: str) -> dict[str, Json]:
        """Return what is known about scalars of a type, as a schema."""
        limits = [each for each in self.leaves if "$$repeat" not in each]
        schema: dict[str, Json] = {"type": kind}
        if limits:
            schema["allOf"] = limits
        if self.rejected:
            schema["not"] = {"anyOf": self.rejected}
        return schema

    def member(self, name: str) -> tuple[Node, ...]:
        """Return all schemas for the member of a name."""
        return (
            *self.properties.get(name, ()),
            *(node for pattern, node in self.patterns if is_valid({"pattern": pattern}, name)),
            *(each.node for each in self.rests if each.covers(name)),
        )

    def forbids(self, name: str) -> bool:
        """Tell whether the schema ``false`` applies to the member of a name."""
        return any(each.schema is False for each in self.member(name))

    def element(self, index: int) -> tuple[Node, ...]:
        """Return all schemas for the element at an index."""
        return (
            *(node for at, node in self.prefix if at == index),
            *(node for start, node in self.items if index >= start),
        )
