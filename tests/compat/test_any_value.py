"""``compare`` raises for no JSON value, and its witnesses are as small as they can be."""

import copy
from random import Random
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pairs_kit import Drawer

from sguild_codegen.compat import Comparison, compare
from sguild_codegen.compat.vocabulary import KEYWORDS

numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([10**400, -(10**1300), 2**63, 1e308, 5e-324, -0.0, 1e-9]),
    st.floats(allow_nan=False),
)
texts = st.one_of(
    st.text(max_size=4),
    st.sampled_from(
        [
            *(
                "#",
                "#/",
                "#/$defs/a",
                "#a",
                "",
                "http://[",
                "a:b",
                "//",
                "#/%zz",
                "#/~2",
                "\ud800",
                "urn:x#y",
                "../..",
            ),
            *(
                "^a",
                "(",
                "[",
                "a{2}",
                "a{2,1}",
                "(?=a)",
                "\\",
                "\\p{L}",
                "[]",
                "[^]",
                "(?i)a",
                "a**",
                "\\u{110000}",
            ),
            *("string", "object", "date", "uuid", "none", "\\cA", "^\\uD83D\\uDE00$", "(a+)+$", "{2}", "^*"),
        ]
    ),
)
names = st.one_of(st.sampled_from([*sorted(KEYWORDS), "$id", "$defs", "$anchor", "$schema", "a", "b"]), texts)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )


def is_answer(found: Comparison) -> bool:
    directions = (found.backward, found.forward)
    return all((each.verdict == "undecided") == bool(each.reason) for each in directions)


@examples(500)
@given(values, values)
def test_any_two_values_can_be_compared(old: Any, new: Any) -> None:
    assert is_answer(compare(old, new))
    assert is_answer(compare(old, new, "tolerant"))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A schema with one value in it that is another one."""
    drawn = Drawer(Random(draw(st.integers(0, 10**6)))).schema(0)  # noqa: S311 - no secret
    schema: Any = copy.deepcopy(drawn)
    place = schema
    while isinstance(place, dict | list) and place:
        step: Any = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inner = place[step]
        if not isinstance(inner, dict | list) or draw(st.booleans()):
            place[step] = draw(values)
            break
        place = inner
    return schema


@examples(500)
@given(mutated(), mutated())
def test_mutated_schemas_can_be_compared(old: Any, new: Any) -> None:
    assert is_answer(compare(old, new))
    assert is_answer(compare(new, old, "tolerant"))


def without_one_part(value: Any) -> list[Any]:
    """The document with one member or element less, anywhere."""
    if isinstance(value, dict):
        smaller: list[Any] = [
            {name: each for name, each in value.items() if name != left_out} for left_out in value
        ]
        return smaller + [{**value, name: each} for name in value for each in without_one_part(value[name])]
    if isinstance(value, list):
        smaller = [value[:index] + value[index + 1 :] for index in range(len(value))]
        inner = [(index, each) for index in range(len(value)) for each in without_one_part(value[index])]
        return [*smaller, *([*value[:index], each, *value[index + 1 :]] for index, each in inner)]
    return []


@examples(300)
@given(st.integers(0, 10**9))
def test_nothing_can_be_left_out_of_a_witness(seed: int) -> None:
    old, new = Drawer(Random(seed)).pair()  # noqa: S311 - no secret
    found = compare(old, new).backward
    if found.verdict != "breaking":
        return
    writes, reads = (jsonschema_rs.Draft202012Validator(each, validate_formats=True) for each in (old, new))
    for smaller in without_one_part(found.witness):
        assert not writes.is_valid(smaller) or reads.is_valid(smaller)
