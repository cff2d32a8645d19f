"""Reading the version that was emitted, as the version that a handler takes.

An event is read by the exact model first: most hold no surprise, and for them tolerance costs nothing. What
the exact model refuses is read by the tolerant one. So is a version that is newer than all that the registry
knows: through the newest one that it does know. Then the payload becomes one of the handler's version: by
reading it once more, where the generator has proven that this always works, else by a function of a person.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from sguild_dispatcher.delivery.outcomes import HandlerVerdict
from sguild_dispatcher.errors import NotAdaptedError
from sguild_dispatcher.fields import SchemaRule, problems
from sguild_dispatcher.loosening import loosened, received_base, surprises
from sguild_dispatcher.models import Envelope, Payload
from sguild_dispatcher.plans import EventPlan
from sguild_dispatcher.registry import Registry

Hook: TypeAlias = Callable[[Any], Payload]
"""A function of a person: from the payload of one version to that of another one."""

Hooks: TypeAlias = Mapping[tuple[str, int, int], Hook]
"""Hooks by event type, emitted version and handler's version."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One version of an event type, and its readers; tolerant ones are made when they are needed."""

    registry: Registry
    plan: EventPlan
    _made: dict[bool, type[Envelope[Any]]] = field(default_factory=dict[bool, type[Envelope[Any]]])

    @property
    def version(self) -> int:
        """The version that is read."""
        return self.plan.version.version

    def read(self, body: bytes, *, proven: bool = False) -> tuple[Envelope[Any], bool]:
        """Read an event, and tell whether it is as its producer had to write it.

        Args:
            body: the event as JSON.
            proven: a tolerant reader is known to take it.

        Raises:
            ValidationError: a tolerant reader refuses it.
        """
        try:
            return self.plan.event.__pydantic_validator__.validate_json(body), True
        except ValidationError:
            return self._tolerant(body, proven=proven), False

    def _tolerant(self, body: bytes, *, proven: bool) -> Envelope[Any]:
        """Read an event, and note what is not recognised."""
        return noted(self._model(proven=proven).model_validate_json(body))

    def _model(self, *, proven: bool) -> type[Envelope[Any]]:
        if proven not in self._made:
            name = self.plan.event_type.name
            payload: Any = (
                loosened(self.plan.payload) if proven else tolerant_type(self.registry, name, self.version)
            )
            self._made[proven] = self.registry.around(payload)
        return self._made[proven]


def noted(event: Envelope[Any]) -> Envelope[Any]:
    """Return an event after noting what of its payload is not recognised."""
    found = dict(surprises(event.payload, "/payload"))
    object.__setattr__(event, "_unrecognised", MappingProxyType(found))
    return event


def tolerant_type(registry: Registry, event_type: str, version: int) -> Any:
    """Return the type of a payload as a tolerant reader takes it: the schema first, then the loosened model.

    Raises:
        UnregisteredEventTypeError, UnknownVersionError: as :meth:`Registry.payload_model`.
    """
    schema = SchemaRule(json.dumps(registry.tolerant_schema(event_type, version)))
    return Annotated[loosened(registry.payload_model(event_type, version)), schema]


@dataclass(frozen=True, slots=True)
class Unadapted:
    """An event of another version than the handler's, and the hook that makes it one of that.

    ``unknown`` says so where the registry does not know the version that was emitted.
    """

    event: Envelope[Any]
    hook: Hook
    target: Reading
    unknown: str = ""

    def adapted(self) -> Envelope[Any]:
        """Return the event in the handler's version.

        Raises:
            NotAdaptedError: what the function returns is no payload of that version, or it fails on an event
                of a version that nobody here knows, and so was not written for it.
            Exception: whatever the function raises.
        """
        payload = self._hooked()
        wanted = received_base(self.target.plan.payload)
        if not isinstance(payload, wanted):
            raise self._refused(f"returned {type(payload).__qualname__}: it has to return {wanted.__name__}.")
        document: dict[str, Any] = from_json(self.event.model_dump_json())
        document["payload"] = from_json(payload.model_dump_json())
        try:
            event, _ = self.target.read(to_json(document))
        except ValidationError as error:
            raise self._refused(f"returned what it does not accept: {'; '.join(problems(error))}.") from None
        return event

    def _hooked(self) -> object:
        try:
            return self.hook(self.event.payload)
        except HandlerVerdict:
            raise
        except Exception as error:
            if not self.unknown:
                raise
            # Its class alone: the message may quote the payload.
            raise self._refused(f"raised {type(error).__qualname__}.") from error

    def _refused(self, what: str) -> NotAdaptedError:
        said = f"The adapter to {self.target.plan} {what}"
        return NotAdaptedError(f"{self.unknown} {said}".lstrip(), unknown=bool(self.unknown))
