"""Random pairs: no sampled document refutes a proof, and no verdict is without its evidence."""

import json
from collections.abc import Iterator
from random import Random

import jsonschema_rs
import pytest
from pairs_kit import Drawer, Json

from sguild_codegen.compat import Comparison, Lens, compare, languages, scalars
from sguild_codegen.compat.tolerance import tolerant

DOCUMENTS = 60
MANY_DOCUMENTS = 3_000
MOST_UNDECIDED = 0.005
DISAGREEMENTS = ("the two provers disagree", "does not agree with the witness")


def judge(schema: Json) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def complaint(old: Json, new: Json, lens: Lens, found: Comparison, documents: list[Json]) -> str | None:
    """Return what a sampled document says against a verdict, or that somebody contradicted the prover."""

    def reads(schema: Json) -> jsonschema_rs.Draft202012Validator:
        return judge(tolerant(schema) if lens == "tolerant" else schema)

    for writer, reader, verdict in (
        (judge(old), reads(new), found.backward),
        (judge(new), reads(old), found.forward),
    ):
        if any(each in str(verdict.reason) for each in DISAGREEMENTS):
            return verdict.reason
        if verdict.verdict == "compatible":
            refuting = [each for each in documents if writer.is_valid(each) and not reader.is_valid(each)]
            if refuting:
                return f"{refuting[0]!r} refutes the proof"
        if verdict.verdict == "breaking" and (
            not writer.is_valid(verdict.witness) or reader.is_valid(verdict.witness)
        ):
            return f"{verdict.witness!r} proves nothing"
    return None


def pairs(seed: int, count: int) -> Iterator[tuple[Json, Json, Lens, list[Json]]]:
    """Yield random pairs, and documents to try on them: many for one pair in fifty."""
    drawer = Drawer(Random(seed))  # noqa: S311 - a seed that can be repeated is the point
    while count:
        old, new = drawer.pair()
        documents = list(drawer.documents(MANY_DOCUMENTS if count % 50 == 0 else DOCUMENTS, old, new))
        lens: Lens = drawer.random.choice(("strict", "strict", "tolerant"))
        yield old, new, lens, documents
        count -= 1


def check(seed: int, count: int) -> None:
    undecided = 0
    for old, new, lens, documents in pairs(seed, count):
        found = compare(old, new, lens)
        undecided += [found.backward.verdict, found.forward.verdict].count("undecided")
        if "invalid" in str(found.backward.reason):
            continue
        wrong = complaint(old, new, lens, found, documents)
        assert wrong is None, f"{wrong}: {json.dumps(old)} -> {json.dumps(new)} ({lens})"
    assert undecided <= max(2, MOST_UNDECIDED * 2 * count)


@pytest.mark.parametrize("seed", range(4))
def test_random_pairs(seed: int) -> None:
    check(seed, 150)


def test_random_pairs_with_texts_from_their_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_FEW_STATES", -1)
    monkeypatch.setattr(scalars, "_found", {})
    check(4, 150)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_random_pairs(seed: int) -> None:
    check(seed, 5_000)
