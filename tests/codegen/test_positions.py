"""The position scanner against the standard library's parser."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.reader.positions import Lines, scan

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
indents = st.sampled_from([None, 0, 2])


def _by_pointer(value: Any, pointer: str = "") -> dict[str, Any]:
    found = {pointer: value}
    if isinstance(value, dict):
        for key, each in value.items():
            found |= _by_pointer(each, f"{pointer}/{escape_pointer(key)}")
    if isinstance(value, list):
        for index, each in enumerate(value):
            found |= _by_pointer(each, f"{pointer}/{index}")
    return found


@given(values, indents, st.booleans())
def test_every_value_stands_where_the_scanner_says(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    result = scan(text)
    assert not result.faults
    expected = _by_pointer(value)
    assert result.places.keys() == expected.keys()
    for pointer, place in result.places.items():
        assert json.loads(text[place.value.start : place.value.end]) == expected[pointer]
        if place.key is not None:
            key = json.loads(text[place.key.start : place.key.end])
            assert pointer.rpartition("/")[2] == escape_pointer(key)


@given(st.text(alphabet='{}[]",:0123456789.eE+-tfnul\\ \n', max_size=40))
def test_any_text_can_be_scanned(text: str) -> None:
    assert scan(text).text == text


@given(values, indents)
def test_a_line_and_column_lead_back_to_the_offset(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = Lines(text)
    for place in scan(text).places.values():
        line, column = lines.place(place.value.start)
        assert text.split("\n")[line - 1][column - 1] == text[place.value.start]
        assert lines.source(line) == text.split("\n")[line - 1]


def test_the_second_of_equal_keys_is_the_fault() -> None:
    fault = scan('{"a": 1,\n "\\u0061": 2}').faults[0]
    assert (fault.rule.name, fault.pointer, fault.values["line"]) == ("duplicate-key", "/a", "1")
