"""Publishers and subscribers: which domains get a module, and which methods stand in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sguild_codegen.emit.modules import live_versions
from sguild_codegen.emit.names import pascal, payload_class, received_class, snake
from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion
from sguild_codegen.model.reading import Adapter

# What every publisher or subscriber has and a method could hide: a method's name always has an underscore
# inside, so that publish, run and their like are safe.
RUNTIME_ATTRIBUTES: Final = frozenset({"connected_to", "emission_warnings", "publish_many"})


@dataclass(frozen=True, slots=True)
class Stub:
    """One method of a publisher or subscriber: one version of one event type."""

    method: str
    payload: str
    module: str
    name: str
    version: int
    documentation: str
    deprecation: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """One method of a subscriber that takes a function of a person: from one version to another."""

    method: str
    old: str
    new: str
    module: str
    name: str
    source: int
    target: int
    documentation: str


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """What the contracts of an event type lead to in its module: its classes, and its adapters."""

    classes: frozenset[str]
    adapters: tuple[Adapter, ...]

    def received(self, event: EventType, version: int) -> str:
        """Return the class of what a handler of a version receives."""
        exact = payload_class(event.name, version)
        received = received_class(exact)
        return received if received in self.classes else exact


@dataclass(frozen=True, slots=True)
class DomainModule:
    """What one domain publishes and reads."""

    name: str
    produced: tuple[EventType, ...]
    read: tuple[EventType, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of the module, sorted."""
        prefix = pascal(self.name)
        publishers = (f"{prefix}Publisher", f"{prefix}SyncPublisher") if self.produced else ()
        return tuple(sorted((*publishers, *((f"{prefix}Subscriber",) if self.read else ()))))

    def published(self, package: str) -> list[Stub]:
        """Return the methods of the publishers."""
        found: list[Stub] = []
        for event in self.produced:
            summary = f"Publish {event.name}, read by {listed(event.subscribers)}."
            for version in _newest_first(event):
                stub = _stub(event, version, package, "", summary)
                found.append(replace(stub, deprecation=_deprecation(event, version)))
        return found

    def subscribed(self, package: str, events: Mapping[str, ReadEvent]) -> list[Stub]:
        """Return the methods of the subscriber; ``events`` are what became of the event types, by name."""
        found: list[Stub] = []
        for event in self.read:
            summary = f"Handle {event.name}, produced by {event.producer}."
            for version in _newest_first(event):
                stub = _stub(event, version, package, "on_", summary)
                found.append(replace(stub, payload=events[event.name].received(event, version.version)))
        return found

    def hooks(self, package: str, events: Mapping[str, ReadEvent]) -> list[Hook]:
        """Return the methods that take the functions of a person, where no adapter is proven."""
        return [
            _hook(event, adapter, package, events[event.name])
            for event in self.read
            for adapter in events[event.name].adapters
            if not adapter.is_direct
        ]


def domain_modules(tree: ContractTree) -> Iterator[DomainModule]:
    """Yield the domains that get a module: those that publish or read; a deprecated one does neither."""
    for domain in tree.domains:
        module = DomainModule(
            domain.name,
            tuple(event for event in tree.event_types if event.producer == domain.name),
            tuple(event for event in tree.event_types if domain.name in event.subscribers),
        )
        if domain.status == "active" and module.class_names:
            yield module


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them: ``sales, growth and platform``."""
    *rest, last = list(names) or ["nobody"]
    return f"{', '.join(rest)} and {last}" if rest else last


def _newest_first(event: EventType) -> Iterator[PayloadVersion]:
    return reversed(live_versions(event))


def _stub(event: EventType, version: PayloadVersion, package: str, prefix: str, summary: str) -> Stub:
    current = version is event.current
    head = summary if current else f"{summary[:-1]}, in version {version.version}."
    return Stub(
        method=_method(prefix, event, version),
        payload=payload_class(event.name, version.version),
        module=f"{package}.events.{snake(event.name)}",
        name=event.name,
        version=version.version,
        documentation=f"{head}\n\n{version.description}" if version.description else head,
    )


def _method(prefix: str, event: EventType, version: PayloadVersion) -> str:
    suffix = "" if version is event.current else f"_v{version.version}"
    name = f"{prefix}{snake(event.name)}{suffix}"
    return f"{name}_" if name in RUNTIME_ATTRIBUTES else name


def _deprecation(event: EventType, version: PayloadVersion) -> str | None:
    """Return what an editor says of publishing a version, ``None`` if it is the current one."""
    if version.status != "superseded":
        return None
    until = f" and not emitted from {version.emit_until.isoformat()} on" if version.emit_until else ""
    current = _method("", event, event.current)
    return f"Version {version.version} of {event.name} is superseded{until}: publish with {current}."


def _hook(event: EventType, adapter: Adapter, package: str, read: ReadEvent) -> Hook:
    source, target = adapter.source, adapter.target
    new = read.received(event, target)
    return Hook(
        method=f"adapt_{snake(event.name)}_v{source}_to_v{target}",
        old=read.received(event, source),
        new=new,
        module=f"{package}.events.{snake(event.name)}",
        name=event.name,
        source=source,
        target=target,
        documentation=f"Make version {target} of {event.name} of a payload of version {source}.\n\n"
        f"The contracts alone cannot: as version {target}, {adapter.gaps}. "
        f"``sguild_dispatcher.received({new}, ...)`` keeps what nobody knows.",
    )
