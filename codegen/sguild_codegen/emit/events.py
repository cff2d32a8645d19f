"""The files of event types: a module each, and the schemas behind it; unchanged ones are taken over."""

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sguild_codegen.emit.bundles import bundled
from sguild_codegen.emit.domains import listed
from sguild_codegen.emit.modules import ModelModule, event_module, is_open, live_versions, payload_schema
from sguild_codegen.emit.names import pascal, payload_class, received_class, snake
from sguild_codegen.emit.recipes import Kitchen, Made, Recipe
from sguild_codegen.emit.refusals import Collector
from sguild_codegen.emit.skeletons import Skeleton
from sguild_codegen.emit.source import HEADER
from sguild_codegen.emit.testing import factories
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.model.known import KnownEvent
from sguild_codegen.model.reading import EventReading
from sguild_codegen.record.record import Previous


class StaleRecord(Exception):  # noqa: N818 - control flow between a run and its repetition without the record
    """A module that was to be taken as it is would get other names now; its schemas have to be read."""


@dataclass(frozen=True, slots=True)
class EventFiles:
    """The files of one event type by path, and what a later run may take over."""

    files: Mapping[str, Made]
    known: KnownEvent


@dataclass(frozen=True, slots=True)
class EventWriter:
    """Makes the files of event types."""

    kitchen: Kitchen
    id_classes: Mapping[str, str]
    previous: Previous
    documents: Mapping[str, bytes]
    reading: Callable[[EventType], EventReading]
    readings: dict[str, EventReading] = field(default_factory=dict[str, EventReading])

    def modules(self, event_types: tuple[EventType, ...], public: set[str]) -> dict[str, ModelModule]:
        """Return the modules of those event types that are not known; ``public`` grows by the classes of all.

        Parts of contracts are public as well, and take their names in the order of the event types.

        Raises:
            RefusedSchema: schemas have no exact type.
            StaleRecord: a known module would get other names now.
        """
        made: dict[str, ModelModule] = {}
        collector = Collector()
        for event in event_types:
            with collector:
                if event.known is None:
                    read = self.readings[event.name] = self.reading(event)
                    ids = f"{self.kitchen.package}.ids"
                    module = event_module(event, read.tolerant, self.id_classes, ids, public)
                    made[event.name] = module
                    public |= {each.name for each in module.classes()}
                elif any((name in public) != taken for name, taken in event.known.asked.items()):
                    raise StaleRecord
                else:
                    public |= {*event.known.classes}
        collector.close()
        return made

    def files(
        self,
        event_types: tuple[EventType, ...],
        modules: dict[str, ModelModule],
        classes: Mapping[str, Skeleton],
        tell: Callable[[float], None],
    ) -> dict[str, EventFiles]:
        """Return the files of every event type; each module is let go of as soon as it is written.

        Raises:
            RefusedSchema: schemas have no exact type.
        """
        found: dict[str, EventFiles] = {}
        collector = Collector()
        for done, event in enumerate(event_types, start=1):
            with collector:
                if event.known is not None:
                    found[event.name] = self._taken_over(event, event.known)
                else:
                    found[event.name] = self._made(event, modules.pop(event.name), classes)
            tell(done / len(event_types))
        collector.close()
        return found

    def _taken_over(self, event: EventType, known: KnownEvent) -> EventFiles:
        files = {path: Made(event.key, self.previous.content(path, event.key) or b"") for path in known.files}
        return EventFiles(files, known)

    def _made(self, event: EventType, module: ModelModule, classes: Mapping[str, Skeleton]) -> EventFiles:
        path = f"{self.kitchen.package}/events/{snake(event.name)}.py"
        module_text = self.kitchen.made(path, _recipe(event, module, classes))
        files = {path: Made(event.key, module_text), **dict(self._schemas(event))}
        path = f"{self.kitchen.package}/testing/factories/{snake(event.name)}.py"
        recipe = factories(self.kitchen.package, event, module, classes)
        files[path] = Made(event.key, self.kitchen.made(path, recipe))
        known = KnownEvent(
            key=event.key,
            documents=event.documents,
            files=tuple(files),
            classes=tuple(each.name for each in module.classes()),
            words=module.words(),
            asked=module.definitions.taken.asked,
            descriptions={each.version: each.description for each in event.versions if each.description},
            adapters=self.readings[event.name].adapters,
        )
        return EventFiles(files, known)

    def _schemas(self, event: EventType) -> Iterator[tuple[str, Made]]:
        for version in live_versions(event):
            path = f"{self.kitchen.package}/schemas/{schema_path(event, version)}"
            yield path, Made(event.key, bundled(payload_schema(version), self.documents))
            path = f"{self.kitchen.package}/schemas/{tolerant_path(event, version)}"
            yield path, Made(event.key, self._tolerant_schema(event, version))

    def _tolerant_schema(self, event: EventType, version: PayloadVersion) -> bytes:
        schema = {
            "$comment": HEADER,
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"What a tolerant reader of {event.name} version {version.version} accepts",
            **self.readings[event.name].tolerant[version.version],
        }
        return f"{json.dumps(schema, ensure_ascii=False, indent=2)}\n".encode()


def schema_path(event: EventType, version: PayloadVersion) -> str:
    """Return the place of an emitted schema below the folder of the schemas."""
    return f"{event.contract}/{posixpath.basename(version.path)}"


def tolerant_path(event: EventType, version: PayloadVersion) -> str:
    """Return the place of the schema of a version's tolerant reader."""
    return f"{schema_path(event, version).removesuffix('.json')}.tolerant.json"


def _recipe(event: EventType, module: ModelModule, classes: Mapping[str, Skeleton]) -> Recipe:
    items = module.items(classes)
    target = payload_class(event.name, event.current.version)
    aliases = [_alias(pascal(event.name), target, f"The current version of {event.name}.")]
    if any(each.name == received_class(target) for each in module.classes()):
        told = f"What a handler receives of the current version of {event.name}."
        aliases.append(_alias(received_class(pascal(event.name)), received_class(target), told))
    values = {
        "documentation": f"{event.name}: produced by {event.producer}, read by {listed(event.subscribers)}.",
        "import_groups": module.import_groups(items),
        "is_open": is_open(items),
        "items": items,
        "aliases": aliases,
        "exports": sorted([*(each["name"] for each in aliases), *(each.name for each in module.classes())]),
    }
    return Recipe("event.py.jinja", values)


def _alias(name: str, target: str, documentation: str) -> dict[str, str]:
    return {"name": name, "target": target, "documentation": documentation}
