"""What a service writes where its contracts cannot tell: renames, splits and defaults, and surprises kept."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from families_kit import Payload, installed, payload, write_families
from sguild_dispatcher import received
from sguild_dispatcher.context import request_context
from sguild_dispatcher.database import Connection
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriber import DrainResult

_TEXT: Payload = {"type": "string", "maxLength": 40}
_KIND: Payload = {"type": "string", "enum": ["a", "b"]}
_NUMBERED: Payload = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number"],
    "properties": {"number": _TEXT},
}
_NEWER: Payload = {**_NUMBERED, "properties": {"number": _TEXT, "floor": {"type": "integer"}}}

# In the package of the producer, version 1 has got optional properties since.
KNOWN = {
    "was.shaped": [
        payload("class name house", **{"class": _KIND}, name=_TEXT, house=_NUMBERED),
        payload("kind first last house currency", kind=_KIND, first=_TEXT, last=_TEXT, house=_NUMBERED,
                currency={"type": "string", "enum": ["EUR", "USD"]}),
    ],
    "was.plain": [
        payload("house", house=_NUMBERED),
        payload("house note", house=_NUMBERED, note=_TEXT),
    ],
}  # fmt: skip
GROWN = {
    "was.shaped": [
        payload("class name house", **{"class": _KIND}, name=_TEXT, house=_NEWER, more=_TEXT),
        KNOWN["was.shaped"][1],
    ],
    "was.plain": [payload("house", house=_NEWER, more=_TEXT), KNOWN["was.plain"][1]],
}
KEYRING = Keyring.generate(("sales",))
SURPRISES = {"/payload/house/floor": 3, "/payload/more": "new"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("hooks")
    with ExitStack() as stack:
        for name, families in (("reader", KNOWN), ("producer", GROWN)):
            contracts = write_families(folder / name, families)
            stack.enter_context(installed(folder, contracts, f"{name}_contracts"))
        yield


pytestmark = pytest.mark.usefixtures("packages")


def events(name: str) -> ModuleType:
    return importlib.import_module(f"reader_contracts.events.{name}")


def rename_split_and_default(old: Any) -> Any:
    first, _, last = old.name.partition(" ")
    kept = old.model_dump(exclude={"class_", "name"})
    new = {**kept, "kind": old.class_, "first": first, "last": last, "currency": "EUR"}
    return received(events("was_shaped").ReceivedWasShapedV2, new)


def default(old: Any) -> Any:
    return received(events("was_plain").WasPlainV2, {**old.model_dump(), "note": "-"})


async def adapted(
    connection: Connection, dsn: str, event_type: str, hook: Callable[[Any], Any], **given: Any
) -> Any:
    """Publish version 1 by the newer package, and return what a handler of version 2 gets by the older."""
    factories = importlib.import_module(f"producer_contracts.testing.factories.{event_type}")
    made = getattr(factories, f"make_{event_type}_v1")(
        house={"number": "7 b", "floor": 3}, more="new", **given
    )
    publisher = importlib.import_module("producer_contracts.domains.sales").SalesPublisher
    with request_context(tenant_id="tenant-1"):
        async with connection.transaction():
            await publisher(keyring=KEYRING, settings=Settings()).publish(connection, made)
    subscriber = importlib.import_module("reader_contracts.domains.sales").SalesSubscriber(
        "crm", settings=Settings(dsn=dsn, poll_interval=0.05), keyring=KEYRING
    )
    seen: list[Any] = []

    async def handle(event: Any, _context: object) -> None:
        seen.append(event)

    getattr(subscriber, f"on_{event_type}")(handle)
    getattr(subscriber, f"adapt_{event_type}_v1_to_v2")(hook)
    await subscriber.register()
    assert await subscriber.drain() == DrainResult(delivered=1)
    return seen[-1]


async def test_a_hook_renames_splits_and_supplies(connection: Connection, dsn: str) -> None:
    given = {"class_": "b", "name": "Ada Lovelace"}
    event = await adapted(connection, dsn, "was_shaped", rename_split_and_default, **given)
    assert isinstance(event.payload, events("was_shaped").ReceivedWasShapedV2)
    found = event.payload.model_dump(include={"kind", "first", "last", "currency"})
    assert found == {"kind": "b", "first": "Ada", "last": "Lovelace", "currency": "EUR"}
    assert event.emitted_version == 1
    assert event.unrecognised == SURPRISES


async def test_what_nobody_knows_goes_through_a_hook(connection: Connection, dsn: str) -> None:
    event = await adapted(connection, dsn, "was_plain", default)
    assert isinstance(event.payload, events("was_plain").WasPlainV2)
    assert event.payload.note == "-"
    assert event.unrecognised == SURPRISES


def test_what_is_received_is_what_a_handler_receives() -> None:
    published = events("was_shaped").WasShapedV2
    with pytest.raises(TypeError, match="No handler receives WasShapedV2: make ReceivedWasShapedV2"):
        received(published, {})


def test_what_the_contract_names_has_to_be_right() -> None:
    with pytest.raises(ValidationError, match="/house: is required"):
        received(
            events("was_plain").WasPlainV2,
            {"note": "-", "order_id": "ord_01890a5d-ac96-774b-bcce-b302099a8057"},
        )
