"""``enum`` and ``const`` with booleans among the values."""

from dataclasses import dataclass
from typing import get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.fields.rules import first_of


@dataclass(frozen=True, slots=True)
class LiteralRule:
    """Compares as JSON does, on ``Literal[True, "yes"]``: Python takes 1 for ``True``, JSON does not."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        values = get_args(source)
        choices = [_boolean(value) for value in values if isinstance(value, bool)]
        others = [value for value in values if not isinstance(value, bool)]
        if others:
            choices.append(core_schema.literal_schema(others))
        shown = " or ".join(map(repr, values))
        return core_schema.custom_error_schema(
            first_of(*choices), custom_error_type="literal_error", custom_error_context={"expected": shown}
        )


def _boolean(value: bool) -> CoreSchema:
    return core_schema.chain_schema(
        [core_schema.bool_schema(strict=True), core_schema.literal_schema([value])]
    )
