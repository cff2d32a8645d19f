"""The names that a package exports: each is of one thing only, and hides nothing that generated code uses.

The reader refuses event types and entities whose names meet. What is left are meetings with what
this package adds: publishers, subscribers, and the names that emitted modules import.
"""

from collections.abc import Iterator
from typing import Final

from sguild_codegen.emit.domains import domain_modules
from sguild_codegen.emit.modules import EVENT, FIXED, live_versions
from sguild_codegen.emit.names import id_class, pascal, payload_class
from sguild_codegen.emit.refusals import Collector, Refusal, RefusedSchema
from sguild_codegen.model.contract import ContractTree
from sguild_codegen.model.schema import Location

_REGISTRY: Final = "event-types-registry.json"
# Names that modules of domains and of ids import.
_IMPORTED: Final = FIXED | {"Publisher", "Subscriber", "SyncPublisher"}


def public_names(tree: ContractTree) -> frozenset[str]:
    """Return the names of payloads, ids, publishers and subscribers; parts of contracts are not among them.

    Raises:
        RefusedSchema: two things would have one name.
    """
    owners: dict[str, Location] = {EVENT: Location(_REGISTRY, "")}
    collector = Collector()
    for name, place, keyword in _named(tree):
        with collector:
            other = owners.setdefault(name, place)
            if other != place or (name in _IMPORTED and name != EVENT):
                raise RefusedSchema([Refusal(place, keyword, f"the package has another {name}")])
    collector.close()
    return frozenset(owners)


def _named(tree: ContractTree) -> Iterator[tuple[str, Location, str]]:
    """Yield each name with the place that it comes from, and the key there."""
    for prefix, entity in tree.id_prefixes.items():
        yield id_class(entity), Location(_REGISTRY, f"/id_prefixes/{prefix}"), prefix
    for index, event in enumerate(tree.event_types):
        place = Location(_REGISTRY, f"/event_types/{index}")
        yield pascal(event.name), place, "event_type"
        for version in live_versions(event):
            yield payload_class(event.name, version.version), place, "event_type"
    places = {domain.name: f"/domains/{index}" for index, domain in enumerate(tree.domains)}
    for module in domain_modules(tree):
        for name in module.class_names:
            yield name, Location(_REGISTRY, places[module.name]), "name"
