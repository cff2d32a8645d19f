"""Findings as text for people, as JSON for tools, and as GitHub workflow commands."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from sguild_codegen.report.finding import Finding
from sguild_codegen.report.safe import visible


class Printer(Protocol):
    """Returns findings as they are printed; only text has a use for ``color``."""

    def __call__(self, findings: Sequence[Finding], *, color: bool) -> str:
        """Return the text that goes to stdout."""
        ...


_RESET: Final = "\x1b[0m"
_BOLD: Final = "\x1b[1m"
_COLORS: Final = MappingProxyType({"error": "\x1b[31;1m", "warning": "\x1b[33;1m", "notice": "\x1b[36;1m"})
_WIDTH: Final = 120  # a longer source line is cut around the place
_BEFORE: Final = 60
_INDENT: Final = "    "  # no line of a contract ever starts a line of output: "::" there is a command to CI


def text(findings: Sequence[Finding], *, color: bool) -> str:
    """Return each finding with its source line, an underline and help; one line where there is no source."""
    return "".join(_text_of(each, color=color) for each in findings)


def json_document(findings: Sequence[Finding], *, color: bool) -> str:  # noqa: ARG001 - all printers look alike
    """Return ``{"findings": [...]}``; keys that do not apply are null."""
    listed = [
        {
            "rule": each.rule.id,
            "name": each.rule.name,
            "level": each.level,
            "path": visible(each.path),
            "line": each.line,
            "column": each.column,
            "pointer": None if each.pointer is None else visible(each.pointer),
            "message": visible(each.message),
            "help": visible(each.help),
            "source": None if each.source is None else visible(each.source),
        }
        for each in findings
    ]
    return json.dumps({"findings": listed}, indent=2) + "\n"


def github(findings: Sequence[Finding], *, color: bool) -> str:  # noqa: ARG001 - all printers look alike
    """Return one workflow command a finding, which GitHub shows at the line of the pull request."""
    return "".join(_github_command(each) for each in findings)


PRINTERS: Final[Mapping[str, Printer]] = MappingProxyType(
    {"text": text, "json": json_document, "github": github}
)


def _text_of(finding: Finding, *, color: bool) -> str:
    paint = _paint if color else _plain
    level = paint(f"{finding.rule.id} {finding.level}:", _COLORS[finding.level])
    head = f"{paint(_place(finding), _BOLD)} {level} {visible(finding.message)}"
    if finding.source is None:
        return f"{head}. {visible(finding.help)}\n"
    source, underline = _excerpt(finding.source, finding.column or 1, finding.length)
    mark = paint(underline, _COLORS[finding.level])
    return f"{head}\n{_INDENT}{source}\n{_INDENT}{mark}\nhelp: {visible(finding.help)}\n"


def _place(finding: Finding) -> str:
    path = visible(finding.path)
    path = f"./{path}" if path.startswith(":") else path
    return f"{path}:" if finding.line is None else f"{path}:{finding.line}:{finding.column}:"


def _excerpt(source: str, column: int, length: int) -> tuple[str, str]:
    """Return the source line, cut where it is long, and the underline below it."""
    start = column - 1
    first = max(0, start - _BEFORE) if len(source) > _WIDTH else len(source) - len(source.lstrip())
    first = min(first, start)
    last = first + _WIDTH
    lead = visible(source[first:start])
    marked = visible(source[start : min(start + length, last)])
    rest = visible(source[start + length : last])
    return f"{lead}{marked}{rest}", " " * len(lead) + "^" + "~" * (len(marked) - 1)


def _paint(part: str, code: str) -> str:
    return f"{code}{part}{_RESET}"


def _plain(part: str, code: str) -> str:  # noqa: ARG001 - stands in for _paint
    return part


def _github_command(finding: Finding) -> str:
    places = {"file": finding.path, "line": finding.line, "col": finding.column}
    values = {**places, "title": f"{finding.rule.id} {finding.rule.name}"}
    properties = ",".join(
        f"{key}={_property(str(value))}" for key, value in values.items() if value is not None
    )
    body = f"{_data(finding.message)}%0Ahelp: {_data(finding.help)}"
    return f"::{finding.level} {properties}::{body}\n"


def _data(value: str) -> str:
    return visible(value).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
