"""Drawing a value for schemas: merge them, choose a type, draw the parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sguild_dispatcher.testing.documents.leaves import is_valid, same_json
from sguild_dispatcher.testing.documents.library import Json, Library, Node
from sguild_dispatcher.testing.documents.merging import Merger
from sguild_dispatcher.testing.documents.objects import DEEP, ObjectDraw
from sguild_dispatcher.testing.documents.scalars import number, string
from sguild_dispatcher.testing.documents.shapes import Shape
from sguild_dispatcher.testing.documents.sources import Contradiction, Exhausted, Source
from sguild_dispatcher.testing.documents.words import JUNK

_TRIES: Final = 3
_DEEPEST: Final = 30
_BUDGET: Final = 20_000  # schemas that one draw may look at
_MORE: Final = 3  # elements beyond the fewest
_LONGEST: Final = 25
_SHALLOW: Final = 3  # long arrays of long arrays would never end


@dataclass(slots=True)
class Drawer:
    """Draws one value. A new one is needed for each: it may look at so many schemas and no more."""

    library: Library
    left: int = field(default=_BUDGET, init=False)

    def value(self, nodes: Sequence[Node], source: Source, name: str = "", depth: int = 0) -> Json:
        """Return a value for schemas; ``name`` is that of the property, if it is one's value.

        Raises:
            Contradiction: none was found.
        """
        if depth > _DEEPEST:
            raise Contradiction
        if depth > DEEP:
            source = source.again(depth)  # the way that leads back to itself must not be taken for ever
        for attempt in range(_TRIES):
            tried = source.again(attempt) if attempt else source
            try:
                shape = Merger(self.library, self.spend).shape(nodes, tried)
                return self._value(shape, tried, name, depth)
            except Contradiction:
                if self.left <= 0:
                    raise
        raise Contradiction

    def spend(self) -> None:
        """Count one schema, and give up after very many.

        Raises:
            Exhausted: there were too many.
        """
        self.left -= 1
        if self.left <= 0:
            raise Exhausted

    def _value(self, shape: Shape, source: Source, name: str, depth: int) -> Json:
        if shape.values is not None:
            return shape.values[source.branch(len(shape.values))]
        kinds = _kinds(shape, source)
        first = source.branch(len(kinds))
        for offset in range(len(kinds)):
            kind = kinds[(first + offset) % len(kinds)]
            try:
                return self._of_kind(kind, shape, source, name, depth)
            except Contradiction:
                if self.left <= 0:
                    raise
        raise Contradiction

    def _of_kind(self, kind: str, shape: Shape, source: Source, name: str, depth: int) -> Json:
        match kind:
            case "null" | "boolean":
                values = [None] if kind == "null" else [False, True]
                valid = [each for each in values if is_valid(shape.leaf(kind), each)]
                if not valid:
                    raise Contradiction
                return valid[source.branch(len(valid))]
            case "string":
                return string(shape, source, name)
            case "integer" | "number":
                return number(shape, kind, source, name)
            case "array":
                return self._array(shape, source, depth)
            case _:
                return self._object(shape, source, depth)

    def _object(self, shape: Shape, source: Source, depth: int) -> Json:
        return ObjectDraw(self, shape, source, depth).drawn()

    def _array(self, shape: Shape, source: Source, depth: int) -> Json:
        low, high = self._lengths(shape)
        most = min(_MORE, DEEP - depth)
        span = 1 + source.below(most) if most > 0 and source.inside("?").includes() else 0
        count = min(low + span, high)
        if depth < _SHALLOW and source.unusual():
            count = (low, min(high, max(low, _LONGEST)))[source.below(2)]
        found: list[Json] = []
        unique = shape.wants("uniqueItems")
        for index in range(count):
            nodes = (*shape.element(index), *self._contained(shape, index, count))
            try:
                found.append(self._element(nodes, source.inside(str(index)), depth, found if unique else []))
            except Contradiction:
                if index < low or self.left <= 0:
                    raise
                break
        if shape.wants("$$repeat"):
            found[-1] = found[0]
        return found

    def _lengths(self, shape: Shape) -> tuple[int, int]:
        low = int(shape.limit("minItems", max, 0))
        low = max(low, sum(each.low for each in shape.contained))
        high = shape.limit("maxItems", min, max(low, _LONGEST) + 1)
        if low > high:
            raise Contradiction
        return low, int(high)

    def _contained(self, shape: Shape, index: int, count: int) -> tuple[Node, ...]:
        """Return what an element has to satisfy for ``contains``: the last do, no others if counted."""
        nodes: list[Node] = []
        end = count
        for each in shape.contained:
            if end - each.low <= index < end:
                nodes.append(each.node)
            elif each.high is not None:
                nodes.append(Node({"not": each.node}, each.node.base))
            end -= each.low
        return tuple(nodes)

    def _element(self, nodes: Sequence[Node], source: Source, depth: int, others: Sequence[Json]) -> Json:
        for attempt in range(_LONGEST if others else 1):
            value = self.value(nodes, source.again(attempt) if attempt else source, "", depth + 1)
            if not any(same_json(value, other) for other in others):
                return value
        raise Contradiction


def _kinds(shape: Shape, source: Source) -> tuple[str, ...]:
    """Return the types to choose from: where none is given, those that keywords say something about."""
    if shape.typed:
        return shape.kinds
    mentioned = tuple(each for each in shape.kinds if each in shape.mentioned)
    if mentioned and not source.unusual():
        return mentioned
    if source.unusual():
        return shape.kinds
    return tuple(each for each in shape.kinds if each not in ("array", "object")) or shape.kinds


def junk(source: Source) -> Json:
    """Return any value."""
    return JUNK[source.below(len(JUNK))]
