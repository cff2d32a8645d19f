"""The event type and the version that an argument names."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from sguild_codegen.errors import UsageError
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.report.safe import shown


def event_named(event_types: Sequence[EventType], name: str) -> EventType:
    """Return an event type by its name.

    Raises:
        UsageError: the registry has none of that name.
    """
    for each in event_types:
        if each.name == name:
            return each
    near = get_close_matches(name, [each.name for each in event_types], n=1)
    meant = f'did you mean "{near[0]}"?' if near else "the registry lists the event types."
    raise UsageError(f"The registry has no event type {shown(name)}: {meant}")


def version_numbered(event: EventType, number: str, files: Collection[str]) -> PayloadVersion:
    """Return a version by its number, with a schema among ``files``.

    Raises:
        UsageError: there is none.
    """
    live = [each for each in event.versions if each.is_live and each.path in files]
    for each in live:
        if str(each.version) == number.removeprefix("v"):
            return each
    known = ", ".join(str(each.version) for each in live) or "none"
    raise UsageError(f"{event.name} has no schema of version {shown(number)}: choose from {known}.")
