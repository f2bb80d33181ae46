"""The log for everybody, as C2SP tlog-tiles has it: checkpoint, tiles and entries, made for caches."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from countermand.kernel.errors import Forbidden, NotFound
from countermand.surfaces.http.ports import House
from countermand.transparency.anchors import ShownAnchors
from countermand.transparency.tiles import tile_at

ANCHORS_SHOWN_MAX = 32
Asked = Request[Any, Any, Any]
_OPEN_TO_PAGES = {"access-control-allow-origin": "*"}
# What a path names never changes; a checkpoint does all the time.
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable", **_OPEN_TO_PAGES}
FOR_NOW = {"cache-control": "public, max-age=1, must-revalidate", **_OPEN_TO_PAGES}


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/log/{shard:str}/checkpoint", open=True, media="text/plain")
async def read_checkpoint(
    request: Asked, shard: FromPath[str], cosigned: FromQuery[bool] = False
) -> Response[bytes]:
    """The signed checkpoint of a shard of the log, named by its year (C2SP tlog-checkpoint).

    With the lines of those witnesses that have signed it by now; with `cosigned` the latest one that some
    witness has signed.
    """
    found = await _house(request).log.published(shard, cosigned=cosigned)
    if found is None:
        raise _unknown_log(shard)
    return Response(found.encode(), media_type="text/plain", headers=FOR_NOW)


@get("/log/{shard:str}/tile/{place:path}", open=True, media="application/octet-stream", refuses=(403,))
async def read_tile(request: Asked, shard: FromPath[str], place: FromPath[str]) -> Response[bytes]:
    """A tile of hashes, `LEVEL/NUMBER[.p/WIDTH]`, or of entries, `entries/NUMBER[.p/WIDTH]`."""
    found = tile_at(f"tile/{place.lstrip('/')}")
    data = None
    if found is not None:
        tile, entries = found
        shelf = _house(request).log
        if entries and not shelf.entries_open:
            raise Forbidden(
                "entries_closed",
                "This log gives out its hashes, not its entries. Whoever needs those asks the institution.",
                "本日志只公开哈希，不公开条目。如需条目，请向本机构申请。",
            )
        data = await (shelf.entries(shard, tile) if entries else shelf.tile(shard, tile))
    if data is None:
        raise NotFound(
            "unknown_tile",
            "The log has no such tile, or no checkpoint covers it yet.",
            "该日志没有此树块，或尚无检查点覆盖它。",
        )
    return Response(data, media_type="application/octet-stream", headers=FOR_EVER)


@get("/log/{shard:str}/anchors", open=True)
async def read_anchors(request: Asked, shard: FromPath[str]) -> Response[ShownAnchors]:
    """The last anchors of a shard in a public chain, the newest first, each with the note that it is of.

    The transaction's input is the letters CMT1 and the SHA-256 of that note: any node of the chain confirms
    it. Empty where nothing is anchored.
    """
    shelf = _house(request).log
    if await shelf.latest(shard) is None:
        raise _unknown_log(shard)
    return Response(ShownAnchors(await shelf.anchors(shard, ANCHORS_SHOWN_MAX)), headers=FOR_NOW)


def _unknown_log(shard: str) -> NotFound:
    return NotFound("unknown_log", f"There is no log {shard} here.", f"此处没有日志 {shard}。")


LOG_HANDLERS = (read_checkpoint, read_tile, read_anchors)
