"""`[tool.sguild-codegen.diff]`: policies and waivers."""

from pathlib import Path
from typing import Any

import pytest
from git_kit import ORDER, REGISTRY, Contracts

TABLE = "[tool.sguild-codegen.diff]\n"


def configure(contracts: Contracts, text: str) -> None:
    (contracts.root / "pyproject.toml").write_text(text, "utf-8")


def with_break(root: Path) -> Contracts:
    """Return contracts with a version 2 that readers of version 1 cannot read."""
    contracts = Contracts(root)
    contracts.add_version(2, lambda schema: schema["required"].clear())
    contracts.release()
    return contracts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 1),
        (f'{TABLE}policy = "BACKWARD"', 0),
        (f'{TABLE}policies = {{ shop = "NONE" }}', 0),
        (f'{TABLE}policies = {{ shop = "NONE", "order.placed" = "FULL" }}', 1),
        (f'{TABLE}policy = "NONE"\npolicies = {{ "order.placed" = "FORWARD_TRANSITIVE" }}', 1),
    ],
)
def test_a_policy_goes_by_event_type_then_contract_then_all(text: str, code: int, tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    configure(contracts, text)
    assert contracts.diff().code == code


def test_an_option_goes_before_the_configuration(tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    configure(contracts, f'{TABLE}policies = {{ shop = "NONE" }}')
    assert contracts.diff("--policy", "FORWARD").code == 1


def test_where_everything_goes_edits_are_only_told(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    configure(contracts, f'{TABLE}policy = "NONE"')
    contracts.edit(ORDER, lambda schema: schema["required"].clear())
    contracts.edit_entry(lambda entry: entry.update(producer="support"))
    contracts.release()
    assert set(contracts.levels().values()) == {"notice"}
    assert {"property-made-optional", "producer-changed", "forward-break"} <= set(contracts.levels())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('polices = "FULL"', 'diff has no key "polices": did you mean "policies"?'),
        ('policy = "full"', 'diff policy cannot be "full": did you mean "FULL"?'),
        ("policy = 1", 'diff policy cannot be "1": the policies are NONE, BACKWARD,'),
        (
            'policies = { shp = "FULL" }',
            '"shp", which is no contract and no event type: did you mean "shop"?',
        ),
        ('policies = "FULL"', "diff.policies has to be a table."),
        ("waivers = 1", "diff.waivers has to be a list of tables."),
        ("waivers = [{ rule = 'SG102' }]", "diff.waivers[0] lacks pointer, old, new, reason, expires"),
        ("waivers = [{ ruel = 'SG102' }]", 'diff.waivers[0] has no key "ruel": did you mean "rule"?'),
        ('changelog = ""', "diff changelog has to be a text that is not empty"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_one_sentence(
    text: str, message: str, tmp_path: Path
) -> None:
    contracts = Contracts(tmp_path)
    configure(contracts, TABLE + text)
    result = contracts.diff()
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert message in result.err


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("expires", '"2026-07-01"', "expires has to be a date, such as 2026-12-31, without quotes."),
        ("rule", '"SG999"', 'names "SG999", which is no rule'),
        ("old", '"abc"', "old has to be the SHA-256 of the schema; --waivers prints it."),
        ("reason", '" "', "reason has to be a text that is not empty"),
    ],
)
def test_a_waiver_has_to_be_complete(key: str, value: str, message: str, tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    lines = filled(contracts).splitlines()
    configure(
        contracts, "\n".join(f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines)
    )
    result = contracts.diff()
    assert result.code == 2
    assert message in result.err


def filled(contracts: Contracts) -> str:
    """Return the waivers that the command prints, with a reason."""
    result = contracts.diff("--waivers")
    assert result.code == 1
    return result.out.replace('reason = ""', 'reason = "support moves on in June"')


def test_a_printed_waiver_lets_exactly_its_finding_pass(tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    text = filled(contracts)
    assert text.count("[[tool.sguild-codegen.diff.waivers]]") == 1
    configure(contracts, text)
    result = contracts.diff()
    assert result.code == 0
    assert "SG102 notice" in result.out
    assert "(waived until 2026-07-01: support moves on in June)" in result.out


def test_a_waiver_ends_with_its_day(tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    configure(contracts, filled(contracts))
    assert contracts.diff("--today", "2026-06-30").code == 0
    result = contracts.diff("--today", "2026-07-01")
    assert result.code == 1
    assert "SG102 error" in result.out
    told = 'the waiver of forward-break at "/properties/order_id" ended on 2026-07-01'
    assert (
        f"pyproject.toml:1:1: SG108 error: {told}\n    [[tool.sguild-codegen.diff.waivers]]\n    ^\n"
        in result.out
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_waiver_is_stale_when_either_schema_changes(version: str, tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    configure(contracts, filled(contracts))
    contracts.edit(ORDER.replace("v1", version), lambda schema: schema.update(description="other words"))
    result = contracts.diff()
    assert result.code == 1
    assert "SG102 error" in result.out
    assert "SG107 warning" in result.out


def test_a_waiver_for_nothing_is_told(tmp_path: Path) -> None:
    contracts = with_break(tmp_path)
    configure(contracts, filled(contracts))
    contracts.commit()
    assert contracts.levels() == {"stale-waiver": "warning"}
    result = contracts.diff("--format", "junit")
    assert result.code == 0
    assert 'tests="1" failures="0"' in result.out


HEADER = "[[tool.sguild-codegen.diff.waivers]]"
STALE = (
    'rule = "SG102"',
    'pointer = ""',
    f'old = "{0:064}"',
    f'new = "{0:064}"',
    'reason = "{ no table"',
    "expires = 2027-01-01",
)
LINES = "\n".join(STALE)
INLINE = f"{{ {', '.join(STALE)} }}"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (f"{HEADER}\n{LINES}\n\n  {HEADER} # {{ next\n{LINES}\n", [(1, 1), (9, 3)]),
        (f"{TABLE}waivers = [{INLINE}, {INLINE}]", [(2, 12), (2, 14 + len(INLINE))]),
        (f"{TABLE}waivers = [\n  # {{ not this }}\n  {INLINE},\n]", [(4, 3)]),
        (f"[tool]\nsguild-codegen.diff = {{ waivers = [{INLINE}] }}", [(2, 36)]),
        (f"[x]\ny = '''\n{HEADER}\n'''\nz = {{}}\n{HEADER}\n{LINES}", [(6, 1)]),
        (f"[[tool.sguild-codegen.diff.'waivers']]\n{LINES}", [(1, 1)]),
        (f"[x]\ny = [\n[['waivers']]\n]\n{HEADER}\n{LINES}", [(None, None)]),
    ],
)
def test_a_finding_about_a_waiver_has_its_place(
    text: str, places: list[tuple[int | None, int | None]], tmp_path: Path
) -> None:
    contracts = Contracts(tmp_path)
    for newline in ("\n", "\r\n"):
        (tmp_path / "pyproject.toml").write_text(text, "utf-8", newline=newline)
        found = contracts.findings()
        assert {each["name"] for each in found} == {"stale-waiver"}
        assert [(each["line"], each["column"]) for each in found] == places


def test_edits_of_the_registry_can_be_waived(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    contracts.edit_entry(lambda entry: entry.update(producer="support"))
    contracts.release()
    text = filled(contracts)
    assert 'rule = "producer-changed"\npointer = "/event_types/0/producer"\n' in text
    configure(contracts, text)
    assert contracts.diff().code == 0


def test_the_changelog_may_stand_elsewhere(tmp_path: Path) -> None:
    contracts = Contracts(tmp_path)
    configure(contracts, f'{TABLE}changelog = "docs/CHANGES.md"')

    def prefix(registry: Any) -> None:
        registry["id_prefixes"]["per"] = "person"

    contracts.edit(REGISTRY, prefix)
    contracts.release()
    assert "docs/CHANGES.md has no new entry for registry 1.1.0" in contracts.diff().out
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "CHANGES.md").write_text("Registry 1.1.0: people have ids.\n", "utf-8")
    assert contracts.diff().code == 0
