"""Plain pydantic models in the shape of generated ones: what one would write by hand, and not exact.

Ids keep their classes; date-times are ``datetime``, constrained numbers and strings ``int``, ``float`` and
``str``, enums ``Literal``, optional members ``None``. No rule about several members is checked.
"""

import types
from functools import cache
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import MISSING, BaseModel, JsonValue, create_model

from sguild_dispatcher.models import ContractModel

_LEAVES: Final[dict[Any, Any]] = {MISSING: None, JsonValue: Any}


@cache
def plain_model(model: type[BaseModel]) -> type[BaseModel]:
    """Return the plain counterpart of a generated model."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = plain_type(field.annotation)
        fields[name] = kind if field.is_required() else (kind, None)
    return create_model(f"Plain{model.__name__}", **fields)


def plain_type(annotation: Any) -> Any:
    """Return the plain counterpart of a field's type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return plain_type(arguments[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(map(plain_type, arguments))]  # noqa: UP007 - made at run time
    if arguments and origin in (tuple, dict):
        generic: Any = origin
        return generic[tuple(each if each is ... else plain_type(each) for each in arguments)]
    if isinstance(annotation, type) and issubclass(annotation, ContractModel):
        return plain_model(annotation)
    return _LEAVES.get(annotation, annotation)
