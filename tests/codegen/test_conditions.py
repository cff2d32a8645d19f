"""The algebra of conditions: what is simplified or negated still holds for the same objects."""

from itertools import product
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import MISSING

from sguild_codegen.emit.conditions import (
    FALSE,
    TRUE,
    Condition,
    Equals,
    Every,
    Present,
    Some,
    english,
    every,
    exactly_one,
    negate,
    some,
    source,
)

NAMES = ("a", "b")
VALUES = ("x", "y", True, None)
ATTRIBUTES = (MISSING, "x", "y", "z", True, False, None, 1, 0)
OBJECTS = [dict(zip(NAMES, each, strict=True)) for each in product(ATTRIBUTES, repeat=len(NAMES))]

names = st.sampled_from(NAMES)
leaves = st.one_of(
    st.sampled_from([TRUE, FALSE]),
    st.builds(lambda name, negated: Present(name, name, negated), names, st.booleans()),
    st.builds(
        lambda name, values, negated: Equals(name, name, tuple(values), negated),
        names,
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique_by=repr),
        st.booleans(),
    ),
)
# Not simplified: what the algebra has to keep the meaning of.
plain: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)),
        st.sampled_from([Every, Some]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right


def holds(condition: Condition, item: dict[str, Any]) -> bool:
    """The meaning of a condition, spelled out."""
    match condition:
        case Present(attribute, _, negated):
            return (item[attribute] is not MISSING) != negated
        case Equals(attribute, _, values, negated):
            return any(same(item[attribute], each) for each in values) != negated
        case Every(parts):
            return all(holds(part, item) for part in parts)
        case Some(parts):
            return any(holds(part, item) for part in parts)
        case _:
            return condition == TRUE


def meaning(condition: Condition) -> list[bool]:
    return [holds(condition, item) for item in OBJECTS]


def evaluated(condition: Condition) -> list[bool]:
    code = compile(source(condition), "condition", "eval")
    return [
        bool(eval(code, {"MISSING": MISSING, "self": SimpleNamespace(**item)}))  # noqa: S307 - our own source
        for item in OBJECTS
    ]


@given(st.lists(plain, max_size=3))
@example([Equals("a", "a", ("x", "y")), Equals("a", "a", ("y", "x"))])
def test_simplifying_keeps_the_meaning(parts: list[Condition]) -> None:
    every_one = zip(*map(meaning, parts), strict=True) if parts else [()] * len(OBJECTS)
    expected = list(every_one)
    assert meaning(every(parts)) == [all(each) for each in expected]
    assert meaning(some(parts)) == [any(each) for each in expected]


@given(st.lists(plain, min_size=1, max_size=3))
def test_exactly_one_counts(parts: list[Condition]) -> None:
    expected = [sum(each) == 1 for each in zip(*map(meaning, parts), strict=True)]
    assert meaning(exactly_one(tuple(parts))) == expected


@given(plain)
def test_negation_is_the_opposite(condition: Condition) -> None:
    assert meaning(negate(condition)) == [not each for each in meaning(condition)]
    assert meaning(negate(negate(condition))) == meaning(condition)


@given(plain)
def test_the_source_means_the_same(condition: Condition) -> None:
    assert evaluated(condition) == meaning(condition)
    assert evaluated(every((condition,))) == meaning(condition)


@given(plain)
def test_every_condition_can_be_said(condition: Condition) -> None:
    assert english(condition).isprintable()
