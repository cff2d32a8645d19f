"""Arrays and objects whose names are not fixed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sguild_dispatcher.fields.equality import all_different
from sguild_dispatcher.fields.rules import amount
from sguild_dispatcher.fields.strings import StringRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayRule:
    """``type: array`` with ``minItems``, ``maxItems`` and ``uniqueItems``, on ``tuple[X, ...]``.

    Takes JSON arrays, and lists and tuples from Python; no other iterable. Items are different
    as JSON counts it: ``1`` equals ``1.0``, ``true`` does not equal ``1``.
    """

    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        items = handler(source)
        array = core_schema.json_or_python_schema(
            items, core_schema.no_info_before_validator_function(_list_or_tuple, items)
        )
        if self == ArrayRule():
            return array
        return core_schema.no_info_after_validator_function(self._check(), array)

    def _check(self) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
        least = self.min_items or 0
        most = float("inf") if self.max_items is None else self.max_items
        unique = self.unique_items
        count = amount(self.min_items, self.max_items, "item")
        message = f"must be an array{' of ' if count else ''}{count}{', all different' if unique else ''}"

        def check(items: tuple[Any, ...]) -> tuple[Any, ...]:
            if not least <= len(items) <= most or (unique and not all_different(items)):
                raise PydanticCustomError("contract", "{rule}", {"rule": message})
            return items

        return check


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRule:
    """``type: object`` with ``minProperties``, ``maxProperties``, ``propertyNames``, on ``dict[str, X]``."""

    min_properties: int | None = None
    max_properties: int | None = None
    property_names: StringRule | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        names = self.property_names or StringRule()
        _, values = get_args(source)
        mapping = core_schema.dict_schema(
            names.__get_pydantic_core_schema__(str, handler), handler.generate_schema(values), strict=True
        )
        count = amount(self.min_properties, self.max_properties, "property")
        if not count:
            return mapping
        check = self._check(f"must be an object of {count}")
        return core_schema.no_info_after_validator_function(check, mapping)

    def _check(self, message: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        least = self.min_properties or 0
        most = float("inf") if self.max_properties is None else self.max_properties

        def check(members: dict[str, Any]) -> dict[str, Any]:
            if not least <= len(members) <= most:
                raise PydanticCustomError("contract", "{rule}", {"rule": message})
            return members

        return check


def _list_or_tuple(value: object) -> object:
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    raise PydanticCustomError("contract", "must be an array")
