"""Date-times and dates by RFC 3339, exactly, whose text survives.

A date-time in the spelling that pydantic writes becomes a plain ``datetime`` without leaving Rust.
Any other spelling (``.5Z``, lower case, a leap second) becomes a :class:`SpelledDateTime`, which is
the same moment and is written as it was read, so that a signature over the text still holds.

The one deviation from RFC 3339: the year 0000 is refused, because no Python ``datetime`` can hold it.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Annotated, Any, Final, TypeAlias, cast

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema, to_jsonable_python

from sguild_dispatcher.fields.rules import Rule, first_of

# Exactly the texts that pydantic-core writes: six digits or none, never .000000, and Z for UTC.
_FRACTION: Final = "|".join(f"0{{{zeros}}}[1-9][0-9]{{{5 - zeros}}}" for zeros in range(6))
_OFFSET: Final = "[+-](?:(?:0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|00:(?:0[1-9]|[1-5][0-9]))"
_CANONICAL: Final = (
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    rf"(?:\.(?:{_FRACTION}))?(?:Z|{_OFFSET})$"
)
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_LAST_SECOND: Final = 59
_LAST_MINUTE_OF_DAY: Final = 23 * 60 + 59


class SpelledDateTime(datetime):
    """A ``datetime`` that keeps the text it was read from.

    It compares, hashes and counts as the moment it is; a result of ``+`` or ``replace`` is another
    moment and has no text of its own. A leap second has the value of the second before it.
    """

    text: str | None = None

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self.text is None:
            return cast("tuple[Any, ...]", super().__reduce_ex__(protocol))
        return parse_date_time, (self.text,)


def parse_date_time(text: str) -> SpelledDateTime:
    """Return the moment that an RFC 3339 date-time names.

    Raises:
        ValueError: the text is not one, or its year is 0000.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time")
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, sign, offset_hours, offset_minutes = match.group(7, 8, 9, 10)
    offset = int(f"{sign}1") * (int(offset_hours) * 60 + int(offset_minutes)) if sign else 0
    if second == _LAST_SECOND + 1 and (hour * 60 + minute - offset) % (24 * 60) == _LAST_MINUTE_OF_DAY:
        second = _LAST_SECOND
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    moment = SpelledDateTime(year, month, day, hour, minute, second, microsecond, _zone(offset))
    moment.text = text
    return moment


def written(moment: datetime) -> str:
    """Return the RFC 3339 text of an aware moment: the one it was read from, if there is one."""
    return getattr(moment, "text", None) or cast("str", to_jsonable_python(moment))


class DateTimeRule(Rule):
    """``format: date-time`` on ``datetime``; from Python an aware ``datetime`` or an RFC 3339 text."""

    __slots__ = ()

    def core_schema(self) -> CoreSchema:
        """Return the check: canonical text in Rust, then everything else."""
        canonical = core_schema.chain_schema(
            [core_schema.str_schema(strict=True, pattern=_CANONICAL), core_schema.datetime_schema()]
        )
        spelled = core_schema.no_info_plain_validator_function(_spelled)
        aware = core_schema.no_info_plain_validator_function(_aware)
        return core_schema.json_or_python_schema(
            first_of(canonical, spelled),
            first_of(aware, canonical, spelled),
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
        text = core_schema.chain_schema(
            [
                core_schema.str_schema(strict=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
                core_schema.date_schema(),
            ]
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


def _zone(offset: int) -> tzinfo:
    return timezone(timedelta(minutes=offset)) if offset else UTC


def _spelled(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic lets a TypeError through
    return parse_date_time(value)


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
