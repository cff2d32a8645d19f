"""Findings as Markdown: the comment that a person reads on a pull request."""

from collections import Counter
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from sguild_codegen.report.finding import Finding, Place, Witness
from sguild_codegen.report.printers.context import PLAIN, Context
from sguild_codegen.report.printers.details import NAME, place_of
from sguild_codegen.report.printers.harmless import code, fenced, fenced_text, html_code, sentence
from sguild_codegen.report.safe import as_json, visible_lines

# Findings by event type, then, marked True, those without one by file; the worst first.
_Groups: TypeAlias = dict[tuple[bool, str], list[Finding]]

_MARK: Final = f"<!-- {NAME} -->"  # by which a workflow finds its own comment again
_LEVELS: Final = ("error", "warning", "notice")
_SIGNS: Final = MappingProxyType({"error": "🔴", "warning": "🟡", "notice": "🔵"})
_LONGEST: Final = 60_000  # characters; services refuse a comment of more than 65,536
_MOST_ROWS: Final = 200
_LONGEST_DOCUMENT: Final = 4_000
_LONGEST_SOURCE: Final = 200


def markdown(findings: Sequence[Finding], context: Context = PLAIN) -> str:
    """Return a summary, a table of who breaks, and each finding with its witness folded.

    What would make the comment too long for a service is left out, and counted.
    """
    groups = _grouped(findings)
    blocks = [_MARK, f"### {NAME}: {_summary(findings)}"]
    blocks += [f"**Checked:** {sentence(context.checked)}"] if context.checked else []
    blocks += _tables(groups)
    return "\n\n".join((*blocks, *_within(_LONGEST - sum(map(len, blocks)), groups))) + "\n"


def _within(room: int, groups: _Groups) -> Iterator[str]:
    """Yield as many findings as there is room for, below the heading of their group."""
    left = sum(map(len, groups.values()))
    for group in groups.values():
        heading = f"#### {code(_group_of(group[0])[1])}\n\n"
        for each in group:
            block = heading + "\n\n".join(_finding_blocks(each))
            room -= len(block)
            if room < 0:
                yield f"The last {left} of the findings are left out here: the comment would be too long."
                return
            yield block
            heading = ""
            left -= 1


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(each.level for each in findings)
    parts = [
        f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in _LEVELS if counts[level]
    ]
    if counts["error"] or counts["warning"]:
        return ", ".join(parts)
    return ", ".join(("nothing breaks", *parts))


def _grouped(findings: Sequence[Finding]) -> _Groups:
    groups: _Groups = {}
    for each in sorted(findings, key=_rank):
        groups.setdefault(_group_of(each), []).append(each)
    return dict(sorted(groups.items(), key=lambda item: (item[0][0], _rank(item[1][0]), item[0][1])))


def _rank(finding: Finding) -> int:
    return _LEVELS.index(finding.level)


def _group_of(finding: Finding) -> tuple[bool, str]:
    return finding.subject is None, finding.path if finding.subject is None else finding.subject


def _tables(groups: _Groups) -> Iterator[str]:
    """Yield the table of event types and that of files, each with who breaks where that is a question."""
    for is_file, first in ((False, "Event type"), (True, "File")):
        named = [(name, group) for (kind, name), group in groups.items() if kind is is_file]
        hit = any(each.audience for _, group in named for each in group)
        columns = (first, "Findings", *(["Who breaks"] if hit else []))
        rows = [_row(*each, people=hit) for each in named[:_MOST_ROWS]]
        if rows:
            yield "\n".join((f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows))
        if len(named) > _MOST_ROWS:
            yield f"and {len(named) - _MOST_ROWS} more."


def _row(name: str, group: Sequence[Finding], *, people: bool) -> str:
    counts = Counter(each.level for each in group)
    found = " ".join(f"{_SIGNS[level]}&nbsp;{counts[level]}" for level in _LEVELS if counts[level])
    cells = [code(name), found]
    if people:
        broken = sorted({each for one in group if one.level == "error" for each in one.audience})
        cells.append(", ".join(map(code, broken)) or "nobody")
    return f"| {' | '.join(cells)} |"


def _finding_blocks(finding: Finding) -> Iterator[str]:
    head = f"{_SIGNS[finding.level]} **{finding.level}**: {sentence(finding.message)}"
    place = f"{code(place_of(finding))} · {finding.rule.id} {finding.rule.name}"
    yield f"{head}\\\n{place}{_pointer(finding)}{_people(finding)}"
    yield from (_side_by_side(each, finding) for each in finding.related)
    if finding.witness is not None:
        yield _folded(finding.witness)
    yield f"**Way out:** {sentence(finding.help)}"
    if finding.proposal is not None:
        yield fenced_text(visible_lines(finding.proposal))


def _pointer(finding: Finding) -> str:
    return f" · {code(finding.pointer)}" if finding.pointer else ""


def _people(finding: Finding) -> str:
    return f" · affects {', '.join(map(code, finding.audience))}" if finding.audience else ""


def _side_by_side(other: Place, finding: Finding) -> str:
    """Return a table of two columns: the related place, and the place of the finding itself."""
    rows = [f"| {sentence(other.message)} | here |", "|---|---|"]
    if other.path == finding.path and other.line and finding.line:
        rows.append(f"| line {other.line} | line {finding.line} |")
    else:
        rows.append(f"| {code(place_of(other))} | {code(place_of(finding))} |")
    if other.source is not None or finding.source is not None:
        rows.append(f"| {_source(other)} | {_source(finding)} |")
    return "\n".join(rows)


def _source(place: Finding | Place) -> str:
    text = (place.source or "").strip()
    return code(text if len(text) <= _LONGEST_SOURCE else f"{text[:_LONGEST_SOURCE]}…") if text else ""


def _folded(witness: Witness) -> str:
    accepted, refused = html_code(witness.accepted_by), html_code(witness.refused_by)
    size = len(as_json(witness.document, indent=2))
    document = (
        fenced(witness.document)
        if size <= _LONGEST_DOCUMENT
        else f"It has {size:,} characters, too many for a comment; <code>--format json</code> holds it."
    )
    summary = f"Witness: accepted by {accepted}, refused by {refused}"
    return f"<details><summary>{summary}</summary>\n\n{document}\n\n</details>"
