"""Every rule has a page; what its example shows is found, and mended where the page says so."""

import json
from pathlib import Path

import pytest
from command_kit import run
from shop_kit import example, found, lint, shop

from sguild_codegen.report import lint_rules
from sguild_codegen.report.lint_pages import PAGES, LintPage
from sguild_codegen.report.rules import Rule

LISTED = sorted(PAGES.values(), key=lambda each: each.rule.id)
each_page = pytest.mark.parametrize("page", LISTED, ids=lambda each: each.rule.name)


@pytest.fixture(autouse=True)
def _settings_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_rule_has_a_page_and_says_why() -> None:
    rules = {each.id: each for each in vars(lint_rules).values() if isinstance(each, Rule)}
    assert rules.keys() == PAGES.keys()
    assert all(each.why for each in rules.values())


def test_nothing_is_found_in_a_sound_tree(tmp_path: Path) -> None:
    result = lint(shop(tmp_path))
    assert (result.code, result.out, result.err) == (0, "", "0 errors, 0 warnings, 0 notices.\n")


@each_page
def test_the_example_is_found(page: LintPage, tmp_path: Path) -> None:
    contracts = example(tmp_path, page.place, page.after)
    listed = json.loads(lint(contracts, "--format", "json").out)["findings"]
    assert page.rule.id in {each["rule"] for each in listed}
    assert lint(contracts).code == (0 if {each["level"] for each in listed} == {"notice"} else 1)


@each_page
def test_nothing_is_found_in_the_sound_example(page: LintPage, tmp_path: Path) -> None:
    assert found(example(tmp_path, page.place, page.before)) == []


@each_page
def test_what_is_to_be_mended_is(page: LintPage, tmp_path: Path) -> None:
    contracts = example(tmp_path, page.place, page.after)
    result = lint(contracts, "--fix")
    assert (f": {page.rule.id} " in result.err) == page.mends
    assert (page.rule.id in found(contracts)) != page.mends


@each_page
def test_explain_shows_both(page: LintPage) -> None:
    shown = run("explain", page.rule.name).out
    assert "Example, sound:" in shown
    assert "Example, found:" in shown
    assert json.loads(json.dumps(page.after.splitlines()[0])) in shown
