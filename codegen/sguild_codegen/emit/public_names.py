"""The names that a package exports: each is of one thing only, and hides nothing that generated code uses.

The reader refuses event types and entities whose names meet. What is left are meetings with what
this package adds: publishers, subscribers, and the names that emitted modules import.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sguild_codegen.emit.domains import domain_modules
from sguild_codegen.emit.modules import EVENT, FIXED, live_versions
from sguild_codegen.emit.names import id_class, pascal, payload_class, received_class
from sguild_codegen.emit.refusals import Collector, Refusal, RefusedSchema
from sguild_codegen.model.contract import ContractTree
from sguild_codegen.model.schema import Location
from sguild_codegen.report import rules
from sguild_codegen.report.safe import shown

_REGISTRY: Final = "event-types-registry.json"
# Names that modules of domains and of ids import.
_TAKEN: Final = FIXED | {"Publisher", "Subscriber", "SyncPublisher"}


@dataclass(frozen=True, slots=True)
class _Named:
    """One class, what in the contracts it is made of, and the key of the registry that says so."""

    class_name: str
    what: str
    value: str
    place: Location
    key: str

    def clash(self, other: str) -> RefusedSchema:
        values = {"what": self.what, "value": shown(self.value), "other": other}
        return RefusedSchema([Refusal(self.place, self.key, rules.NAME_COLLISION, values)])

    def __str__(self) -> str:
        return f"{self.what} {shown(self.value)}"


def public_names(tree: ContractTree) -> frozenset[str]:
    """Return the names of payloads, ids, publishers and subscribers; parts of contracts are not among them.

    Raises:
        RefusedSchema: two things would have one name.
    """
    owners: dict[str, _Named] = {}
    collector = Collector()
    for each in _named(tree):
        with collector:
            if each.class_name in _TAKEN:
                raise each.clash(f"the {each.class_name} of every package")
            other = owners.setdefault(each.class_name, each)
            if other.place != each.place:
                raise each.clash(str(other))
    collector.close()
    return frozenset(owners) | {EVENT}


def _named(tree: ContractTree) -> Iterator[_Named]:
    for prefix, entity in tree.id_prefixes.items():
        place = Location(_REGISTRY, "/id_prefixes")
        yield _Named(id_class(entity), "the entity", entity, place, prefix)
    for index, event in enumerate(tree.event_types):
        place = Location(_REGISTRY, f"/event_types/{index}")
        versions = [payload_class(event.name, each.version) for each in live_versions(event)]
        exact = (pascal(event.name), *versions)
        for name in (*exact, *map(received_class, exact)):
            yield _Named(name, "the event type", event.name, place, "event_type")
    places = {domain.name: f"/domains/{index}" for index, domain in enumerate(tree.domains)}
    for module in domain_modules(tree):
        for name in module.class_names:
            yield _Named(name, "the domain", module.name, Location(_REGISTRY, places[module.name]), "name")
