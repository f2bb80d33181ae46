"""A lean HTTP/1.1 client for the drill: one request at a time, and a clear word when it breaks."""

from __future__ import annotations

import asyncio
from contextlib import suppress

CONNECT_SECONDS_MAX = 5
ANSWER_SECONDS_MAX = 60


class Broken(Exception):
    """The connection ended before the answer was whole: nobody knows what happened to the request."""


class Connection:
    """Keeps a connection to the server open, and opens a new one after a break."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = (
            f" HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\n"
            "content-type: application/json\r\ncontent-length: "
        ).encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: bytes = b"") -> tuple[int, bytes]:
        """Status and body; `headers` are whole lines besides the usual ones. Raises Broken."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await self._asked(method, path, body, headers)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Broken(repr(error)) from error
        except BaseException:
            self.close()  # half an answer may be waiting on it
            raise

    async def _asked(self, method: str, path: str, body: bytes, headers: bytes) -> tuple[int, bytes]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        self._writer.write(
            f"{method} {path}".encode() + self._head + b"%d\r\n" % len(body) + headers + b"\r\n" + body
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start : head.index(b"\r", start)])
        answer = await self._reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), answer

    def close(self) -> None:
        """End the connection; the next request opens another."""
        if self._writer is not None:
            with suppress(OSError, RuntimeError):
                self._writer.close()
        self._reader = self._writer = None
