"""What the rule markers have in common: one error a rule, whose message is what the contract wants.

pydantic would report what went wrong with a value, and show the value. A rule reports what
the contract says, always in the same words, because payload values are personal data.
"""

from abc import ABC, abstractmethod
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Rule(ABC):
    """The base of the markers of scalar values; a subclass says how to check and how to put it in words."""

    __slots__ = ()

    @abstractmethod
    def core_schema(self) -> CoreSchema:
        """Return the check alone, with whatever errors it has."""

    @abstractmethod
    def expectation(self) -> str:
        """Return the rule as the rest of a sentence that begins with the field: ``must be an integer``."""

    @abstractmethod
    def json_schema(self) -> JsonSchemaValue:
        """Return the rule as JSON Schema keywords."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return stated(self.core_schema(), self.expectation())

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return self.json_schema()


def stated(schema: CoreSchema, expectation: str) -> CoreSchema:
    """Return ``schema`` with one error for everything that it refuses, worded as ``expectation``."""
    return core_schema.custom_error_schema(
        schema, custom_error_type="contract", custom_error_message=expectation
    )


def first_of(*choices: CoreSchema) -> CoreSchema:
    """Return a schema that takes the first choice that accepts the value."""
    return core_schema.union_schema(list(choices), mode="left_to_right")


def amount(least: int | None, most: int | None, unit: str) -> str:
    """Return a range as ``1 to 200 characters``, empty when there is no bound."""
    if least is None and most is None:
        return ""
    if most is None:
        return f"at least {_counted(least or 0, unit)}"
    if least is None:
        return f"at most {_counted(most, unit)}"
    return _counted(most, unit) if least == most else f"{least} to {_counted(most, unit)}"


def keywords(**values: Any) -> JsonSchemaValue:
    """Return the keywords that are set."""
    return {name: value for name, value in values.items() if value is not None}


def _counted(count: int, unit: str) -> str:
    if count == 1:
        return f"1 {unit}"
    return f"{count} {unit[:-1]}ies" if unit.endswith("y") else f"{count} {unit}s"
