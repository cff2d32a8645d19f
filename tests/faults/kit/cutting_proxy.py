"""A proxy between services and the server, which cuts connections in the middle of what they say."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

_SOCKET = ".s.PGSQL.5432"
_NEVER = 1 << 60


class CuttingProxy:
    """Hands bytes on in both directions.

    Args:
        target: the server's socket.
        chance: chooses where a connection is cut.

    Attributes:
        cuts: how many connections were cut.
    """

    def __init__(self, target: str, chance: random.Random) -> None:
        self._target = target
        self._chance = chance
        self._longest: int | None = None
        self.cuts = 0

    def cut_after(self, longest: int | None) -> None:
        """Cut each connection that is opened from now on after so many bytes at most, or none any more."""
        self._longest = longest

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client."""
        server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        life = Life(_NEVER if self._longest is None else int(self._longest ** self._chance.random()))
        directions = [
            asyncio.create_task(self._hand_on(reader, server_writer, life)),
            asyncio.create_task(self._hand_on(server_reader, writer, life)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (writer, server_writer):
                each.transport.abort()
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _hand_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, life: "Life"
    ) -> None:
        while chunk := await reader.read(65_536):
            part = chunk[: life.left]
            life.left -= len(part)
            writer.write(part)
            await writer.drain()
            if life.left == 0:
                self.cuts += 1
                return


class Life:
    """How many bytes a connection has left, in both directions together."""

    def __init__(self, left: int) -> None:
        self.left = left


@asynccontextmanager
async def cutting_proxy(dsn: str, chance: random.Random) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """Run a proxy before the server of ``dsn``, and yield it with the DSN that leads through it."""
    parts = urlsplit(dsn)
    folder = parse_qs(parts.query)["host"][0]
    with TemporaryDirectory(prefix="sguild-") as name:
        proxy = CuttingProxy(str(Path(folder) / _SOCKET), chance)
        server = await asyncio.start_unix_server(proxy.serve, Path(name) / _SOCKET)
        try:
            yield proxy, urlunsplit(parts._replace(query=f"host={quote(name)}"))
        finally:
            server.close()
