"""Ids that name their kind: a prefix, an underscore and a UUID of version 7 in lower case.

Each kind is a type of its own, so that a lesson id where a person id is wanted is an error
to a type checker, to the constructor and to a model.
"""

import re
import uuid
from functools import partial
from typing import ClassVar, Final, Self, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.errors import InvalidIdError
from sguild_dispatcher.fields.rules import stated

_UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_PREFIX: Final = re.compile("[a-z][a-z0-9_]{0,62}")
_ANY_ID: Final = re.compile(f"({_PREFIX.pattern})_{_UUID7}")


class PrefixedId(str):
    """The base of id types, as ``class PersonId(PrefixedId, prefix="per")``.

    An id is a ``str``: it compares, hashes, sorts and prints as its text. ``PersonId(text)`` checks the text.

    Raises:
        InvalidIdError: the text is not an id of this kind.
    """

    __slots__ = ()

    prefix: ClassVar[str] = ""
    """What stands before the underscore."""

    _shape: ClassVar[re.Pattern[str]] = re.compile("(?!)")

    def __init_subclass__(cls, *, prefix: str | None = None) -> None:
        super().__init_subclass__()
        if prefix is None:
            return
        if _PREFIX.fullmatch(prefix) is None:
            raise ValueError(f"{prefix!r} is no id prefix: lower-case letters, digits and underscores are.")
        cls.prefix = prefix
        cls._shape = re.compile(f"{prefix}_{_UUID7}")

    def __new__(cls, text: str) -> Self:
        """Check ``text`` and return it as an id of this kind."""
        given = cast("object", text)
        if type(given) is cls:
            return given
        if not isinstance(given, str) or cls._shape.fullmatch(given) is None:
            raise InvalidIdError(cls._complaint(text))
        return super().__new__(cls, text)

    @classmethod
    def mint(cls) -> Self:
        """Return a new id; ids of one process sort by when they were minted."""
        import uuid_utils

        # It is made to the pattern: the constructor need not match it.
        return str.__new__(cls, f"{cls.prefix}_{uuid_utils.uuid7()}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return ``text`` as an id of this kind.

        Raises:
            InvalidIdError: it is not one.
        """
        return cls(text)

    @property
    def uuid(self) -> uuid.UUID:
        """The UUID behind the prefix."""
        return uuid.UUID(self[len(self.prefix) + 1 :])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    @classmethod
    def _complaint(cls, text: object) -> str:
        found = _ANY_ID.fullmatch(text) if isinstance(text, str) else None
        seen = f", not an id that begins with {found[1]}_" if found else ""
        return f"{cls.__name__} {cls._expectation()}{seen}: mint one with {cls.__name__}.mint()."

    @classmethod
    def _expectation(cls) -> str:
        return f"must be {cls.prefix}_ followed by a UUID of version 7 in lower case"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=f"^{cls.prefix}_{_UUID7}$")
        # The pattern was matched in Rust: the constructor need not match it again.
        typed = core_schema.no_info_after_validator_function(partial(str.__new__, cls), text)
        return stated(typed, cls._expectation())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{cls.prefix}_{_UUID7}$"}
