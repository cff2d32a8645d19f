"""Any JSON value, exactly: no NaN, no infinity, no half of a surrogate pair, no key that is no text."""

import math
from typing import Annotated, TypeAlias, cast

import pydantic
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.fields.violations import violation


class JsonRule:
    """Marks a field that takes whatever JSON can write, and nothing else from Python either."""

    __slots__ = ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(checked)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {}


JsonValue: TypeAlias = Annotated[pydantic.JsonValue, JsonRule()]


def checked(value: object) -> object:
    """Return a value that JSON can write.

    Raises:
        PydanticCustomError: JSON cannot write it; the message names the place within.
    """
    try:
        _check(value, "")
    except RecursionError:
        raise violation("", "must be nested less deeply") from None
    return value


def _check(value: object, pointer: str) -> None:
    match value:
        case None | bool() | int():
            return
        case float():
            if not math.isfinite(value):
                raise violation(pointer, "must be a number that JSON can write")
        case str():
            if not _is_writable(value):
                raise violation(pointer, "must not hold half of a surrogate pair")
        case list():
            for index, each in enumerate(cast("list[object]", value)):
                _check(each, f"{pointer}/{index}")
        case dict():
            _check_members(cast("dict[object, object]", value), pointer)
        case _:
            raise violation(pointer, "must be a JSON value")


def _check_members(members: dict[object, object], pointer: str) -> None:
    for name, each in members.items():
        if not isinstance(name, str) or not _is_writable(name):
            raise violation(pointer, "must have texts as names")
        _check(each, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")


def _is_writable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
