"""Text of a contract becomes source that means the same text, and hides nothing."""

import ast
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sguild_codegen.emit.literals import docstring, literal
from sguild_codegen.emit.source import formatted

texts = st.one_of(
    st.text(),
    st.text(alphabet="\"'\\\n\r\t {}#abN\u200b\u202e\u2028\ufeff\x00\x1b\ud800é"),
    st.text(alphabet='"\\ \na'),
)
scalars = st.one_of(
    texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
)
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def is_visible(source: str) -> bool:
    return all(each == "\n" or unicodedata.category(each) not in INVISIBLE for each in source)


@given(scalars)
def test_a_literal_evaluates_to_its_value(value: Any) -> None:
    source = literal(value)
    found = ast.literal_eval(source)
    assert type(found) is type(value)
    assert found == value
    assert "\n" not in source
    assert is_visible(source)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"", [], {}, object()])
def test_what_is_no_scalar_has_no_literal(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value)


@given(texts, st.sampled_from([0, 4, 8]))
@example('a"""', 0)
@example('"', 4)
@example('\\"', 4)
@example("\\", 4)
@example('"' * 7, 0)
@example('word "quoted" ' * 20, 8)
def test_a_docstring_evaluates_to_its_text(text: str, indent: int) -> None:
    source = docstring(text, indent)
    assert ast.literal_eval(source).split() == text.split()
    assert is_visible(source)


@given(st.text(alphabet="\"'\\\n\t ab.é{}\u200b"))
def test_a_docstring_survives_formatting(text: str) -> None:
    module = f"class X:\n    {docstring(text)}\n\n    y: int\n"
    written = formatted("x.py", module)
    assert isinstance(written, str)
    assert (ast.get_docstring(ast.parse(written).body[0], clean=False) or "").split() == text.split()  # type: ignore[arg-type]
    assert formatted("x.py", written) == written
