"""Conditions on an object's attributes: a small algebra that is both Python source and English.

Keywords that no field type can say (``if``/``then``/``else``, ``dependentRequired``, ``anyOf`` of
required sets ...) become conditions. They are kept in negation normal form: ``not`` stands
only at the leaves, so that source and sentence stay readable.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sguild_codegen.emit.literals import literal

Scalar: TypeAlias = str | bool | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A condition that always, or never, holds."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Present:
    """The optional attribute is there (or, negated, is absent)."""

    attribute: str
    json_name: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute's value is one of ``values`` (or, negated, none of them)."""

    attribute: str
    json_name: str
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the parts holds."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Constant | Present | Equals | Every | Some

Leaf: TypeAlias = Present | Equals

TRUE: Final = Constant(holds=True)
FALSE: Final = Constant(holds=False)


def every(parts: Iterable[Condition]) -> Condition:
    """Return the conjunction, simplified."""
    flat = _flattened(parts, Every, unit=TRUE)
    kept = _simplified(flat, lambda leaf: leaf)
    if FALSE in kept:
        return FALSE
    if kept != flat:
        return every(kept)
    return kept[0] if len(kept) == 1 else Every(kept) if kept else TRUE


def some(parts: Iterable[Condition]) -> Condition:
    """Return the disjunction, simplified."""
    flat = _flattened(parts, Some, unit=FALSE)
    kept = _simplified(flat, opposite)  # a part matters only where the others do not hold
    if TRUE in kept:
        return TRUE
    if kept != flat:
        return some(kept)
    return kept[0] if len(kept) == 1 else Some(kept) if kept else FALSE


def size(condition: Condition) -> int:
    """Return how many leaves a condition has."""
    if isinstance(condition, Every | Some):
        return sum(map(size, condition.parts))
    return 1


def exactly_one(parts: tuple[Condition, ...]) -> Condition:
    """Return the condition that one part holds and no other does."""
    return some(
        every(part if index == chosen else negate(part) for index, part in enumerate(parts))
        for chosen in range(len(parts))
    )


def negate(condition: Condition) -> Condition:
    """Return the opposite, with negation pushed to the leaves."""
    match condition:
        case Constant(holds):
            return Constant(not holds)
        case Present() | Equals():
            return opposite(condition)
        case Every(parts):
            return some(negate(part) for part in parts)
        case Some(parts):
            return every(negate(part) for part in parts)


def opposite(leaf: Leaf) -> Leaf:
    """Return the leaf that holds exactly where this one does not."""
    return replace(leaf, negated=not leaf.negated)


def source(condition: Condition) -> str:
    """Return a Python expression over ``self`` that is true exactly when the condition holds."""
    match condition:
        case Constant(holds):
            return repr(holds)
        case Present(attribute, _, negated):
            return f"self.{attribute} {'is' if negated else 'is not'} MISSING"
        case Equals(attribute, _, values, negated):
            return _comparison(f"self.{attribute}", values, negated=negated)
        case Every(parts):
            return " and ".join(_operand(part) for part in parts)
        case Some(parts):
            return " or ".join(_operand(part) for part in parts)


def english(condition: Condition) -> str:
    """Return the condition as a clause: ``retryable is true``, ``email is present or phone is present``."""
    match condition:
        case Constant(holds):
            return "always" if holds else "never"
        case Present(_, json_name, negated):
            return f"{json_name} is {'absent' if negated else 'present'}"
        case Equals(_, json_name, values, negated):
            shown = " or ".join(_shown(value) for value in values)
            return f"{json_name} is {'not ' if negated else ''}{shown}"
        case Every(parts):
            return " and ".join(_clause(part) for part in parts)
        case Some(parts):
            return " or ".join(_clause(part) for part in parts)


def attributes(condition: Condition) -> tuple[str, ...]:
    """Return the JSON names that the condition reads, in order of their first appearance."""
    match condition:
        case Constant():
            return ()
        case Present(_, json_name) | Equals(_, json_name):
            return (json_name,)
        case Every(parts) | Some(parts):
            return tuple(dict.fromkeys(name for part in parts for name in attributes(part)))


def _simplified(parts: tuple[Condition, ...], fact: Callable[[Leaf], Leaf]) -> tuple[Condition, ...]:
    """Simplify each part by what is known where it matters: the ``fact`` of every other leaf that is left."""
    facts: dict[str, dict[int, Leaf]] = {}
    for index, part in enumerate(parts):
        if isinstance(part, Present | Equals):
            facts.setdefault(part.attribute, {})[index] = fact(part)
    kept: list[Condition] = []
    for index, part in enumerate(parts):
        if isinstance(part, Present | Equals):
            del facts[part.attribute][index]
        kept.append(_under(part, facts))
        if isinstance(part, Present | Equals) and kept[-1] is part:
            facts[part.attribute][index] = fact(part)
    return tuple(kept)


def _under(condition: Condition, facts: Mapping[str, Mapping[int, Leaf]]) -> Condition:
    """Simplify a condition where the facts, which are listed by attribute, are known to hold."""
    match condition:
        case Constant():
            return condition
        case Every(parts):
            return every(_under(part, facts) for part in parts)
        case Some(parts):
            return some(_under(part, facts) for part in parts)
        case _:
            about = facts.get(condition.attribute, {})
            known = (_decided(condition, fact) for fact in about.values())
            return next((Constant(each) for each in known if each is not None), condition)


def _decided(leaf: Leaf, fact: Leaf) -> bool | None:
    """Tell whether a leaf holds under a fact about the same attribute, if the fact says so."""
    if leaf.negated:
        holds = _decided(opposite(leaf), fact)
        return None if holds is None else not holds
    match leaf, fact:
        case Present(), Present():
            return not fact.negated
        case Present(), Equals():
            return None if fact.negated else True
        case Equals(), Present():
            return False if fact.negated else None
        case Equals(values=values), Equals(values=known):
            common = [each for each in values if each in known]
            if fact.negated:
                return False if len(common) == len(values) else None
            return False if not common else True if len(common) == len(known) else None
        case _:
            raise AssertionError((leaf, fact))


def _flattened(
    parts: Iterable[Condition], kind: type[Every] | type[Some], unit: Constant
) -> tuple[Condition, ...]:
    flat: dict[Condition, None] = {}
    for part in parts:
        inner = part.parts if isinstance(part, kind) else (part,)
        flat.update(dict.fromkeys(each for each in inner if each != unit))
    return tuple(flat)


def _comparison(value: str, values: tuple[Scalar, ...], *, negated: bool) -> str:
    """Compare as JSON does: there ``true`` is not 1, so booleans and null are compared by identity."""
    parts = [
        f"{value} {'is not' if negated else 'is'} {literal(each)}"
        for each in values
        if not isinstance(each, str)
    ]
    texts = [literal(each) for each in values if isinstance(each, str)]
    if len(texts) == 1:
        parts.append(f"{value} {'!=' if negated else '=='} {texts[0]}")
    elif texts:
        parts.append(f"{value} {'not in' if negated else 'in'} ({', '.join(texts)})")
    joined = (" and " if negated else " or ").join(parts)
    return f"({joined})" if len(parts) > 1 else joined


def _operand(condition: Condition) -> str:
    text = source(condition)
    return f"({text})" if isinstance(condition, Every | Some) else text


def _clause(condition: Condition) -> str:
    text = english(condition)
    return f"({text})" if isinstance(condition, Every | Some) else text


def _shown(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)
