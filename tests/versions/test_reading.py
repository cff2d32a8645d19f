"""What a tolerant reader takes, and how versions are read as each other: laws over drawn documents."""

import copy
import importlib
import json
import math
import pickle
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import jsonschema_rs
import pytest
from command_kit import ROOT
from golden_kit import PACKAGE_CASES, GoldenCase, install
from pydantic import TypeAdapter, ValidationError

from families_kit import EMBEDDED, FAMILIES, installed, write_families
from laws_kit import (
    PAIRS,
    VERDICTS,
    Service,
    check_closed,
    check_pair,
    check_told,
    check_tolerance,
    drawn,
    payload_of,
)
from mending_kit import with_news
from sguild_codegen.compat import compare
from sguild_codegen.compat.tolerance import tolerant
from sguild_contracts import registry as real_registry
from sguild_contracts import schemas as real_schemas
from sguild_dispatcher import received
from sguild_dispatcher.errors import NotAdaptedError
from sguild_dispatcher.fields import Unrecognised
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.plans import EventPlan
from sguild_dispatcher.reading import Refusal
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource
from sguild_dispatcher.testing.documents.leaves import same_json
from sguild_dispatcher.versions import Reading, Unadapted, tolerant_type

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
ORDER = "ord_01890a5d-ac96-774b-bcce-b302099a805"
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
    schemas = importlib.import_module(f"tolerant_{case.name}.schemas")
    for event, version in [(each, version.version) for each in registry for version in each.live]:
        schema = registry.tolerant_schema(event.name, version)
        exact = schemas.payload_schema(event.name, version)
        judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        reader = TypeAdapter(tolerant_type(registry, event.name, version))
        maker = DocumentMaker(schema)
        for number in range(PER_RUN):
            document = maker.near(SeededSource(f"{event.name} {version} {number}"))
            if number % 2:
                document = with_news(document, number)
            told: dict[str, Any] = {}
            try:
                read = reader.validate_json(json.dumps(document), context=told)
            except ValidationError:
                assert not judge.is_valid(document), document
            else:
                assert judge.is_valid(document), document
                assert same_json(json.loads(reader.dump_json(read, by_alias=True)), document), document
                check_told(told, read, document, exact)


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
@pytest.mark.parametrize("name", EMBEDDED)
def test_families_are_read_as_the_tolerant_schema_says_often(families: Service, name: str) -> None:
    check_tolerance(families, name, 1, PER_PROOF)


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


def test_what_holds_surprises_can_be_copied_and_pickled() -> None:
    event = REAL.registry.event_type("intake.captured")
    document = drawn(REAL.maker(event, 2), 1, "captured")[0]
    document["participants"][0] |= {"experience": "pro", "shoe_size": 41}
    read = REAL.read(event, 2, document)
    assert isinstance(read, Envelope)
    for other in (copy.copy(read), copy.deepcopy(read), read.model_copy(), read.model_copy(deep=True)):
        assert other == read
        assert other.unrecognised == read.unrecognised != {}
    for held in (read.payload, read.payload.participants[0]):
        again = pickle.loads(pickle.dumps(held))  # noqa: S301 - our own
        assert again == held
        assert type(again) is type(held)
        assert again.model_dump_json() == held.model_dump_json()
    assert type(pickle.loads(pickle.dumps(read.payload)).participants[0].experience) is Unrecognised  # noqa: S301


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


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", '[{"deep": -Infinity}]'])
def test_a_number_that_json_cannot_write_again_is_refused_in_an_unknown_property(number: str) -> None:
    event = REAL.registry.event_type("credit.released")
    read = REAL.read(event, 2, released(surprise="here"), written=lambda body: body.replace('"here"', number))
    assert isinstance(read, Refusal)
    assert read.reason == "invalid_payload"
    place = "/payload/surprise/0/deep" if "deep" in number else "/payload/surprise"
    assert read.detail == f"{place}: must be a number that JSON can write"


def test_a_number_that_json_cannot_write_is_refused_from_an_adapter_too() -> None:
    event = REAL.registry.event_type("credit.released")
    read = REAL.read(event, 2, released())
    assert isinstance(read, Envelope)
    target = Reading(REAL.registry, EventPlan.of(REAL.registry, event.name, 2))
    base = type(read.payload).__mro__[1]
    unadapted = Unadapted(read, lambda old: received(base, {**old.model_dump(), "more": math.inf}), target)
    with pytest.raises(NotAdaptedError, match="/payload/more: must be a number that JSON can write"):
        unadapted.adapted()


def test_a_number_in_an_unknown_property_keeps_its_digits() -> None:
    event = REAL.registry.event_type("credit.released")
    read = REAL.read(event, 2, released(surprise=[12345678901234567890123, 1.5e308]))
    assert isinstance(read, Envelope)
    assert payload_of(read)["surprise"] == [12345678901234567890123, 1.5e308]


def embedded(families: Service, name: str, **changed: Any) -> Envelope[Any]:
    event = families.registry.event_type(name)
    document = drawn(families.maker(event, 1), 1, name)[0]
    read = families.read(event, 1, {**document, **changed})
    assert isinstance(read, Envelope)
    return read


@pytest.mark.parametrize("known", [f"{ORDER}a", "2026-06-01T12:00:00Z", "a"])
def test_what_one_branch_of_a_union_knows_is_recognised(families: Service, known: str) -> None:
    event = families.registry.event_type("union.texts")
    exact = families.read(event, 1, {"order_id": f"{ORDER}0", "by": known})
    assert isinstance(exact, Envelope)
    read = embedded(families, "union.texts", by=known, at="new")
    assert type(read.payload.by) is type(exact.payload.by)
    assert read.payload.by == exact.payload.by
    assert dict(read.unrecognised) == {"/payload/at": "new"}
    base: Any = type(exact.payload).__mro__[1]
    received = base.model_validate({"order_id": f"{ORDER}0", "by": known})
    assert type(received.by) is type(exact.payload.by)


def test_what_no_branch_of_a_union_knows_is_not_recognised(families: Service) -> None:
    read = embedded(families, "union.texts", by="new")
    assert type(read.payload.by) is Unrecognised
    assert dict(read.unrecognised) == {"/payload/by": "new"}
    sized = embedded(families, "union.sized", by="new")
    assert type(sized.payload.by) is Unrecognised


def test_an_enum_beside_another_keyword_shows_in_the_type(families: Service) -> None:
    read = embedded(families, "inside.length", kind="new")
    assert type(read.payload.kind) is Unrecognised
    hint = get_type_hints(type(read.payload).__mro__[1])["kind"]
    assert Unrecognised in get_args(hint)


def test_where_the_type_is_plain_a_value_is_told_and_is_of_that_type(families: Service) -> None:
    read = embedded(families, "inside.prefix", pair=["new", {"n": 1, "more": 2}])
    assert dict(read.unrecognised) == {"/payload/pair/0": "new", "/payload/pair/1/more": 2}
    assert read.payload.pair == ("new", {"n": 1, "more": 2})
    assert isinstance(embedded(families, "inside.then", kind="new").payload.kind, str)


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
