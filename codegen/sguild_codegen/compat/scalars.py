"""Facts about null, booleans, numbers and texts."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Any, Final, Self

from sguild_codegen.compat.facts import Facts, Found, Status
from sguild_codegen.compat.formats import FORMATS
from sguild_codegen.compat.formulas import (
    AtLeast,
    AtMost,
    Formula,
    HasFormat,
    Matches,
    Multiple,
    NoneOf,
    OneOf,
    SizeAtLeast,
    SizeAtMost,
)
from sguild_codegen.compat.languages import Language, holds
from sguild_codegen.compat.numbers import Numbers, written
from sguild_codegen.compat.undecided import Undecided
from sguild_codegen.compat.validators import is_of_format

_MOST_TEXTS: Final = 200
_LONGEST_TEXT: Final = 20_000
_MOST_KNOWN: Final = 10_000


class _Scalar(Facts):
    """Facts that can be asked twice: an atom holds where its negation leads to nothing."""

    __slots__ = ()

    def status(self, atom: Formula) -> Status:
        if not self._is_possible(atom):
            return Status.FAILS
        return Status.OPEN if self._is_possible(atom.negated()) else Status.HOLDS

    def _is_possible(self, atom: Formula) -> bool:
        extended = self.copy()
        try:
            return extended.add(atom) and extended.witness() is not None
        except Undecided:
            return True


@dataclass(slots=True)
class Null(Facts):
    """There is one null; no atom speaks of it."""

    def copy(self) -> Self:
        return type(self)()

    def add(self, atom: Formula) -> bool:
        raise AssertionError(atom)

    def status(self, atom: Formula) -> Status:
        raise AssertionError(atom)

    def witness(self) -> Found:
        return Found(None)


@dataclass(slots=True)
class Booleans(_Scalar):
    """Which of the two are left."""

    left: frozenset[Any] = frozenset({False, True})

    def copy(self) -> Self:
        return type(self)(self.left)

    def add(self, atom: Formula) -> bool:
        match atom:
            case OneOf(values):
                self.left &= values
            case NoneOf(values):
                self.left -= values
            case _:
                raise AssertionError(atom)
        return bool(self.left)

    def witness(self) -> Found | None:
        return Found(min(self.left)) if self.left else None


@dataclass(slots=True)
class NumberFacts(_Scalar):
    """Bounds, multiples and values."""

    numbers: Numbers = field(default_factory=Numbers)
    listed: frozenset[Any] | None = None

    def copy(self) -> Self:
        return type(self)(replace(self.numbers), self.listed)

    def add(self, atom: Formula) -> bool:
        match atom:
            case OneOf(values):
                self.listed = values if self.listed is None else self.listed & values
                return bool(self.listed)
            case NoneOf(values):
                self.numbers.excluded |= {each for each in values if isinstance(each, Fraction)}
            case AtLeast(bound, strict):
                self.numbers.raise_low(bound, is_open=strict)
            case AtMost(bound, strict):
                self.numbers.lower_high(bound, is_open=strict)
            case Multiple(divisor, True):
                self.numbers.keep_multiples(divisor)
            case Multiple(divisor, False):
                self.numbers.not_steps |= {divisor}
            case _:
                raise AssertionError(atom)
        return True

    def witness(self) -> Found | None:
        if self.listed is None:
            value = self.numbers.find()
        else:
            value = min((each for each in self.listed if self.numbers.contains(each)), default=None)
        return None if value is None else Found(written(value))


@dataclass(frozen=True, slots=True)
class _Texts:
    """Facts about a text as one value, so that what was found is found once."""

    language: Language = field(default_factory=Language)
    listed: frozenset[Any] | None = None
    excluded: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    not_formats: frozenset[str] = frozenset()

    def accepts(self, text: str) -> bool:
        language = self.language
        return (
            text not in self.excluded
            and (self.listed is None or text in self.listed)
            and language.least <= len(text)
            and (language.most is None or len(text) <= language.most)
            and all(holds(each, text) for each in language.wanted)
            and not any(holds(each, text) for each in language.unwanted)
            and all(is_of_format(each, text) for each in self.formats)
            and not any(is_of_format(each, text) for each in self.not_formats)
        )


_found: dict[_Texts, str | None] = {}


def _find(texts: _Texts, check_time: Callable[[], None]) -> str | None:
    """Return a text of which the facts are true: the same facts are met again in other comparisons."""
    if texts not in _found:
        found = _find_new(texts, check_time)
        while len(_found) >= _MOST_KNOWN:
            _found.pop(next(iter(_found)), None)  # the oldest
        _found[texts] = found
    return _found[texts]


def _find_new(texts: _Texts, check_time: Callable[[], None]) -> str | None:
    if texts.listed is not None:
        return min(
            (each for each in texts.listed if texts.accepts(each)),
            key=lambda each: (len(each), each),
            default=None,
        )
    if texts.language.least > _LONGEST_TEXT:
        raise Undecided(f"a text of {texts.language.least:,} characters would have to be found")
    for name in sorted(texts.formats):
        for sample in FORMATS[name].samples:
            if texts.accepts(sample):
                return sample
    for name in sorted(texts.not_formats):
        for sample in FORMATS[name].others:
            if texts.accepts(sample):
                return sample
    return _find_unlisted(texts, check_time)


def _find_unlisted(texts: _Texts, check_time: Callable[[], None]) -> str | None:
    tried = 0
    for text in islice(_surrounding(texts).texts(check_time), _MOST_TEXTS):
        if texts.accepts(text):
            return text
        tried += 1
    if tried:
        names = ", ".join(sorted(texts.formats | texts.not_formats))
        raise Undecided(f"whether a text of the format {names} fits cannot be told")
    return None


def _surrounding(texts: _Texts) -> Language:
    """Return a regular language with every text that fits, and no other where the formats are exact."""
    around = {FORMATS[name].around for name in texts.formats}
    exactly = {FORMATS[name].around for name in texts.not_formats if FORMATS[name].exact}
    bounds = (texts.language.most, *(FORMATS[name].longest for name in texts.formats))
    return replace(
        texts.language,
        most=min((each for each in bounds if each is not None), default=None),
        wanted=texts.language.wanted | {each for each in around if each is not None},
        unwanted=texts.language.unwanted | {each for each in exactly if each is not None},
        excluded=texts.excluded,
    )


@dataclass(slots=True)
class TextFacts(_Scalar):
    """Patterns, lengths, formats and values."""

    check_time: Callable[[], None]
    known: _Texts = field(default_factory=_Texts)

    def copy(self) -> Self:
        return type(self)(self.check_time, self.known)

    def add(self, atom: Formula) -> bool:
        known, language = self.known, self.known.language
        match atom:
            case OneOf(values):
                left = values if known.listed is None else known.listed & values
                self.known = replace(known, listed=left)
                return bool(left)
            case NoneOf(values):
                self.known = replace(known, excluded=known.excluded | {str(each) for each in values})
            case HasFormat(name, True):
                self.known = replace(known, formats=known.formats | {name})
            case HasFormat(name, False):
                self.known = replace(known, not_formats=known.not_formats | {name})
            case _:
                self.known = replace(known, language=_narrowed(language, atom))
        language = self.known.language
        implied = {around for name in self.known.formats for around in (name, *FORMATS[name].within)}
        return not language.wanted & language.unwanted and not implied & self.known.not_formats

    def witness(self) -> Found | None:
        found = _find(self.known, self.check_time)
        return None if found is None else Found(found)


def _narrowed(language: Language, atom: Formula) -> Language:
    match atom:
        case Matches(pattern, True):
            return replace(language, wanted=language.wanted | {pattern})
        case Matches(pattern, False):
            return replace(language, unwanted=language.unwanted | {pattern})
        case SizeAtLeast(size):
            return replace(language, least=max(language.least, size))
        case SizeAtMost(size):
            most = size if language.most is None else min(language.most, size)
            return replace(language, most=most)
        case _:
            raise AssertionError(atom)
