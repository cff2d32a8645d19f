"""Texts that match some patterns and not others, found by walking the product of their automata."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from sguild_codegen.compat.characters import ANY, Ranges, classes, contains, single
from sguild_codegen.compat.patterns import Automaton, automaton
from sguild_codegen.compat.undecided import Undecided

_MOST_STATES: Final = 20_000
_FEW_STATES: Final = 2_000
_States: TypeAlias = frozenset[int]
_Product: TypeAlias = tuple[tuple[_States, ...], str | None]
_MATCHED: Final[_States] = frozenset({-1})


@dataclass(slots=True, eq=False)
class _Search:
    """A pattern as a deterministic automaton over texts that hold a match, made as far as it is asked."""

    nfa: Automaton
    steps: dict[tuple[_States, int], _States] = field(default_factory=dict[tuple[_States, int], _States])

    @property
    def alphabet(self) -> Iterator[Ranges]:
        """The sets of characters that the pattern tells apart."""
        return (ranges for edges in self.nfa.characters for ranges, _ in edges)

    def start(self) -> _States:
        return self._closed({self.nfa.first}, at_start=True)

    def step(self, states: _States, code: int) -> _States:
        if states == _MATCHED:
            return states
        found = self.steps.get((states, code))
        if found is None:
            after = {
                target
                for state in states
                for ranges, target in self.nfa.characters[state]
                if contains(ranges, code)
            }
            found = self._closed(after | {self.nfa.first}, at_start=False)
            self.steps[states, code] = found
        return found

    def matched(self, states: _States, *, at_start: bool = False) -> bool:
        """Tell whether the text so far, being the whole text, holds a match; ``at_start`` if it is empty."""
        if states == _MATCHED:
            return True
        return self.nfa.last in self._reached(states, at_start=at_start, at_end=True)

    def _closed(self, states: set[int], *, at_start: bool) -> _States:
        reached = self._reached(states, at_start=at_start, at_end=False)
        return _MATCHED if self.nfa.last in reached else frozenset(reached)

    def _reached(self, states: Iterable[int], *, at_start: bool, at_end: bool) -> set[int]:
        found, waiting = set(states), list(states)
        while waiting:
            state = waiting.pop()
            edges = list(self.nfa.empty[state])
            edges += self.nfa.at_start[state] if at_start else ()
            edges += self.nfa.at_end[state] if at_end else ()
            waiting += (each for each in edges if each not in found)
            found.update(edges)
        return found


class _TooManyStates(Undecided):
    """A walk in one direction meets too many states."""


@lru_cache(maxsize=1_000)
def _search(pattern: str, *, backwards: bool = False) -> _Search:
    found = automaton(pattern)
    return _Search(found.reversed() if backwards else found)


def holds(pattern: str, text: str) -> bool:
    """Tell whether a text holds a match of a pattern.

    Raises:
        Undecided: the pattern is none that this module can read.
    """
    search = _search(pattern)
    states = search.start()
    for character in text:
        states = search.step(states, ord(character))
    if text:
        return search.matched(states)
    return search.matched(states, at_start=True)


def ways(pattern: str, text: str) -> int:
    """Return in how many ways parts of a text can be read as a beginning of a match: what backtracking tries.

    Raises:
        Undecided: the pattern is none that this module can read, or there are far too many ways.
    """
    nfa = automaton(pattern)
    counts, found = Counter[int](), 0
    for index, character in enumerate(text):
        counts[nfa.first] += 1
        after = Counter[int]()
        for state, count in _spread(nfa, counts, at_start=index == 0).items():
            for ranges, target in nfa.characters[state]:
                after[target] += count * contains(ranges, ord(character))
        counts = after
        found += counts.total()
    return found


def _spread(nfa: Automaton, counts: Counter[int], *, at_start: bool) -> Counter[int]:
    """Return how often each state is reached without a character, by ways that meet no state twice."""
    found, steps = Counter[int](), 0
    waiting = [(state, count, frozenset({state})) for state, count in counts.items() if count]
    while waiting:
        state, count, met = waiting.pop()
        found[state] += count
        edges = (*nfa.empty[state], *(nfa.at_start[state] if at_start else ()))
        waiting += ((each, count, met | {each}) for each in edges if each not in met)
        steps += 1
        if steps > _MOST_STATES:
            raise Undecided("there are too many ways to read a text")
    return found


@dataclass(frozen=True, slots=True)
class Language:
    """Texts that hold a match of each wanted pattern and of no unwanted one, with a length between bounds."""

    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    least: int = 0
    most: int | None = None
    excluded: frozenset[str] = frozenset()

    def texts(self, check_time: Callable[[], None]) -> Iterator[str]:
        """Yield texts of the language, shortest first, at least one for each of its shapes.

        Where a walk through the patterns meets many states, another one through the reversed patterns may
        meet few: after ``a.{12}$`` it is only known at the end which "a" counted. Then texts may come twice.
        ``check_time`` is called at every step, to raise when it has taken too long.

        Raises:
            Undecided: a pattern cannot be read, or the product grows too large.
        """
        for backwards, most in ((False, _FEW_STATES), (True, _MOST_STATES)):
            try:
                yield from _Walk(self, check_time, backwards, most).texts()
            except _TooManyStates:
                continue
            return
        yield from _Walk(self, check_time, backwards=False, most=_MOST_STATES).texts()


@dataclass(slots=True)
class _Walk:
    """A walk through the product of the automata, ``backwards`` from the ends of the texts.

    Beside their states goes the text itself as long as an excluded one begins with it, ``None`` afterwards.
    """

    language: Language
    check_time: Callable[[], None]
    backwards: bool
    most: int
    searches: list[_Search] = field(init=False)
    signs: list[bool] = field(init=False)
    letters: tuple[int, ...] = field(init=False)
    prefixes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        wanted, unwanted = sorted(self.language.wanted), sorted(self.language.unwanted)
        patterns = (*wanted, *unwanted)
        self.searches = [_search(each, backwards=self.backwards) for each in patterns]
        self.signs = [True] * len(wanted) + [False] * len(unwanted)
        excluded = frozenset(map(self._turned, self.language.excluded))
        self.prefixes = frozenset(each[:end] for each in excluded for end in range(len(each) + 1))
        spelled = (single(each) for each in frozenset("".join(excluded)))
        alphabets = (each for one in self.searches for each in one.alphabet)
        self.letters = classes(frozenset({ANY, *alphabets, *spelled}))

    def texts(self) -> Iterator[str]:
        start = tuple(each.start() for each in self.searches)
        if self.language.least == 0 and "" not in self.language.excluded and self._accepts_nothing():
            yield ""
        yield from map(self._turned, self._longer(start))

    def _turned(self, text: str) -> str:
        return text[::-1] if self.backwards else text

    def _accepts_nothing(self) -> bool:
        wanted = all(holds(each, "") for each in self.language.wanted)
        return wanted and not any(holds(each, "") for each in self.language.unwanted)

    def _longer(self, start: tuple[_States, ...]) -> Iterator[str]:
        """Walk breadth-first; beyond the least length, a state that was seen before leads to nothing new."""
        least, most = self.language.least, self.language.most
        level: dict[_Product, str] = {(start, "" if "" in self.prefixes else None): ""}
        seen: set[_Product] = set()
        length = 0
        while level and (most is None or length < most):
            length += 1
            following = self._following(level, seen)
            if length >= least:
                yield from (text for (states, _), text in following.items() if self._accepted(states, text))
                seen |= following.keys()
            if len(seen) + len(following) > self.most:
                raise _TooManyStates("the patterns have too many states together")
            level = following

    def _following(self, level: dict[_Product, str], seen: set[_Product]) -> dict[_Product, str]:
        following: dict[_Product, str] = {}
        for (states, prefix), text in level.items():
            self.check_time()
            for code in self.letters:
                after = tuple(one.step(each, code) for one, each in zip(self.searches, states, strict=True))
                longer = None if prefix is None else prefix + chr(code)
                product = (after, longer if longer in self.prefixes else None)
                if product not in following and product not in seen and not self._hopeless(after):
                    following[product] = text + chr(code)
        return following

    def _hopeless(self, states: tuple[_States, ...]) -> bool:
        return any(each == _MATCHED and not sign for each, sign in zip(states, self.signs, strict=True))

    def _accepted(self, states: tuple[_States, ...], text: str) -> bool:
        self.check_time()
        return self._turned(text) not in self.language.excluded and all(
            one.matched(each) is sign
            for one, each, sign in zip(self.searches, states, self.signs, strict=True)
        )
