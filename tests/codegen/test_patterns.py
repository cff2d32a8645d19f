"""Portable patterns: Rust (by pydantic-core) and Python give the same answers to them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, ValidationError, core_schema

from sguild_codegen.reader.patterns import PatternError, portable

atoms = st.sampled_from(
    [
        "a",
        "b",
        "é",
        "-",
        " ",
        "\n",
        r"\.",
        r"\d",
        r"\w",
        r"\s",
        r"\D",
        ".",
        "[ab]",
        "[^a]",
        "[a-c-]",
        r"[\d_&&|~~]",
        r"[\]\\^-]",
        "^",
        "$",
    ]
)
quantifiers = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,}", "*?"])
pieces = st.builds(
    lambda atom, quantifier: atom + (quantifier if atom not in "^$" else ""), atoms, quantifiers
)
patterns = st.recursive(
    st.lists(pieces, max_size=4).map("".join),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
    max_leaves=4,
)
texts = st.text(alphabet="abcé-_.&|~[]\\^ \n\r\t\u2028\u00a0019", max_size=12)


def _rust_accepts(pattern: str, text: str) -> bool:
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern)).validate_python(text)
    except ValidationError:
        return False
    return True


@given(patterns, st.lists(texts, max_size=5))
def test_rust_and_python_agree(pattern: str, samples: list[str]) -> None:
    written = portable(pattern)
    python = re.compile(written.replace("$", r"\Z") if r"\$" not in written else written)
    for sample in samples:
        assert (python.search(sample) is not None) == _rust_accepts(written, sample)


@given(patterns)
def test_what_is_portable_stays_as_it_is(pattern: str) -> None:
    assert portable(portable(pattern)) == portable(pattern)


@given(st.text(alphabet="ab(){}[]|\\^$*+?.,0123456789-dwsDWSbBpuxk:<=!", max_size=20))
def test_any_text_is_accepted_or_refused_with_a_reason(pattern: str) -> None:
    written = _portable_or_error(pattern)
    if isinstance(written, PatternError):
        assert written.reason
        assert 1 <= written.position <= max(1, len(pattern))
    else:
        re.compile(written)
        SchemaValidator(core_schema.str_schema(pattern=written))


def _portable_or_error(pattern: str) -> str | PatternError:
    try:
        return portable(pattern)
    except PatternError as error:
        return error


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("^[A-Z]{3}$", "^[A-Z]{3}$"),
        (r"^\d+$", "^[0-9]+$"),
        (r"[\w.]", "[A-Za-z0-9_.]"),
        (r"a\/b", "a/b"),
        ("[--/]", r"[\--/]"),
        (r"\u00e9", "é"),
    ],
)
def test_spelling(pattern: str, written: str) -> None:
    assert portable(pattern) == written
