"""``sguild-codegen rules`` and ``explain``: what the tool finds, and what to do about it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sguild_codegen.cli.listing import plain, print_rules
from sguild_codegen.cli.output import Color, Format, Output, reported

if TYPE_CHECKING:
    from sguild_codegen.report.pages import Page

_WIDTH: Final = 100


def rules() -> None:
    """List all rules: id, level, name and what a finding says."""
    print_rules()


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id or name, such as SG112.")],
) -> None:
    """Explain a rule: what it finds, why, and how to do it without breaking anybody."""
    with reported(Output(Format.TEXT, Color.NEVER)):
        sys.stdout.write("\n".join(_lines(_found(rule))) + "\n")


def _found(name: str) -> "Page":
    from difflib import get_close_matches

    from sguild_codegen.errors import UsageError
    from sguild_codegen.report.pages import page, pages
    from sguild_codegen.report.safe import shown

    found = page(name)
    if found is not None:
        return found
    near = get_close_matches(name, [each.rule.name for each in pages()], n=1)  # a near number means nothing
    meant = f'did you mean "{near[0]}"?' if near else '"sguild-codegen rules" lists them.'
    raise UsageError(f"There is no rule {shown(name)}: {meant}")


def _lines(page: "Page") -> Iterator[str]:
    rule = page.rule
    yield f"{rule.id} {rule.name} ({rule.level})"
    for title, text in (
        ("What", f"{plain(rule.message)}."),
        ("Why", rule.why),
        ("What to do", plain(rule.help)),
        ("Without breaking anybody", page.instead),
    ):
        if text:
            yield ""
            yield f"{title}:"
            yield from _wrapped(text)
    for label, text in zip(page.labels, (page.before, page.after), strict=True):
        if text:
            yield ""
            yield f"Example, {label}:"
            yield from (f"    {line}" for line in text.splitlines())


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
