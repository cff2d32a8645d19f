"""`sguild-codegen diff --against`: a whole tree against a git reference."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_kit import MINIMAL, run
from git_kit import ORDER, REGISTRY, Contracts, git

from sguild_codegen.report.change_rules import registry as rules
from sguild_codegen.report.change_rules.change_rule import ChangeRule

SILENT = {"registry-version-not-raised", "changelog-entry-missing"}


def note(schema: Any) -> None:
    schema["properties"]["note"] = {"type": "string", "maxLength": 80}


def note_and_amount(schema: Any) -> None:
    note(schema)
    schema["required"].append("amount")


def with_two_readers(contracts: Contracts) -> None:
    contracts.edit_entry(lambda entry: entry["subscribers"].append("support"))


def with_kinds(contracts: Contracts) -> None:
    """Let orders have a kind, of two."""
    kind = {"type": "string", "enum": ["web", "shop"]}
    contracts.edit(ORDER, lambda schema: schema["properties"].update(kind=kind))


def grow_kinds(contracts: Contracts) -> None:
    contracts.edit(ORDER, lambda schema: schema["properties"]["kind"]["enum"].append("phone"))


def test_nothing_has_changed(tmp_path: Path) -> None:
    result = Contracts(tmp_path).diff()
    assert (result.code, result.out, result.err) == (0, "", "Nothing has changed.\n")


def test_a_break_names_the_people_and_the_proof(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_two_readers)
    contracts.edit(ORDER, lambda schema: schema["required"].remove("order_id"))
    contracts.release()
    result = contracts.diff()
    assert result.code == 1
    assert result.out == (
        "contracts/shop/schema/payloads/order.placed-v1.json:9:5: SG102 error: breaks sales and support, "
        "which read order.placed version 1, published by sales\n"
        '    "order_id": {\n'
        "    ^~~~~~~~~~\n"
        "event type: order.placed\n"
        "affects: sales, support\n"
        "pointer: /properties/order_id\n"
        "witness: accepted by version 1 as it is now, refused by readers of version 1 at HEAD\n"
        "    {}\n"
        "see: contracts/shop/schema/payloads/order.placed-v1.json:7:3: version 1 at HEAD, /required\n"
        '    "required": ["order_id"],\n'
        "help: Leave order.placed version 1 as it was, and write a new version. Behind it: SG113.\n"
        'contracts/shop/schema/payloads/order.placed-v1.json:9:5: SG113 error: the property "order_id" '
        "may be absent now\n"
        '    "order_id": {\n'
        "    ^~~~~~~~~~\n"
        "event type: order.placed\n"
        "affects: sales, support\n"
        "pointer: /properties/order_id\n"
        "see: contracts/shop/schema/payloads/order.placed-v1.json:9:5: version 1 at HEAD, "
        "/properties/order_id\n"
        '    "order_id": { "type": "string" },\n'
        "help: Undo it, or write a new version of the payload and leave this one as it is.\n"
    )
    assert result.err == (
        "order.placed version 1: backward: compatible, forward: breaking.\n2 errors.\n"
    )  # fmt: skip


def _merged(contracts: Contracts, example: dict[str, Any]) -> None:
    """Make the registry that of an example, with the schemas that it needs."""
    base = contracts.read(REGISTRY)
    plain = json.loads((MINIMAL / REGISTRY).read_text("utf-8"))["event_types"][0]
    for entry in example.get("event_types", []):
        for key in [each for each in plain if each not in entry]:
            entry[key] = plain[key]
        for version in entry["versions"]:
            place = f"{entry['contract']}/schema/payloads/{entry['event_type']}-v{version['version']}.json"
            if version["status"] != "withdrawn":
                contracts.write(place, {"$id": f"https://contracts.sguild/{place}", "type": "object"})
    envelope = example.get("envelope", base["envelope"])
    if envelope != base["envelope"]:
        shutil.copy(contracts.folder / base["envelope"], contracts.folder / envelope)
    contracts.write(REGISTRY, {**base, **example})


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda each: each.name)
def test_the_example_of_every_edit_of_the_registry_is_found(rule: ChangeRule, tmp_path: Path) -> None:
    before, after = json.loads(rule.before), json.loads(rule.after)
    there = Contracts(tmp_path, lambda each: _merged(each, before))
    _merged(there, after)
    levels = there.levels()
    assert levels.pop(rule.name) == (rule.level if rule.name != "version-status-changed" else "error")
    follow = {"version-added": {"version-status-changed"}, "version-removed": set[str]()}
    expected = {*follow.get(rule.name, set()), *SILENT}
    if rule.name in SILENT:
        expected |= {"id-prefix-added"}
    if rule.name in {"contract-moved", "event-type-renamed"}:
        expected |= {"annotation-changed"}
    assert set(levels) <= expected


def test_a_new_version_that_old_readers_can_read_passes(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.add_version(2, note_and_amount)
    contracts.release()
    result = contracts.diff()
    assert result.code == 0
    assert (
        "order.placed 1 → 2: backward: breaking, forward: compatible (exact readers: breaking)." in result.err
    )
    assert 'An up-adapter from version 1 has to supply "amount".' in result.out


def test_a_new_version_that_old_readers_cannot_read_does_not_pass(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.add_version(2, lambda schema: schema["required"].clear())
    contracts.release()
    assert contracts.diff().code == 1
    assert contracts.levels()["forward-break"] == "error"


@pytest.mark.parametrize(
    ("policy", "level"), [("FORWARD", None), ("FORWARD_TRANSITIVE", "error"), ("FULL_TRANSITIVE", "error")]
)
def test_a_transitive_policy_looks_at_each_live_version(
    policy: str, level: str | None, tmp_path: Path
) -> None:
    contracts = Contracts(tmp_path)
    contracts.add_version(2, lambda schema: schema["properties"]["amount"].update(minimum=0))
    contracts.commit()
    contracts.add_version(3, lambda schema: schema["properties"]["amount"].update(minimum=0))
    contracts.release()
    breaks = [each for each in contracts.findings("--policy", policy) if each["name"] == "forward-break"]
    assert [each["level"] for each in breaks] == ([] if level is None else [level])


def test_an_open_enum_may_grow_in_a_published_version(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_kinds)
    grow_kinds(contracts)
    contracts.release()
    assert contracts.diff().code == 0
    assert contracts.levels() == {"exact-forward-break": "notice", "enum-value-added": "notice"}


def test_a_closed_enum_may_not(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_kinds)
    contracts.edit_entry(lambda entry: entry.update(closed_enums=["kind"]))
    contracts.commit()
    grow_kinds(contracts)
    contracts.release()
    assert contracts.levels() == {"forward-break": "error", "enum-value-added": "error"}


def test_a_closed_enum_may_not_in_a_condition_beside_another_edit(tmp_path: Path) -> None:
    def kinds(schema: Any, *values: str) -> None:
        schema["properties"]["kind"] = {"type": "string"}
        schema["then"] = {"properties": {"kind": {"enum": list(values)}}}
        schema["if"] = {"required": ["kind"]}

    contracts = Contracts(tmp_path, lambda each: each.edit(ORDER, lambda schema: kinds(schema, "a")))
    contracts.edit_entry(lambda entry: entry.update(closed_enums=["kind"]))
    contracts.commit()
    contracts.edit(ORDER, lambda schema: kinds(schema, "a", "b"))
    contracts.edit(ORDER, note)
    contracts.release()
    assert contracts.levels()["enum-value-added"] == "error"


def test_in_a_published_version_words_may_change_and_no_property_may_come(
    tmp_path: Path,
) -> None:
    contracts = Contracts(tmp_path)
    contracts.edit(ORDER, lambda schema: schema.update(description="Says that an order is placed."))
    contracts.release()
    assert contracts.levels() == {"annotation-changed": "notice"}
    contracts.edit(ORDER, note)
    assert contracts.levels()["property-added"] == "error"


def edit_envelope(contracts: Contracts, change: Callable[[Any], object]) -> None:
    contracts.edit(contracts.read(REGISTRY)["envelope"], change)
    contracts.release()


def test_the_envelope_is_held_to_the_letter(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, with_two_readers)
    edit_envelope(contracts, lambda schema: schema["properties"].update(trace_id={"type": "string"}))
    found = [each for each in contracts.findings() if each["name"] == "forward-break"]
    assert [(each["level"], each["audience"]) for each in found] == [("error", ["sales", "support"])]
    assert found[0]["message"] == (
        "the envelope as it is now breaks sales and support, which publish or read events in it"
    )
    assert contracts.diff().err.startswith("the envelope: backward: compatible, forward: breaking.\n")
    assert (
        "| `contracts/event-envelope/schema/envelope-v1.json` | 🔴&nbsp;1 🔵&nbsp;1 | `sales`, `support` |"
        in (contracts.diff("--format", "markdown").out)
    )


def test_a_domain_without_events_has_no_envelopes(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    edit_envelope(contracts, lambda schema: schema["required"].remove("tenant_id"))
    found = {each["name"]: each for each in contracts.findings()}
    assert found["forward-break"]["audience"] == ["sales"]
    contracts.edit_entry(lambda entry: entry.update(producer="support"))
    found = {each["name"]: each for each in contracts.findings()}
    assert found["forward-break"]["audience"] == ["sales", "support"]


def test_no_reader_of_the_envelope_ignores_a_new_value(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    edit_envelope(contracts, lambda schema: schema["properties"]["producer"].update(enum=["sales"]))
    contracts.commit()
    edit_envelope(contracts, lambda schema: schema["properties"]["producer"]["enum"].append("support"))
    found = {each["name"]: each for each in contracts.findings()}
    assert found["forward-break"]["level"] == "error"
    assert "SG133" in found["forward-break"]["help"]
    assert "olerant" not in "".join(each["help"] for each in found.values())
    assert "as all do with the envelope" in " ".join(run("explain", "SG133").out.split())


def test_a_file_that_others_refer_to_changes_all_of_them(tmp_path: Path) -> None:
    def share(contracts: Contracts) -> None:
        place = "shop/schema/money.json"
        contracts.write(place, {"$id": f"https://contracts.sguild/{place}", "type": "integer", "minimum": 1})
        contracts.edit(ORDER, lambda schema: schema["properties"].update(amount={"$ref": "../money.json"}))

    contracts = Contracts(tmp_path, share)
    contracts.edit("shop/schema/money.json", lambda schema: schema.update(minimum=2))
    contracts.release()
    found = {each["name"]: each for each in contracts.findings()}
    assert found["backward-break"]["event_type"] == "order.placed"
    edit = found["bound-narrowed"]
    assert (edit["path"], edit["pointer"], edit["level"]) == (
        "contracts/shop/schema/money.json", "/minimum", "error"
    )  # fmt: skip


def test_a_version_without_its_schema_is_refused(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    (contracts.folder / ORDER).unlink()
    result = contracts.diff()
    assert result.code == 1
    assert "SG032 error" in result.out


def test_a_change_asks_for_a_version_and_an_entry(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.edit(REGISTRY, lambda registry: registry["id_prefixes"].update(per="person"))
    assert contracts.levels() == {
        "id-prefix-added": "notice",
        "registry-version-not-raised": "error",
        "changelog-entry-missing": "error",
    }
    contracts.edit(REGISTRY, lambda registry: registry.update(registry_version="1.0.1"))
    result = contracts.diff()
    assert "CHANGELOG.md has no new entry for registry 1.0.1" in result.out
    assert "    - Registry 1.0.1:\n      - contracts/event-types-registry.json: the id prefix" in result.out
    contracts.release("1.0.2")
    assert contracts.diff().code == 0


def test_a_withdrawal_waits_for_the_end_of_emission(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.add_version(2, note)
    contracts.edit_entry(lambda entry: entry["versions"][0].update(emit_until="2026-07-01"))
    contracts.commit()
    contracts.edit_entry(lambda entry: entry["versions"][0].update(status="withdrawn"))
    (contracts.folder / ORDER).unlink()
    contracts.release()
    assert contracts.diff("--today", "2026-06-30").code == 1
    assert contracts.diff("--today", "2026-07-01").code == 0


def rename(contracts: Contracts, *names: str) -> None:
    """Write each name in place of order.placed, in the schema and in an entry of its own."""
    schema, place = contracts.read(ORDER), ORDER
    for name in names:
        place = ORDER.replace("order.placed", name)
        contracts.write(place, json.loads(json.dumps(schema).replace("order.placed", name)))

    def register(registry: Any) -> None:
        (entry,) = registry["event_types"]
        registry["event_types"] = [{**entry, "event_type": each} for each in names]

    contracts.edit(REGISTRY, register)
    (contracts.folder / ORDER).unlink()
    contracts.release()


def test_an_event_type_that_is_renamed_with_an_edit_is_compared(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    rename(contracts, "order.ordered")
    contracts.edit(ORDER.replace("placed", "ordered"), lambda schema: schema["required"].clear())
    contracts.edit_entry(lambda entry: entry["subscribers"].append("support"))
    found = {each["name"]: each for each in contracts.findings()}
    assert found.keys() == {
        *("event-type-renamed", "subscriber-added", "annotation-changed"),
        *("forward-break", "property-made-optional"),
    }
    told = found["forward-break"]
    assert told["witness"]["refused_by"] == "readers of order.placed version 1 at HEAD"
    assert (told["event_type"], told["audience"]) == ("order.ordered", ["sales", "support"])
    assert told["related"][0]["path"] == f"contracts/{ORDER}"


@pytest.mark.parametrize(
    ("names", "change"),
    [
        (("order.ordered", "order.put"), lambda schema: schema["required"].clear()),  # which of the two?
        (("order.ordered",), lambda schema: schema.update(properties={}, required=[], maxProperties=3)),
    ],
)
def test_what_may_be_another_event_type_is_one(
    names: tuple[str, ...], change: Callable[[Any], object], tmp_path: Path
) -> None:
    contracts = Contracts(tmp_path)
    rename(contracts, *names)
    for each in names:
        contracts.edit(ORDER.replace("order.placed", each), change)
    assert contracts.levels() == {"event-type-removed": "error", "event-type-added": "notice"}


def test_a_shared_file_that_is_renamed_with_an_edit_is_compared(tmp_path: Path) -> None:
    def refer_to(name: str, contracts: Contracts, minimum: int) -> None:
        place = f"shop/schema/{name}.json"
        identified = {"$id": f"https://contracts.sguild/{place}"}
        contracts.write(place, {**identified, "type": "integer", "minimum": minimum})
        contracts.edit(ORDER, lambda schema: schema["properties"].update(amount={"$ref": f"../{name}.json"}))

    contracts = Contracts(tmp_path, lambda each: refer_to("money", each, 1))
    refer_to("price", contracts, 2)
    (contracts.folder / "shop/schema/money.json").unlink()
    contracts.release()
    found = {each["name"]: each for each in contracts.findings()}
    assert found.keys() == {"backward-break", "bound-narrowed", "reference-changed", "annotation-changed"}
    edit = found["bound-narrowed"]
    assert (edit["path"], edit["pointer"]) == ("contracts/shop/schema/price.json", "/minimum")
    assert edit["related"][0]["path"] == "contracts/shop/schema/money.json"
    assert "Behind it: SG140." in found["backward-break"]["help"]


def test_an_event_type_that_nobody_reads_may_go(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path, lambda each: each.edit_entry(lambda entry: entry["subscribers"].clear()))
    contracts.edit(REGISTRY, lambda registry: registry["event_types"].clear())
    contracts.release()
    assert contracts.levels() == {"event-type-removed": "notice"}


class TestGit:
    def test_a_reference_that_is_not_there(self, tmp_path: Path) -> None:
        contracts = Contracts(tmp_path)
        for reference in ("origin/main", "--all", "", "HEAD~5", "HEAD^{tree}", "a b", "HEAD\x00"):
            result = contracts.diff(against=reference)
            assert (result.code, result.out, result.err.count("\n")) == (2, "", 1), reference
            assert "names no commit: name a branch, a tag or a commit" in result.err

    def test_a_path_that_is_not_there(self, tmp_path: Path) -> None:
        result = Contracts(tmp_path).diff(against="HEAD:elsewhere")
        assert (result.code, result.err) == (
            2, 'sguild-codegen: There is no folder "elsewhere" at "HEAD": name it as REF:PATH.\n'
        )  # fmt: skip

    def test_contracts_that_have_moved(self, tmp_path: Path) -> None:
        contracts = Contracts(tmp_path)
        shutil.move(contracts.folder, tmp_path / "moved")
        assert contracts.diff("--contracts", "moved", against="HEAD:contracts").code == 0

    def test_a_shallow_clone(self, tmp_path: Path) -> None:
        (tmp_path / "origin").mkdir()
        origin = Contracts(tmp_path / "origin")
        origin.commit()
        git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin.root}", "clone")
        clone = Contracts.__new__(Contracts)
        clone.root, clone.folder = tmp_path / "clone", tmp_path / "clone" / "contracts"
        assert clone.diff(against="HEAD").code == 0
        result = clone.diff(against="HEAD~1")
        assert result.code == 2
        assert "this is a shallow clone: fetch it first (git fetch --unshallow" in result.err

    def test_no_repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        contracts = Contracts(tmp_path)
        shutil.rmtree(tmp_path / ".git")
        result = contracts.diff()
        assert result.code == 2
        assert "git finds no repository around" in result.err

    def test_no_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        contracts = Contracts(tmp_path)
        monkeypatch.setenv("PATH", str(tmp_path))
        result = contracts.diff()
        assert (result.code, result.err) == (
            2, "sguild-codegen: git is not there: install it, or compare two files.\n"
        )  # fmt: skip

    def test_from_below_the_root_and_with_other_hashes(self, tmp_path: Path) -> None:
        contracts = Contracts(tmp_path)
        shutil.rmtree(tmp_path / ".git")
        git(tmp_path, "init", "--quiet", "--object-format=sha256")
        contracts.commit()
        assert contracts.diff().err == "Nothing has changed.\n"
        contracts.edit(ORDER, note)
        contracts.root = tmp_path / "docs"
        contracts.root.mkdir()
        assert contracts.diff("--contracts", "../contracts").code == 1
