"""Faults put into the prover one by one: our own pairs or random ones must show each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pytest
from corpus_kit import judged, own_pairs
from test_fuzz import check
from test_soundness import NOTHING, SATISFIABLE, UNSATISFIABLE

from sguild_codegen.compat import (
    arrays,
    characters,
    compare,
    evaluated,
    formats,
    formulas,
    keywords,
    languages,
    nodes,
    numbers,
    objects,
    patterns,
    prover,
    scalars,
)
from sguild_codegen.compat.facts import Status
from sguild_codegen.compat.formulas import KINDS, All, AtMost, CountAtMost, ElementAt, Property, SizeAtMost
from sguild_codegen.compat.undecided import Undecided

PAIRS = 4_000
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """What is broken, and how."""

    name: str
    inject: Callable[[Patch], None]


def _replaced(name: str, owner: Any, attribute: str, other: Any) -> Fault:
    """A function, method or value that is another one."""
    return Fault(name, lambda patch: patch.setattr(owner, attribute, other))


def _wrapped(name: str, owner: Any, attribute: str, change: Callable[..., Any]) -> Fault:
    """A function that is another one, which is given the original first."""
    original = getattr(owner, attribute)
    return _replaced(name, owner, attribute, lambda *arguments: change(original, *arguments))


def _keyword(keyword: str, how: str, change: Callable[[Any], dict[str, Any]]) -> Fault:
    """A keyword that has another value, or none."""
    original = nodes.Node._accepting

    def accepting(self: nodes.Node, kind: formulas.Kind) -> formulas.Formula:
        schema = self.place.schema
        if not isinstance(schema, dict) or keyword not in schema:
            return original(self, kind)
        kept = {name: value for name, value in schema.items() if name != keyword}
        changed = {**kept, **change(schema[keyword])}
        return formulas.all_of(*(build(self, changed, kind) for build in keywords.BUILDERS))

    return _replaced(f"{keyword} {how}", nodes.Node, "_accepting", accepting)


def _ignored(keyword: str) -> Fault:
    return _keyword(keyword, "is ignored", lambda _: {})


def _one_more(keyword: str) -> Fault:
    return _keyword(keyword, "is off by one", lambda value: {keyword: value + 1})


# The search


def _remember(original: Any, self: prover.Prover, goals: formulas.Goals) -> Any:
    self._memo[goals] = original(self, goals)
    return self._memo[goals]


def _undecided_is_no(self: objects.ObjectFacts, name: str) -> bool:
    try:
        return self.solver.solve(self.goals_of(name)) is not None
    except Undecided:
        return False


def _open_parts_do_not_count(original: Any, *arguments: Any) -> Status:
    found: Status = original(*arguments)
    return arguments[-1] if found is Status.OPEN else found


# Texts and numbers


def _prune_too_early(self: Any, start: Any) -> Iterator[str]:
    level, seen, length = {(start, None): ""}, set[Any](), 0
    while level and (self.language.most is None or length < self.language.most):
        length += 1
        level = self._following(level, seen)
        seen |= level.keys()
        if length >= self.language.least:
            yield from (text for (states, _), text in level.items() if self._accepted(states, text))


def _reversed_without_anchors(patch: Patch) -> None:
    original = patterns.Automaton.reversed

    def kept(self: patterns.Automaton) -> patterns.Automaton:
        found = original(self)
        found.at_start, found.at_end = found.at_end, found.at_start
        return found

    patch.setattr(languages, "_FEW_STATES", -1)
    patch.setattr(patterns.Automaton, "reversed", kept)


def _ends_everywhere(original: Any, self: Any, states: Any, *, at_start: bool, at_end: bool) -> Any:
    del at_end
    return original(self, states, at_start=at_start, at_end=True)


def _starts_everywhere(original: Any, self: Any, states: Any, *, at_start: bool, at_end: bool) -> Any:
    del at_start
    return original(self, states, at_start=True, at_end=at_end)


def _reached(how: Callable[..., Any], name: str) -> Fault:
    original = languages._Search._reached
    return _replaced(
        name,
        languages._Search,
        "_reached",
        lambda self, states, *, at_start, at_end: how(
            original, self, states, at_start=at_start, at_end=at_end
        ),
    )


def _formats(name: str, **changes: Any) -> Fault:
    """All formats, or what is known of them, are something else."""
    changed = {key: replace(each, **changes) for key, each in formats.FORMATS.items()}
    return _replaced(name, scalars, "FORMATS", changed)


def _uuids_of_small_letters(patch: Patch) -> None:
    known = formats.FORMATS["uuid"]
    narrow = replace(known, around=str(known.around).replace("A-F", ""))
    patch.setattr(scalars, "FORMATS", {**formats.FORMATS, "uuid": narrow})


def _raise_low(self: numbers.Numbers, bound: Fraction, *, is_open: bool) -> None:
    del is_open
    self.low = bound if self.low is None else max(self.low, bound)


# Arrays and objects


def _greedy(index: int, candidates: list[dict[str, Any]], taken: dict[str, int], _: set[str]) -> bool:
    free = next((key for key in candidates[index] if key not in taken), None)
    if free is not None:
        taken[free] = index
    return free is not None


def _first_only(original: Any, *arguments: Any) -> Iterator[Any]:
    yield from list(original(*arguments))[:1]


def _nowhere(*_: Any) -> Iterator[Any]:
    yield from ()


def _unconditional(case: Any, condition: Any) -> Any:
    del condition
    return case


def _constants_without_annotations(original: Any, name: str, value: Any) -> Any:
    return nodes._constraints(value) if name == "const" else original(name, value)


FAULTS = [
    _wrapped("what hangs on the stack is remembered", prover.Prover, "_solve_new", _remember),
    _replaced("what cannot be told is not there", objects.ObjectFacts, "_may_have", _undecided_is_no),
    _replaced("no value is a boolean", prover, "KINDS", tuple(each for each in KINDS if each != "boolean")),
    _wrapped("open parts do not count", prover._Judge, "_of_parts", _open_parts_do_not_count),
    _replaced("bounds stay strict when negated", formulas.AtLeast, "negated",
              lambda self: AtMost(self.bound, self.strict)),
    _replaced("a size is negated to itself", formulas.SizeAtLeast, "negated",
              lambda self: SizeAtMost(self.size)),
    _replaced("a count is negated to itself", formulas.CountAtLeast, "negated",
              lambda self: CountAtMost(self.goal, self.count)),
    _replaced("a property that is not there is wrong", formulas.Property, "negated",
              lambda self: Property(self.name, self.goal.negated())),
    _replaced("an element that is not there is wrong", formulas.ElementAt, "negated",
              lambda self: ElementAt(self.index, self.goal.negated())),
    _replaced("some property of a cell is dropped", formulas.Properties, "negated", lambda _: All()),
    _replaced("oneOf is anyOf", keywords, "_exactly_one", lambda goals: formulas.any_of(*goals)),
    _wrapped("an enum lacks its last value", keywords, "_among",
             lambda original, node, values, kind: original(node, values[:-1] or values, kind)),
    *map(_ignored, ("propertyNames", "minContains", "maxContains", "uniqueItems", "dependentRequired", "else",
                    "exclusiveMaximum", "pattern", "format", "unevaluatedProperties", "not")),
    *map(_one_more, ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
                     "minimum", "exclusiveMinimum", "minContains")),
    _wrapped("annotations are left out of constants", nodes, "_kept", _constants_without_annotations),
    _replaced("schemas are told apart without what they refer to", nodes, "_references", lambda *_: []),
    _replaced("texts are pruned before the least length", languages._Walk, "_longer", _prune_too_early),
    Fault("patterns that are read from the end keep their anchors", _reversed_without_anchors),
    _reached(_ends_everywhere, "$ matches everywhere"),
    _reached(_starts_everywhere, "^ matches everywhere"),
    _wrapped("a complement lacks its last characters", patterns, "complement",
             lambda original, ranges: original(ranges)[:-1]),
    _formats("every format is exact", exact=True),
    _formats("no format is exact", exact=False),
    Fault("a uuid has small letters only", _uuids_of_small_letters),
    _replaced("a multiple of two is one of their product", numbers, "_least_common_multiple",
              lambda left, right: left * right),
    _wrapped("the first multiple is left out", numbers.Numbers, "_multiple",
             lambda original, self, step, index: original(self, step, index + 1)),
    _replaced("a strict bound is none", numbers.Numbers, "raise_low", _raise_low),
    _replaced("arrays are as short as they can be", arrays.ArrayFacts, "_lengths",
              lambda self: iter((self.least,))),
    _wrapped("only one element may be the one that is wanted", arrays.ArrayFacts, "_unlike", _first_only),
    _wrapped("only one row has its elements counted", arrays.ArrayFacts, "_with_counts", _first_only),
    _replaced("distinct values never swap", arrays, "_augment", _greedy),
    _wrapped("one value too few is tried", arrays.ArrayFacts, "_candidates",
             lambda original, self, goals, count: original(self, goals, count - 1)),
    _replaced("no property has a fresh name", objects.ObjectFacts, "_fresh_places", _nowhere),
    _replaced("only fresh names are wanted", objects.ObjectFacts, "_known_places", _nowhere),
    _wrapped("a fresh name matches as little as it can", objects.ObjectFacts, "_signs", _first_only),
    _replaced("objects are never filled", objects.ObjectFacts, "_more", _nowhere),
    _replaced("a cell covers what it excludes", objects, "_covers",
              lambda around, cell: around.pattern in (None, cell.pattern)),
    _wrapped("a cell has the names that it leaves out", objects, "is_in",
             lambda original, name, cell: original(name, replace(cell, names=frozenset()))),
    _replaced("names of properties have no goals", objects.ObjectFacts, "_has_name", lambda *_: True),
    _replaced("what a branch evaluates, it evaluates always", evaluated._Case, "under", _unconditional),
    _replaced("patterns evaluate nothing", evaluated._Case, "beside",
              lambda self, other: replace(self, names=self.names | other.names)),
]  # fmt: skip


def _forget() -> None:
    """Forget what was found out without the fault, or with another one."""
    scalars._found.clear()
    for each in (languages._search, patterns.automaton, objects._holds, characters.classes):
        each.cache_clear()


def _look() -> None:
    """Fail if a verdict is wrong."""
    for pair in own_pairs():
        assert set(judged(pair).outcomes()) == {"right"}, pair
    for schema in SATISFIABLE.values():
        assert compare(schema, NOTHING).backward.verdict == "breaking", schema
    for schema in UNSATISFIABLE.values():
        assert compare(schema, NOTHING).backward.verdict == "compatible", schema
    check(1, PAIRS)


@pytest.mark.proof
def test_nothing_is_seen_without_a_fault() -> None:
    _forget()
    _look()


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_seen(fault: Fault, monkeypatch: Patch) -> None:
    _forget()
    with monkeypatch.context() as patch:
        fault.inject(patch)
        with pytest.raises(AssertionError):
            _look()
    _forget()


def test_the_names_of_faults_are_unique() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
