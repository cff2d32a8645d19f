"""Leaf types against a validator of JSON Schema: the same verdict on every document."""

import json
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sguild_dispatcher.fields import (
    ArrayRule,
    Boolean,
    Date,
    DateTime,
    Integer,
    IntegerRule,
    Number,
    NumberRule,
    ObjectRule,
    String,
    StringRule,
)
from sguild_dispatcher.fields.formats import LONGEST_USUAL, USUAL

CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "boolean": (Boolean, {"type": "boolean"}),
    "integer": (Integer, {"type": "integer"}),
    "bounded integer": (
        Annotated[int, IntegerRule(minimum=1, maximum=2**53)],
        {"type": "integer", "minimum": 1, "maximum": 2**53},
    ),
    "exclusive integer": (
        Annotated[int, IntegerRule(exclusive_minimum=0.5, exclusive_maximum=7)],
        {"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 7},
    ),
    "multiple": (Annotated[int, IntegerRule(multiple_of=2.5)], {"type": "integer", "multipleOf": 2.5}),
    "number": (Number, {"type": "number"}),
    "bounded number": (
        Annotated[int | float, NumberRule(minimum=-1.5, exclusive_maximum=2**53 + 1)],
        {"type": "number", "minimum": -1.5, "exclusiveMaximum": 2**53 + 1},
    ),
    "cents": (Annotated[int | float, NumberRule(multiple_of=0.01)], {"type": "number", "multipleOf": 0.01}),
    "string": (String, {"type": "string"}),
    "sized string": (
        Annotated[str, StringRule(min_length=1, max_length=3)],
        {"type": "string", "minLength": 1, "maxLength": 3},
    ),
    "currency": (
        Annotated[str, StringRule(pattern="^[A-Z]{3}$")],
        {"type": "string", "pattern": "^[A-Z]{3}$"},
    ),
    "unanchored": (Annotated[str, StringRule(pattern="a[0-9]")], {"type": "string", "pattern": "a[0-9]"}),
    "date-time": (DateTime, {"type": "string", "format": "date-time"}),
    "date": (Date, {"type": "string", "format": "date"}),
    "numbers": (
        Annotated[tuple[Number, ...], ArrayRule(min_items=1, max_items=3, unique_items=True)],
        {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
    ),
    "moments": (
        Annotated[tuple[DateTime, ...], ArrayRule(unique_items=True)],
        {"type": "array", "items": {"type": "string", "format": "date-time"}, "uniqueItems": True},
    ),
    "anything, once": (
        Annotated[tuple[Boolean | Number | String, ...], ArrayRule(unique_items=True)],
        {"type": "array", "items": {"type": ["boolean", "number", "string"]}, "uniqueItems": True},
    ),
    "map": (
        Annotated[
            dict[str, Integer],
            ObjectRule(min_properties=1, max_properties=2, property_names=StringRule(pattern="^[a-z]+$")),
        ],
        {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "minProperties": 1,
            "maxProperties": 2,
            "propertyNames": {"pattern": "^[a-z]+$"},
        },
    ),
}
FORMATS = (
    "email",
    "idn-email",
    "uri",
    "uri-reference",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
    "time",
    "duration",
    "json-pointer",
    "regex",
)
for _format in FORMATS:
    _schema = {"type": "string", "format": _format}
    CASES[_format] = (Annotated[str, StringRule(format=_format)], _schema)

ADAPTERS = {name: TypeAdapter[Any](kind) for name, (kind, _) in CASES.items()}
JUDGES = {
    name: jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for name, (_, schema) in CASES.items()
}


def digits(low: int, high: int, width: int = 2) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda number: f"{number:0{width}}")


moments = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    digits(1, 9999, 4),
    digits(0, 13),
    digits(0, 32),
    st.sampled_from("TTTTt "),
    digits(0, 24),
    digits(0, 60),
    st.one_of(digits(0, 59), st.just("60")),
    st.sampled_from(("", "", ".", ".5", ".000000", ".123456", ".1234567", ".000001", ",5")),
    st.one_of(
        st.sampled_from(("Z", "Z", "z", "", "+00:00", "-00:00", "+0530", "+24:00", "+23:59", "+05:60")),
        st.builds("{}{}:{}".format, st.sampled_from("+-"), digits(0, 23), digits(0, 59)),
    ),
)
days = st.builds("{}-{}-{}".format, digits(1, 9999, 4), digits(0, 13), digits(0, 32))
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(("", "EUR", "EUR\n", "EURO", "xa1y", "true", "5", "a@b.de", "a@localhost", "1.2.3.4")),
    st.sampled_from(
        ('"q s"@b.de', "http://a b/", "http://a/%zz", "urn:x:y", "::1", "a..b", "P1D", "12:00:00Z")
    ),
    st.emails(),
    moments,
    days,
)
numbers = st.one_of(
    st.integers(-3, 12),
    st.integers(-(2**70), 2**70),
    st.sampled_from(
        (2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64, 2.0**53, 2.0**63, 2.0**64, 1e20, 0.07, 1.005)
    ),
    st.sampled_from((1.0, 5.0, -0.0, 2.5, 7.0, 0.5, -1.5)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 999).map(lambda cents: cents / 100),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
documents = st.one_of(
    scalars,
    st.lists(
        st.one_of(st.booleans(), numbers, st.sampled_from(("a", "1", "2026-01-01T00:00:00Z"))), max_size=4
    ),
    st.lists(st.sampled_from((0, 1, 1.0, True, False, "1", "a")), max_size=3),
    st.lists(st.sampled_from(("2026-01-01T00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01T01:00:00+01:00"))),
    st.dictionaries(
        st.sampled_from(("a", "b", "C", "", "abc")), st.one_of(st.integers(0, 2), scalars), max_size=3
    ),
)


def accepts(kind: str, document: object) -> bool:
    try:
        ADAPTERS[kind].validate_json(json.dumps(document))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", CASES)
@given(document=documents)
@example(document=True)
@example(document=1.0)
@example(document=1e20)
@example(document="5")
@example(document="2016-12-31T23:59:60Z")
@example(document="2016-12-31T18:59:60.5-05:00")
@example(document="2016-12-31T23:59:60+01:00")
@example(document="2026-01-01 00:00:00Z")
@example(document="2023-02-29")
def test_a_leaf_accepts_exactly_what_its_schema_accepts(kind: str, document: object) -> None:
    assert accepts(kind, document) == JUDGES[kind].is_valid(document), (kind, document)


@given(text=moments)
def test_a_date_time_keeps_its_text(text: str) -> None:
    adapter = ADAPTERS["date-time"]
    for validate, given_text in ((adapter.validate_json, json.dumps(text)), (adapter.validate_python, text)):
        try:
            value = validate(given_text)
        except ValidationError:
            assert not JUDGES["date-time"].is_valid(text)
        else:
            assert adapter.dump_json(value) == json.dumps(text).encode()


@pytest.mark.parametrize("literal", ["1e400", "NaN", "Infinity", "-1e999"])
@pytest.mark.parametrize("kind", ["integer", "number", "bounded number", "multiple"])
def test_what_is_no_finite_number_is_refused(kind: str, literal: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[kind].validate_json(literal)


@pytest.mark.parametrize(("literal", "value"), [("1.0", 1), ("1e2", 100), ("1e23", 10**23)])
def test_an_integer_may_be_written_as_a_float(literal: str, value: int) -> None:
    read = ADAPTERS["integer"].validate_json(literal)
    assert (type(read), read) == (int, value)


def test_numbers_keep_their_digits() -> None:
    assert (
        ADAPTERS["number"].dump_json(ADAPTERS["number"].validate_json(str(2**53 + 1))) == b"9007199254740993"
    )


@pytest.mark.parametrize("name", ["date-time", "date"])
def test_the_year_0000_is_the_one_deviation(name: str) -> None:
    text = {"date-time": "0000-01-01T00:00:00Z", "date": "0000-01-01"}[name]
    assert not accepts(name, text)
    assert JUDGES[name].is_valid(text)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "5"),
        ("integer", True),
        ("integer", 1.5),
        ("integer", b"5"),
        ("number", "5"),
        ("number", False),
        ("number", float("inf")),
        ("number", float("nan")),
        ("boolean", 1),
        ("boolean", "true"),
        ("string", b"x"),
        ("string", 5),
        ("string", "\ud800"),
        ("date", datetime.fromisoformat("2026-01-01T00:00:00+00:00")),
        ("date-time", datetime(2026, 1, 1)),  # noqa: DTZ001 - a naive one is what is refused
        ("date-time", 5),
        ("date-time", date(2026, 1, 1)),
        ("numbers", {1, 2}),
        ("numbers", (number for number in (1, 2))),
        ("numbers", "12"),
        ("numbers", {1: 2}),
        ("map", [("a", 1)]),
        ("map", {b"a": 1}),
    ],
)
def test_python_values_are_held_to_the_same(kind: str, value: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[kind].validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("integer", 5.0, 5),
        ("string", Text("x"), "x"),
        ("date", date(2026, 1, 1), date(2026, 1, 1)),
        ("date", "2026-01-01", date(2026, 1, 1)),
        ("numbers", [1, 2.5], (1, 2.5)),
        ("numbers", (1,), (1,)),
        ("map", {"a": 1.0}, {"a": 1}),
    ],
)
def test_python_values_that_fit_are_taken(kind: str, value: object, result: object) -> None:
    assert ADAPTERS[kind].validate_python(value) == result


@pytest.mark.parametrize("name", sorted(USUAL))
@given(data=st.data())
def test_a_text_that_counts_as_usual_is_of_the_format(name: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(USUAL[name], fullmatch=True).map(str.strip).filter(_is_usual))
    assert JUDGES[name].is_valid(text), text


def _is_usual(text: str) -> bool:
    return len(text) <= LONGEST_USUAL


@pytest.mark.parametrize("name", sorted(USUAL))
def test_the_length_of_a_usual_text_counts(name: str) -> None:
    text = {"email": "ada@example.org", "uri": "http://a.example", "uuid": str(UUID(int=0))}[name]
    for rule, accepted in (
        (StringRule(format=name, max_length=len(text), min_length=len(text)), True),
        (StringRule(format=name, max_length=len(text) - 1), False),
        (StringRule(format=name, min_length=len(text) + 1), False),
        (StringRule(format=name, pattern="^[^a-z0]"), False),
    ):
        schema = {"type": "string", **rule.json_schema()}
        judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert judge.is_valid(text) is accepted
        adapter = TypeAdapter[str](Annotated[str, rule])
        if accepted:
            assert adapter.validate_python(text) == text
            continue
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'e-mail' is not a format"):
        TypeAdapter(Annotated[str, StringRule(format="e-mail")])
