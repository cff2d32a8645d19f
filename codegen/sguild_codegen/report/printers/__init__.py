"""Printers: findings in each format; a printer never decides, so all of them say the same.

``PRINTERS`` has one for each value of ``--format``. Text from contracts is hostile in every format: it
cannot move a terminal's cursor, start a workflow command, leave an XML element or become Markdown.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from sguild_codegen.report.finding import Finding
from sguild_codegen.report.printers.context import Context
from sguild_codegen.report.printers.github import github
from sguild_codegen.report.printers.gitlab import gitlab
from sguild_codegen.report.printers.json_document import json_document
from sguild_codegen.report.printers.junit import junit
from sguild_codegen.report.printers.markdown import markdown
from sguild_codegen.report.printers.sarif import sarif
from sguild_codegen.report.printers.text import text


class Printer(Protocol):
    """Returns findings as they are printed.

    No findings give no text at all, or a valid document without any.
    """

    def __call__(self, findings: Sequence[Finding], context: Context = ...) -> str:
        """Return the text that goes to stdout."""
        ...


PRINTERS: Final[Mapping[str, Printer]] = MappingProxyType(
    {
        "text": text,
        "json": json_document,
        "github": github,
        "gitlab": gitlab,
        "junit": junit,
        "sarif": sarif,
        "markdown": markdown,
    }
)
