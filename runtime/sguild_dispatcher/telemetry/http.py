"""As much of HTTP/1.1 as a probe needs: one GET a connection, and an answer.

Nothing of the request is kept but its path and what it accepts. A request is small and arrives at once, or
its connection is closed: nobody holds a worker up by being slow.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

CLIENT_SECONDS: Final = 5.0
"""How long a client may take to send its request and to take the answer."""

LARGEST_HEAD: Final = 8192
"""Bytes of the request line and all headers."""

_NAME: Final = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # https://www.rfc-editor.org/rfc/rfc9110#name-tokens
_REQUEST_LINE: Final = re.compile(rf"({_NAME}) (/[!-~]*) HTTP/1\.[01]")
_HEADER: Final = re.compile(rf"({_NAME}):[ \t]*([\t -~\x80-\xff]*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[str, ...] = ()


Page: TypeAlias = Callable[[str], Answer]
"""Makes the answer of a path, of the header ``Accept``."""


def plain(status: HTTPStatus, text: str, *headers: str) -> Answer:
    """Return an answer of one line."""
    return Answer(status, f"{text}\n".encode(), headers=headers)


async def serve_client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: dict[str, Page]
) -> None:
    """Answer one request and close the connection."""
    # So that everything is sent where drain returns.
    writer.transport.set_write_buffer_limits(high=0)
    # Whatever becomes of a client's connection is the client's affair.
    with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
        async with asyncio.timeout(CLIENT_SECONDS):
            writer.write(_encoded(await _answer(reader, pages)))
            await writer.drain()
    # Closing would wait for a client that takes nothing.
    if writer.transport.get_write_buffer_size():
        writer.transport.abort()
    writer.close()


async def _answer(reader: asyncio.StreamReader, pages: dict[str, Page]) -> Answer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too large.")
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    headers = [_HEADER.fullmatch(each) for each in lines]
    if request is None or not all(headers):
        return plain(HTTPStatus.BAD_REQUEST, "This is no HTTP request.")
    page = pages.get(request[2].partition("?")[0])
    if page is None:
        return plain(HTTPStatus.NOT_FOUND, f"There are {', '.join(pages)}.")
    if request[1] != "GET":
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "Use GET.", "Allow: GET")
    return page(", ".join(each[2] for each in headers if each is not None and each[1].lower() == "accept"))


def _encoded(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *answer.headers,
    )
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + answer.body
