"""Findings as text for people."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import about, place_of, proof_of, related
from sguild_codegen.report.safe import as_json, visible

_RESET: Final = "\x1b[0m"
_BOLD: Final = "\x1b[1m"
_COLORS: Final = MappingProxyType({"error": "\x1b[31;1m", "warning": "\x1b[33;1m", "notice": "\x1b[36;1m"})
_WIDTH: Final = 120  # a longer source line is cut around the place; a longer witness is spread over lines
_BEFORE: Final = 60
_INDENT: Final = "    "  # no line of a contract ever starts a line of output: "::" there is a command to CI


def text(findings: Sequence[Finding], context: Context = PLAIN) -> str:
    """Return each finding with its source line, an underline, what is known beside, and help.

    It is one line where there is nothing but a message and help.
    """
    return "".join(_text_of(each, color=context.color) for each in findings)


def _text_of(finding: Finding, *, color: bool) -> str:
    paint = _paint if color else _plain
    level = paint(f"{finding.rule.id} {finding.level}:", _COLORS[finding.level])
    head = f"{paint(f'{_place(finding)}:', _BOLD)} {level} {visible(finding.message)}"
    lines = [*_source_lines(finding, color=color), *_detail_lines(finding, color=color)]
    if not lines:
        return f"{head}. {visible(finding.help)}\n"
    return "\n".join((head, *lines, f"help: {visible(finding.help)}", ""))


def _place(finding: Finding) -> str:
    place = place_of(finding)
    return f"./{place}" if place.startswith(":") else place


def _source_lines(finding: Finding, *, color: bool) -> Iterator[str]:
    if finding.source is None:
        return
    source, underline = _excerpt(finding.source, finding.column or 1, finding.length)
    mark = _paint(underline, _COLORS[finding.level]) if color else underline
    yield f"{_INDENT}{source}"
    yield f"{_INDENT}{mark}"


def _detail_lines(finding: Finding, *, color: bool) -> Iterator[str]:
    paint = _paint if color else _plain
    for label, value in about(finding):
        yield f"{paint(f'{label}:', _BOLD)} {value}"
    if finding.witness is not None:
        yield f"{paint('witness:', _BOLD)} {proof_of(finding.witness)}"
        yield from _document_lines(finding.witness)
    for place, (label, value) in zip(finding.related, related(finding), strict=True):
        yield f"{paint(f'{label}:', _BOLD)} {value}"
        if place.source is not None:
            source, _ = _excerpt(place.source, place.column or 1, 1)
            yield f"{_INDENT}{source}"
    if finding.proposal is not None:
        yield f"{paint('proposal:', _BOLD)}"
        yield from (f"{_INDENT}{visible(line)}" for line in finding.proposal.split("\n"))


def _document_lines(witness: Witness) -> Iterator[str]:
    document = as_json(witness.document)
    lines = [document] if len(document) <= _WIDTH else as_json(witness.document, indent=2).split("\n")
    yield from (f"{_INDENT}{line}" for line in lines)


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
