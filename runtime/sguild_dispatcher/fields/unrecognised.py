"""A text that an open enum does not list: what a tolerant reader makes of it."""

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Unrecognised(str):
    """A value that the contract of the reader does not list.

    It is the text that was sent. Since it is a class of its own, ``case Unrecognised()`` is the missing case
    of a ``match`` over an open enum, and no producer can publish one.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))

    def __repr__(self) -> str:
        return f"Unrecognised({str(self)!r})"
