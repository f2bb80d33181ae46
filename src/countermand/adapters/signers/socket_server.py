"""The signer's door: a local socket that only its owner may open, one request a line, one at a time."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

from countermand.kernel.errors import SetupError
from countermand.vocabulary.signing import LINE_BYTES_MAX, Ask, Refused, Reply

_DECODER: msgspec.json.Decoder[Ask] = msgspec.json.Decoder(Ask)
BACKLOG = 16

log = structlog.get_logger(__name__)


@asynccontextmanager
async def signer_door(path: Path, answer: Callable[[Ask], Reply]) -> AsyncIterator[None]:
    """Answer at a socket while inside. Raises SetupError `signer_socket_unusable`.

    Whoever calls this holds the signer's state alone, so a socket that is there already is a dead one's.
    """
    try:
        listening = _bound(path)
    except OSError as error:
        raise SetupError(
            "signer_socket_unusable",
            f"The signer cannot listen at {path}: {error.strerror or error}.",
            f"签名程序无法在 {path} 监听：{error.strerror or error}。",
        ) from error

    calls: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None, "every call has its task"
        calls.add(call)
        try:
            while line := await reader.readline():
                writer.write(msgspec.json.encode(_answered(line, answer)) + b"\n")
                await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # the caller has gone, sends what is no line, or we end
        finally:
            calls.discard(call)
            await hang_up(writer)

    server = await asyncio.start_unix_server(serve, sock=listening, limit=LINE_BYTES_MAX)
    try:
        yield
    finally:
        server.close()
        for call in list(calls):
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        _remove(path)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until it is."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _answered(line: bytes, answer: Callable[[Ask], Reply]) -> Reply:
    try:
        ask = _DECODER.decode(line)
    except msgspec.MsgspecError:
        return Refused("malformed")
    try:
        return answer(ask)
    except (OSError, SetupError) as error:
        log.error("signer_failed", error=f"{type(error).__name__}: {error}"[:300])  # noqa: TRY400 - no trace
        return Refused("state_unusable")


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _bound(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    listening.listen(BACKLOG)
    return listening
