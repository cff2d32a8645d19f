"""The list of all rules; imports no more than the rules themselves."""

import sys

from sguild_codegen.report.pages import pages


def print_rules() -> None:
    """Print a line for each rule, by id."""
    for each in pages():
        rule = each.rule
        sys.stdout.write(f"{rule.id}  {rule.level:7}  {rule.name:29}  {plain(rule.message)}\n")


def plain(template: str) -> str:
    """Return a template for people: what is filled in stands in angle brackets."""
    shown = template.replace("{{", "\0").replace("}}", "\1")
    return shown.replace("{", "<").replace("}", ">").replace("\0", "{").replace("\1", "}")
