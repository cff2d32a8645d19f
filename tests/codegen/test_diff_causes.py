"""What `sguild-codegen diff` says is behind a break: the place, the edits, and what an up-adapter does."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_kit import ROOT, run
from git_kit import ORDER, REGISTRY, Contracts

LEAD = "lead-lifecycle/schema/payloads/lead.created-v1.json"


def kind(unit: str) -> dict[str, Any]:
    """Return the schema of an amount that says its unit."""
    properties = {"unit": {"const": unit}, "count": {"type": "integer", "minimum": 1}}
    return {"type": "object", "required": ["unit", "count"], "properties": properties}


def step_of_lead(root: Path, change: Callable[[Any], object]) -> dict[str, dict[str, Any]]:
    """Return the findings, by rule, about a version 2 of lead.created."""
    folder = Path(shutil.copytree(ROOT / "contracts", root / "contracts"))
    schema = json.loads((folder / LEAD).read_text("utf-8"))
    schema["$id"] = schema["$id"].replace("-v1", "-v2")
    change(schema)
    (folder / LEAD.replace("-v1", "-v2")).write_text(json.dumps(schema, indent=2), "utf-8")
    registry = json.loads((folder / REGISTRY).read_text("utf-8"))
    (entry,) = (each for each in registry["event_types"] if each["event_type"] == "lead.created")
    entry["versions"][0]["status"] = "superseded"
    entry["versions"].append({"version": 2, "status": "current"})
    (folder / REGISTRY).write_text(json.dumps(registry), "utf-8")
    result = run("diff", "lead.created", "1", "2", "--contracts", folder, "--format", "json")
    return {each["rule"]: each for each in json.loads(result.out)["findings"]}


def score_for_stage(schema: Any) -> None:
    del schema["properties"]["stage"], schema["properties"]["owner_id"]
    schema["required"].remove("stage")
    schema["properties"]["score"] = {"type": "integer"}
    schema["required"].append("score")


def describe(schema: Any) -> None:
    schema["description"] = "Says that an order is placed."


def need_nothing(schema: Any) -> None:
    schema["required"].clear()


def breaks(contracts: Contracts) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in contracts.findings() if "witness" in each}


def behind(finding: dict[str, Any]) -> str:
    return str(finding["help"].partition("Behind it: ")[2])


def test_a_tolerant_reader_misses_what_is_gone_and_ignores_what_is_new(tmp_path: Path) -> None:
    found = step_of_lead(tmp_path, score_for_stage)["SG102"]
    assert "stage" not in found["witness"]["document"]
    assert (found["pointer"], found["related"][0]["pointer"]) == ("/required", "/required")
    assert found["source"].strip().startswith('"required"')
    assert behind(found) == "SG113."


def test_an_up_adapter_supplies_what_is_new_and_never_what_is_gone(tmp_path: Path) -> None:
    found = step_of_lead(tmp_path, score_for_stage)["SG101"]
    assert found["help"] == 'An up-adapter from version 1 has to supply "score". Behind it: SG112.'


def test_an_up_adapter_that_supplies_nothing(tmp_path: Path) -> None:
    found = step_of_lead(tmp_path, lambda schema: schema["properties"]["intake_id"].update(maxLength=39))
    assert found["SG101"]["help"] == (
        'An up-adapter from version 1 has to change what version 2 refuses at "/intake_id". Behind it: SG140.'
    )


def test_what_the_old_version_ensures_in_other_words_is_not_to_be_supplied(tmp_path: Path) -> None:
    def ensure_amount(contracts: Contracts) -> None:
        contracts.edit(ORDER, lambda schema: schema.update(allOf=[{"required": ["amount"]}]))

    def change(schema: Any) -> None:
        del schema["allOf"]
        schema["properties"]["note"] = {"type": "string"}
        schema["required"] += ["amount", "note"]

    contracts = Contracts(tmp_path, ensure_amount)
    contracts.add_version(2, change)
    contracts.release()
    found = breaks(contracts)["backward-break"]
    assert found["help"].startswith('An up-adapter from version 1 has to supply "note".')


@pytest.mark.parametrize("keyword", ["properties", "oneOf", "anyOf"])
def test_the_place_is_found_behind_a_reference(keyword: str, tmp_path: Path) -> None:
    def refer(schema: Any) -> None:
        schema["$defs"] = {"money": kind("cents"), "bonus": kind("points")}
        schema["properties"]["note"] = {"type": "string"}
        references = [{"$ref": "#/$defs/money"}, {"$ref": "#/$defs/bonus"}]
        price = references[0] if keyword == "properties" else {"type": "object", keyword: references}
        schema["properties"]["price"] = price

    def change(schema: Any) -> None:
        schema["$defs"]["money"]["properties"]["count"]["minimum"] = 0
        schema["properties"]["score"] = {"type": "integer"}
        schema["properties"]["note"]["maxLength"] = 9
        schema["properties"]["amount"]["maximum"] = 10_000

    contracts = Contracts(tmp_path, lambda each: each.edit(ORDER, refer))
    contracts.add_version(2, change)
    contracts.release()
    found = breaks(contracts)["forward-break"]
    assert found["witness"]["document"]["price"] == {"unit": "cents", "count": 0}
    assert found["pointer"] == "/$defs/money/properties/count/minimum"
    assert behind(found) == "SG141."


def test_the_changed_reference_is_behind_what_its_target_refuses(tmp_path: Path) -> None:
    def refer(schema: Any) -> None:
        schema["$defs"] = {"few": {"maxLength": 3}, "many": {"maxLength": 9}}
        schema["properties"]["note"] = {"type": "string", "$ref": "#/$defs/few"}

    def change(schema: Any) -> None:
        schema["properties"]["note"]["$ref"] = "#/$defs/many"
        schema["properties"]["score"] = {"type": "integer"}

    contracts = Contracts(tmp_path, lambda each: each.edit(ORDER, refer))
    contracts.add_version(2, change)
    contracts.release()
    found = breaks(contracts)["forward-break"]
    assert found["pointer"] == "/properties/note/$ref"
    assert found["related"][0]["pointer"] == "/$defs/few/maxLength"


@pytest.mark.parametrize(
    ("line", "is_entry"),
    [
        ("- Registry 2.1.0: people have ids.", True),
        ("## v2.1.0", True),
        ("People have ids since registry 2.1.0.", True),
        ("- lib 2.1.0.5", False),
        ("- lib 12.1.0", False),
        ("- lib 1.2.1.0", False),
        ("- lib 2.1.01", False),
        ("- lib 2x1y0", False),
    ],
)
def test_an_entry_names_the_version_as_a_whole_word(line: str, is_entry: bool, tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.edit(REGISTRY, lambda registry: registry["id_prefixes"].update(per="person"))
    contracts.edit(REGISTRY, lambda registry: registry.update(registry_version="2.1.0"))
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n{line}\n", "utf-8")
    assert ("changelog-entry-missing" not in contracts.levels()) == is_entry


@pytest.mark.parametrize(
    ("change", "version"),
    [
        (describe, "1.0.1"),
        (need_nothing, "2.0.0"),
    ],
)
def test_the_entry_is_for_the_version_that_is_next(
    change: Callable[[Any], object], version: str, tmp_path: Path
) -> None:
    contracts = Contracts(tmp_path)
    contracts.edit(ORDER, change)
    found = {each["name"]: each for each in contracts.findings()}
    assert "registry-version-not-raised" in found
    missing = found["changelog-entry-missing"]
    assert missing["proposal"].startswith(f"- Registry {version}:\n")
    assert f"registry {version}" in missing["message"]
