"""A schema of the package stands on its own, also where its contract refers to another file."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from command_kit import ROOT, run

SCHEMAS = ROOT / "tests/golden/references/expected/sguild_contracts/schemas/parcels"
RIGHT = {"to": {"street": "Lindenallee 5"}, "from": "de"}


@pytest.fixture
def schema() -> dict[str, Any]:
    """The schema of parcel.sent, which refers to address.json."""
    read: dict[str, Any] = json.loads((SCHEMAS / "parcel.sent-v1.json").read_text("utf-8"))
    return read


@pytest.mark.parametrize(
    ("change", "accepted"),
    [({}, True), ({"to": {"street": ""}}, False), ({"to": {}}, False), ({"from": "fr"}, False)],
)
def test_a_validator_needs_no_other_file(
    schema: dict[str, Any], change: dict[str, Any], *, accepted: bool
) -> None:
    document = {**RIGHT, **change}
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(document) is accepted
    assert jsonschema.Draft202012Validator(schema).is_valid(document) is accepted


def test_a_schema_without_references_is_the_file_of_the_contract() -> None:
    (contract,) = (ROOT / "contracts").rglob("payment.failed-v1.json")
    shipped = next((ROOT / "generated/sguild_contracts/schemas").rglob("payment.failed-v1.json"))
    assert shipped.read_bytes() == contract.read_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('  "$id": "https://contracts.sguild/parcels/schema/address.json",\n', ""),
        ("https://contracts.sguild/parcels/schema/address.json", "https://contracts.sguild/elsewhere.json"),
    ],
    ids=["without an id", "with another id"],
)
def test_a_shared_file_is_found_by_its_place(old: str, new: str, tmp_path: Path) -> None:
    contracts = Path(shutil.copytree(ROOT / "tests/golden/references/contracts", tmp_path / "contracts"))
    address = contracts / "parcels/schema/address.json"
    assert old in address.read_text("utf-8")
    address.write_text(address.read_text("utf-8").replace(old, new), "utf-8")
    result = run("generate", "--contracts", contracts, "--output", tmp_path / "out")
    assert result.code == 0, result.out + result.err
    shipped = tmp_path / "out/sguild_contracts/schemas/parcels/parcel.sent-v1.json"
    judge = jsonschema_rs.Draft202012Validator(json.loads(shipped.read_text("utf-8")))
    assert judge.is_valid(RIGHT)
    assert not judge.is_valid({**RIGHT, "to": {"street": ""}})
