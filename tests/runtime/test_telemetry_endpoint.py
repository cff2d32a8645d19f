"""What a worker answers on SGUILD_DISPATCHER_METRICS_PORT, to whom, and when it does not."""

import asyncio
import json
import logging
import socket
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import asyncpg
import pytest

from deliveries_kit import (
    KEYRING,
    NO_WAIT,
    SalesSubscriber,
    create_effects,
    locked,
    numbers,
    publish,
    recording,
    until,
)
from sample_contracts import CreditLockedV1, Event
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import SettingsError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.subscriber import HandlerContext


@pytest.fixture
async def database(connection: Connection) -> Connection:
    await create_effects(connection)
    return connection


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def served(dsn: str, port: int, name: str = "crm", **changes: object) -> SalesSubscriber:
    settings = Settings(dsn=dsn, poll_interval=0.05, lease_seconds=1, metrics_port=port)
    return SalesSubscriber(name, settings=replace(settings, **changes), keyring=KEYRING, retry=NO_WAIT)  # type: ignore[arg-type]


@asynccontextmanager
async def running(*subscribers: SalesSubscriber) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in subscribers]
    try:
        yield
    finally:
        for each in subscribers:
            await each.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)


async def ask(port: int, request: str | bytes) -> tuple[int, str, str]:
    """Send a request as it is, and return status, headers and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode() if isinstance(request, str) else request)
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]) if head else 0, head, body


async def get(port: int, path: str, *headers: str) -> tuple[int, str, str]:
    return await ask(port, "\r\n".join((f"GET {path} HTTP/1.1", "Host: worker", *headers, "", "")))


async def is_ready(port: int) -> bool:
    with suppress(OSError):
        return (await get(port, "/readyz"))[0] == 200
    return False


async def ready(dsn: str, port: int, name: str = "crm") -> SalesSubscriber:
    subscriber = served(dsn, port, name)
    recording(subscriber)
    await subscriber.register()
    return subscriber


async def test_the_metrics_are_those_of_prometheus(database: Connection, dsn: str, port: int) -> None:
    async with running(await ready(dsn, port)):
        await publish(database, locked(1))
        await until(lambda: _is_in(port, 'sguild_dispatcher_deliveries_total{event_type="credit.locked"'))
        status, head, body = await get(port, "/metrics?name[]=all")
        assert status == 200
        assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
        assert f"Content-Length: {len(body)}" in head
        assert 'outcome="delivered",reason="",subscriber="sales/crm"}' in body
        _, head, body = await get(port, "/metrics", "accept: application/openmetrics-text; version=1.0.0")
        assert "Content-Type: application/openmetrics-text; version=1.0.0" in head
        assert body.endswith("# EOF\n")
    assert not await is_ready(port)


async def _is_in(port: int, text: str) -> bool:
    with suppress(OSError):
        return text in (await get(port, "/metrics"))[2]
    return False


async def test_any_client_of_http_may_ask(database: Connection, dsn: str, port: int) -> None:
    assert not database.is_closed()

    def look() -> tuple[int, bytes]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status, answer.read()

    async with running(await ready(dsn, port)):
        await until(lambda: is_ready(port))
        assert await asyncio.to_thread(look) == (200, b"ok\n")


async def test_a_worker_is_ready_when_it_owns_its_partitions_or_stands_by(
    database: Connection, dsn: str, port: int
) -> None:
    assert not database.is_closed()
    first, second = await ready(dsn, port), await ready(dsn, port)
    async with running(first, second):
        await until(lambda: is_ready(port))
        assert json.loads((await get(port, "/readyz"))[2]) == {
            "ready": True,
            "subscribers": {"sales/crm": []},
        }


async def test_a_worker_that_lost_its_database_lives_and_is_not_ready(
    postgres: str, database: Connection, dsn: str, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    name = await database.fetchval("select current_database()")
    server: Connection = await asyncpg.connect(postgres)
    async with running(await ready(dsn, port)):
        await until(lambda: is_ready(port))
        await server.execute(f'alter database "{name}" with allow_connections false')
        await server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )
        await until(lambda: _is_not_ready(port))
        status, head, body = await get(port, "/readyz")
        assert (status, json.loads(body)) == (
            503,
            {"ready": False, "subscribers": {"sales/crm": ["not connected"]}},
        )
        assert "Content-Type: application/json" in head
        assert (await get(port, "/healthz"))[0] == 200
        await server.execute(f'alter database "{name}" with allow_connections true')
        await until(lambda: is_ready(port))
    await server.close()
    assert "Trying again" in caplog.text


async def _is_not_ready(port: int) -> bool:
    return not await is_ready(port)


async def test_no_page_is_answered_while_a_handler_blocks_the_loop(
    database: Connection, dsn: str, port: int
) -> None:
    subscriber = served(dsn, port)
    blocked = asyncio.Event()

    @subscriber.on_credit_locked
    async def block(event: Event[CreditLockedV1], context: HandlerContext) -> None:
        assert event.event_id == context.event_id
        blocked.set()
        time.sleep(1.5)  # noqa: ASYNC251 - that is the mistake

    def look() -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            return connection.recv(99).decode()

    await subscriber.register()
    async with running(subscriber):
        await until(lambda: is_ready(port))
        assert "200 OK" in await asyncio.to_thread(look)
        looking = asyncio.to_thread(_after_a_moment, look)
        await publish(database, locked(1))
        with pytest.raises(TimeoutError):
            await looking
        assert blocked.is_set()
        assert "200 OK" in await asyncio.to_thread(look)


def _after_a_moment(look: object) -> object:
    time.sleep(0.3)
    assert callable(look)
    return look()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        ("GET / HTTP/1.1", 404),
        ("GET /metrics/ HTTP/1.1", 404),
        ("GET //healthz HTTP/1.1", 404),
        ("GET /HEALTHZ HTTP/1.1", 404),
        ("GET /healthz%00 HTTP/1.1", 404),
        ("POST /nowhere HTTP/1.1", 404),
        ("POST /metrics HTTP/1.1", 405),
        ("HEAD /healthz HTTP/1.0", 405),
        ("get /healthz HTTP/1.1", 405),
        ("OPTIONS /readyz HTTP/1.1", 405),
        ("GET http://worker/healthz HTTP/1.1", 400),
        ("OPTIONS * HTTP/1.1", 400),
        ("GET /healthz", 400),
        ("GET /healthz HTTP/2", 400),
        ("GET /healthz HTTP/1.1 ", 400),
        ("GET  /healthz HTTP/1.1", 400),
        ("GET /health\x7fz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1\r\n folded: header", 400),
        ("GET /healthz HTTP/1.1\r\nname : value", 400),
        ("GET /healthz HTTP/1.1\r\nname: a\x00b", 400),
        ("GET /healthz HTTP/1.1\r\nname", 400),
        ("GET /healthz HTTP/1.1\nname: value", 400),
        ("\x16\x03\x01\x02", 400),
        ("GET /healthz HTTP/1.1\r\nname: " + "x" * 9000, 431),
        ("GET /healthz?x=" + "y" * 4000 + " HTTP/1.1", 200),
        ("GET /healthz HTTP/1.0", 200),
    ],
)
async def test_what_is_no_get_of_a_page_is_refused(
    memory_endpoint: int, request_head: str, status: int
) -> None:
    answered, head, _ = await ask(memory_endpoint, request_head + "\r\n\r\n")
    assert answered == status
    assert "Connection: close" in head
    assert ("Allow: GET" in head) == (status == 405)


@pytest.fixture
async def memory_endpoint(port: int) -> AsyncIterator[int]:
    """The port of an endpoint that needs no database."""
    from sguild_dispatcher.telemetry.endpoint import endpoint

    async with endpoint("127.0.0.1", port, "sales/crm", list):
        yield port


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\n"])
async def test_a_slow_client_is_hung_up_on(
    memory_endpoint: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sguild_dispatcher.telemetry.http.CLIENT_SECONDS", 0.2)
    assert await ask(memory_endpoint, sent) == (0, "", "")
    assert (await get(memory_endpoint, "/healthz"))[0] == 200


async def test_a_client_that_takes_no_answer_is_hung_up_on(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sguild_dispatcher.telemetry.endpoint import Endpoint, endpoint

    monkeypatch.setattr("sguild_dispatcher.telemetry.http.CLIENT_SECONDS", 0.3)
    large = type("Endpoint", (Endpoint,), {"_readiness": lambda _: _answer_of(50_000_000)})
    monkeypatch.setattr("sguild_dispatcher.telemetry.endpoint.Endpoint", large)
    async with endpoint("127.0.0.1", port, "sales/crm", list):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /readyz HTTP/1.1\r\n\r\n")
        await asyncio.sleep(0.6)
        reader, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert b"200 OK" in await reader.read()
        other.close()
        # The server is gone: sooner or later the connection tells.
        with pytest.raises(ConnectionError):
            await _write_for_ever(writer)


async def _write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()
        await asyncio.sleep(0.01)


def _answer_of(size: int) -> object:
    from http import HTTPStatus

    from sguild_dispatcher.telemetry.http import Answer

    return Answer(HTTPStatus.OK, b"x" * size)


async def test_a_crowd_is_turned_away(memory_endpoint: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sguild_dispatcher.telemetry.endpoint.LARGEST_CROWD", 2)
    waiting = [await asyncio.open_connection("127.0.0.1", memory_endpoint) for _ in range(2)]
    await asyncio.sleep(0.1)
    with suppress(ConnectionError):
        assert await get(memory_endpoint, "/healthz") == (0, "", "")
    for _, writer in waiting:
        writer.close()
    await until(lambda: _is_healthy(memory_endpoint))


async def _is_healthy(port: int) -> bool:
    with suppress(ConnectionError):
        return (await get(port, "/healthz"))[0] == 200
    return False


async def test_subscribers_of_one_process_share_the_port(database: Connection, dsn: str, port: int) -> None:
    first, second = await ready(dsn, port), await ready(dsn, port, "mail")
    async with running(first):
        async with running(second):
            await publish(database, locked(1))
            await until(lambda: _effects(database, 2))
            await until(lambda: is_ready(port))
            assert json.loads((await get(port, "/readyz"))[2])["subscribers"] == {
                "sales/crm": [],
                "sales/mail": [],
            }
        assert json.loads((await get(port, "/readyz"))[2])["subscribers"] == {"sales/crm": []}
    assert not await is_ready(port)
    async with running(first):
        await until(lambda: is_ready(port))


async def _effects(database: Connection, count: int) -> bool:
    return len(await numbers(database)) == count


async def test_a_port_in_use_is_named(database: Connection, dsn: str, port: int) -> None:
    assert not database.is_closed()
    subscriber = await ready(dsn, port)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(
            SettingsError,
            match=rf"Nothing can listen on 127.0.0.1:{port} \(EADDRINUSE\): change SGUILD_DISPATCHER_",
        ),
    ):
        await subscriber.run()
    async with running(subscriber):
        await until(lambda: is_ready(port))


async def test_no_port_is_opened_without_the_setting_or_by_drain(
    database: Connection, dsn: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncio.start_server", None)
    subscriber = served(dsn, port, metrics_port=None)
    recording(subscriber)
    await subscriber.register()
    await publish(database, locked(1))
    async with running(subscriber):
        await until(lambda: _effects(database, 1))
    await publish(database, locked(2))
    draining = served(dsn, port)
    recording(draining)
    assert (await draining.drain()).delivered == 1


async def test_a_collector_that_fails_is_an_answer_and_a_warning(
    memory_endpoint: int, caplog: pytest.LogCaptureFixture
) -> None:
    from prometheus_client import REGISTRY, Metric
    from prometheus_client.registry import Collector

    class Broken(Collector):
        def describe(self) -> list[Metric]:
            return []

        def collect(self) -> list[Metric]:
            raise KeyError("jane.doe@example.org")

    broken = Broken()
    REGISTRY.register(broken)
    try:
        with caplog.at_level(logging.DEBUG, logger="sguild_dispatcher"):
            status, _, body = await get(memory_endpoint, "/metrics")
    finally:
        REGISTRY.unregister(broken)
    assert (status, body) == (500, "A collector failed; see the log.\n")
    assert "a collector raised KeyError" in caplog.text
    assert "jane.doe" not in caplog.text
