"""Whole schemas, for what no other rule can say: ``not``, ``contains``, ``patternProperties`` and the like.

The check is that of jsonschema-rs, which is imported when the first value is checked. It costs a few
microseconds more than a rule of its own would, and it is exact.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_jsonable_python

from sguild_dispatcher.fields.violations import violation

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

# What cannot be written as JSON is no value of any schema.
_UNWRITABLE: Final = (ValueError, TypeError, RecursionError)
# Stands in messages where the value would: values are personal data.
_MASK: Final = "the value"


@dataclass(frozen=True, slots=True)
class SchemaRule:
    """A JSON Schema (2020-12) that a value has to be accepted by, given as JSON text.

    As metadata of ``Annotated`` it checks what comes in, before the type does. For a whole model, call
    :meth:`check` in an after-validator. Python values count as what they are written as.
    """

    text: str
    assert_formats: bool = True
    _made: "list[Draft202012Validator]" = field(
        default_factory=list["Draft202012Validator"], init=False, repr=False, compare=False
    )

    def check(self, value: object) -> None:
        """Check a value or a model.

        Raises:
            PydanticCustomError: the schema does not accept it; the message holds no value.
        """
        validator = self._made[0] if self._made else self._make()
        try:
            document = to_jsonable_python(value, by_alias=True)
            if validator.is_valid(document):
                return
            error = next(iter(validator.iter_errors(document)))
        except _UNWRITABLE:
            raise violation("", "must be a JSON value") from None
        raise _refusal(error)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        stated: JsonSchemaValue | bool = json.loads(self.text)
        return {"not": {}} if isinstance(stated, bool) else stated

    def _checked(self, value: Any) -> Any:
        self.check(value)
        return value

    def _make(self) -> "Draft202012Validator":
        from jsonschema_rs import Draft202012Validator

        schema = json.loads(self.text)
        self._made.append(Draft202012Validator(schema, validate_formats=self.assert_formats, mask=_MASK))
        return self._made[0]


def _refusal(error: "ValidationError") -> PydanticCustomError:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in error.instance_path)
    return violation("".join(f"/{step}" for step in steps), f"is refused: {error.message}")
