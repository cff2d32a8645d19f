"""What ``explain`` says about a rule, as data that the module of the rule provides."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from sguild_codegen.report.rules import Rule

_MODULES: Final = (
    "sguild_codegen.report.rules",
    "sguild_codegen.report.change_rules.verdicts",
    "sguild_codegen.report.change_rules.objects",
    "sguild_codegen.report.change_rules.values",
    "sguild_codegen.report.change_rules.structure",
    "sguild_codegen.report.change_rules.registry",
    "sguild_codegen.report.lint_pages",
)
"""Modules with rules. A module that has ``RULES`` lists them; else its constants are its rules.

What a page shows beside what every rule has, stands in the attributes ``instead``, ``before`` and ``after``
of the rule, or in a mapping ``PAGES`` of the module, by the id of the rule.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How to do without what the rule forbids, and an example: what it finds in ``after`` and not before.

    A rule about one text rather than about a change has a sound example in ``before``. ``labels`` are the
    headings of the two.
    """

    rule: Rule
    instead: str = ""
    before: str = ""
    after: str = ""
    labels: tuple[str, str] = ("before", "after")


def pages() -> Iterator[Page]:
    """Yield the pages of all rules of the tool, by id."""
    found = [page for name in _MODULES for page in _pages_of(vars(import_module(name)))]
    yield from sorted(found, key=lambda each: each.rule.id)


def page(name: str) -> Page | None:
    """Return the page of a rule by its id or name."""
    wanted = name.casefold()
    return next((each for each in pages() if wanted in (each.rule.id.casefold(), each.rule.name)), None)


def _pages_of(module: Mapping[str, Any]) -> Iterator[Page]:
    rules: Iterable[object] = module.get("RULES", module.values())
    given: Mapping[str, Page] = module.get("PAGES", {})
    for rule in rules:
        if isinstance(rule, Rule):
            yield given.get(rule.id) or _page_of(rule)


def _page_of(rule: Rule) -> Page:
    instead, before, after = (str(getattr(rule, key, "")) for key in ("instead", "before", "after"))
    return Page(rule=rule, instead=instead, before=before, after=after)
