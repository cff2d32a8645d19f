"""What a tolerant reader takes, and how versions are read as each other: laws over drawn documents."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from command_kit import ROOT
from golden_kit import PACKAGE_CASES, GoldenCase, install
from pydantic import TypeAdapter, ValidationError

from families_kit import FAMILIES, installed, write_families
from laws_kit import PAIRS, VERDICTS, Service, check_closed, check_pair, check_tolerance, drawn
from sguild_codegen.compat import compare
from sguild_codegen.compat.tolerance import tolerant
from sguild_contracts import registry as real_registry
from sguild_contracts import schemas as real_schemas
from sguild_dispatcher.fields import Unrecognised
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Refusal
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource
from sguild_dispatcher.testing.documents.leaves import same_json
from sguild_dispatcher.versions import Unadapted, tolerant_type

REAL = Service.of(real_registry.registry, real_schemas)
REAL_VERSIONS = [(each.name, version.version) for each in real_registry.registry for version in each.live]
REAL_PAIRS = [
    (each.name, adapter.source, adapter.target)
    for each in real_registry.registry
    for adapter in each.adapters
]
CLOSED = {
    each["event_type"]: each.get("closed_enums", [])
    for each in json.loads((ROOT / "contracts/event-types-registry.json").read_text("utf-8"))["event_types"]
}
PER_RUN = 200
PER_PROOF = 5_000


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("families")
    with installed(folder, write_families(folder), "family_contracts") as module:
        yield Service.of(module.registry, importlib.import_module("family_contracts.schemas"))


@pytest.mark.parametrize(("name", "version"), REAL_VERSIONS)
def test_real_contracts_are_read_as_the_tolerant_schema_says(name: str, version: int) -> None:
    check_tolerance(REAL, name, version, PER_RUN)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("golden")
    for case in PACKAGE_CASES:
        assert case.package is not None
        install(case.package, f"tolerant_{case.name}", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


@pytest.mark.usefixtures("golden")
@pytest.mark.parametrize("case", PACKAGE_CASES, ids=lambda case: case.name)
def test_golden_contracts_are_read_as_the_tolerant_schema_says(case: GoldenCase) -> None:
    registry: Registry = importlib.import_module(f"tolerant_{case.name}.registry").registry
    for event, version in [(each, version.version) for each in registry for version in each.live]:
        schema = registry.tolerant_schema(event.name, version)
        judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        reader = TypeAdapter(tolerant_type(registry, event.name, version))
        maker = DocumentMaker(schema)
        for number in range(PER_RUN):
            document = maker.near(SeededSource(f"{event.name} {version} {number}"))
            try:
                read = reader.validate_json(json.dumps(document))
            except ValidationError:
                assert not judge.is_valid(document), document
            else:
                assert judge.is_valid(document), document
                assert same_json(json.loads(reader.dump_json(read, by_alias=True)), document), document


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_read_as_the_tolerant_schema_says(families: Service, name: str) -> None:
    for version in range(1, len(FAMILIES[name]) + 1):
        check_tolerance(families, name, version, PER_RUN)


@pytest.mark.parametrize(("name", "source", "target"), REAL_PAIRS)
def test_real_versions_are_read_as_each_other(name: str, source: int, target: int) -> None:
    check_pair(REAL, name, source, target, PER_RUN)


@pytest.mark.parametrize(("name", "source", "target"), PAIRS)
def test_versions_are_read_as_each_other(families: Service, name: str, source: int, target: int) -> None:
    check_pair(families, name, source, target, PER_RUN)


@pytest.mark.proof
@pytest.mark.parametrize(("name", "source", "target"), PAIRS)
def test_versions_are_read_as_each_other_often(
    families: Service, name: str, source: int, target: int
) -> None:
    check_pair(families, name, source, target, PER_PROOF)
    check_tolerance(families, name, target, PER_PROOF)


@pytest.mark.proof
@pytest.mark.parametrize(("name", "source", "target"), REAL_PAIRS)
def test_real_versions_are_read_as_each_other_often(name: str, source: int, target: int) -> None:
    check_pair(REAL, name, source, target, PER_PROOF)
    check_tolerance(REAL, name, target, PER_PROOF)


@pytest.mark.parametrize("name", VERDICTS)
def test_what_is_direct_is_what_the_comparison_proves(families: Service, name: str) -> None:
    event = families.registry.event_type(name)
    assert (not event.adapter(1, 2).gaps, not event.adapter(2, 1).gaps) == VERDICTS[name]


def test_a_closed_enum_stays_closed(families: Service) -> None:
    check_closed(families)


def released(**changed: Any) -> dict[str, Any]:
    event = REAL.registry.event_type("credit.released")
    document: dict[str, Any] = {**drawn(REAL.maker(event, 2), 1, "released")[0], **changed}
    return document


def test_surprises_are_typed_and_told_by_their_pointers() -> None:
    event = REAL.registry.event_type("credit.released")
    read = REAL.read(event, 2, released(initiator="robot", **{"a/b": [1, {"c": None}]}))
    assert isinstance(read, Envelope)
    assert read.payload.initiator == "robot"
    assert type(read.payload.initiator) is Unrecognised
    assert dict(read.unrecognised) == {"/payload/initiator": "robot", "/payload/a~1b": [1, {"c": None}]}
    assert read.payload.model_extra == {"a/b": [1, {"c": None}]}


def test_what_holds_no_surprise_is_the_exact_payload() -> None:
    event = REAL.registry.event_type("credit.released")
    read = REAL.read(event, 2, released())
    assert isinstance(read, Envelope)
    assert type(read.payload) is real_registry.payload_model("credit.released", 2)
    assert dict(read.unrecognised) == {}


def test_a_surprise_deep_inside_is_told_too() -> None:
    event = REAL.registry.event_type("intake.captured")
    document = drawn(REAL.maker(event, 2), 1, "captured")[0]
    document["participants"][0] |= {"experience": "pro", "shoe_size": 41}
    read = REAL.read(event, 2, document)
    assert isinstance(read, Envelope)
    assert dict(read.unrecognised) == {
        "/payload/participants/0/experience": "pro",
        "/payload/participants/0/shoe_size": 41,
    }


def test_a_newer_version_is_read_as_the_newest_known_one(families: Service) -> None:
    event = families.registry.event_type("added.optional")
    read = families.read(event, 7, {**drawn(families.maker(event, 2), 1, "new")[0], "newest": True}, 2)
    assert isinstance(read, Envelope)
    assert read.emitted_version == 7
    assert dict(read.unrecognised) == {"/payload/newest": True}


def test_a_newer_version_that_the_newest_known_one_refuses_is_unknown(families: Service) -> None:
    event = families.registry.event_type("added.required")
    read = families.read(event, 3, {"order_id": drawn(families.maker(event, 2), 1, "new")[0]["order_id"]}, 2)
    assert isinstance(read, Refusal)
    assert read.reason == "unknown_version"
    assert "/payload/note: is required" in read.detail


def test_a_newer_version_goes_through_the_newest_known_one_to_the_handlers(families: Service) -> None:
    event = families.registry.event_type("added.required")
    document = {**drawn(families.maker(event, 2), 1, "new")[0], "newest": True}
    read = families.read(event, 3, document, 1)
    assert isinstance(read, Envelope)
    assert isinstance(read.payload, families.registry.payload_model("added.required", 1))
    assert read.unrecognised.keys() == {"/payload/more", "/payload/newest"}


def test_payloads_of_the_testing_kit_are_read_exactly() -> None:
    document = json.loads(json.dumps(released()))
    read = REAL.read(REAL.registry.event_type("credit.released"), 2, document, 1)
    assert isinstance(read, Envelope)
    assert read.unrecognised.keys() == {"/payload/reason_code"}
    assert not isinstance(read, Unadapted)


def test_the_tolerant_schemas_are_the_comparisons() -> None:
    for name, version in REAL_VERSIONS:
        closed = CLOSED.get(name, [])
        ours = tolerant(real_schemas.payload_schema(name, version), closed)
        emitted = real_schemas.tolerant_schema(name, version)
        found = compare(ours, emitted)
        assert (found.backward.verdict, found.forward.verdict) == ("compatible", "compatible"), name
