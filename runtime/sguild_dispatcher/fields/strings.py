"""Strings: length in code points, ECMA patterns with search semantics, formats asserted."""

from dataclasses import dataclass

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.fields.formats import LONGEST_USUAL, USUAL, format_check
from sguild_dispatcher.fields.rules import Rule, amount, keywords


@dataclass(frozen=True, slots=True, kw_only=True)
class StringRule(Rule):
    """``type: string`` with ``minLength``, ``maxLength`` (code points), ``pattern`` and ``format``.

    ``pattern`` is searched for, not anchored, and ``$`` is the end of the input: pydantic-core's
    Rust engine has these semantics, and contracts use only what ECMA-262 and it agree on.
    """

    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None

    def core_schema(self) -> CoreSchema:
        """Return a strict string, followed by the check of the format if the text is an unusual one."""
        text = self._text(self.max_length, self.pattern)
        if self.format is None:
            return text
        judged = core_schema.no_info_after_validator_function(format_check(self.format), text)
        if self.format not in USUAL or self.pattern is not None:
            return judged
        longest = LONGEST_USUAL if self.max_length is None else min(self.max_length, LONGEST_USUAL)
        return core_schema.union_schema(
            [self._text(longest, USUAL[self.format]), judged],
            mode="left_to_right",
            serialization=core_schema.simple_ser_schema("str"),
        )

    def _text(self, max_length: int | None, pattern: str | None) -> CoreSchema:
        return core_schema.str_schema(
            strict=True,
            # Without any constraint pydantic-core lets lone surrogates from Python through.
            min_length=self.min_length or 0,
            max_length=max_length,
            pattern=pattern,
            regex_engine="rust-regex",
        )

    def expectation(self) -> str:
        """Return ``must be a string of 1 to 200 characters`` and the like."""
        length = amount(self.min_length, self.max_length, "character")
        parts = [
            f" of {length}" if length else "",
            f" that matches {self.pattern}" if self.pattern is not None else "",
            f" in the format {self.format}" if self.format is not None else "",
        ]
        return "must be a string" + "".join(parts)

    def json_schema(self) -> JsonSchemaValue:
        """Return the keywords of the rule."""
        return keywords(
            type="string",
            minLength=self.min_length,
            maxLength=self.max_length,
            pattern=self.pattern,
            format=self.format,
        )
