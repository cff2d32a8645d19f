"""Publishing: every rule is checked before a row is written into the caller's transaction.

The order of refusals: the payload's class and event type, the producer, the emission windows, the
tenant, payload and envelope by their schemas, U+0000, the size, the key, the transaction.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, NoReturn, TypeVar

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
from sguild_dispatcher.drafts import Frame
from sguild_dispatcher.errors import (
    BodyTooLargeError,
    EmissionWindowError,
    ForeignEventError,
    InvalidEventError,
    MissingContextError,
    MissingRightsError,
    PublishError,
    UnregisteredEventTypeError,
)
from sguild_dispatcher.models import Payload
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

PART: Final = 250
"""The most events of a batch that are written by one statement, where the next ones are made meanwhile."""

_IdT = TypeVar("_IdT", bound=str)


class _Circumstances(NamedTuple):
    """What the events of one call have in common: when it was, in which context, and what is traced of it."""

    moment: datetime
    context: RequestContext
    trace_context: str | None


class _Form(NamedTuple):
    """What the rows of one call's events of one class have in common."""

    plan: EventPlan
    complaint: str | None
    frame: Frame
    tenant_id: str
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
        """Return the row of an event that may be published; what may not is raised, as by :meth:`_parts`."""
        return self._signed(self._form(payload, event_type, version, circumstances), payload)

    def _form(self, payload: Payload, event_type: str, version: int, circumstances: _Circumstances) -> _Form:
        """Return what the row of an event has in common with others of its class in one call."""
        plan = self._plan(event_type, version)
        self._check_payload(plan, payload)
        self._check_producer(plan)
        complaint = self._outside_of_windows(plan, circumstances.moment)
        context = circumstances.context
        tenant_id = self._tenant(plan, context)
        frame = Frame(
            plan,
            moment=circumstances.moment,
            tenant_id=tenant_id,
            actor=f"system:{self.domain}" if context.actor is None else str(context.actor),
            correlation_id=None if context.correlation_id is None else str(context.correlation_id),
        )
        return _Form(plan, complaint, frame, tenant_id, circumstances.trace_context)

    def _signed(self, form: _Form, payload: Payload) -> EventRow:
        plan = form.plan
        if form.complaint is not None:
            self._warn(plan, form.complaint)
        event_id, ordering_key, body = form.frame.draft(payload)
        if len(body) > self._settings.max_body_bytes:
            self._refuse_size(plan, body)
        key_id, signature = self._keys().sign(self.domain, body)
        return EventRow(
            event_id,
            plan.event_type.name,
            plan.version.version,
            self.domain,
            form.tenant_id,
            ordering_key,
            key_id,
            signature,
            body.decode(),
            form.trace_context,
        )

    def _parts(
        self, payloads: Sequence[Payload], publishing: Publishing, rows: list[EventRow]
    ) -> Generator[Sequence[EventRow], None, None]:
        """Yield the rows of events, some hundreds at a time, and add them to ``rows``.

        Raises:
            PublishError: one may not be published; the message begins with its index.
            MissingKeyError: there is no key to sign them with.
        """
        circumstances = self._circumstances(publishing.trace_context)
        forms: dict[type, _Form] = {}
        begun = 0
        for index, payload in enumerate(payloads):
            if index == begun + PART:
                yield rows[begun:]
                begun = index
            try:
                form = forms.get(type(payload))
                if form is None:
                    form = self._form(payload, *_contract_of(payload), circumstances)
                    forms[type(payload)] = form
                rows.append(self._signed(form, payload))
            except PublishError as error:
                raise type(error)(f"payloads[{index}]: {error}") from None
        publishing.sending(*rows)
        yield rows[begun:]

    def _watch(self, connection: object) -> None:
        if self._waker is not None:
            self._waker.watch(connection)

    def _explain_rights(self, error: Exception) -> None:
        """Say of an insert that the database refuses whose role it takes."""
        if getattr(error, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            return
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

    def _outside_of_windows(self, plan: EventPlan, moment: datetime) -> str | None:
        """Return why events may not be emitted and nevertheless are, ``None`` if they may."""
        found = plan.outside_of_windows(self.registry.domain(self.domain), moment)
        if found is None:
            return None
        why, way_out = found
        if self._settings.emission == "enforce":
            raise EmissionWindowError(f"{why}: {way_out}.")
        return why

    def _warn(self, plan: EventPlan, complaint: str) -> None:
        with self._counting:
            self.emission_warnings += 1
        _log.warning(
            "%s: it is published, because SGUILD_DISPATCHER_EMISSION is warn",
            complaint,
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

    def _refuse_size(self, plan: EventPlan, body: bytes) -> NoReturn:
        raise BodyTooLargeError(
            f"{plan} has a body of {len(body)} bytes, and {self._settings.max_body_bytes} are allowed: "
            "publish a reference to the data instead of the data, or raise SGUILD_DISPATCHER_MAX_BODY_BYTES."
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
        with Publishing(event_type) as publishing:
            row = self._row(payload, event_type, version, self._circumstances(publishing.trace_context))
            publishing.sending(row)
            try:
                self._watch(await execute(connection, "insert_event", *row))
            except Exception as error:
                self._explain_rights(error)
                raise
        return row.event_id

    async def _publish_many(
        self, connection: AsyncConnection, payloads: Iterable[Payload], event_id: Callable[[str], _IdT]
    ) -> list[_IdT]:
        """As :meth:`_publish`, for several events in few round trips, which write all of them or none.

        Beyond some hundreds of events, asyncpg writes them in parts under a savepoint, while the next ones
        are checked and signed.

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
        payloads = _listed(payloads)
        if not payloads:
            return []
        rows: list[EventRow] = []
        with _publishing_many(payloads) as publishing:
            parts = self._parts(payloads, publishing, rows)
            try:
                self._watch(await execute_batch(connection, parts, several=len(payloads) > PART))
            except Exception as error:
                self._explain_rights(error)
                raise
        return [event_id(each.event_id) for each in rows]


class SyncPublisher(_Publisher):
    """As :class:`Publisher`, for code without asyncio."""

    def _publish_any(self, connection: SyncConnection, payload: Payload) -> str:
        return self._publish(connection, payload, *_contract_of(payload))

    def _publish(self, connection: SyncConnection, payload: Payload, event_type: str, version: int) -> str:
        with Publishing(event_type) as publishing:
            row = self._row(payload, event_type, version, self._circumstances(publishing.trace_context))
            publishing.sending(row)
            try:
                self._watch(execute_sync(connection, "insert_event", *row))
            except Exception as error:
                self._explain_rights(error)
                raise
        return row.event_id

    def _publish_many(
        self, connection: SyncConnection, payloads: Iterable[Payload], event_id: Callable[[str], _IdT]
    ) -> list[_IdT]:
        payloads = _listed(payloads)
        if not payloads:
            return []
        rows: list[EventRow] = []
        with _publishing_many(payloads) as publishing:
            parts = self._parts(payloads, publishing, rows)
            try:
                self._watch(execute_batch_sync(connection, parts))
            except Exception as error:
                self._explain_rights(error)
                raise
        return [event_id(each.event_id) for each in rows]


def _listed(payloads: Iterable[Payload] | Payload) -> list[Payload]:
    if isinstance(payloads, Payload):  # a model can be iterated, and yields its fields
        given = type(payloads).__qualname__
        raise InvalidEventError(f"publish_many takes several payloads and got one {given}: write [payload].")
    return list(payloads)


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
