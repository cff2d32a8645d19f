"""Whether a pattern limits how long a text can be."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from sguild_codegen.compat.patterns import Automaton, automaton
from sguild_codegen.compat.undecided import Undecided


@cache
def is_bounded(pattern: str) -> bool:
    """Tell whether the texts that hold a match end somewhere; true where it cannot be told."""
    try:
        found = automaton(pattern)
    except Undecided:
        return True
    return _is_anchored(found) and not _has_loop(found)


def _is_anchored(nfa: Automaton) -> bool:
    """Tell whether each match is from the start of the text to its end."""
    waiting = [(nfa.first, False, False, False)]
    seen = set(waiting)
    while waiting:
        state, from_start, to_end, moved = waiting.pop()
        if state == nfa.last and not (from_start and to_end):
            return False
        following = [(each, from_start, to_end, moved) for each in nfa.empty[state]]
        following += [] if moved else [(each, True, to_end, moved) for each in nfa.at_start[state]]
        following += [(each, from_start, True, moved) for each in nfa.at_end[state]]
        if not to_end:
            following += [(each, from_start, to_end, True) for _, each in nfa.characters[state]]
        waiting += (each for each in following if each not in seen)
        seen.update(following)
    return True


def _has_loop(nfa: Automaton) -> bool:
    """Tell whether a state leads back to itself: those without a way in are taken away until none is left."""
    ways_in = Counter(each for state in range(len(nfa.empty)) for each in _following(nfa, state))
    free = [state for state in range(len(nfa.empty)) if not ways_in[state]]
    taken = 0
    while free:
        state = free.pop()
        taken += 1
        for each in _following(nfa, state):
            ways_in[each] -= 1
            if not ways_in[each]:
                free.append(each)
    return taken < len(nfa.empty)


def _following(nfa: Automaton, state: int) -> Iterator[int]:
    yield from (*nfa.empty[state], *nfa.at_start[state], *nfa.at_end[state])
    yield from (each for _, each in nfa.characters[state])
