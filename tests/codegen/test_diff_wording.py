"""What ``diff`` says to people: advice that fits what they did, and places that show it."""

from pathlib import Path
from typing import Any

import pytest
from command_kit import run
from git_kit import ORDER, REGISTRY, Contracts


def with_kinds(contracts: Contracts) -> None:
    contracts.edit(ORDER, lambda schema: schema["properties"].update(kind={"enum": ["web", "shop", "fax"]}))


def add_reader(entry: Any) -> None:
    entry["subscribers"].append("support")


def by_name(contracts: Contracts) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in contracts.findings()}


def test_an_edit_that_is_allowed_is_not_advised_against(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_kinds)
    contracts.edit(ORDER, lambda schema: schema["properties"]["kind"]["enum"].insert(1, "phone"))
    contracts.release()
    verdict = by_name(contracts)["exact-forward-break"]
    assert verdict["help"].startswith("Readers that ignore what they do not know go on")
    assert verdict["help"].endswith(" Behind it: SG133.")


def test_the_place_of_a_value_that_comes_or_goes_is_that_value(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_kinds)
    contracts.edit(ORDER, lambda schema: schema["properties"]["kind"].update(enum=["web", "phone", "shop"]))
    contracts.release()
    findings, enum = by_name(contracts), "/properties/kind/enum"
    for name, here, there in (
        ("enum-value-added", f"{enum}/1", enum),
        ("exact-forward-break", f"{enum}/1", enum),
        ("enum-value-removed", enum, f"{enum}/2"),
        ("exact-backward-break", enum, f"{enum}/2"),
    ):
        places = (findings[name]["pointer"], findings[name]["related"][0]["pointer"])
        assert places == (here, there), name
    assert findings["enum-value-added"]["source"].strip() == '"phone",'


def test_stored_events_break_readers_in_one_sentence(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, lambda each: each.edit_entry(add_reader))
    contracts.edit(ORDER, lambda schema: schema["properties"]["order_id"].update(minLength=3))
    contracts.edit(contracts.read(REGISTRY)["envelope"], lambda schema: schema.update(maxProperties=3))
    messages = {each["message"] for each in contracts.findings() if each["name"] == "backward-break"}
    assert messages == {
        "stored events break sales and support, which read order.placed version 1, published by sales",
        "stored events break sales and support, which publish or read events in the envelope as it is now",
    }


def test_a_file_that_is_no_json_is_named_with_its_commit(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    sound = contracts.read(ORDER)
    path = contracts.folder / ORDER
    path.write_text("{", "utf-8")
    here = contracts.diff()
    contracts.commit()
    contracts.write(ORDER, sound)
    there = contracts.diff()
    assert (here.code, there.code) == (2, 2)
    assert ": SG006 error: " in here.out
    assert "at HEAD" not in here.out
    assert "double quotes (at HEAD)\n" in there.out


def test_an_entry_does_not_say_a_name_twice(tmp_path: Path) -> None:
    def drop(registry: Any) -> None:
        registry["event_types"] = []

    contracts = Contracts(tmp_path)
    contracts.edit(REGISTRY, drop)
    (contracts.folder / ORDER).unlink()
    proposal = by_name(contracts)["changelog-entry-missing"]["proposal"]
    assert "\n  - order.placed is gone, which was read by sales." in proposal


@pytest.mark.parametrize("name", ["text", "github", "junit", "markdown", "json"])
def test_lines_to_paste_and_pointers_are_in_the_reports(name: str, tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_kinds)
    contracts.edit(ORDER, lambda schema: schema["properties"]["kind"]["enum"].append("phone"))
    printed = contracts.diff("--format", name).out
    assert "- Registry 1.1.0:" in printed
    assert "/properties/kind/enum/3" in printed


def test_a_reference_that_is_not_there_is_absent(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text("{}", "utf-8")
    new.write_text('{"$ref": "#/$defs/a", "maxLength": 3, "$defs": {"a": {}}}', "utf-8")
    printed = run("diff", str(old), str(new)).out
    assert 'the reference was absent and is "#/$defs/a"' in printed
