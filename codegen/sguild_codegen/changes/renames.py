"""Which event types have another name now: found as git finds renamed files, by what their schemas say."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from sguild_codegen.changes.states import State
from sguild_codegen.compat.resolving import is_array, is_object

_LEAST: Final = 0.5  # git's own threshold
_MOST_PAIRS: Final = 10_000  # a second's work; beyond it only schemas that say the same are found
_NAMES: Final = frozenset({"$schema", "$id", "title"})

_Leaves: TypeAlias = Counter[tuple[str, ...]]


def renamed(old: State, new: State) -> dict[str, str]:
    """Return the old and the new name of each event type that was renamed, maybe with an edit.

    An event type that is gone and one that has come, of the same producer, are the same one if at least half
    of their schemas says the same and nothing else that is gone or has come is as near to either of them.
    """
    before, after = old.entries, new.entries
    gone, came = before.keys() - after.keys(), after.keys() - before.keys()
    if not gone or not came:
        return {}
    olds = {name: each for name in sorted(gone) if (each := _leaves(old, name))}
    news = {name: each for name in sorted(came) if (each := _leaves(new, name))}
    found = _nearest(olds, news, _same(olds, news))
    olds = {name: each for name, each in olds.items() if name not in found}
    news = {name: each for name, each in news.items() if name not in found.values()}
    if len(olds) * len(news) > _MOST_PAIRS:
        return found
    return found | _nearest(olds, news, ((one, other) for one in olds for other in news))


def _leaves(state: State, name: str) -> _Leaves:
    """Return the values in the schemas of an event type, each with its place and the producer."""
    event = state.entries[name].event_type
    live = [each for each in event.versions if each.is_live and each.path in state.tree.ids]
    found: _Leaves = Counter()
    for each in live:
        schema = state.tree.value(each.path)
        kept = {key: one for key, one in schema.items() if key not in _NAMES} if is_object(schema) else schema
        found.update(_places(kept, (event.producer, str(each.version))))
    return found


def _places(value: Any, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if is_object(value) and value:
        for key, inner in value.items():
            yield from _places(inner, (*place, key))
    elif is_array(value) and value:
        for inner in value:  # without its index: what follows something new has not changed
            yield from _places(inner, (*place, ""))
    else:
        yield (*place, json.dumps(value))


def _same(olds: Mapping[str, _Leaves], news: Mapping[str, _Leaves]) -> Iterator[tuple[str, str]]:
    """Yield the names of those that say the same."""
    by_leaves: dict[frozenset[tuple[tuple[str, ...], int]], list[str]] = {}
    for name, each in news.items():
        by_leaves.setdefault(frozenset(each.items()), []).append(name)
    for name, each in olds.items():
        yield from ((name, other) for other in by_leaves.get(frozenset(each.items()), ()))


def _nearest(
    olds: Mapping[str, _Leaves], news: Mapping[str, _Leaves], pairs: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return the pairs that are near enough, and nearer than all others that either of them is in."""
    nearness = {pair: _nearness(olds[pair[0]], news[pair[1]]) for pair in pairs}
    all_of: dict[tuple[int, str], list[float]] = {}
    for pair, each in nearness.items():
        for side in enumerate(pair):
            all_of.setdefault(side, []).append(each)

    def is_alone(side: tuple[int, str], each: float) -> bool:
        return [one for one in all_of[side] if one >= each] == [each]

    return dict(
        pair
        for pair, each in nearness.items()
        if each >= _LEAST and all(is_alone(side, each) for side in enumerate(pair))
    )


def _nearness(one: _Leaves, other: _Leaves) -> float:
    """Return how much of the larger one is in both."""
    return (one & other).total() / max(one.total(), other.total())
