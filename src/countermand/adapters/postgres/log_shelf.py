"""The log as it is signed, read from its tables: checkpoints, tiles, entries, proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest, NotFound, SetupError
from countermand.transparency.anchors import AnchorState, ShownAnchor
from countermand.transparency.notes import Note, parse_note
from countermand.transparency.ports import Sealed, SignedCheckpoint
from countermand.transparency.proofs import LogProof
from countermand.transparency.tile_proofs import read_from, tiles_for
from countermand.transparency.tiles import WIDTH, Tile, bundle
from countermand.transparency.tree import Span, consistency_spans, inclusion_spans
from countermand.vocabulary.sealing import LogStanding, ShardShown

QUERIES = Queries("log.sql")


class PostgresLogShelf:
    """Implements `transparency.ports.LogShelf`, and gives out tiles. Raises Unavailable."""

    def __init__(self, pool: asyncpg.Pool[Any], *, entries_open: bool = False) -> None:
        self._pool, self._entries_open = pool, entries_open

    @property
    def entries_open(self) -> bool:
        """Whether anyone may fetch entries too."""
        return self._entries_open

    async def latest(self, shard: str | None = None) -> SignedCheckpoint | None:
        """The latest checkpoint: of the shard with this label, else of the newest one that has any."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.latest_checkpoint, shard)
        return None if row is None else SignedCheckpoint(row[0], row[1], row[2], row[3], micros_of(row[4]))

    async def anchors(self, label: str, count_max: int) -> list[ShownAnchor]:
        """The last anchors of the shard with this label that are not lost, the newest first."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.shown_anchors, label, count_max)
        return [
            ShownAnchor(size=row[0], note=row[1], chain=row[2], reference=row[3], state=AnchorState(row[4]))
            for row in rows
        ]

    async def tile(self, label: str, tile: Tile) -> bytes | None:
        """The hashes of a tile, so many as its width; None where no checkpoint covers them."""
        values = (label, tile.level, tile.number, tile.width)
        with away_is_unavailable():
            found: bytes | None = await self._pool.fetchval(QUERIES.signed_tile, *values)
        return found

    async def entries(self, label: str, tile: Tile) -> bytes | None:
        """The entries whose hashes a tile of level 0 holds, as a bundle; None as for `tile`."""
        first = tile.number * WIDTH
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.signed_entries, label, first, first + tile.width)
        return bundle(row[0] for row in rows) if len(rows) == tile.width else None

    async def proof_of(self, fact: int) -> Sealed | None:
        """The entry of a journal fact, proved against its shard's latest checkpoint; None before that."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.sealed_fact, fact)
        return None if row is None else (await self._sealed([row]))[0]

    async def entries_of_case(self, case: str) -> list[Sealed]:
        """The entries of a case in the order of its chain."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.sealed_case, case)
        return await self._sealed(rows)

    async def consistency(self, origin: str, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `new` entries adds to that of `old`.

        Raises NotFound `unknown_log`, BadRequest `log_size_unknown` unless `0 < old <= new <= signed size`.
        """
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.shard_of_origin, origin)
        if row is None:
            raise NotFound("unknown_log", f"There is no log {origin} here.", f"此处没有日志 {origin}。")
        if not 0 < old <= new <= row["signed_size"]:
            raise BadRequest(
                "log_size_unknown",
                f"The log {origin} is signed up to {row['signed_size']} entries; "
                f"no proof leads from {old} to {new}.",
                f"日志 {origin} 已签名至 {row['signed_size']} 条；没有从 {old} 到 {new} 的证明。",
                signed=row["signed_size"],
            )
        spans = consistency_spans(old, new)
        tiles = await self._tiles(row["id"], tiles_for(spans, new))
        return _read(tiles, spans, new)

    async def published(self, label: str, *, cosigned: bool = False) -> str | None:
        """The latest checkpoint of a shard, or the latest that witnesses signed, with their lines."""
        with away_is_unavailable():
            note = await self._pool.fetchval(QUERIES.published_checkpoint, label, cosigned)
        return None if note is None else str(note)

    async def note_at(self, origin: str, size: int) -> tuple[str, Note] | None:
        """The label of the shard with this origin, and its note at a size; None: none was signed there."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.note_at, origin, size)
        return None if row is None else (row["label"], parse_note(row["note"].encode()))

    async def first_note(self, origin: str, size: int) -> Note | None:
        """The first checkpoint that the log with this origin signed over its first `size` entries."""
        with away_is_unavailable():
            note = await self._pool.fetchval(QUERIES.first_note, origin, size)
        return None if note is None else parse_note(note.encode())

    async def standing(self) -> LogStanding:
        """How far sealing and signing are."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.log_standing)
        assert row is not None, "the migration laid the position"
        return LogStanding(
            origin=row["origin"],
            entries=row["entries"],
            signed=row["size"] or 0,
            behind=row["behind"],
            oldest_at=_micros(row["oldest_at"]),
            signed_at=_micros(row["signed_at"]),
            refused=row["refused"],
            refused_at=_micros(row["refused_at"]),
        )

    async def shards(self) -> list[ShardShown]:
        """Every shard with its public keys."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.shards_and_keys)
        return [
            ShardShown(
                row["id"], row["origin"], row["label"], tuple(row["keys"]),
                micros_of(row["opened_at"]), _micros(row["closed_at"]), row["closed_size"],
            )
            for row in rows
        ]  # fmt: skip

    async def _sealed(self, rows: Sequence[Any]) -> list[Sealed]:
        wanted: dict[int, set[Tile]] = {}
        for row in rows:
            spans = inclusion_spans(row["index"], row["size"])
            wanted.setdefault(row["shard"], set()).update(tiles_for(spans, row["size"]))
        tiles = {shard: await self._tiles(shard, those) for shard, those in wanted.items()}
        found = []
        for row in rows:
            spans = inclusion_spans(row["index"], row["size"])
            path = tuple(_read(tiles[row["shard"]], spans, row["size"]))
            proof = LogProof(row["index"], path, parse_note(row["note"].encode()))
            found.append(Sealed(row["body"], row["index"], proof))
        return found

    async def _tiles(self, shard: int, wanted: set[Tile]) -> dict[Tile, bytes]:
        levels, numbers = [tile.level for tile in wanted], [tile.number for tile in wanted]
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.tiles_at, shard, levels, numbers)
        found = {(row[0], row[1]): row[2] for row in rows}
        return {tile: found[place] for tile in wanted if (place := (tile.level, tile.number)) in found}


def _read(tiles: Mapping[Tile, bytes], spans: Sequence[Span], size: int) -> list[bytes]:
    try:
        return read_from(tiles, spans, size)
    except (KeyError, ValueError) as error:
        raise SetupError(
            "log_damaged",
            f"The log lacks part of its tree ({error}). `countermand log audit` tells more.",
            f"日志的树缺失一部分（{error}）。请运行 `countermand log audit` 查看详情。",
        ) from error


def _micros(moment: Any) -> int | None:
    return None if moment is None else micros_of(moment)
