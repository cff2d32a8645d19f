"""The bases of generated models.

A generated payload names its contract where it is declared::

    class CreditLockedV1(Payload, frozen=True, event_type="credit.locked", version=1): ...

Models are frozen and exact: they accept a JSON document if and only if its schema does.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from sguild_dispatcher.fields.json_values import JsonValue
from sguild_dispatcher.fields.violations import explained

RootT = TypeVar("RootT")

_NOTHING: Final[Mapping[str, JsonValue]] = MappingProxyType({})


class _Explaining:
    """Raises pydantic's error in the contract's terms; what is accepted costs nothing more.

    The validator is called here and not through pydantic's own method, which would be another call.
    """

    # Type checkers keep pydantic's signatures.
    if not TYPE_CHECKING:

        def __init__(self, /, **data: object) -> None:
            __tracebackhide__ = True
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                raise explained(error, type(self).__pydantic_core_schema__) from None

        # Otherwise pydantic would call it for each model within a model.
        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name: str, value: object) -> None:
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                raise explained(error, type(self).__pydantic_core_schema__) from None

        @classmethod
        def model_validate(cls, obj: object, **options: Any) -> Self:
            __tracebackhide__ = True
            try:
                return super().model_validate(obj, **options)
            except ValidationError as error:
                raise explained(error, cls.__pydantic_core_schema__) from None

        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
            __tracebackhide__ = True
            try:
                if options:
                    return super().model_validate_json(json_data, **options)
                return cls.__pydantic_validator__.validate_json(json_data)
            except ValidationError as error:
                raise explained(error, cls.__pydantic_core_schema__) from None


class ContractRoot(_Explaining, RootModel[RootT], Generic[RootT], frozen=True):
    """A frozen value that is described by one schema and is no object with named members."""

    model_config = ConfigDict(hide_input_in_errors=True)

    if not TYPE_CHECKING:

        def __init__(self, /, *root: object, **data: object) -> None:
            __tracebackhide__ = True
            try:
                RootModel.__init__(self, *root, **data)
            except ValidationError as error:
                raise explained(error, type(self).__pydantic_core_schema__) from None

        __init__.__pydantic_base_init__ = True


class ContractModel(_Explaining, BaseModel, frozen=True):
    """A frozen object described by a contract: a payload, a part of one, or the envelope."""

    model_config = ConfigDict(
        extra="forbid",
        serialize_by_alias=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )


class Payload(ContractModel, frozen=True):
    """One version of one event type's payload.

    ``__event_type__`` and ``__event_version__`` name the contract that the class was generated from.
    """

    __event_type__: ClassVar[str]
    __event_version__: ClassVar[int]

    # pydantic keeps frozen and extra to itself; they stand here for type checkers, which look at this
    # signature alone.
    def __init_subclass__(
        cls,
        *,
        event_type: str | None = None,
        version: int | None = None,
        frozen: bool = True,
        extra: Literal["allow", "forbid"] | None = None,
    ) -> None:
        super().__init_subclass__()
        if event_type is not None and version is not None:
            cls.__event_type__ = event_type
            cls.__event_version__ = version


PayloadT = TypeVar("PayloadT", bound=Payload)
# An event of what is published is one of what is received: a handler can be given it in a test.
PayloadT_co = TypeVar("PayloadT_co", bound=Payload, covariant=True)


class Envelope(ContractModel, Generic[PayloadT_co], frozen=True):
    """What every event carries around its payload; the generated ``Event`` fills in the exact field types.

    The names here are those that the runtime itself reads and writes.
    """

    # No private attribute of pydantic's, which would cost every event something.
    __slots__ = ("_unrecognised",)

    if TYPE_CHECKING:
        event_id: str
        event_type: str
        occurred_at: datetime
        tenant_id: str
        producer: str
        schema_version: int
        payload: PayloadT_co

    # What pydantic copies are fields, what it calls private, and nothing else.
    def __copy__(self) -> Self:
        return self._telling(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self._telling(super().__deepcopy__(memo))

    def _telling(self, other: Self) -> Self:
        """Let a copy tell what is not recognised, as this event does."""
        object.__setattr__(other, "_unrecognised", self.unrecognised)
        return other

    @property
    def emitted_version(self) -> int:
        """The version of the payload that was emitted; the payload itself is of the handler's version."""
        return self.schema_version

    @property
    def unrecognised(self) -> Mapping[str, JsonValue]:
        """What was ignored, by JSON pointer: properties and values that the handler's version does not know.

        The payload keeps them: unknown properties in ``model_extra``, unknown values as ``Unrecognised``.
        """
        found: Mapping[str, JsonValue] = getattr(self, "_unrecognised", _NOTHING)
        return found
