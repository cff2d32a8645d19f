"""Models that take what a tolerant reader takes, made of the exact ones when the first surprise arrives.

What a tolerant reader accepts is said by a schema, which the generator writes (``schemas/…tolerant.json``)
and which is checked first. So the model only has to hold what that schema lets through, typed: unknown
properties are kept, checks of whole objects are left out, and embedded schemas are those of the exact reader
and left out as well. The enums are open in the text of the generated classes already (``Initiator |
Unrecognised``); of which values they do not list, the schema has told before (ignoring.py).
"""

from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache
from types import GenericAlias, UnionType, new_class
from typing import Annotated, Any, Final, ForwardRef, Union, cast, get_args, get_origin

from pydantic import ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from sguild_dispatcher.fields import SchemaRule, Unrecognised
from sguild_dispatcher.models import ContractModel, Payload, PayloadT

_EXTRA: Final = "__pydantic_extra__"
_CHECK: Final = "_check_contract"
_ORIGINS: Final[dict[type[ContractModel], tuple[type[Payload], type[ContractModel]]]] = {}
"""The payload and the model that each loosened one is made of."""

_CONTAINERS: Final = (tuple, dict)


class _Told:
    """Takes a value of which the schema has told already that it is unknown, before any wider type does."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(Unrecognised)


_TOLD: Final = Annotated[Unrecognised, _Told()]


def received_base(payload: type[Payload]) -> type[Payload]:
    """Return the class of what a handler receives: a base of the exact one where enums are open."""
    above = payload.__base__
    if above is not None and issubclass(above, Payload) and above is not Payload:
        return above
    return payload


@cache
def loosened(payload: type[Payload]) -> type[Payload]:
    """Return the model of a tolerant reader, a subclass of what a handler receives.

    Args:
        payload: the exact class of a payload.
    """
    return cast("type[Payload]", _loosened_models(payload)[received_base(payload)])


@cache
def _loosened_models(payload: type[Payload]) -> Mapping[type[ContractModel], type[ContractModel]]:
    """Return the loosened models of a payload and of its parts, by the models that they are made of."""
    models = {each: f"Loosened{number}" for number, each in enumerate(_models(received_base(payload)))}
    made = {name: _loosened(model, models) for model, name in models.items()}
    for each in made.values():
        each.model_rebuild(force=True, _types_namespace=made)
    found = {model: made[name] for model, name in models.items()}
    _ORIGINS.update((made_of, (payload, model)) for model, made_of in found.items())
    return found


def _reduced(self: ContractModel) -> tuple[object, ...]:
    """Return how to pickle a loosened model, which no module names: as the state of what it is made of."""
    return _unpickled, _ORIGINS[type(self)], self.__getstate__()


def _unpickled(payload: type[Payload], model: type[ContractModel]) -> ContractModel:
    found = _loosened_models(payload)[model]
    return found.__new__(found)


def received(payload: type[PayloadT], document: Mapping[str, Any]) -> PayloadT:
    """Return a payload as a handler receives it: with all that its contract does not know.

    What an adapter makes of a payload that held surprises is made so, since a published payload has none::

        received(ReceivedPaymentFailedV2, {**old.model_dump(), "method": "card"})

    The worker checks it by the contract's tolerant schema afterwards.

    Args:
        payload: the class that a handler receives.
        document: the payload's members, by their JSON names.

    Raises:
        TypeError: it is the class of what is published, of which no handler receives an instance.
        ValidationError: a member that the contract names is not what it says, or is missing.
    """
    if received_base(payload) is not payload:
        raise TypeError(f"No handler receives {payload.__name__}: make {received_base(payload).__name__}.")
    return cast("PayloadT", loosened(payload).model_validate(document))


def is_open(model: type[ContractModel]) -> bool:
    """Tell whether the contract itself lets an object have members that it does not name."""
    bases = model.__mro__[: model.__mro__.index(ContractModel)]
    return any(_EXTRA in vars(each).get("__annotations__", {}) for each in bases)


def _models(root: type[ContractModel]) -> Iterator[type[ContractModel]]:
    """Yield a model and those that its fields are made of."""
    seen: dict[type[ContractModel], None] = {root: None}
    waiting = [root]
    while waiting:
        model = waiting.pop()
        yield model
        found = {each for held in _types(model).values() for each in _named(held)}
        waiting += (each for each in found if each not in seen)
        seen |= dict.fromkeys(found)


def _types(model: type[ContractModel]) -> Mapping[str, Any]:
    """Return the types of a model's fields by their names, and that of members without a name."""
    found: dict[str, Any] = {name: field.annotation for name, field in model.model_fields.items()}
    if is_open(model):
        found[_EXTRA] = _extra_type(model)
    return found


def _extra_type(model: type[ContractModel]) -> Any:
    from typing import get_type_hints

    return get_type_hints(model, include_extras=True)[_EXTRA]


def _named(held: Any) -> Iterator[type[ContractModel]]:
    if get_origin(held) is None and isinstance(held, type) and issubclass(held, ContractModel):
        yield held
    for part in get_args(held):
        yield from _named(part)


def _loosened(model: type[ContractModel], models: Mapping[type[ContractModel], str]) -> type[ContractModel]:
    namespace: dict[str, Any] = {
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": model.__doc__,
        "__reduce__": _reduced,
        "__annotations__": {},
        # Infinity is written as such, and then refused: null would be another value.
        "model_config": ConfigDict(extra="allow", defer_build=True, ser_json_inf_nan="constants"),
    }
    for name, held in _types(model).items():
        if name == _EXTRA:
            namespace["__annotations__"][name] = _rewritten(held, models)
            continue
        field = copy(model.model_fields[name])
        field.metadata = [each for each in field.metadata if not isinstance(each, SchemaRule)]
        field.annotation = _rewritten(held, models)
        namespace["__annotations__"][name] = field.annotation
        namespace[name] = field
    if hasattr(model, _CHECK):
        namespace[_CHECK] = model_validator(mode="after")(_unchecked)
    return new_class(model.__name__, (model,), exec_body=lambda body: body.update(namespace))


def _unchecked(self: ContractModel) -> ContractModel:
    return self


def _rewritten(held: Any, models: Mapping[type[ContractModel], str]) -> Any:
    """Return a type with loosened models inside, and without schemas of the exact reader."""
    if isinstance(held, type) and held in models:
        return ForwardRef(models[held])
    origin: Any = get_origin(held)
    parts = get_args(held)
    if origin is Annotated:
        inner, *metadata = parts
        kept = [each for each in metadata if not isinstance(each, SchemaRule)]
        found = _rewritten(inner, models)
        return Annotated[found, *kept] if kept else found
    if origin in (Union, UnionType):
        first = (_TOLD,) if Unrecognised in parts else ()
        return Union[first + tuple(_rewritten(each, models) for each in parts)]  # noqa: UP007 - of any number
    if origin in _CONTAINERS:
        return GenericAlias(
            origin, tuple(each if each is Ellipsis else _rewritten(each, models) for each in parts)
        )
    return held
