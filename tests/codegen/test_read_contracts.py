"""The contract tree as the emitter gets it, and what only whole folders can show."""

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bad_contracts import CASES, ENVELOPE, PAYLOAD, REGISTRY
from command_kit import ROOT, minimal_tree, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sguild_codegen.errors import ContractError
from sguild_codegen.model.contract import ContractTree
from sguild_codegen.reader.tree import read_contracts
from sguild_codegen.report import rules
from sguild_codegen.report.finding import Finding

# Rules that the table of bad contracts cannot show: they are about folders, sizes, or generated files.
SHOWN_ELSEWHERE = frozenset({"SG002", "SG012", "SG013", "SG025", "SG034", "SG036", "SG037", "SG057", "SG058"})
OUTPUT_RULES = frozenset({"SG070", "SG071", "SG072"})

Edit = Callable[[dict[str, Any]], None]


def _edit(contracts: Path, name: str, edit: Edit) -> None:
    value = json.loads((contracts / name).read_text("utf-8"))
    edit(value)
    (contracts / name).write_text(json.dumps(value), "utf-8")


def _rules_of(contracts: Path) -> list[str]:
    with pytest.raises(ContractError) as refused:
        read_contracts(contracts)
    return [each.rule.id for each in refused.value.findings]


@pytest.fixture(scope="module")
def real() -> ContractTree:
    return read_contracts(ROOT / "contracts")


def test_the_real_contracts(real: ContractTree) -> None:
    assert real.registry_version == "2.0.0"
    assert len(real.event_types) == 23
    assert sum(version.schema is not None for each in real.event_types for version in each.versions) == 24
    assert real.id_prefixes["crr"] == "credit_reservation"
    assert [each.name for each in real.domains if each.status == "deprecated"] == ["operations"]


def test_windows_and_withdrawn_versions(real: ContractTree) -> None:
    first, second = real.event_type("credit.released").versions
    assert (first.status, first.emit_until) == ("superseded", date(2026, 5, 22))
    assert (second.status, second.emit_from) == ("current", date(2026, 5, 22))
    withdrawn = real.event_type("intake.captured").versions[0]
    assert (withdrawn.status, withdrawn.schema) == ("withdrawn", None)


def test_a_schema_is_typed(real: ContractTree) -> None:
    schema = real.event_type("payment.failed").current.schema
    assert schema is not None
    assert schema.types == ("object",)
    assert schema.properties["attempt_number"].minimum == 1
    assert schema.if_ is not None
    assert schema.if_.properties["retryable"].has_const
    assert schema.additional_properties is not None
    assert schema.additional_properties.boolean is False
    assert schema.properties["currency"].pointer == "/properties/currency"


def test_every_rule_has_a_case() -> None:
    known = {each.id for each in vars(rules).values() if isinstance(each, rules.Rule)}
    assert known == {case.rule for case in CASES} | SHOWN_ELSEWHERE | OUTPUT_RULES


def test_rule_ids_and_names_are_unique() -> None:
    listed = [each for each in vars(rules).values() if isinstance(each, rules.Rule)]
    assert len({each.id for each in listed}) == len({each.name for each in listed}) == len(listed)


def test_recursion_and_anchors(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    node = {"type": "object", "$anchor": "node", "properties": {"next": {"$ref": "#node"}}}

    def add(payload: dict[str, Any]) -> None:
        payload["$defs"] = {"node": node}
        payload["properties"]["amount"] = {"$ref": "#/$defs/node"}

    _edit(contracts, PAYLOAD, add)
    schema = read_contracts(contracts).event_types[0].current.schema
    assert schema is not None
    reference = schema.properties["amount"].ref
    assert reference is not None
    again = reference.target.properties["next"].ref
    assert again is not None
    assert again.target is reference.target
    assert again.location.pointer == "/$defs/node"


def test_a_reference_into_another_file(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    shared = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"a": {"type": "integer"}}}
    (contracts / "common").mkdir()
    (contracts / "common/money.json").write_text(json.dumps(shared), "utf-8")
    reference = {"$ref": "../../../common/money.json#/$defs/a"}
    _edit(contracts, PAYLOAD, lambda payload: payload["properties"].update(amount=reference))
    tree = read_contracts(contracts)
    schema = tree.event_types[0].current.schema
    assert schema is not None
    found = schema.properties["amount"].ref
    assert found is not None
    assert (str(found.location), found.target.types) == ("common/money.json#/$defs/a", ("integer",))
    assert "common/money.json" in tree.documents


def test_a_uri_of_the_same_file(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    inner = {
        "$id": "https://elsewhere.example/amount",
        "$ref": "#x",
        "$defs": {"a": {"$anchor": "x", "type": "null"}},
    }

    def add(payload: dict[str, Any]) -> None:
        payload["$defs"] = {"amount": inner}
        payload["properties"]["amount"] = {"$ref": "https://elsewhere.example/amount"}

    _edit(contracts, PAYLOAD, add)
    schema = read_contracts(contracts).event_types[0].current.schema
    assert schema is not None
    first = schema.properties["amount"].ref
    assert first is not None
    second = first.target.ref
    assert second is not None
    assert second.target.types == ("null",)


@pytest.mark.parametrize("keyword", ["$anchor", "$id"])
def test_a_name_twice_in_one_file(tmp_path: Path, keyword: str) -> None:
    contracts = minimal_tree(tmp_path)
    _edit(
        contracts,
        PAYLOAD,
        lambda payload: payload.update({"$defs": {"a": {keyword: "x"}, "b": {keyword: "x"}}}),
    )
    assert _rules_of(contracts) == ["SG058"]


def test_a_loop_through_other_schemas(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    loop = {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}
    _edit(contracts, PAYLOAD, lambda payload: payload.update({"$defs": loop}))
    assert _rules_of(contracts) == ["SG056"]


def test_a_long_chain_is_one_finding(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    chain = {f"c{index}": {"$ref": f"#/$defs/c{index + 1}"} for index in range(100)} | {
        "c100": {"type": "string"}
    }
    _edit(contracts, PAYLOAD, lambda payload: payload.update({"$defs": chain}))
    assert _rules_of(contracts) == ["SG057"]


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"event_type": "order.pla_ced"}, "SG025"),
        ({"event_type": "order.placed.v1"}, "SG025"),
        ({"event_type": "order.id"}, "SG025"),
        ({"event_type": "order.placed", "contract": "shop"}, "SG024"),
    ],
)
def test_names_that_meet_in_code(tmp_path: Path, other: dict[str, str], rule: str) -> None:
    contracts = minimal_tree(tmp_path)

    def add(registry: dict[str, Any]) -> None:
        registry["event_types"].append({**registry["event_types"][0], **other})

    _edit(contracts, REGISTRY, add)
    assert rule in _rules_of(contracts)


@pytest.mark.parametrize(
    "change",
    [{"subject": "lost"}, {"ordering_key": "lost"}, {"closed_enums": ["lost"]}, {"subject": "ordr_id"}],
)
def test_an_unknown_property_is_a_warning_and_left_out(tmp_path: Path, change: dict[str, Any]) -> None:
    contracts = minimal_tree(tmp_path)
    _edit(contracts, REGISTRY, lambda registry: registry["event_types"][0].update(change))
    warnings: list[Finding] = []
    event_type = read_contracts(contracts, warn=warnings.append).event_types[0]
    assert [(each.rule.id, each.level) for each in warnings] == [("SG034", "warning")]
    assert event_type.ordering_key is None
    assert event_type.closed_enums == ()
    assert event_type.subject == (None if "subject" in change else "order_id")


def test_a_closed_enum_may_be_of_one_version_alone(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    newer = "shop/schema/payloads/order.placed-v2.json"
    (contracts / newer).write_bytes((contracts / PAYLOAD).read_bytes())

    def grow(schema: dict[str, Any]) -> None:
        schema.update({"$id": f"https://contracts.sguild/{newer}", "title": "order.placed payload v2"})
        schema["properties"]["sign"] = {"type": "string", "enum": ["+", "-"]}

    def register(registry: dict[str, Any]) -> None:
        entry = registry["event_types"][0]
        entry["closed_enums"] = ["sign"]
        entry["versions"] = [
            {"version": 1, "status": "superseded"},
            {"version": 2, "status": "current"},
        ]

    _edit(contracts, newer, grow)
    _edit(contracts, REGISTRY, register)
    warnings: list[Finding] = []
    assert read_contracts(contracts, warn=warnings.append).event_types[0].closed_enums == ("sign",)
    assert warnings == []


def test_optional_parts_may_be_absent(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)

    def strip(registry: dict[str, Any]) -> None:
        del registry["id_prefixes"], registry["event_types"][0]["subject"]

    _edit(contracts, REGISTRY, strip)
    tree = read_contracts(contracts)
    assert (dict(tree.id_prefixes), tree.event_types[0].subject) == ({}, None)


@pytest.mark.parametrize("name", [REGISTRY, PAYLOAD, "shop", "shop/schema/link.json"])
def test_links_are_refused(tmp_path: Path, name: str) -> None:
    contracts = minimal_tree(tmp_path)
    target = tmp_path / "elsewhere"
    if (contracts / name).exists():
        (contracts / name).rename(target)
    else:
        target.write_text("{}", "utf-8")
    (contracts / name).symlink_to(target)
    assert "SG012" in _rules_of(contracts)


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    (contracts / PAYLOAD).unlink()
    os.mkfifo(contracts / PAYLOAD)
    assert _rules_of(contracts) == ["SG002"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert _rules_of(tmp_path / "nowhere") == ["SG013"]


@pytest.mark.parametrize(
    "change",
    [{"$defs": {f"d{index}": {} for index in range(3000)}}, {"examples": [1], "enum": list(range(2000))}],
)
def test_counts_are_limited(tmp_path: Path, change: dict[str, Any]) -> None:
    contracts = minimal_tree(tmp_path)
    _edit(contracts, PAYLOAD, lambda payload: payload.update(change))
    assert _rules_of(contracts) == ["SG036"]


def test_endless_findings_are_cut(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    _edit(
        contracts, PAYLOAD, lambda payload: payload.update({f"x{index}": "a" * 200 for index in range(3000)})
    )
    result = run("generate", "--contracts", contracts, "--output", tmp_path / "generated")
    assert result.code == 1
    assert "2,900 more findings" in result.out
    assert len(result.out) < 100_000


def test_many_findings_take_no_long_time(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    broken = {f"p{index}": {"$ref": f"#/properties/q{index}"} for index in range(5000)}
    _edit(contracts, PAYLOAD, lambda payload: payload["properties"].update(broken))
    started = time.monotonic()
    assert "SG053" in _rules_of(contracts)
    assert time.monotonic() - started < 10


def test_all_findings_of_a_run_come_at_once(tmp_path: Path) -> None:
    contracts = minimal_tree(tmp_path)
    _edit(contracts, REGISTRY, lambda registry: registry.update(registry_version="x"))
    _edit(contracts, PAYLOAD, lambda payload: payload.update(typ="object", required=["lost"]))
    assert _rules_of(contracts) == ["SG035", "SG048", "SG040"]


keys = st.sampled_from(["type", "$ref", "properties", "enum", "allOf", "x", "name", "items"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["object", "#", "#/$defs/x", "$ref", "current", "order_id", "^a+$", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "$ref", "properties", "enum", "allOf", "x", "name", "items"]), inner
        )
    ),
    max_leaves=6,
)


def _pointers(value: Any) -> list[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, each in inner for place in [(value, key), *_pointers(each)]]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([REGISTRY, PAYLOAD, ENVELOPE]), data=st.data())
def test_no_json_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    contracts = minimal_tree(tmp_path_factory.mktemp("tree"))
    value = json.loads((contracts / name).read_text("utf-8"))
    parent, key = data.draw(st.sampled_from(_pointers(value)))
    parent[key] = data.draw(json_values)
    (contracts / name).write_text(json.dumps(value), "utf-8")
    for each in _findings(contracts):
        assert each.line
        assert each.message
        assert each.help


def _findings(contracts: Path) -> Sequence[Finding]:
    try:
        read_contracts(contracts)
    except ContractError as error:
        return error.findings
    return ()
