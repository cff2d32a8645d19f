"""The bases of generated models.

A generated payload names its contract where it is declared::

    class CreditLockedV1(Payload, frozen=True, event_type="credit.locked", version=1): ...

Models are frozen and exact: they accept a JSON document if and only if its schema does.
"""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class ContractModel(BaseModel, frozen=True):
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

    # pydantic keeps frozen to itself; it stands here for type checkers, which look at this signature alone.
    def __init_subclass__(
        cls, *, event_type: str | None = None, version: int | None = None, frozen: bool = True
    ) -> None:
        super().__init_subclass__()
        if event_type is not None and version is not None:
            cls.__event_type__ = event_type
            cls.__event_version__ = version


PayloadT = TypeVar("PayloadT", bound=Payload)


class Envelope(ContractModel, Generic[PayloadT], frozen=True):
    """What every event carries around its payload; the generated ``Event`` fills in the exact field types.

    The names here are those that the runtime itself reads and writes.
    """

    if TYPE_CHECKING:
        event_id: str
        event_type: str
        occurred_at: datetime
        tenant_id: str
        producer: str
        schema_version: int
        payload: PayloadT
