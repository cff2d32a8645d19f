"""Faults put into tolerant reading one by one: the laws over drawn documents must show each of them."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from families_kit import FAMILIES, installed, write_families
from laws_kit import PAIRS, VERDICTS, Service, check_closed, check_pair, check_tolerance
from sguild_codegen.compat import tolerance
from sguild_codegen.compat.apart import Branches
from sguild_codegen.emit.received import ReceivedTypes
from sguild_codegen.emit.types import TypeBuilder
from sguild_codegen.versions import reading as verdicts
from sguild_dispatcher import ignoring, loosening, versions
from sguild_dispatcher.models import Payload
from sguild_dispatcher.registry import Adapter, EventType

DOCUMENTS = 100
Patch = pytest.MonkeyPatch


def _no_schema(patch: Patch) -> None:
    """The tolerant reader's schema is not asked."""
    patch.setattr(
        versions,
        "tolerant_type",
        lambda registry, name, version: loosening.loosened(registry.payload_model(name, version)),
    )


def _no_unknown_properties(patch: Patch) -> None:
    """Nested objects stay closed."""
    real = loosening._loosened

    def closed(model: Any, models: Any) -> Any:
        made = real(model, models)
        if not issubclass(model, Payload):
            made.model_config["extra"] = "forbid"
        return made

    patch.setattr(loosening, "_loosened", closed)


def _checks_stay(patch: Patch) -> None:
    """Checks of whole objects are those of the exact reader."""
    patch.setattr(loosening, "_CHECK", "_no_such_check")


def _everything_is_direct(patch: Patch) -> None:
    """Each version counts as proven to be read as each other one."""
    patch.setattr(EventType, "adapter", lambda _, source, target: Adapter(source=source, target=target))


def _nothing_is_ignored(patch: Patch) -> None:
    """Objects of the emitted schema stay closed."""
    patch.setattr(tolerance, "_open_object", lambda _: None)


def _closed_enums_are_opened(patch: Patch) -> None:
    """The registry's closed enums count for nothing."""
    patch.setattr(verdicts, "tolerant", lambda schema, _closed: tolerance.tolerant(schema))


def _tags_are_opened(patch: Patch) -> None:
    """What tells branches apart is an enum like any other."""
    patch.setattr(Branches, "tag", None)
    patch.setattr(Branches, "stay_apart", True)


def _overlapping_branches_are_opened(patch: Patch) -> None:
    """Each ``oneOf`` is opened, also where its branches may come to take the same value."""
    patch.setattr(Branches, "stay_apart", True)


def _members_pass_without_a_trace(patch: Patch) -> None:
    """What ``additionalProperties: true`` lets pass leaves no trace."""
    patch.setattr(tolerance, "_traceable", lambda schema: schema)


def _all_branches_count(patch: Patch) -> None:
    """Each branch of an ``anyOf`` that takes a value counts, also where another one takes it exactly."""
    patch.setattr(ignoring, "_keyword", lambda node: node["evaluationPath"].rpartition("/")[2].lower())


def _unrecognised_comes_first(patch: Patch) -> None:
    """In a union, what is not recognised comes before what another branch knows."""
    patch.setattr(ReceivedTypes, "_alternatives", TypeBuilder._alternatives)


def _nothing_is_marked(patch: Patch) -> None:
    """The types decide alone what is not recognised."""
    patch.setattr(ignoring, "_mark", lambda _document, _pointer: None)


FAULTS: list[Callable[[Patch], None]] = [
    _no_schema,
    _no_unknown_properties,
    _checks_stay,
    _everything_is_direct,
    _nothing_is_ignored,
    _closed_enums_are_opened,
    _tags_are_opened,
    _overlapping_branches_are_opened,
    _members_pass_without_a_trace,
    _all_branches_count,
    _unrecognised_comes_first,
    _nothing_is_marked,
]


@pytest.fixture
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Service]]:
    """What generates the families, after the fault is there."""
    opened: list[Any] = []

    def made() -> Service:
        folder = tmp_path_factory.mktemp("faulty")
        context = installed(folder, write_families(folder), f"faulty_{folder.name.replace('-', '_')}")
        module = context.__enter__()
        opened.append(context)
        return Service.of(module.registry, importlib.import_module(f"{module.__package__}.schemas"))

    yield made
    for each in opened:
        each.__exit__(None, None, None)


@pytest.mark.proof
@pytest.mark.parametrize("inject", FAULTS, ids=lambda each: str(each.__doc__))
def test_the_laws_show_a_fault(
    inject: Callable[[Patch], None], build: Callable[[], Service], monkeypatch: Patch
) -> None:
    loosening.loosened.cache_clear()
    inject(monkeypatch)
    service = build()
    with pytest.raises(AssertionError):
        _check(service)
    loosening.loosened.cache_clear()


def _check(service: Service) -> None:
    check_closed(service)
    for name, verdicts_ in VERDICTS.items():
        event = service.registry.event_type(name)
        assert (not event.adapter(1, 2).gaps, not event.adapter(2, 1).gaps) == verdicts_
    for name, versions_ in FAMILIES.items():
        for number in range(1, len(versions_) + 1):
            check_tolerance(service, name, number, DOCUMENTS)
    for name, source, target in PAIRS:
        check_pair(service, name, source, target, DOCUMENTS)
