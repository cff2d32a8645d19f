"""The whole package: which files it has, and what each template is given."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sguild_codegen.emit.bundles import bundled
from sguild_codegen.emit.domains import DomainModule, Stub, domain_modules, listed
from sguild_codegen.emit.modules import (
    EVENT,
    ModelModule,
    envelope_module,
    event_module,
    live_versions,
    payload_schema,
)
from sguild_codegen.emit.names import distribution, id_class, pascal, payload_class, snake
from sguild_codegen.emit.public_names import public_names
from sguild_codegen.emit.refusals import Collector
from sguild_codegen.emit.skeletons import Skeleton, skeletons
from sguild_codegen.emit.source import HEADER, formatted
from sguild_codegen.emit.templates import render
from sguild_codegen.emit.verify import verify
from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion

# What generated code is written against: the runtime's INTERFACE, and the versions that have it.
INTERFACE: Final = 1
RUNTIME_RANGE: Final = ">=0.1,<0.2"
UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class PublicName:
    """A name that the package exports, and the module that defines it."""

    name: str
    module: str


@dataclass(frozen=True, slots=True)
class PackageWriter:
    """Renders every file of one package."""

    tree: ContractTree
    package: str

    def files(self) -> dict[str, str | bytes]:
        """Return every file by its path relative to the output folder, in the order of their paths.

        Raises:
            RefusedSchema: a schema has no exact type.
        """
        public = public_names(self.tree)
        modules, envelope = self._modules(public)
        shapes = [shape for module in (*modules.values(), envelope) for shape in module.shapes()]
        classes = skeletons(shapes)
        exports = list(self._exports(modules))
        rendered = {
            "pyproject.toml": self._pyproject(),
            "README.md": self._readme(),
            **self._in_package("__init__.py", self._init(exports)),
            **self._in_package("py.typed", ""),
            **self._in_package("ids.py", render("ids.py.jinja", header=HEADER, ids=self._id_rows())),
            **self._in_package("envelope.py", self._envelope(envelope, classes)),
            **self._in_package("registry.py", self._registry()),
            **self._folder("events", "The payloads, one module for each event type."),
            **self._folder("domains", "Publishers and subscribers, one module for each domain."),
            **dict(self._events(modules, classes)),
            **dict(self._domains()),
            **dict(self._schemas()),
        }
        files = {path: formatted(path, rendered[path]) for path in sorted(rendered)}
        for path, text in files.items():
            if isinstance(text, str) and path.endswith(".py"):
                verify(path, text, self.package, self._event_id())
        return files

    def _modules(self, public: frozenset[str]) -> tuple[dict[str, ModelModule], ModelModule]:
        collector = Collector()
        modules: dict[str, ModelModule] = {}
        envelope: ModelModule | None = None
        with collector:
            envelope = envelope_module(self.tree.envelope, *self._ids, public)
        for event in self.tree.event_types:
            with collector:
                # Parts of other contracts are public as well, and have taken their names before.
                module = event_module(event, *self._ids, public)
                public |= {each.name for each in module.classes()}
                modules[event.name] = module
        collector.close()
        assert envelope is not None  # noqa: S101 - close() would have raised
        return modules, envelope

    @property
    def _ids(self) -> tuple[Mapping[str, str], str]:
        classes = {
            f"^{prefix}_{UUID7}$": id_class(entity) for prefix, entity in self.tree.id_prefixes.items()
        }
        return classes, f"{self.package}.ids"

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

    def _in_package(self, path: str, text: str) -> dict[str, str]:
        return {f"{self.package}/{path}": text}

    def _folder(self, name: str, documentation: str) -> dict[str, str]:
        text = render("folder.py.jinja", header=HEADER, documentation=documentation)
        return self._in_package(f"{name}/__init__.py", text)

    def _events(
        self, modules: Mapping[str, ModelModule], classes: Mapping[str, Skeleton]
    ) -> Iterator[tuple[str, str]]:
        collector = Collector()
        for event in self.tree.event_types:
            with collector:
                text = self._event(event, modules[event.name], classes)
                yield f"{self.package}/events/{snake(event.name)}.py", text
        collector.close()

    def _event(self, event: EventType, module: ModelModule, classes: Mapping[str, Skeleton]) -> str:
        items = module.items(classes)
        alias = {
            "name": pascal(event.name),
            "target": payload_class(event.name, event.current.version),
            "documentation": f"The current version of {event.name}.",
        }
        return render(
            "event.py.jinja",
            header=HEADER,
            documentation=_module_documentation(event),
            import_groups=module.import_groups(items),
            items=items,
            aliases=[alias],
            exports=sorted([alias["name"], *(each.name for each in module.classes())]),
        )

    def _envelope(self, module: ModelModule, classes: Mapping[str, Skeleton]) -> str:
        items = module.items(classes)
        return render(
            "envelope.py.jinja",
            header=HEADER,
            documentation="The envelope around every payload.",
            import_groups=module.import_groups(items),
            items=items,
            exports=[EVENT],
        )

    def _registry(self) -> str:
        events = [
            {
                "name": event.name,
                "contract": event.contract,
                "producer": event.producer,
                "subscribers": event.subscribers,
                "subject": event.subject,
                "ordering_key": event.ordering_key,
                "versions": [self._version(event, each) for each in event.versions],
            }
            for event in self.tree.event_types
        ]
        windows = [each for event in self.tree.event_types for each in event.versions]
        dates = [(each.emit_from, each.emit_until) for each in windows]
        dates += [(each.deprecated_from, each.emit_until) for each in self.tree.domains]
        return render(
            "registry.py.jinja",
            header=HEADER,
            package=self.package,
            dated=any(day is not None for pair in dates for day in pair),
            version=self.tree.registry_version,
            envelope=f"{self.package}.envelope:{EVENT}",
            domains=self.tree.domains,
            event_types=events,
        )

    def _version(self, event: EventType, version: PayloadVersion) -> dict[str, object]:
        module = f"{self.package}.events.{snake(event.name)}"
        model = f"{module}:{payload_class(event.name, version.version)}"
        return {
            "version": version.version,
            "status": version.status,
            "model": None if version.schema is None else model,
            "emit_from": version.emit_from,
            "emit_until": version.emit_until,
        }

    def _domains(self) -> Iterator[tuple[str, str]]:
        for domain in domain_modules(self.tree):
            published, subscribed = domain.published(self.package), domain.subscribed(self.package)
            text = render(
                "domain.py.jinja",
                header=HEADER,
                documentation=_domain_documentation(domain),
                package=self.package,
                domain=domain.name,
                class_prefix=pascal(domain.name),
                event_id=self._event_id(),
                published=published,
                subscribed=subscribed,
                payload_imports=_imports((*published, *subscribed)),
                exports=domain.class_names,
            )
            yield f"{self.package}/domains/{snake(domain.name)}.py", text

    def _event_id(self) -> str:
        """Return the class of event ids: the envelope's pattern says which prefix they have."""
        schema = self.tree.envelope.properties.get("event_id")
        pattern = None if schema is None else (schema.ref.target if schema.ref else schema).pattern
        return self._ids[0].get(pattern or "", "str")

    def _exports(self, modules: Mapping[str, ModelModule]) -> Iterator[PublicName]:
        yield PublicName(EVENT, f"{self.package}.envelope")
        for row in self._id_rows():
            yield PublicName(row["class_name"], f"{self.package}.ids")
        for event in self.tree.event_types:
            module = f"{self.package}.events.{snake(event.name)}"
            yield PublicName(pascal(event.name), module)
            for each in modules[event.name].classes():
                yield PublicName(each.name, module)
        for domain in domain_modules(self.tree):
            for name in domain.class_names:
                yield PublicName(name, f"{self.package}.domains.{snake(domain.name)}")

    def _init(self, exports: Iterable[PublicName]) -> str:
        by_module: dict[str, list[str]] = {}
        for each in sorted(exports, key=lambda each: (each.module, each.name)):
            by_module.setdefault(each.module, []).append(each.name)
        names = [name for found in by_module.values() for name in found]
        return render(
            "package.py.jinja",
            header=HEADER,
            interface=INTERFACE,
            package=self.package,
            version=self.tree.registry_version,
            exports_by_module=sorted(by_module.items()),
            exports=sorted(names),
        )

    def _schemas(self) -> Iterator[tuple[str, str | bytes]]:
        paths: dict[str, dict[int, str]] = {}
        documents = self.tree.documents
        for event in self.tree.event_types:
            for version in live_versions(event):
                path = f"{event.contract}/{posixpath.basename(version.path)}"
                paths.setdefault(event.name, {})[version.version] = path
                yield f"{self.package}/schemas/{path}", bundled(payload_schema(version), documents)
        yield f"{self.package}/schemas/envelope.json", bundled(self.tree.envelope, documents)
        text = render("schemas.py.jinja", header=HEADER, schemas=paths, envelope="envelope.json")
        yield f"{self.package}/schemas/__init__.py", text

    def _pyproject(self) -> str:
        return render(
            "pyproject.toml.jinja",
            header=HEADER,
            distribution=distribution(self.package),
            package=self.package,
            version=self.tree.registry_version,
            runtime_range=RUNTIME_RANGE,
        )

    def _readme(self) -> str:
        rows = [
            {
                "name": event.name,
                "class_name": pascal(event.name),
                "producer": event.producer,
                "subscribers": event.subscribers,
            }
            for event in self.tree.event_types
        ]
        return render(
            "README.md.jinja",
            header=HEADER,
            distribution=distribution(self.package),
            version=self.tree.registry_version,
            event_types=rows,
            domains=[domain.name for domain in domain_modules(self.tree)],
        )


def emit_package(tree: ContractTree, package: str) -> dict[str, str | bytes]:
    """Return every file of the package, by its path relative to the output folder.

    The same tree gives the same bytes: nothing depends on a clock, a path, a locale or an order of hashing.

    Raises:
        RefusedSchema: a schema has no exact type.
    """
    return PackageWriter(tree, package).files()


def _imports(stubs: Iterable[Stub]) -> list[tuple[str, list[str]]]:
    modules: dict[str, set[str]] = {}
    for stub in stubs:
        modules.setdefault(stub.module, set()).add(stub.payload)
    return [(module, sorted(names)) for module, names in sorted(modules.items())]


def _domain_documentation(domain: DomainModule) -> str:
    verbs = " and ".join([*(["publishes"] if domain.produced else []), *(["reads"] if domain.read else [])])
    return f"What {domain.name} {verbs}."


def _module_documentation(event: EventType) -> str:
    return f"{event.name}: produced by {event.producer}, read by {listed(event.subscribers)}."


def _article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
