"""The project's own pairs, and where they are there, those of other tools' test suites."""

import json
from collections import Counter

import jsonschema_rs
import pytest
from corpus_kit import SHARED, Json, Judged, Pair, judged, own_pairs, shared_pairs
from jsonschema import Draft202012Validator

from sguild_codegen.compat import languages, scalars
from sguild_codegen.compat.portable import portable
from sguild_codegen.compat.vocabulary import KEYWORDS

PAIRS = list(own_pairs())
PATIENCE = 60.0
"""Seconds for a verdict: these tests are of what it is, and not of how soon a machine at work finds it."""


def accepted_by(schema: Json, document: Json) -> set[bool]:
    """What jsonschema-rs and jsonschema say."""
    rust = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    checker = Draft202012Validator.FORMAT_CHECKER
    python = Draft202012Validator(portable(schema), format_checker=checker)
    return {rust.is_valid(document), python.is_valid(document)}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.source}: {pair.name}")
def test_a_pair_of_our_own(pair: Pair) -> None:
    found = judged(pair, budget=PATIENCE).found
    assert found is not None
    assert (found.backward.verdict, found.forward.verdict) == (pair.backward, pair.forward)
    for writer, reader, direction in (
        (pair.old, pair.new, found.backward),
        (pair.new, pair.old, found.forward),
    ):
        if direction.verdict == "breaking":
            assert accepted_by(writer, direction.witness) == {True}
            assert accepted_by(reader, direction.witness) == {False}
        assert bool(direction.reason) is (direction.verdict == "undecided")


WITH_PATTERNS = [each for each in PAIRS if '"pattern' in json.dumps([each.old, each.new])]


@pytest.mark.parametrize("pair", WITH_PATTERNS, ids=lambda pair: f"{pair.source}: {pair.name}")
def test_texts_are_found_from_their_ends_as_well(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_FEW_STATES", -1)
    monkeypatch.setattr(scalars, "_found", {})
    found = judged(pair, budget=PATIENCE).found
    assert found is not None
    assert (found.backward.verdict, found.forward.verdict) == (pair.backward, pair.forward)


def test_there_are_many_and_no_name_is_twice() -> None:
    assert len(PAIRS) >= 300
    assert not [
        name for name, count in Counter((each.source, each.name) for each in PAIRS).items() if count > 1
    ]


@pytest.mark.parametrize("keyword", sorted(KEYWORDS - {"$dynamicRef"}))
@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_every_keyword_breaks_in_both_directions(keyword: str, direction: str) -> None:
    mentioned = [each for each in PAIRS if f'"{keyword}":' in json.dumps([each.old, each.new])]
    assert any(getattr(each, direction) == "breaking" for each in mentioned)


def shared_results() -> list[Judged]:
    return [judged(each) for each in shared_pairs()]


@pytest.mark.skipif(not SHARED.is_file(), reason="../shared/compat-corpus is not here")
def test_no_verdict_is_wrong_and_few_are_open() -> None:
    results = shared_results()
    outcomes = Counter(outcome for each in results for outcome in each.outcomes())
    assert not {"false compatible", "false breaking", "crashed"} & outcomes.keys(), outcomes
    assert outcomes["undecided"] <= 0.01 * 2 * len(results)
    directions = [one for each in results if each.found for one in (each.found.backward, each.found.forward)]
    compatible = [each for each in directions if each.verdict == "compatible"]
    assert sum(each.proven_twice for each in compatible) >= 0.95 * len(compatible)
