"""Which version of an event type can be read as which: the comparison's verdicts, as data for the package."""

from collections.abc import Collection, Iterator
from itertools import permutations
from typing import Any, cast

from sguild_codegen.compat import comparison
from sguild_codegen.compat.comparison import Direction
from sguild_codegen.compat.tolerance import tolerant
from sguild_codegen.compat.validators import Complaint
from sguild_codegen.emit.documents import document
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.model.reading import Adapter, EventReading
from sguild_codegen.model.schema import JsonValue
from sguild_codegen.report.safe import shown


def reading(event: EventType) -> EventReading:
    """Return how the live versions of an event type are read; its schemas must have been read."""
    exact = {each.version: _document(each) for each in event.versions if each.schema is not None}
    readers = {version: _reader(each, event.closed_enums) for version, each in exact.items()}
    pairs = permutations(exact, 2)
    return EventReading(
        readers, tuple(Adapter(*pair, "; ".join(_gaps(event, exact, *pair))) for pair in pairs)
    )


def _document(version: PayloadVersion) -> Any:
    assert version.schema is not None  # noqa: S101 - the caller has looked
    return document(version.schema)


def _reader(exact: Any, closed_enums: Collection[str]) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", tolerant(exact, closed_enums))  # payloads are objects


def _gaps(event: EventType, exact: dict[int, Any], source: int, target: int) -> Iterator[str]:
    """Yield why a tolerant reader of the target cannot read every payload of the source."""
    found = comparison.reading(exact[source], exact[target], closed_enums=event.closed_enums)
    if found.verdict == "breaking":
        yield from _refusals(found)
    elif found.verdict == "undecided":
        yield f"it is not proven: {found.reason}"


def _refusals(direction: Direction) -> Iterator[str]:
    told = dict.fromkeys(sentence for each in direction.complaints for sentence in _sentences(each))
    yield from told or ("it is refused",)


def _sentences(complaint: Complaint) -> Iterator[str]:
    keyword = complaint.schema_pointer.rpartition("/")[2]
    place = complaint.document_pointer
    if keyword == "required" and complaint.names:
        yield from (f"{shown(f'{place}/{name}')} is required" for name in complaint.names)
    else:
        yield f"{place or 'the payload'} may break {shown(keyword)} ({shown(complaint.schema_pointer)})"
