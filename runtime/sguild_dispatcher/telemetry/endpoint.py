"""The pages of a process that delivers: ``/metrics``, ``/healthz`` and ``/readyz``.

They are served by the event loop that delivers. Where a handler blocks that loop, none of them is answered,
and that is what ``/healthz`` is asked for.
"""

import asyncio
import errno
import json
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, TypeAlias

from sguild_dispatcher.errors import SettingsError
from sguild_dispatcher.telemetry.errors import error_type
from sguild_dispatcher.telemetry.http import LARGEST_HEAD, Answer, Page, plain, serve_client

_log: Final = logging.getLogger(__name__)

Complaints: TypeAlias = Callable[[], Sequence[str]]
"""Says why a subscriber is not ready; nothing if it is."""

LARGEST_CROWD: Final = 64
"""Clients at once; further ones are turned away."""


class Endpoint:
    """One address, and what all subscribers of this process say there.

    Args:
        host: the name or address to listen on.
        port: the port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._probes: list[tuple[str, Complaints]] = []
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._clients: set[asyncio.Task[None]] = set()
        self._pages: dict[str, Page] = {
            "/healthz": lambda _: plain(HTTPStatus.OK, "ok"),
            "/readyz": lambda _: self._readiness(),
            "/metrics": self._metrics,
        }

    async def add(self, name: str, complaints: Complaints) -> None:
        """Let a subscriber say whether it is ready; the first one opens the port.

        Raises:
            SettingsError: nothing can listen there.
        """
        self._probes.append((name, complaints))
        async with self._opening:
            if self._server is None:
                await self._listen()

    async def _listen(self) -> None:
        try:
            self._server = await asyncio.start_server(
                self._connected, self._host, self._port, limit=LARGEST_HEAD
            )
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            raise SettingsError(
                f"Nothing can listen on {self._host}:{self._port} ({reason}): change "
                "SGUILD_DISPATCHER_METRICS_HOST or SGUILD_DISPATCHER_METRICS_PORT; each process on a machine "
                "needs a port of its own."
            ) from None
        _log.info(
            "Serving %s on %s:%d",
            ", ".join(self._pages),
            self._host,
            self._port,
            extra={"code": "endpoint-open", "host": self._host, "port": self._port},
        )

    def remove(self, name: str, complaints: Complaints) -> bool:
        """Forget a subscriber that ends, and tell whether it was the last one, with which the port closes."""
        self._probes.remove((name, complaints))
        if self._probes:
            return False
        if self._server is not None:
            self._server.close()
        for each in self._clients:
            each.cancel()
        return True

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= LARGEST_CROWD:
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            await serve_client(reader, writer, self._pages)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._clients.discard(task)

    def _readiness(self) -> Answer:
        said = {name: list(complaints()) for name, complaints in self._probes}
        ready = not any(said.values())
        body = json.dumps({"ready": ready, "subscribers": said}) + "\n"
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Answer(status, body.encode(), "application/json")

    def _metrics(self, accept: str) -> Answer:
        try:
            from prometheus_client import REGISTRY
            from prometheus_client.exposition import choose_encoder
        except ImportError:
            return plain(
                HTTPStatus.NOT_IMPLEMENTED, "Install sguild-dispatcher[prometheus] to have metrics here."
            )
        try:
            encode, content_type = choose_encoder(accept)
            return Answer(HTTPStatus.OK, encode(REGISTRY), content_type)
        except Exception as error:  # noqa: BLE001 - collectors of the service are asked, too
            failed = error_type(error)
            _log.warning(
                "The metrics cannot be shown: a collector raised %s.",
                failed,
                extra={"code": "metrics-failed", "error": failed},
            )
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "A collector failed; see the log.")


_open: Final[dict[tuple[asyncio.AbstractEventLoop, str, int], Endpoint]] = {}
"""Several subscribers of one process and loop share an endpoint."""


@asynccontextmanager
async def endpoint(
    host: str, port: int | None, name: str, complaints: Complaints
) -> AsyncGenerator[None, None]:
    """Serve the pages for the length of a block, unless there is no port.

    Args:
        host: the name or address to listen on.
        port: the port.
        name: the subscriber.
        complaints: says why it is not ready.

    Raises:
        SettingsError: nothing can listen there.
    """
    if port is None:
        yield
        return
    key = (asyncio.get_running_loop(), host, port)
    serving = _open.setdefault(key, Endpoint(host, port))
    try:
        await serving.add(name, complaints)
        yield
    finally:
        if serving.remove(name, complaints):
            del _open[key]
