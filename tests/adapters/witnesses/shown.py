"""A log on a web server, as any would show its static files, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from countermand.drills.forks.story import MemoryLog
from countermand.transparency.tiles import Edge


def files_of(log: MemoryLog, size: int, *, partial: bool = True) -> dict[str, bytes]:
    """The files of a log at a size; without partial tiles, those of its whole size stand instead."""
    leaves = log.hashes.leaves[: size if partial else None]
    files = {tile.path: data for tile, data in Edge().append(leaves).items()}
    return files | {"checkpoint": str(log.note(size)).encode()}


@asynccontextmanager
async def shown(files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """The address under which these files are served."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = files.get(head.split(b" ")[1].decode().removeprefix("/log/"))
        status, body = (200, found) if found is not None else (404, b"")
        writer.write(
            b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body))
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/log"
    finally:
        server.close()
        await server.wait_closed()
