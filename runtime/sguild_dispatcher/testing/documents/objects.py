"""Drawing an object: which members it has, and their values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sguild_dispatcher.testing.documents.leaves import is_valid
from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.merging import Merger
from sguild_dispatcher.testing.documents.patterns import matching
from sguild_dispatcher.testing.documents.shapes import Shape
from sguild_dispatcher.testing.documents.sources import Contradiction, Source
from sguild_dispatcher.testing.documents.words import NAMES

DEEP: Final = 5  # from this depth on nothing optional is drawn
_TRIES: Final = 50
_PLAIN_NAMES: Final = 3


class Values(Protocol):
    """What draws the values of members."""

    library: Library
    left: int

    def value(self, nodes: Sequence[Node], source: Source, name: str = "", depth: int = 0) -> Json:
        """Return a value for schemas."""
        ...

    def spend(self) -> None:
        """Count one schema."""
        ...


@dataclass(slots=True)
class ObjectDraw:
    """One object on its way."""

    values: Values
    shape: Shape
    source: Source
    depth: int
    found: dict[str, Json] = field(default_factory=dict[str, Json])

    def drawn(self) -> Json:
        """Return the object, its members in the order of the schema.

        Raises:
            Contradiction: there is none.
        """
        low, high = self._bounds()
        for name in self.shape.required:
            self._add(name, self.source)
        for node in self.shape.one_name:
            self._add(self._text((node, *self.shape.names)), self.source)
        for name in self._optional():
            if high is None or len(self.found) < high:
                self._try(name, self.source)
        self._extras(low, high)
        ordered = [each for each in self.shape.properties if each in self.found]
        return {name: self.found[name] for name in dict.fromkeys((*ordered, *self.found))}

    def _bounds(self) -> tuple[int, int | None]:
        low = int(self.shape.limit("minProperties", max, 0))
        high = self.shape.limit("maxProperties", min, None)
        if high is not None and max(low, len(self.shape.required)) > high:
            raise Contradiction
        return low, high

    def _optional(self) -> list[str]:
        if self.depth >= DEEP:
            return []
        listed = [each for each in self.shape.properties if each not in self.shape.required]
        return [each for each in listed if self.source.inside(f"?{each}").includes()]

    def _add(self, name: str, source: Source) -> None:
        if self.shape.forbids(name) or not self._allows(name):
            raise Contradiction
        nodes = self.shape.member(name)
        self.found[name] = self.values.value(nodes, source.inside(name), name, self.depth + 1)

    def _try(self, name: str, source: Source) -> None:
        """Draw the member of a name, or leave it out where it cannot be."""
        try:
            self._add(name, source)
        except Contradiction:
            if self.values.left <= 0:
                raise

    def _allows(self, name: str) -> bool:
        """Tell whether ``propertyNames`` allow a name, as far as it can be told without a choice."""
        if not self.shape.names:
            return True
        merged = Merger(self.values.library, self.values.spend).shape(self.shape.names, self.source)
        if merged.values is not None:
            return name in merged.values
        return "string" in merged.kinds and is_valid(merged.leaf("string"), name)

    def _extras(self, low: int, high: int | None) -> None:
        """Add members until there are enough, and now and then one more."""
        for name in [each for each in self.shape.properties if each not in self.found]:
            if len(self.found) < low:
                self._try(name, self.source)
        wanted = low
        if self._is_open() and self.depth < DEEP and self.source.inside("?+").includes():
            wanted = max(low, len(self.found) + 1)
        if high is not None:
            wanted = min(wanted, high)
        for attempt in range(_TRIES):
            if len(self.found) >= wanted or (attempt >= _PLAIN_NAMES and len(self.found) >= low):
                return
            place = self.source.inside(f"+{attempt}")
            name = self._extra_name(place, attempt)
            if name not in self.found and name not in self.shape.properties:
                self._try(name, place)
        raise Contradiction

    def _is_open(self) -> bool:
        """Tell whether the schema says something about members without a name; any object may have them."""
        said = bool(self.shape.patterns or self.shape.names or self.shape.rests)
        closed = any(each.node.schema is False for each in self.shape.rests)
        return said and not (closed and not self.shape.patterns)

    def _extra_name(self, source: Source, attempt: int) -> str:
        if self.shape.names:
            return self._text(tuple(self.shape.names))
        if self.shape.patterns:
            return matching(self.shape.patterns[source.branch(len(self.shape.patterns))][0], source)
        if source.unusual():
            return NAMES[source.below(len(NAMES))]
        return NAMES[attempt] if attempt < _PLAIN_NAMES else f"extra_{attempt}"

    def _text(self, nodes: Sequence[Node]) -> str:
        place = self.source.inside(f"name {len(self.found)}")
        return str(self.values.value((*nodes, Node({"type": "string"}, "")), place))
