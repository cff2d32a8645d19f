import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from sguild_dispatcher.fields import Date, DateTime, SpelledDateTime

SPELLINGS = [
    "2026-05-22T09:30:00.5Z",
    "2026-05-22t09:30:00z",
    "2026-05-22T09:30:00.1234567+05:30",
    "2026-05-22T09:30:00.120000-00:00",
    "2026-05-22T09:30:00.000000Z",
    "2016-12-31T23:59:60Z",
]


class Slot(BaseModel):
    at: DateTime


def read(text: str) -> datetime:
    return Slot.model_validate_json(f'{{"at":"{text}"}}').at


@pytest.mark.parametrize("text", ["2026-05-22T09:30:00Z", "0001-01-01T00:00:00.000001+23:59"])
def test_canonical_text_is_a_plain_datetime(text: str) -> None:
    assert type(read(text)) is datetime
    assert Slot(at=read(text)).model_dump_json() == f'{{"at":"{text}"}}'


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301
def test_other_spellings_survive_models_and_copies(text: str, make: object) -> None:
    assert callable(make)
    value = make(read(text))
    assert type(value) is SpelledDateTime
    assert Slot(at=value).model_dump_json() == f'{{"at":"{text}"}}'


def test_it_is_the_same_moment() -> None:
    spelled, plain = read("2026-05-22T11:30:00.5+02:00"), read("2026-05-22T09:30:00.500000Z")
    assert spelled == plain
    assert hash(spelled) == hash(plain)
    assert read("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_another_moment_has_no_text_of_its_own() -> None:
    spelled = read("2026-05-22t09:30:00z")
    assert Slot(at=spelled + timedelta(hours=1)).model_dump_json() == '{"at":"2026-05-22T10:30:00Z"}'
    assert Slot(at=spelled.replace(hour=1)).model_dump_json() == '{"at":"2026-05-22T01:30:00Z"}'
    assert pickle.loads(pickle.dumps(spelled + timedelta(hours=1))) == spelled + timedelta(hours=1)  # noqa: S301


def test_an_aware_datetime_of_any_zone_is_taken() -> None:
    berlin = datetime(2026, 5, 22, 11, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert Slot(at=berlin).model_dump_json() == '{"at":"2026-05-22T11:30:00+02:00"}'


def test_an_offset_with_seconds_has_no_text_and_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be an RFC 3339 date-time with time zone"):
        Slot(at=datetime(2026, 5, 22, tzinfo=timezone(timedelta(seconds=30))))


def test_python_mode_gives_the_datetime_back() -> None:
    spelled = read(SPELLINGS[0])
    assert Slot(at=spelled).model_dump() == {"at": spelled}


def test_a_date_is_written_as_read() -> None:
    class Day(BaseModel):
        on: Date

    assert Day.model_validate_json('{"on":"0099-12-31"}').model_dump_json() == '{"on":"0099-12-31"}'
