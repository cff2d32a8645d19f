"""`sguild-codegen rules` and `explain`: every rule is listed, and has a page."""

import pytest
from command_kit import run
from test_start import HEAVY, imported

from sguild_codegen.report.change_rules.change_rule import ChangeRule
from sguild_codegen.report.pages import Page, pages

PAGES = list(pages())
CHANGES = [each.rule for each in PAGES if isinstance(each.rule, ChangeRule)]
HOLES = {
    "stale-waiver": "about the configuration",
    "expired-waiver": "about the configuration",
    "registry-version-not-raised": "about a change as a whole",
    "changelog-entry-missing": "about a change as a whole",
}


def test_every_rule_is_listed_once_by_id() -> None:
    lines = run("rules").out.splitlines()
    ids = [line.split()[0] for line in lines]
    assert ids == sorted(set(ids))
    assert {"SG001", "SG072", "SG101", "SG112", "SG193"} <= set(ids)
    assert {len(line.split()[1]) for line in lines} <= {5, 6, 7}


def test_ids_and_names_are_unique() -> None:
    for texts in ([each.rule.id for each in PAGES], [each.rule.name for each in PAGES]):
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.rule.name)
def test_every_rule_has_a_page_by_id_and_by_name(page: Page) -> None:
    rule = page.rule
    by_id, by_name = run("explain", rule.id.lower()), run("explain", rule.name)
    assert by_id == by_name
    assert (by_id.code, by_id.err) == (0, "")
    assert by_id.out.startswith(f"{rule.id} {rule.name} ({rule.level})\n\nWhat:\n")


@pytest.mark.parametrize("rule", CHANGES, ids=lambda each: each.name)
def test_the_page_of_a_change_says_why_and_how_else(rule: ChangeRule) -> None:
    page = run("explain", rule.id).out
    assert "\nWhy:\n" in page
    assert "\nWithout breaking anybody:\n" in page
    assert rule.name in HOLES or "\nExample, after:\n" in page


@pytest.mark.parametrize("rule", CHANGES, ids=lambda each: each.name)
def test_every_change_has_a_mirror_or_is_a_hole_by_name(rule: ChangeRule) -> None:
    by_name = {each.name: each for each in CHANGES}
    if rule.name in HOLES:
        assert not rule.mirror
        return
    opposite = by_name[rule.mirror]
    assert opposite.mirror == rule.name
    turned = {"narrows": "widens", "widens": "narrows"}
    assert opposite.effect == turned.get(rule.effect, rule.effect)


def test_no_hole_is_filled_already() -> None:
    assert set(HOLES) == {each.name for each in CHANGES if not each.mirror}


def test_a_whole_page() -> None:
    assert run("explain", "property-made-required").out == (
        "SG112 property-made-required (error)\n"
        "\n"
        "What:\n"
        "    the property <name> is required now.\n"
        "\n"
        "Why:\n"
        "    Events without the property are stored already, or still on their way: readers of the new "
        "schema\n"
        "    refuse them.\n"
        "\n"
        "What to do:\n"
        "    Undo it, or write a new version of the payload and leave this one as it is.\n"
        "\n"
        "Without breaking anybody:\n"
        "    Require it in a new version. An up-adapter supplies the value for events of the old one.\n"
        "\n"
        "Example, before:\n"
        '    {"properties": {"id": {"type": "string"}}}\n'
        "\n"
        "Example, after:\n"
        '    {"properties": {"id": {"type": "string"}}, "required": ["id"]}\n'
    )


def test_an_unknown_rule_gets_a_suggestion() -> None:
    result = run("explain", "property-made-requird")
    assert result.code == 2
    assert 'did you mean "property-made-required"?' in result.err


def test_an_unknown_number_gets_the_list_and_no_number_near_it() -> None:
    result = run("explain", "SG999")
    assert result.code == 2
    assert result.err == 'sguild-codegen: There is no rule "SG999": "sguild-codegen rules" lists them.\n'


def test_rules_imports_nothing_heavy() -> None:
    modules = imported("from sguild_codegen.cli import main\nmain(['rules'])")
    assert "sguild_codegen.report.change_rules.registry" in modules
    assert not modules & {
        *HEAVY,
        "sguild_codegen.compat",
        "sguild_codegen.reader",
        "sguild_dispatcher",
        "typer",
    }


@pytest.mark.parametrize("command", [(), ("rules",)])
def test_help_is_there_as_for_other_commands(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert "Show this message and exit." in result.out
