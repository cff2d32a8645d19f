"""The pull request comment, rendered by GitHub's parser: what it says, and that it cannot be hijacked."""

import re
import string
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from finding_kit import HOSTILE, PATH, breaking, finding, hostile, samples
from hypothesis import given, settings
from hypothesis import strategies as st

from sguild_codegen.report.finding import Finding, Witness
from sguild_codegen.report.printers import PRINTERS
from sguild_codegen.report.printers.context import Context

# What a service would turn into a link, a mention or a picture, were it text and not code.
LIVE = re.compile(r"@|#\d|://|www\.|:\w+:|\b[A-Za-z]+-\d|\b(?=\w*\d)?[0-9a-f]{7,40}\b", re.IGNORECASE)
PLAIN = {"br", "h3", "h4", "p", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
FOLDED = {"details", "summary"}


class _Page(HTMLParser):
    """The elements of a page, and its text outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.code = ""
        self._in_code = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self._in_code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code += data
        else:
            self.text += data


def _markdown(*findings: Finding, checked: str = "") -> str:
    return PRINTERS["markdown"](findings, Context(checked=checked))


def _page(*findings: Finding, checked: str = "") -> _Page:
    options = Options.CMARK_OPT_UNSAFE  # raw HTML is what an attacker would want
    return _Page(cmarkgfm.github_flavored_markdown_to_html(_markdown(*findings, checked=checked), options))


def _assert_harmless(text: str) -> None:
    tame, page = _page(hostile("word"), checked="word"), _page(hostile(text), checked=text or "word")
    assert set(page.elements) <= PLAIN | FOLDED
    for each in ("details", "summary", "pre", "table", "tr", "th", "td", "h3", "h4", "strong", "br"):
        assert page.elements.count(each) == tame.elements.count(each), each
    assert set(page.attributes) <= {("lang", "json")}
    assert LIVE.search(page.text) is None


def test_it_says_who_breaks_and_why() -> None:
    page = _page(breaking(), checked="contracts against origin/main, 24 schemas")
    text = " ".join(page.text.split())
    assert text.startswith("sguild-codegen: 1 error Checked: contracts against , 24 schemas")
    assert "Event type Findings Who breaks" in text
    assert "Way out: Publish version 2: sales and coaching go on with version 1." in text
    assert "lead.created" in page.code
    assert '"lead_id": "led_01j9"' in page.code


def test_changed_lines_stand_side_by_side() -> None:
    lines = _markdown(breaking()).splitlines()
    start = lines.index("| before | here |")
    assert lines[start + 2 : start + 4] == [
        "| line 12 | line 14 |",
        '| `"phone": {"type": "string", "maxLength": 40},` | `"person_id": {"$ref": "#/$defs/person_id"},` |',
    ]


def test_what_breaks_comes_first_and_files_last() -> None:
    headings = [line for line in _markdown(*samples()).splitlines() if line.startswith("#### ")]
    registry = "contracts/event-types-registry.json"
    assert headings == [f"#### `{each}`" for each in ("lead.created", "credit.locked", registry, PATH)]


def test_a_notice_breaks_nobody() -> None:
    printed = _markdown(breaking(own_level="notice"))
    assert "### sguild-codegen: nothing breaks, 1 notice\n" in printed
    assert "| `lead.created` | 🔵&nbsp;1 | nobody |" in printed


def test_a_warning_is_not_called_a_break() -> None:
    printed = _markdown(finding(own_level="warning", subject="lead.created"))
    assert "### sguild-codegen: 1 warning\n" in printed
    assert "| Event type | Findings |\n" in printed


def test_nothing_found_says_what_was_compared() -> None:
    assert _markdown(checked="contracts against origin/main") == (
        "<!-- sguild-codegen -->\n\n### sguild-codegen: nothing breaks\n\n"
        "**Checked:** contracts against `origin/main`\n"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_harmless(text: str) -> None:
    _assert_harmless(text)


_PIECES = st.sampled_from(
    [*HOSTILE, *string.punctuation, "\n", "\n\n", "    ", "\t", " ", "a", "1", "é", "\u202e"]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_no_mixture_of_hostile_texts_is_harmful(text: str) -> None:
    _assert_harmless(text)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=40).filter(str.strip))
def test_what_is_said_can_be_read(text: str) -> None:
    page = _page(finding(message=f"start {text} end"))
    said = "".join(page.text.split()) + "".join(page.code.split())
    for word in re.findall(r"[A-Za-z]{2,}", text):
        assert word in said


def test_it_fits_into_a_comment() -> None:
    many = [breaking(subject=f"event.number{number}") for number in range(1000)]
    printed = _markdown(*many)
    assert len(printed) < 65_536
    shown = printed.count("<details>")
    assert 0 < shown < 1000
    assert f"The last {1000 - shown} of the findings are left out here" in printed
    assert "and 800 more." in printed


def test_a_long_witness_is_left_to_json() -> None:
    proof = Witness(document=["x" * 5000], accepted_by="old", refused_by="new")
    printed = _markdown(breaking(witness=proof))
    assert "too many for a comment" in printed
    assert len(printed) < 3000
