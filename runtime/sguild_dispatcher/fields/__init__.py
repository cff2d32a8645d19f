"""Exact field types: each accepts a value if and only if its JSON Schema keywords do.

Rules are metadata of ``Annotated``::

    LockedCredits = Annotated[int, IntegerRule(minimum=1)]
    Tags = Annotated[tuple[Tag, ...], ArrayRule(min_items=1, unique_items=True)]

They hold for Python values as well: no number from ``"5"``, no ``True`` from ``1``, no string from bytes.
Nothing here imports a database driver.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

from sguild_dispatcher.fields.collections import ArrayRule, ObjectRule
from sguild_dispatcher.fields.datetimes import Date, DateTime, SpelledDateTime
from sguild_dispatcher.fields.ids import PrefixedId
from sguild_dispatcher.fields.json_values import JsonValue
from sguild_dispatcher.fields.literals import LiteralRule
from sguild_dispatcher.fields.numbers import BooleanRule, IntegerRule, NumberRule
from sguild_dispatcher.fields.schemas import SchemaRule
from sguild_dispatcher.fields.strings import StringRule
from sguild_dispatcher.fields.unrecognised import Unrecognised
from sguild_dispatcher.fields.violations import problems, violation

Boolean: TypeAlias = Annotated[bool, BooleanRule()]
Integer: TypeAlias = Annotated[int, IntegerRule()]
Number: TypeAlias = Annotated[int | float, NumberRule()]
String: TypeAlias = Annotated[str, StringRule()]
Email: TypeAlias = Annotated[str, StringRule(format="email")]
Uri: TypeAlias = Annotated[str, StringRule(format="uri")]

_Member = TypeVar("_Member")
if TYPE_CHECKING:
    # A dict, of which type checkers know that a payload is not to be changed.
    Map: TypeAlias = Mapping[str, _Member]
else:
    Map = dict[str, _Member]

__all__ = [
    "ArrayRule",
    "Boolean",
    "BooleanRule",
    "Date",
    "DateTime",
    "Email",
    "Integer",
    "IntegerRule",
    "JsonValue",
    "LiteralRule",
    "Map",
    "Number",
    "NumberRule",
    "ObjectRule",
    "PrefixedId",
    "SchemaRule",
    "SpelledDateTime",
    "String",
    "StringRule",
    "Unrecognised",
    "Uri",
    "problems",
    "violation",
]
