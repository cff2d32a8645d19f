"""Date-times and dates by RFC 3339, exactly, whose text survives.

A date-time in the spelling that pydantic writes becomes a plain ``datetime``, and no Python code runs.
Any other spelling (``.5Z``, lower case, a leap second) becomes a :class:`SpelledDateTime`, which is
the same moment and is written as it was read, so that a signature over the text still holds.

The one deviation from RFC 3339: the year 0000 is refused, because no Python ``datetime`` can hold it.
"""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Self, TypeAlias, cast

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema, to_jsonable_python

from sguild_dispatcher.fields.rules import Rule, first_of

# The hour is bounded, because fromisoformat takes 24:00 for midnight from Python 3.14 on.
_TO_SECONDS: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}"
_OFFSET: Final = "[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]"
_USUAL: Final = rf"{_TO_SECONDS}(?:\.[0-9]+)?(?:Z|{_OFFSET})"
# Exactly the texts that pydantic-core writes: six digits or none, never .000000, and Z for UTC.
_MICROSECONDS: Final = "|".join(f"0{{{zeros}}}[1-9][0-9]{{{5 - zeros}}}" for zeros in range(6))
_OFFSET_NOT_ZERO: Final = "[+-](?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9]))"
_CANONICAL: Final = rf"{_TO_SECONDS}(?:\.(?:{_MICROSECONDS}))?(?:Z|{_OFFSET_NOT_ZERO})"
_RFC_3339: Final = re.compile(_USUAL)
_SECONDS: Final = slice(17, 19)
_NO_TIME: Final = timedelta()
_DAY: Final = timedelta(days=1)
_LAST_MINUTE_OF_DAY: Final = timedelta(hours=23, minutes=59)


class SpelledDateTime(datetime):
    """A ``datetime`` that keeps the text it was read from.

    It compares, hashes and counts as the moment it is; a result of ``+`` or ``replace`` is another
    moment and has no text of its own. A leap second has the value of the second before it.
    """

    # A slot, because a dictionary for each would take longer to make than the text to read.
    __slots__ = ("_text",)
    _text: str

    @classmethod
    def spelled(cls, usual: str, text: str | None = None) -> Self:
        """Return the moment that ``usual`` names, as one that was read from ``text`` (default: ``usual``)."""
        moment = cls.fromisoformat(usual)
        moment._text = text or usual  # noqa: SLF001 - of its own class
        return moment

    @property
    def text(self) -> str | None:
        """The text that it was read from, ``None`` if it is the result of a calculation."""
        return getattr(self, "_text", None)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self.text is None:
            return cast("tuple[Any, ...]", super().__reduce_ex__(protocol))
        return parse_date_time, (self.text,)


def parse_date_time(text: str) -> SpelledDateTime:
    """Return the moment that an RFC 3339 date-time names.

    Raises:
        ValueError: the text is not one, or its year is 0000.
    """
    usual = text.upper()
    if _RFC_3339.fullmatch(usual) is None:
        raise ValueError("not an RFC 3339 date-time")
    if usual[_SECONDS] != "60":
        return SpelledDateTime.spelled(usual, text)
    before = SpelledDateTime.spelled(f"{usual[: _SECONDS.start]}59{usual[_SECONDS.stop :]}", text)
    since_midnight = timedelta(hours=before.hour, minutes=before.minute)
    if (since_midnight - (before.utcoffset() or _NO_TIME)) % _DAY != _LAST_MINUTE_OF_DAY:
        raise ValueError("a leap second is the last one of a day in UTC")
    return before


def written(moment: datetime) -> str:
    """Return the RFC 3339 text of an aware moment: the one it was read from, if there is one."""
    return getattr(moment, "text", None) or cast("str", to_jsonable_python(moment))


class DateTimeRule(Rule):
    """``format: date-time`` on ``datetime``; from Python an aware ``datetime`` or an RFC 3339 text."""

    __slots__ = ()

    def core_schema(self) -> CoreSchema:
        """Return the check: the commonest spelling first, and each with the cheapest reader that is exact."""
        canonical = core_schema.no_info_after_validator_function(
            # From C to C: faster than pydantic-core's own reading of a text, which a chain would hand on.
            datetime.fromisoformat,
            core_schema.str_schema(strict=True, pattern=f"^{_CANONICAL}$"),
        )
        usual = core_schema.no_info_after_validator_function(
            SpelledDateTime.spelled, core_schema.str_schema(strict=True, pattern=f"^{_USUAL}$")
        )
        rare = core_schema.no_info_after_validator_function(
            parse_date_time, core_schema.str_schema(strict=True)
        )
        aware = core_schema.no_info_plain_validator_function(_aware)
        return core_schema.json_or_python_schema(
            first_of(canonical, usual, rare),
            first_of(aware, canonical, usual, rare),
            serialization=core_schema.plain_serializer_function_ser_schema(_for_json, when_used="json"),
        )

    def expectation(self) -> str:
        """Return the rule in words."""
        return "must be an RFC 3339 date-time with time zone, from year 0001, such as 2026-05-22T09:30:00Z"

    def json_schema(self) -> JsonSchemaValue:
        """Return the keywords of the rule."""
        return {"type": "string", "format": "date-time"}


class DateRule(Rule):
    """``format: date`` on ``date``; from Python a ``date`` that is no ``datetime``, or its text."""

    __slots__ = ()

    def core_schema(self) -> CoreSchema:
        """Return the check; a date has one spelling only."""
        text = core_schema.no_info_after_validator_function(
            date.fromisoformat, core_schema.str_schema(strict=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        )
        exact = core_schema.no_info_plain_validator_function(_exact_date)
        return core_schema.json_or_python_schema(
            text, first_of(exact, text), serialization=core_schema.simple_ser_schema("date")
        )

    def expectation(self) -> str:
        """Return the rule in words."""
        return "must be an RFC 3339 date from year 0001, such as 2026-05-22"

    def json_schema(self) -> JsonSchemaValue:
        """Return the keywords of the rule."""
        return {"type": "string", "format": "date"}


DateTime: TypeAlias = Annotated[datetime, DateTimeRule()]
Date: TypeAlias = Annotated[date, DateRule()]


def _aware(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError("not a datetime")  # noqa: TRY004 - pydantic lets a TypeError through
    offset = value.utcoffset()
    if offset is None or offset % timedelta(minutes=1):
        raise ValueError("naive, or an offset with seconds, which RFC 3339 cannot write")
    return value


def _exact_date(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("not a date")  # noqa: TRY004 - pydantic lets a TypeError through
    return value


def _for_json(value: datetime) -> datetime | str:
    return value if type(value) is datetime else getattr(value, "text", None) or value
