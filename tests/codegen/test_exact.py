"""Generated models accept a document if and only if its schema does, and write it back as it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exact_kit import Contract, contracts_of, schema_ids
from golden_kit import PACKAGE_CASES, GoldenCase, install
from hypothesis import HealthCheck, given, settings

from sguild_contracts.registry import registry
from sguild_contracts.schemas import envelope_schema
from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource
from sguild_dispatcher.testing.strategies import near_documents

REAL = contracts_of("sguild_contracts", {})
GOLDEN = [
    (case, path.stem)
    for case in PACKAGE_CASES
    for path in sorted(case.folder.glob("contracts/*/schema/payloads/*.json"))
]
PER_RUN = 100
PER_PROOF = 10_000
PER_GOLDEN_PROOF = 3_000


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Contract]]:
    """The contracts of every golden case, by the case's name."""
    folder = tmp_path_factory.mktemp("exact")
    for case in PACKAGE_CASES:
        assert case.package is not None
        install(case.package, f"exact_{case.name}", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        return {case.name: contracts_of(f"exact_{case.name}", schema_ids(case)) for case in PACKAGE_CASES}


def enveloped(name: str, version: int) -> Contract:
    """The event of a payload: the envelope's schema around the payload's."""
    payload = REAL[f"{name}-v{version}"].schema
    envelope: dict[str, Any] = envelope_schema()
    envelope["properties"]["payload"] = {key: payload[key] for key in payload if not key.startswith("$")}
    return Contract(f"{name} in its envelope", envelope, {}, registry.event_model(name, version))


def golden_id(value: Any) -> str:
    return value.name if isinstance(value, GoldenCase) else str(value)


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_contracts_are_exact(name: str) -> None:
    REAL[name].check(PER_RUN)


@pytest.mark.parametrize("name", ["credit.locked", "payment.failed"])
def test_events_are_exact(name: str) -> None:
    enveloped(name, 1).check(PER_RUN)


@pytest.mark.parametrize(("case", "name"), GOLDEN, ids=golden_id)
def test_golden_contracts_are_exact(
    case: GoldenCase, name: str, golden: dict[str, dict[str, Contract]]
) -> None:
    golden[case.name][name].check(PER_RUN)


CONDITIONS = ("if", "dependentRequired", "dependentSchemas", "oneOf", "anyOf", "not")
CONDITIONAL = sorted(name for name, each in REAL.items() if set(CONDITIONS) & each.schema.keys())


@pytest.mark.parametrize("name", CONDITIONAL)
def test_documents_take_both_ways_of_a_condition_and_break_it(name: str) -> None:
    schema = REAL[name].schema
    whole = DocumentMaker(schema)
    without = DocumentMaker({key: each for key, each in schema.items() if key not in CONDITIONS})
    seen: set[str] = set()

    for number in range(600):
        document = whole.near(SeededSource(f"{number}"))
        if whole.accepts(document):
            seen.update(f"{each} is {holds}" for each, holds in _ways(schema, document))
        elif without.accepts(document):
            seen.add("broken")
    ways = {f"{each} is {holds}" for each, _ in _ways(schema, {}) for holds in (True, False)}
    assert seen == ways | {"broken"}


def _ways(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    if "if" in schema:
        yield "if", DocumentMaker(schema["if"]).accepts(document)
    for each in schema.get("dependentRequired", ()):
        yield each, each in document


def test_there_are_conditions_of_each_kind_in_the_contracts() -> None:
    assert CONDITIONAL == ["payment.failed-v1", "reservation.funded-v1", "reservation.refunded-v1"]


@pytest.mark.parametrize("name", sorted(REAL))
def test_many_documents_are_valid_and_many_are_not(name: str) -> None:
    maker = DocumentMaker(REAL[name].schema)
    drawn: list[bool] = []

    @settings(max_examples=PER_RUN, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(near_documents(REAL[name].schema))
    def look(document: Any) -> None:
        drawn.append(maker.accepts(document))

    look()
    assert 0.2 < sum(drawn) / len(drawn) < 0.9


@pytest.mark.proof
@pytest.mark.parametrize("name", sorted(REAL))
def test_real_contracts_are_exact_at_length(name: str) -> None:
    REAL[name].check(PER_PROOF)


@pytest.mark.proof
@pytest.mark.parametrize(("case", "name"), GOLDEN, ids=golden_id)
def test_golden_contracts_are_exact_at_length(
    case: GoldenCase, name: str, golden: dict[str, dict[str, Contract]]
) -> None:
    golden[case.name][name].check(PER_GOLDEN_PROOF)


def test_every_contract_is_checked() -> None:
    schemas = [json.loads(path.read_text("utf-8")) for path in Path("contracts").rglob("payloads/*.json")]
    assert {each["$id"] for each in schemas} == {each.schema["$id"] for each in REAL.values()}
