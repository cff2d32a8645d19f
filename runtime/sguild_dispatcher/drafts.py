"""The text of events: what those of one call have in common is written, and checked, once."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from sguild_dispatcher.errors import InvalidEventError, NulCharacterError
from sguild_dispatcher.fields import problems
from sguild_dispatcher.models import Envelope, Payload
from sguild_dispatcher.plans import ESCAPED_NUL, EventPlan


class Draft(NamedTuple):
    """An event that its contract accepts, before it is signed."""

    event_id: str
    ordering_key: str
    body: bytes


class Frame:
    """The envelope of the events of one call that have one type and version.

    An event that is published outside of any chain begins one: its correlation id is its own id. So every
    event of a chain has the same correlation id, the first one included, and one equality finds all of them.

    Args:
        plan: the version.
        moment: when they occur.
        correlation_id: ``None`` outside of any chain.

    Raises:
        InvalidEventError: a text holds half of a surrogate pair.
    """

    __slots__ = ("_begins_chain", "_plan", "_proven", "_values")

    def __init__(
        self, plan: EventPlan, *, moment: datetime, tenant_id: str, actor: str, correlation_id: str | None
    ) -> None:
        self._plan = plan
        self._begins_chain = correlation_id is None
        self._proven: set[bytes] = set()
        self._values = {
            b"occurred_at": to_json(moment),
            b"tenant_id": _written(plan, "tenant_id", tenant_id),
            b"actor": _written(plan, "actor", actor),
        }
        if correlation_id is not None:
            self._values[b"correlation_id"] = _written(plan, "correlation_id", correlation_id)

    def draft(self, payload: Payload) -> Draft:
        """Return the exact text of the event, its fields in the order of the envelope's schema.

        Raises:
            InvalidEventError: its contract does not accept it.
            NulCharacterError: the database could not store it.
        """
        plan, values = self._plan, self._values
        event_id = plan.event_id.mint()
        values[b"event_id"] = own = b'"%b"' % event_id.encode()
        if self._begins_chain:
            values[b"correlation_id"] = own
        values[b"payload"] = written = _written(plan, "payload", payload)
        template, subject = plan.template, plan.subject(payload)
        if subject is not None:
            template = plan.template_with_subject
            values[b"subject"] = to_json(subject)
        body = template % values
        seen = self._seen(template, written, body)
        if ESCAPED_NUL in body:
            _refuse_nul(plan, body)
        return Draft(event_id, plan.ordering_text(seen) or subject or event_id, body)

    def _seen(self, template: bytes, payload: bytes, body: bytes) -> BaseModel:
        """Return the payload that a reader will see; the one at hand may have been built without validation.

        The first event is judged as a whole. Others differ from it by ids that were minted, by a subject that
        was judged by itself, and by the payload: so it is enough to judge that, in half of the time.
        """
        rule = self._plan.payload_rule
        if rule is not None and template in self._proven:
            try:
                return _payload_of(rule.__pydantic_validator__.validate_json(b'{"payload":%b}' % payload))
            except ValidationError:
                pass  # the whole says where
        event = _validated(self._plan, body)
        self._proven.add(template)
        return _payload_of(event)


def _written(plan: EventPlan, name: str, value: object) -> bytes:
    try:
        return to_json(value)
    except (PydanticSerializationError, ValueError, RecursionError):
        # The cause shows the value that could not be written.
        raise InvalidEventError(f"{plan} is refused. /{name}: cannot be written as JSON.") from None


def _payload_of(found: Any) -> BaseModel:
    payload: BaseModel = found.payload
    return payload


def _validated(plan: EventPlan, body: bytes) -> Envelope[Any]:
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
