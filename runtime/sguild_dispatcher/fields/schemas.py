"""Whole schemas, for what no other rule can say: ``not``, ``contains``, ``patternProperties`` and the like.

The check is that of jsonschema-rs, which is imported when the first value is checked. It costs a few
microseconds more than a rule of its own would, and it is exact.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from pydantic import MISSING, BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_jsonable_python

from sguild_dispatcher.fields.refusals import refusal
from sguild_dispatcher.fields.violations import violation

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

# What cannot be written as JSON is no value of any schema.
_UNWRITABLE: Final = (ValueError, TypeError, RecursionError)
# Values of exactly these types are written as they are.
_WRITTEN_AS_THEY_ARE: Final = frozenset((str, int, float, bool, type(None)))
# Stands in messages where the value would: values are personal data.
_MASK: Final = "the value"


@dataclass(frozen=True)
class SchemaRule:
    """A JSON Schema (2020-12) that a value has to be accepted by, given as JSON text.

    As metadata of ``Annotated`` it checks what comes in, before the type does. For a whole model, call
    :meth:`check` in an after-validator; only for models, ``members`` are the names of those members that the
    schema looks at (``None``: all), and no other is written for it; if it looks at names alone
    (``names_only``), each member stands there as ``true``. Python values count as what they are written as.
    """

    text: str
    assert_formats: bool = True
    members: tuple[str, ...] | None = None
    names_only: bool = False

    def check(self, value: object) -> None:
        """Check a value or a model.

        Raises:
            PydanticCustomError: the schema does not accept it; the message holds no value.
        """
        try:
            document = self._written(value)
            if self._accepts(document):
                return
        except _UNWRITABLE:
            raise violation("", "must be a JSON value") from None
        raise self._refusal(document)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        return core_schema.json_or_python_schema(
            core_schema.no_info_before_validator_function(self._read, inner),
            core_schema.no_info_before_validator_function(self._given, inner),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        stated: JsonSchemaValue | bool = json.loads(self.text)
        return {"not": {}} if isinstance(stated, bool) else stated

    @cached_property
    def _validator(self) -> "Draft202012Validator":
        from jsonschema_rs import Draft202012Validator

        schema = json.loads(self.text)
        return Draft202012Validator(schema, validate_formats=self.assert_formats, mask=_MASK)

    @cached_property
    def _accepts(self) -> Callable[[Any], bool]:
        return self._validator.is_valid

    def _read(self, document: Any) -> Any:
        """Check what was JSON a moment ago."""
        try:
            accepted = self._accepts(document)
        except _UNWRITABLE:
            raise violation("", "must be a JSON value") from None
        if not accepted:
            raise self._refusal(document)
        return document

    def _given(self, value: Any) -> Any:
        self.check(value)
        return value

    def _refusal(self, document: Any) -> PydanticCustomError:
        return violation(*refusal(next(iter(self._validator.iter_errors(document)))))

    def _written(self, value: Any) -> Any:
        """Return the JSON of a value, or of those members of a model that the schema looks at."""
        if self.names_only:
            return dict.fromkeys(_names(value), True)
        if self.members is None:
            return to_jsonable_python(value, by_alias=True)
        held: dict[str, Any] = value.__dict__
        attributes = _attributes(value.__class__)
        document: dict[str, Any] = {}
        for name in self.members:
            attribute = attributes.get(name)
            found: Any = _extra(value, name) if attribute is None else held[attribute]
            if type(found) in _WRITTEN_AS_THEY_ARE:
                document[name] = found
            elif found is not MISSING:
                # The model knows how its fields are written, such as date-times by their text.
                looked_at = {attributes.get(each, each) for each in self.members}
                return value.model_dump(mode="json", by_alias=True, include=looked_at)
        return document


def _names(model: Any) -> Iterator[str]:
    """Yield the names of the members that a model has."""
    held: dict[str, Any] = model.__dict__
    for name, attribute in _attributes(model.__class__).items():
        if held[attribute] is not MISSING:
            yield name
    yield from model.model_extra or ()


def _extra(model: BaseModel, name: str) -> Any:
    return (model.model_extra or {}).get(name, MISSING)


@cache
def _attributes(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the attributes of a model by the names that they have in JSON."""
    return {each.alias or name: name for name, each in model.model_fields.items()}
