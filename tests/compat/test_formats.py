"""What the prover knows of formats, against both validators: a wrong pattern would be a wrong proof."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sguild_codegen.compat.formats import FORMATS
from sguild_codegen.compat.languages import holds
from sguild_codegen.compat.validators import is_of_format

TEXTS = 400
CHARACTERS = '0129abfAFTtZzPYWDS:-+./~#@%[]{}"\\ \nä\u0660\uff10_'
NEAR = (
    *("2026-05-22T09:30:60Z", "2026-05-22 09:30:00Z", "20260522", "2026-W01-1", "0000-01-01", "09:30Z"),
    *("a@[127.0.0.1]", '"\\\n"@a.b', "a@b\n", "a" * 63 + ".b", "a.", "01.1.1.1", "1.1.1.1\n", "::1%eth0"),
    *("a:", "http://[::1]/", "http://example.org/ä", "//a", "2eb8aa08aa9811eab4aa73b441d16380", "/~", "0##"),
    *("{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "P", "PT", "P1.5D", "P0D", "-P1D", "PT1,5S"),
)


def near(name: str, random: Random) -> Iterator[str]:
    """Texts of a format with one to three characters changed."""
    samples = [*FORMATS[name].samples, *NEAR]
    yield from samples
    for _ in range(TEXTS):
        text = random.choice(samples)
        for _ in range(random.choice((1, 1, 2, 3))):
            start = random.randrange(len(text) + 1)
            text = text[:start] + random.choice(("", random.choice(CHARACTERS))) + text[start + 1 :]
        yield text


@pytest.mark.parametrize("name", FORMATS)
def test_what_both_validators_take_is_in_the_pattern_around(name: str) -> None:
    validator: Any = Draft202012Validator(
        {"format": name}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    known = FORMATS[name]
    for text in near(name, Random(name)):  # noqa: S311 - a seed that can be repeated is the point
        is_around = known.around is None or holds(known.around, text)
        is_around &= known.longest is None or len(text) <= known.longest
        accepted = is_of_format(name, text), validator.is_valid(text)
        if all(accepted):
            assert is_around, text
            assert all(is_of_format(around, text) for around in known.within), text
        if known.exact and is_around:
            assert all(accepted), text


@pytest.mark.parametrize("name", FORMATS)
def test_samples_are_of_their_format_and_others_are_not(name: str) -> None:
    validator: Any = Draft202012Validator(
        {"format": name}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    assert all(is_of_format(name, each) and validator.is_valid(each) for each in FORMATS[name].samples)
    assert not any(is_of_format(name, each) or validator.is_valid(each) for each in FORMATS[name].others)
