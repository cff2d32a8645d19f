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
from sguild_dispatcher.fields import JsonValue, problems
from sguild_dispatcher.ignoring import TolerantRule
from sguild_dispatcher.loosening import loosened, received_base
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
    _made: list[type[Envelope[Any]]] = field(default_factory=list[type[Envelope[Any]]])

    @property
    def version(self) -> int:
        """The version that is read."""
        return self.plan.version.version

    def read(self, body: bytes) -> Envelope[Any]:
        """Read an event as JSON, and note what of its payload is not recognised.

        Raises:
            ValidationError: a tolerant reader refuses it.
        """
        try:
            exact: Envelope[Any] = self.plan.event.__pydantic_validator__.validate_json(body)
        except ValidationError:
            ignored: dict[str, JsonValue] = {}
            return noted(self._tolerant().model_validate_json(body, context=ignored), ignored)
        return exact

    def _tolerant(self) -> type[Envelope[Any]]:
        if not self._made:
            payload = tolerant_type(self.registry, self.plan.event_type.name, self.version)
            self._made.append(self.registry.around(payload))
        return self._made[0]


def noted(event: Envelope[Any], ignored: Mapping[str, JsonValue]) -> Envelope[Any]:
    """Return an event after noting what of its payload is ignored, by JSON pointer into the payload."""
    found = {f"/payload{pointer}": value for pointer, value in ignored.items()}
    object.__setattr__(event, "_unrecognised", MappingProxyType(found))
    return event


def tolerant_type(registry: Registry, event_type: str, version: int) -> Any:
    """Return the type of a payload as a tolerant reader takes it: the schema first, then the loosened model.

    Raises:
        UnregisteredEventTypeError, UnknownVersionError: as :meth:`Registry.payload_model`.
    """
    payload = loosened(registry.payload_model(event_type, version))
    return Annotated[payload, tolerant_rule(registry, event_type, version)]


def tolerant_rule(registry: Registry, event_type: str, version: int) -> TolerantRule:
    """Return what a tolerant reader of a version accepts, and ignores.

    Raises:
        KeyError: there is no such version, or it is withdrawn.
    """
    return TolerantRule(json.dumps(registry.tolerant_schema(event_type, version)))


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
            event = self.target.read(to_json(document))
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
