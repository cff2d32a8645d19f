"""Publishers and subscribers: which domains get a module, and which methods stand in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sguild_codegen.emit.modules import live_versions
from sguild_codegen.emit.names import pascal, payload_class, snake
from sguild_codegen.model.contract import ContractTree, EventType

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
        summaries = [
            (event, f"Publish {event.name}, read by {listed(event.subscribers)}.") for event in self.produced
        ]
        return [stub for event, summary in summaries for stub in _stubs(event, package, "", summary)]

    def subscribed(self, package: str) -> list[Stub]:
        """Return the methods of the subscriber."""
        summaries = [(event, f"Handle {event.name}, produced by {event.producer}.") for event in self.read]
        return [stub for event, summary in summaries for stub in _stubs(event, package, "on_", summary)]


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


def _stubs(event: EventType, package: str, prefix: str, summary: str) -> Iterator[Stub]:
    for version in reversed(live_versions(event)):
        current = version is event.current
        suffix = "" if current else f"_v{version.version}"
        head = summary if current else f"{summary[:-1]}, in version {version.version}."
        description = version.description
        name = f"{prefix}{snake(event.name)}{suffix}"
        yield Stub(
            method=f"{name}_" if name in RUNTIME_ATTRIBUTES else name,
            payload=payload_class(event.name, version.version),
            module=f"{package}.events.{snake(event.name)}",
            name=event.name,
            version=version.version,
            documentation=f"{head}\n\n{description}" if description else head,
        )
