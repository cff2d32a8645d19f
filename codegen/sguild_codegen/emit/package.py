"""The whole package: which files it has, and what each template is given.

Event types come first, since the names of their parts are public. Every other file is a recipe, and is made
only if the previous run left no file that was made of the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from sguild_codegen.emit.bundles import bundled
from sguild_codegen.emit.domains import DomainModule, Hook, ReadEvent, Stub, domain_modules
from sguild_codegen.emit.events import EventFiles, EventWriter, schema_path
from sguild_codegen.emit.modules import EVENT, ModelModule, envelope_module, is_open, live_versions
from sguild_codegen.emit.names import distribution, id_class, pascal, payload_class, received_class, snake
from sguild_codegen.emit.public_names import public_names
from sguild_codegen.emit.recipes import Kitchen, Made, Recipe
from sguild_codegen.emit.refusals import Collector
from sguild_codegen.emit.roles import roles_recipe
from sguild_codegen.emit.skeletons import Skeleton, skeletons
from sguild_codegen.emit.testing import facade
from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion
from sguild_codegen.model.identifiers import id_pattern
from sguild_codegen.model.known import KnownEvent
from sguild_codegen.model.reading import EventReading
from sguild_codegen.record.keys import template_key
from sguild_codegen.record.record import Previous

# What generated code is written against: the runtime's INTERFACE, and the versions that have it.
INTERFACE: Final = 3
RUNTIME_RANGE: Final = ">=0.1,<0.2"
# How much of the time event types take; the rest is for files about all of them.
_EVENTS_TAKE: Final = 0.7


@dataclass(frozen=True, slots=True)
class PublicName:
    """A name that the package exports, and the module that defines it."""

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Emitted:
    """The files of a package by path, with their keys, and what a later run may take over of the rest."""

    files: Mapping[str, Made]
    events: Mapping[str, KnownEvent]
    words: Mapping[str, str]


@dataclass
class PackageWriter:
    """Makes every file of one package, or takes it over from the previous run."""

    tree: ContractTree
    package: str
    reading: Callable[[EventType], EventReading]
    previous: Previous
    tell: Callable[[float], None]
    words: dict[str, str] = field(init=False)
    envelope_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.words = dict(self.previous.words)

    def emitted(self) -> Emitted:
        """Return every file by its path relative to the output folder, in the order of their paths.

        Raises:
            RefusedSchema: a schema has no exact type.
            StaleRecord: what the previous run left does not go with the rest any more.
        """
        envelope, events = self._models()
        read = {
            name: ReadEvent(frozenset(each.known.classes), each.known.adapters)
            for name, each in events.items()
        }
        table: dict[str, Recipe | Made] = {
            "pyproject.toml": self._pyproject(),
            "README.md": self._readme(),
            **self._in_package("__init__.py", self._init(events)),
            **self._in_package("py.typed", Made("", b"")),
            **self._in_package("ids.py", Recipe("ids.py.jinja", {"ids": self._id_rows()})),
            **self._in_package("envelope.py", envelope),
            **self._in_package("registry.py", self._registry(read)),
            **self._in_package("roles.sql", roles_recipe(self.tree)),
            **self._folder("events", "The payloads, one module for each event type."),
            **self._folder("domains", "Publishers and subscribers, one module for each domain."),
            **dict(self._domains(read)),
            **self._in_package("schemas/__init__.py", self._schemas()),
            **self._in_package("schemas/envelope.json", self._envelope_schema()),
            **self._in_package("testing/__init__.py", facade(self.package, self.tree.event_types)),
            **self._folder("testing/factories", "Factories, one module for each event type."),
            **{path: made for each in events.values() for path, made in each.files.items()},
        }
        files: dict[str, Made] = {}
        for path in sorted(table):
            files[path] = self._finished(path, table[path])
            self.tell(_EVENTS_TAKE + (1 - _EVENTS_TAKE) * len(files) / len(table))
        known = {name: each.known for name, each in events.items()}
        used = {word for each in known.values() for word in each.words} | {*self.envelope_words}
        return Emitted(
            files,
            {name: each for name, each in known.items() if each.key},
            {word: name for word, name in self.words.items() if word in used},
        )

    def _finished(self, path: str, item: Recipe | Made) -> Made:
        if isinstance(item, Made):
            return item
        kept = self.previous.content(path, item.key)
        return Made(item.key, self._kitchen.made(path, item) if kept is None else kept)

    def _models(self) -> tuple[Made, dict[str, EventFiles]]:
        """Return the module of the envelope and the files of the event types, whose names depend on it."""
        public = set(public_names(self.tree))
        writer = EventWriter(
            self._kitchen, self._id_classes, self.previous, self.tree.documents, self.reading
        )
        envelope: ModelModule | None = None
        modules: dict[str, ModelModule] = {}
        collector = Collector()
        with collector:
            envelope = envelope_module(self.tree.envelope, self._id_classes, f"{self.package}.ids", public)
        with collector:
            modules = writer.modules(self.tree.event_types, public)
        collector.close()
        assert envelope is not None  # noqa: S101 - close() would have raised
        self.envelope_words = envelope.words()
        kept = self.previous.content(f"{self.package}/envelope.py", self._envelope_key(envelope))
        waiting = [*modules.values(), *([envelope] if kept is None else [])]
        classes = skeletons((shape for module in waiting for shape in module.shapes()), self.words)
        events = writer.files(
            self.tree.event_types, modules, classes, lambda done: self.tell(_EVENTS_TAKE * done)
        )
        return self._envelope(envelope, classes), events

    @cached_property
    def _kitchen(self) -> Kitchen:
        return Kitchen(self.package, self._event_id())

    @cached_property
    def _id_classes(self) -> Mapping[str, str]:
        return {id_pattern(prefix): id_class(entity) for prefix, entity in self.tree.id_prefixes.items()}

    def _id_rows(self) -> list[dict[str, str]]:
        rows = [
            {
                "class_name": id_class(entity),
                "prefix": prefix,
                "documentation": f"Id of {_article(entity.replace('_', ' '))}: ``{prefix}_`` and a UUIDv7.",
            }
            for prefix, entity in self.tree.id_prefixes.items()
        ]
        return sorted(rows, key=lambda row: row["class_name"])

    def _in_package(self, path: str, item: Recipe | Made) -> dict[str, Recipe | Made]:
        return {f"{self.package}/{path}": item}

    def _folder(self, name: str, documentation: str) -> dict[str, Recipe | Made]:
        return self._in_package(
            f"{name}/__init__.py", Recipe("folder.py.jinja", {"documentation": documentation})
        )

    def _envelope(self, module: ModelModule, classes: Mapping[str, Skeleton]) -> Made:
        key = self._envelope_key(module)
        kept = self.previous.content(f"{self.package}/envelope.py", key)
        if kept is not None:
            return Made(key, kept)
        items = module.items(classes)
        recipe = Recipe(
            "envelope.py.jinja",
            {
                "documentation": "The envelope around every payload.",
                "import_groups": module.import_groups(items),
                "is_open": is_open(items),
                "items": items,
                "exports": [EVENT],
            },
        )
        return Made(key, self._kitchen.made("envelope.py", recipe))

    def _envelope_key(self, module: ModelModule) -> str:
        asked = sorted(module.definitions.taken.asked.items())
        return template_key("envelope.py.jinja", {"envelope": self.tree.envelope_key, "asked": asked})

    def _envelope_schema(self) -> Made:
        return Made("", bundled(self.tree.envelope, self.tree.documents))

    def _registry(self, read: Mapping[str, ReadEvent]) -> Recipe:
        events = [
            {
                "name": event.name,
                "contract": event.contract,
                "producer": event.producer,
                "subscribers": event.subscribers,
                "subject": event.subject,
                "ordering_key": event.ordering_key,
                "adapters": read[event.name].adapters,
                "versions": [self._version(event, each) for each in event.versions],
            }
            for event in self.tree.event_types
        ]
        windows = [each for event in self.tree.event_types for each in event.versions]
        dates = [(each.emit_from, each.emit_until) for each in windows]
        dates += [(each.deprecated_from, each.emit_until) for each in self.tree.domains]
        return Recipe(
            "registry.py.jinja",
            {
                "package": self.package,
                "dated": any(day is not None for pair in dates for day in pair),
                "version": self.tree.registry_version,
                "envelope": f"{self.package}.envelope:{EVENT}",
                "schemas": f"{self.package}.schemas",
                "adapted": any(each["adapters"] for each in events),
                "domains": self.tree.domains,
                "event_types": events,
            },
        )

    def _version(self, event: EventType, version: PayloadVersion) -> dict[str, object]:
        module = f"{self.package}.events.{snake(event.name)}"
        model = f"{module}:{payload_class(event.name, version.version)}"
        return {
            "version": version.version,
            "status": version.status,
            "model": model if version.is_live else None,
            "emit_from": version.emit_from,
            "emit_until": version.emit_until,
        }

    def _domains(self, read: Mapping[str, ReadEvent]) -> Iterator[tuple[str, Recipe]]:
        for domain in domain_modules(self.tree):
            published = domain.published(self.package)
            subscribed, hooks = domain.subscribed(self.package, read), domain.hooks(self.package, read)
            recipe = Recipe(
                "domain.py.jinja",
                {
                    "documentation": _domain_documentation(domain),
                    "package": self.package,
                    "domain": domain.name,
                    "class_prefix": pascal(domain.name),
                    "event_id": self._event_id(),
                    "published": published,
                    "subscribed": subscribed,
                    "hooks": hooks,
                    "deprecates": any(each.deprecation for each in published),
                    "payload_imports": _imports((*published, *subscribed), hooks),
                    "exports": domain.class_names,
                },
            )
            yield f"{self.package}/domains/{snake(domain.name)}.py", recipe

    def _event_id(self) -> str:
        """Return the class of event ids: the envelope's pattern says which prefix they have."""
        schema = self.tree.envelope.properties.get("event_id")
        pattern = None if schema is None else (schema.ref.target if schema.ref else schema).pattern
        return self._id_classes.get(pattern or "", "str")

    def _exports(self, events: Mapping[str, EventFiles]) -> Iterator[PublicName]:
        yield PublicName(EVENT, f"{self.package}.envelope")
        for row in self._id_rows():
            yield PublicName(row["class_name"], f"{self.package}.ids")
        for event in self.tree.event_types:
            module = f"{self.package}.events.{snake(event.name)}"
            classes = events[event.name].known.classes
            current = received_class(payload_class(event.name, event.current.version))
            yield PublicName(pascal(event.name), module)
            if current in classes:
                yield PublicName(received_class(pascal(event.name)), module)
            for name in classes:
                yield PublicName(name, module)
        for domain in domain_modules(self.tree):
            for name in domain.class_names:
                yield PublicName(name, f"{self.package}.domains.{snake(domain.name)}")

    def _init(self, events: Mapping[str, EventFiles]) -> Recipe:
        by_module: dict[str, list[str]] = {}
        for each in sorted(self._exports(events), key=lambda each: (each.module, each.name)):
            by_module.setdefault(each.module, []).append(each.name)
        names = [name for found in by_module.values() for name in found]
        return Recipe(
            "package.py.jinja",
            {
                "interface": INTERFACE,
                "package": self.package,
                "version": self.tree.registry_version,
                "exports_by_module": sorted(by_module.items()),
                "exports": sorted(names),
            },
        )

    def _schemas(self) -> Recipe:
        paths = {
            event.name: {each.version: schema_path(event, each) for each in live_versions(event)}
            for event in self.tree.event_types
        }
        found = {name: each for name, each in paths.items() if each}
        return Recipe("schemas.py.jinja", {"schemas": found, "envelope": "envelope.json"})

    def _pyproject(self) -> Recipe:
        return Recipe(
            "pyproject.toml.jinja",
            {
                "distribution": distribution(self.package),
                "package": self.package,
                "version": self.tree.registry_version,
                "runtime_range": RUNTIME_RANGE,
            },
        )

    def _readme(self) -> Recipe:
        rows = [
            {
                "name": event.name,
                "class_name": pascal(event.name),
                "producer": event.producer,
                "subscribers": event.subscribers,
            }
            for event in self.tree.event_types
        ]
        return Recipe(
            "README.md.jinja",
            {
                "distribution": distribution(self.package),
                "version": self.tree.registry_version,
                "event_types": rows,
                "domains": [domain.name for domain in domain_modules(self.tree)],
            },
        )


def emit_package(
    tree: ContractTree,
    package: str,
    reading: Callable[[EventType], EventReading],
    previous: Previous | None = None,
    tell: Callable[[float], None] = lambda _: None,
) -> Emitted:
    """Return every file of the package, by its path relative to the output folder.

    The same tree gives the same bytes: nothing depends on a clock, a path, a locale, an order of hashing, or
    on what is taken over from the ``previous`` run. ``reading`` tells how the events of a type are read; it
    is asked where that is not taken over. ``tell`` hears how much is done, from 0 to 1.

    Raises:
        RefusedSchema: a schema has no exact type.
        StaleRecord: what the previous run left does not go with the rest any more: run again without it.
    """
    return PackageWriter(tree, package, reading, previous or Previous(), tell).emitted()


def _imports(stubs: Iterable[Stub], hooks: Iterable[Hook]) -> list[tuple[str, list[str]]]:
    modules: dict[str, set[str]] = {}
    for stub in stubs:
        modules.setdefault(stub.module, set()).add(stub.payload)
    for hook in hooks:
        modules.setdefault(hook.module, set()).update((hook.old, hook.new))
    return [(module, sorted(names)) for module, names in sorted(modules.items())]


def _domain_documentation(domain: DomainModule) -> str:
    verbs = " and ".join([*(["publishes"] if domain.produced else []), *(["reads"] if domain.read else [])])
    return f"What {domain.name} {verbs}."


def _article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
