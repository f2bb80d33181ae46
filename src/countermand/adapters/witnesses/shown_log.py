"""A log as it shows itself over HTTP (C2SP tlog-tiles): its checkpoint, and hashes out of its tiles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import httpx
import msgspec

from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.anchors import ShownAnchor, ShownAnchors
from countermand.transparency.notes import NOTE_BYTES_MAX, Note, NoteError, parse_note
from countermand.transparency.tiles import WIDTH, Tile, nodes_in, tile_of
from countermand.transparency.tree import HASH_BYTES, Node

ANSWER_BYTES_MAX = max(NOTE_BYTES_MAX, WIDTH * HASH_BYTES)
ANCHORS_BYTES_MAX = 1 << 20
TILES_AT_ONCE = 8


class HttpLog:
    """Implements `ShownLog`. Nothing is believed here: whoever asks compares with what the log signed."""

    def __init__(self, address: str, client: httpx.AsyncClient, *, seconds_max: float) -> None:
        self._address, self._client, self._seconds_max = address.rstrip("/"), client, seconds_max

    async def checkpoint(self) -> Note:
        """The note it shows now. Raises Unavailable (`log_away`), Conflict (`log_lies`)."""
        try:
            return parse_note(await self._get("checkpoint"))
        except NoteError as error:
            raise log_lies(str(error)) from error

    async def hashes(self, nodes: Sequence[Node], size: int) -> Mapping[Node, bytes]:
        """Hashes of nodes of its tree at this size. Raises as `checkpoint` does."""
        wanted = list(dict.fromkeys(tile_of(node, size) for node in nodes))
        places = asyncio.Semaphore(TILES_AT_ONCE)

        async def one(tile: Tile) -> bytes:
            async with places:
                return await self._tile(tile)

        tiles = dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))
        return nodes_in(tiles, nodes, size)

    async def anchors(self) -> Sequence[ShownAnchor]:
        """The last anchors that it says it has. Raises as `checkpoint` does."""
        try:
            return msgspec.json.decode(
                await self._get("anchors", ANCHORS_BYTES_MAX), type=ShownAnchors
            ).anchors
        except msgspec.DecodeError as error:
            raise log_lies(f"its anchors: {error}") from error

    async def _tile(self, tile: Tile) -> bytes:
        """A tile, or the full one where the partial one is not kept any more."""
        try:
            data = await self._get(tile.path)
        except Unavailable:
            if tile.width == WIDTH:
                raise
            data = await self._get(Tile(tile.level, tile.number).path)
        if len(data) % HASH_BYTES or len(data) < tile.width * HASH_BYTES:
            raise log_lies(f"{tile.path} is cut short")
        return data

    async def _get(self, path: str, bytes_max: int = ANSWER_BYTES_MAX) -> bytes:
        answer = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds_max),
                self._client.stream("GET", f"{self._address}/{path}") as response,
            ):
                if response.status_code != 200:
                    raise log_away(f"status {response.status_code} for {path}")
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > bytes_max:
                        raise log_lies(f"{path} has no end")
        except (httpx.HTTPError, TimeoutError) as error:
            raise log_away(type(error).__name__) from error
        return bytes(answer)


def log_away(what: str) -> Unavailable:
    """The refusal while the log does not show what it has to."""
    return Unavailable("log_away", f"The log does not answer: {what}.", f"日志服务未应答：{what}。")


def log_lies(what: str) -> Conflict:
    """The refusal of what a log shows and cannot be so."""
    return Conflict(
        "log_lies", f"What the log shows does not hold: {what}.", f"日志展示的内容未通过核验：{what}。"
    )
