"""Payloads and events of a generated package, for tests: what its module ``testing`` is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic import MISSING
from pydantic_core import PydanticSerializationError, to_jsonable_python

from sguild_dispatcher.models import Payload, PayloadT
from sguild_dispatcher.registry import EventType, PayloadVersion, Registry
from sguild_dispatcher.testing.documents import (
    DocumentMaker,
    Frame,
    SeededSource,
    Source,
    UnsatisfiableSchemaError,
)
from sguild_dispatcher.versions import noted, tolerant_rule

_FACTORY: Final = "factory"


@dataclass(frozen=True, slots=True)
class ContractKit:
    """Draws payloads and events of one package.

    ``payload_schema`` and ``envelope_schema`` are those of its module ``schemas``; ``distribution`` is what
    it is installed by.
    """

    registry: Registry
    payload_schema: Callable[[str, int], dict[str, Any]]
    envelope_schema: Callable[[], dict[str, Any]]
    distribution: str
    _makers: dict[tuple[str, int], DocumentMaker] = field(
        default_factory=dict[tuple[str, int], DocumentMaker], init=False, repr=False
    )

    def payloads(self, event_type: str, version: int | None = None) -> Any:
        """Return a Hypothesis strategy for the payloads of a version; the current one by default.

        Raises:
            ImportError: Hypothesis is not installed.
            UnregisteredEventTypeError, UnknownVersionError: the registry has no such version.
            UnsatisfiableSchemaError: the contract accepts nothing.
        """
        event, chosen = self._version(event_type, version)
        model = self.registry.payload_model(event.name, chosen.version)
        maker = self._maker(event.name, chosen.version)
        return self._strategy(maker.valid).map(model.model_validate)

    def events(self, event_type: str, version: int | None = None) -> Any:
        """Return a Hypothesis strategy for whole events: producer, subject and emission window are right.

        Raises:
            ImportError, UnregisteredEventTypeError, UnknownVersionError, UnsatisfiableSchemaError: as
                :meth:`payloads`.
        """
        event, chosen = self._version(event_type, version)
        model = self.registry.event_model(event.name, chosen.version)
        maker = self._maker(event.name, chosen.version)

        envelope = DocumentMaker(self.envelope_schema())
        frame = self._frame(event, chosen)

        def document(source: Source) -> dict[str, Any]:
            return frame.around(maker.valid(source.inside("payload")), envelope, source)

        return self._strategy(document).map(model.model_validate)

    def make(self, model: type[PayloadT], given: Mapping[str, object]) -> PayloadT:
        """Return a payload that has what is ``given``, by JSON name; what else it needs is filled in.

        Optional members are left out unless what is given asks for them. Ids are new ones each time,
        everything else is the same on each call.

        Raises:
            ValidationError: the contract does not allow what is given.
            UnsatisfiableSchemaError: the contract accepts nothing.
        """
        present = {name: value for name, value in given.items() if value is not MISSING}
        maker = self._maker(model.__event_type__, model.__event_version__)
        return model.model_validate({**_completed(maker, present), **present})

    def event(self, payload: Payload, **given: object) -> Any:
        """Return an event around a payload, as its producer would send it; ``None`` is not given.

        The payload may be what only a handler receives, with values and properties that are not recognised.

        Raises:
            TypeError: ``payload`` is no payload.
            ValidationError: the envelope does not allow what is given.
        """
        around = cast("object", payload)
        if not isinstance(around, Payload):
            raise TypeError(f"{around!r} is no payload: give an instance of a generated payload class.")
        event, chosen = self._version(payload.__event_type__, payload.__event_version__)
        exact = self.registry.payload_model(event.name, chosen.version)
        is_exact = isinstance(around, exact)
        model = self.registry.around(exact if is_exact else type(payload))
        source = SeededSource(_FACTORY, minimal=True)
        envelope = DocumentMaker(self.envelope_schema())
        written = to_jsonable_python(payload, by_alias=True)
        document = self._frame(event, chosen).around(written, envelope, source)
        present = {name: value for name, value in given.items() if value is not None}
        made = model.model_validate({**document, **present, "payload": payload})
        rule = None if is_exact else tolerant_rule(self.registry, event.name, chosen.version)
        return noted(made, rule.ignored(written).told(written) if rule else {})

    def _version(self, event_type: str, version: int | None) -> tuple[EventType, PayloadVersion]:
        event = self.registry.event_type(event_type)
        if version is not None:
            return event, event.version(version)
        return event, event.current or event.versions[-1]

    def _maker(self, event_type: str, version: int) -> DocumentMaker:
        place = (event_type, version)
        if place not in self._makers:
            self._makers[place] = DocumentMaker(self.payload_schema(event_type, version))
        return self._makers[place]

    def _strategy(self, make: Callable[[Source], Any]) -> Any:
        try:
            from sguild_dispatcher.testing.strategies import drawn
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            raise ImportError(
                f'Strategies need Hypothesis: pip install "{self.distribution}[testing]". Factories do not.'
            ) from None
        make(SeededSource("first"))  # a contract that accepts nothing shows here, and not in the test
        return drawn(make)

    def _frame(self, event: EventType, version: PayloadVersion) -> Frame:
        return Frame(
            event_type=event.name,
            version=version.version,
            producer=event.producer,
            subject=event.subject,
            emit_from=version.emit_from,
            emit_until=version.emit_until,
        )


def _completed(maker: DocumentMaker, present: Mapping[str, object]) -> dict[str, Any]:
    """Return a document with what is present, or one without where there is none: the model says why."""
    source = SeededSource(_FACTORY, minimal=True)
    try:
        return cast("dict[str, Any]", maker.valid(source, to_jsonable_python(present, by_alias=True)))
    except (UnsatisfiableSchemaError, PydanticSerializationError, ValueError):
        return cast("dict[str, Any]", maker.valid(source))
