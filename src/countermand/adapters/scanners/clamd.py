"""ClamAV's daemon, spoken to in its own protocol (clamd(8): zINSTREAM) over TCP or a UNIX socket."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterable

from countermand.extensions import scanner_away
from countermand.kernel.errors import SetupError
from countermand.vocabulary.vault import ScanReport

CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 120.0
_CHUNK_BYTES = 256 * 1024
_ANSWER_BYTES_MAX = 4096
_ADDRESS = re.compile(r"tcp://([^:/\[\]]+):(\d+)|unix:(/.+)")


class Clamd:
    """Each item on a connection of its own; `address` is `tcp://host:port` or `unix:/path`.

    Raises SetupError (`bad_setting`).
    """

    def __init__(self, address: str) -> None:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise SetupError(
                "bad_setting",
                f"COUNTERMAND_VIRUS_SCANNER must be tcp://host:port or unix:/path, not {address!r}.",
                f"COUNTERMAND_VIRUS_SCANNER 应为 tcp://主机:端口 或 unix:/路径，而不是 {address!r}。",
                variable="COUNTERMAND_VIRUS_SCANNER",
            )
        self._host, self._port, self._path = found[1], found[2], found[3]

    async def scan(self, pieces: AsyncIterable[bytes]) -> ScanReport:
        """What it found. Raises Unavailable (`scanner_away`)."""
        with socket.socket(socket.AF_INET if self._path is None else socket.AF_UNIX) as line:
            line.setblocking(False)
            try:
                await asyncio.wait_for(self._connect(line), CONNECT_SECONDS_MAX)
                whole = await _send(line, pieces)
                answer = await asyncio.wait_for(_answer(line), ANSWER_SECONDS_MAX)
            except (OSError, TimeoutError) as error:
                raise scanner_away(type(error).__name__) from None
        return _report(answer.decode("utf-8", "replace"), whole=whole)

    async def _connect(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, self._path or (self._host, int(self._port)))


async def _send(line: socket.socket, pieces: AsyncIterable[bytes]) -> bool:
    """Chunks, each after its length in four bytes, then a length of zero; False where it hung up on us.

    Over its size limit it says so and closes before it has read everything: what it said can still be read.
    """
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(line, b"zINSTREAM\0")
        async for piece in pieces:
            for begin in range(0, len(piece), _CHUNK_BYTES):
                chunk = piece[begin : begin + _CHUNK_BYTES]
                await loop.sock_sendall(line, len(chunk).to_bytes(4) + chunk)
        await loop.sock_sendall(line, bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


async def _answer(line: socket.socket) -> bytes:
    """One line that ends with NUL; what was said before it hung up."""
    loop, answer = asyncio.get_running_loop(), b""
    while not answer.endswith(b"\0") and len(answer) < _ANSWER_BYTES_MAX:
        try:
            more = await loop.sock_recv(line, _ANSWER_BYTES_MAX)
        except ConnectionResetError:
            break
        if not more:
            break
        answer += more
    return answer.rstrip(b"\0\n")


def _report(answer: str, *, whole: bool) -> ScanReport:
    if answer == "stream: OK" and whole:
        return ScanReport(None)
    if answer.endswith(" FOUND"):
        return ScanReport(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    if "size limit exceeded" in answer or not (whole or answer):
        return ScanReport(None, complete=False)
    raise scanner_away(answer[:100] or "it hung up")
