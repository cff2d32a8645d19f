"""Publishing: every rule is checked before a row is written into the caller's transaction.

The order of refusals: the payload's class and event type, the producer, the emission windows, the
tenant, payload and envelope by their schemas, U+0000, the size, the key, the transaction.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json
from typing_extensions import deprecated

from sguild_dispatcher.clock import Clock, system_clock
from sguild_dispatcher.connections import (
    AsyncConnection,
    EventRow,
    SyncConnection,
    execute,
    execute_batch,
    execute_batch_sync,
    execute_sync,
)
from sguild_dispatcher.context import RequestContext, current_context
from sguild_dispatcher.errors import (
    BodyTooLargeError,
    EmissionWindowError,
    ForeignEventError,
    InvalidEventError,
    MissingContextError,
    MissingRightsError,
    NulCharacterError,
    PublishError,
    UnregisteredEventTypeError,
)
from sguild_dispatcher.fields import problems
from sguild_dispatcher.models import Envelope, Payload
from sguild_dispatcher.plans import EventPlan
from sguild_dispatcher.registry import Registry
from sguild_dispatcher.rights import INSUFFICIENT_PRIVILEGE, role_of
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import FollowedKeyring, Keyring
from sguild_dispatcher.telemetry import Publishing

if TYPE_CHECKING:
    from sguild_dispatcher.wakeups import SyncWaker, Waker

__all__ = ["AsyncConnection", "Publisher", "SyncConnection", "SyncPublisher", "deprecated"]

_log: Final = logging.getLogger(__name__)

_IdT = TypeVar("_IdT", bound=str)


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What the events of one call have in common: when it was, in which context, and what is traced of it."""

    moment: datetime
    context: RequestContext
    trace_context: str | None


class _Publisher:
    """What both publishers share: everything up to the row."""

    domain: ClassVar[str]
    """The domain whose events the class publishes."""

    registry: ClassVar[Registry]
    """The registry of the generated package."""

    def __init__(
        self,
        *,
        keyring: Keyring | None = None,
        settings: Settings | None = None,
        clock: Clock = system_clock,
        waker: "Waker | SyncWaker | None" = None,
    ) -> None:
        self._given_settings = settings
        self._keyring: Keyring | FollowedKeyring | None = keyring
        self._clock = clock
        self._waker = waker
        self._plans: dict[tuple[str, int], EventPlan] = {}
        self._counting = Lock()
        self.emission_warnings = 0
        """Events that this publisher let out of their emission window, because emission is set to warn."""

    @cached_property
    def _settings(self) -> Settings:
        """The settings; those of the environment are read on first use, so that a service can report them."""
        return self._given_settings or Settings.from_environment()

    def _circumstances(self, trace_context: str | None) -> _Circumstances:
        return _Circumstances(self._now(), current_context(), trace_context)

    def _row(
        self, payload: Payload, event_type: str, version: int, circumstances: _Circumstances
    ) -> EventRow:
        """Return the row of an event that may be published.

        Raises:
            PublishError: it may not; the subclass says why.
            MissingKeyError: there is no key to sign it with.
        """
        plan = self._plan(event_type, version)
        self._check_payload(plan, payload)
        self._check_producer(plan)
        self._check_windows(plan, circumstances.moment)
        tenant_id = self._tenant(plan, circumstances.context)
        event_id = plan.event_id.mint()
        body = self._body(plan, payload, event_id, tenant_id, circumstances)
        event = _validated(plan, body)
        _refuse_nul(plan, body)
        self._check_size(plan, body)
        key_id, signature = self._keys().sign(self.domain, body)
        return EventRow(
            event_id=event_id,
            event_type=event_type,
            schema_version=version,
            producer=self.domain,
            tenant_id=tenant_id,
            ordering_key=plan.ordering_key(event),
            key_id=key_id,
            signature=signature,
            body=body.decode(),
            trace_context=circumstances.trace_context,
        )

    def _rows(self, payloads: Iterable[Payload], circumstances: _Circumstances) -> list[EventRow]:
        """Return the rows of events all of which may be published.

        Raises:
            PublishError: one may not; the message begins with its index.
            MissingKeyError: there is no key to sign them with.
        """
        rows: list[EventRow] = []
        for index, payload in enumerate(payloads):
            try:
                rows.append(self._row(payload, *_contract_of(payload), circumstances))
            except PublishError as error:
                raise type(error)(f"payloads[{index}]: {error}") from None
        return rows

    def _watch(self, connection: object) -> None:
        if self._waker is not None:
            self._waker.watch(connection)

    @contextmanager
    def _rights_explained(self) -> Generator[None, None, None]:
        """Say of an insert that the database refuses whose role it takes."""
        try:
            yield
        except Exception as error:
            if getattr(error, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
                raise
            role = role_of(self.domain)
            reason = str(error).partition("\n")[0]
            raise MissingRightsError(
                f"The database role of this connection may not publish for {self.domain} ({reason}): connect "
                f"as one that has the rights of {role}, which `grant {role} to ...` gives; after a change of "
                "the registry, run `sguild-dispatcher roles apply` first."
            ) from error

    def _plan(self, event_type: str, version: int) -> EventPlan:
        plan = self._plans.get((event_type, version))
        if plan is None:
            plan = EventPlan.of(self.registry, event_type, version)
            self._plans[event_type, version] = plan
        return plan

    def _check_payload(self, plan: EventPlan, payload: object) -> None:
        if not isinstance(payload, plan.payload):
            raise InvalidEventError(
                f"{plan} is published as {plan.payload.__name__}, not as {type(payload).__qualname__}."
            )

    def _check_producer(self, plan: EventPlan) -> None:
        producer = plan.event_type.producer
        if producer != self.domain:
            raise ForeignEventError(
                f"{plan.event_type.name} is produced by {producer}, not by {self.domain}: only the publisher "
                f"of {producer} may publish it."
            )

    def _check_windows(self, plan: EventPlan, moment: datetime) -> None:
        found = plan.outside_of_windows(self.registry.domain(self.domain), moment)
        if found is None:
            return
        why, way_out = found
        if self._settings.emission == "enforce":
            raise EmissionWindowError(f"{why}: {way_out}.")
        with self._counting:
            self.emission_warnings += 1
        _log.warning(
            "%s: it is published, because SGUILD_DISPATCHER_EMISSION is warn",
            why,
            extra={"code": "emission-warned", "event_type": plan.event_type.name, "producer": self.domain},
        )

    def _tenant(self, plan: EventPlan, context: RequestContext) -> str:
        given = context.tenant_id
        # An empty text is a wrong tenant and not a missing one: the envelope's schema refuses it.
        tenant_id = self._settings.tenant_id if given is None else given
        if tenant_id is None:
            raise MissingContextError(
                f"{plan} has no tenant: publish inside `with request_context(tenant_id=...):`, "
                "or set SGUILD_DISPATCHER_TENANT_ID."
            )
        return tenant_id

    def _body(
        self,
        plan: EventPlan,
        payload: Payload,
        event_id: str,
        tenant_id: str,
        circumstances: _Circumstances,
    ) -> bytes:
        """Return the exact text of the event, its fields in the order of the envelope's schema.

        An event that is published outside of any chain begins one: its correlation id is its own id.
        So every event of a chain has the same correlation id, the first one included, and one
        equality finds all of them.
        """
        context = circumstances.context
        # A plain str is written three times as fast as an id.
        own = str(event_id)
        values: dict[str, Any] = {
            "event_id": own,
            "event_type": plan.event_type.name,
            "occurred_at": circumstances.moment,
            "tenant_id": tenant_id,
            "producer": self.domain,
            "schema_version": plan.version.version,
            "payload": payload,
            "subject": plan.subject(payload),
            "actor": f"system:{self.domain}" if context.actor is None else str(context.actor),
            "correlation_id": own if context.correlation_id is None else str(context.correlation_id),
        }
        written = {name: values[name] for name in plan.fields if values.get(name) is not None}
        try:
            return to_json(written)
        except (PydanticSerializationError, ValueError, RecursionError):
            # The cause shows the value that could not be written.
            raise InvalidEventError(f"{plan} is refused. /payload: cannot be written as JSON.") from None

    def _check_size(self, plan: EventPlan, body: bytes) -> None:
        limit = self._settings.max_body_bytes
        if len(body) > limit:
            raise BodyTooLargeError(
                f"{plan} has a body of {len(body)} bytes, and {limit} are allowed: publish a reference "
                "to the data instead of the data, or raise SGUILD_DISPATCHER_MAX_BODY_BYTES."
            )

    def _keys(self) -> Keyring:
        if self._keyring is None:
            self._keyring = self._settings.load_keyring(clock=self._clock)
        return self._keyring.current()

    def _now(self) -> datetime:
        moment = self._clock()
        if moment.tzinfo is None:
            raise ValueError("The clock must return an aware datetime, as datetime.now(UTC) is.")
        return moment.astimezone(UTC)


class Publisher(_Publisher):
    """Publishes the events of one domain; the base of generated publishers.

    Args:
        keyring: keys to sign with; by default those of ``SGUILD_DISPATCHER_KEYRING``, read on first use.
        settings: by default those of the environment.
        clock: only tests replace it.
        waker: wakes waiting workers once the caller has committed; without one nobody is notified, and they
            find the event at their next look, ``SGUILD_DISPATCHER_POLL_INTERVAL`` later at most.
    """

    async def _publish_any(self, connection: AsyncConnection, payload: Payload) -> str:
        """Publish a payload of whatever event type; the generated ``publish`` says which ones may come."""
        return await self._publish(connection, payload, *_contract_of(payload))

    async def _publish(
        self, connection: AsyncConnection, payload: Payload, event_type: str, version: int
    ) -> str:
        """Write an event into the log, in the transaction that is open on ``connection``.

        It becomes visible when, and only if, that transaction commits.

        Returns:
            The id of the event.

        Raises:
            PublishError: it is refused, and no row is written; the subclass says why.
            MissingKeyError: there is no key to sign it with.
            NotMigratedError: the database has no event log.
            MissingRightsError: the connection's role may not publish it.
        """
        with Publishing(event_type) as publishing, self._rights_explained():
            row = self._row(payload, event_type, version, self._circumstances(publishing.trace_context))
            publishing.sending(row)
            self._watch(await execute(connection, "insert_event", *row))
        return row.event_id

    async def _publish_many(
        self, connection: AsyncConnection, payloads: Iterable[Payload], event_id: Callable[[str], _IdT]
    ) -> list[_IdT]:
        """As :meth:`_publish`, for several events in one round trip; all of them are checked before.

        Args:
            connection: where the caller's transaction is open.
            payloads: nothing is written for none.
            event_id: the class of the contracts' event ids.

        Returns:
            The ids in the order of the payloads, which is the order that the events have in the log.

        Raises:
            PublishError: one of them is refused, and no row is written; the message names its index.
            MissingKeyError, NotMigratedError, MissingRightsError: as for one event.
        """
        payloads = list(payloads)
        if not payloads:
            return []
        with _publishing_many(payloads) as publishing, self._rights_explained():
            rows = self._rows(payloads, self._circumstances(publishing.trace_context))
            publishing.sending(*rows)
            self._watch(await execute_batch(connection, rows))
        return [event_id(row.event_id) for row in rows]


class SyncPublisher(_Publisher):
    """As :class:`Publisher`, for code without asyncio."""

    def _publish_any(self, connection: SyncConnection, payload: Payload) -> str:
        return self._publish(connection, payload, *_contract_of(payload))

    def _publish(self, connection: SyncConnection, payload: Payload, event_type: str, version: int) -> str:
        with Publishing(event_type) as publishing, self._rights_explained():
            row = self._row(payload, event_type, version, self._circumstances(publishing.trace_context))
            publishing.sending(row)
            self._watch(execute_sync(connection, "insert_event", *row))
        return row.event_id

    def _publish_many(
        self, connection: SyncConnection, payloads: Iterable[Payload], event_id: Callable[[str], _IdT]
    ) -> list[_IdT]:
        payloads = list(payloads)
        if not payloads:
            return []
        with _publishing_many(payloads) as publishing, self._rights_explained():
            rows = self._rows(payloads, self._circumstances(publishing.trace_context))
            publishing.sending(*rows)
            self._watch(execute_batch_sync(connection, rows))
        return [event_id(row.event_id) for row in rows]


def _publishing_many(payloads: Sequence[object]) -> Publishing:
    event_types = dict.fromkeys(getattr(each, "__event_type__", "") for each in payloads)
    return Publishing(*event_types, count=len(payloads))


def _contract_of(payload: object) -> tuple[str, int]:
    event_type = getattr(payload, "__event_type__", None)
    if not isinstance(payload, Payload) or event_type is None:
        raise UnregisteredEventTypeError(
            f"{type(payload).__qualname__} is not the payload of a registered event type: "
            "publish an instance of a generated payload class."
        )
    return payload.__event_type__, payload.__event_version__


def _validated(plan: EventPlan, body: bytes) -> Envelope[Any]:
    """Return the event that a reader will see; the payload may have been built without validation."""
    try:
        event: Envelope[Any] = plan.event.__pydantic_validator__.validate_json(body)
    except ValidationError:
        found = "; ".join(problems(plan.complaint(body)))
    else:
        return event
    raise InvalidEventError(f"{plan} is refused. {found}.")


def _refuse_nul(plan: EventPlan, body: bytes) -> None:
    pointer = plan.pointer_to_nul(body)
    if pointer is not None:
        raise NulCharacterError(
            f"{plan} is refused. {pointer}: holds U+0000, which PostgreSQL cannot store: remove it."
        )
