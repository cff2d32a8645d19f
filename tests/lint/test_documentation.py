"""docs/linting.md lists the rules as they are."""

from command_kit import ROOT

from sguild_codegen.report.lint_pages import PAGES


def test_the_table_of_rules_is_up_to_date() -> None:
    text = (ROOT / "docs/linting.md").read_text("utf-8")
    listed = [line for line in text.splitlines() if line.startswith("| SG")]
    assert listed == [
        f"| {page.rule.id} | {page.rule.name} | {page.rule.level} | {_plain(page.rule.message)} |"
        f" {'yes' if page.mends else ''} |"
        for _, page in sorted(PAGES.items())
    ]


def _plain(template: str) -> str:
    return template.replace("{", "_").replace("}", "_")
