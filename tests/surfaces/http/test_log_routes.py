"""Goal: anyone can fetch the log and check it. Method: a sealed journal on PostgreSQL behind a real door."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, NotFound
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.transparency.entries import Entry
from countermand.transparency.tiles import unbundled
from countermand.transparency.tree import consistent, leaf_hash
from flows.log_stage import BASE, seal_all, sealing_on, write
from surfaces.http.fake_house import FakeHouse

NOON = 1_795_348_800_000_000
NOT_THERE = ("/tile/0/001", "/tile/0/001.p/49", "/tile/0/1", "/tile/entries/001.p/49", "/tile")


async def carries_its_witnesses(client: httpx.AsyncClient, tables: Any, note: str) -> None:
    """The lines of who signed the checkpoint stand under it; before that no cosigned one is there."""
    assert (await client.get("/checkpoint?cosigned=true")).status_code == 404
    line = "— witness.example/w1 4aaNegzk+q0AAAAAAAA=\n"
    seen = "INSERT INTO log_cosignature VALUES ($1, $2, 'w1', $3, now())"
    await tables.execute(seen, note.partition("\n")[0], 300, line)
    for query in ("", "?cosigned=true"):
        assert (await client.get(f"/checkpoint{query}")).text == note + line


async def shows_its_anchors(client: httpx.AsyncClient, tables: Any, note: str) -> None:
    """Each with the note that it is of; a lost one is not there."""
    assert (await client.get("/anchors")).json() == {"anchors": []}
    sent = """
    INSERT INTO log_anchor
        (chain, reference, origin, size, digest, state, confirmations, evidence, sent_at, checked_at)
    VALUES ('eip155:1', $1, $2, 300, $3, $4, 0, '{}', now(), now())
    """
    for reference, state in (("0x1", "pending"), ("0x2", "lost")):
        await tables.execute(sent, reference, note.partition("\n")[0], "00" * 32, state)
    (shown,) = (await client.get("/anchors")).json()["anchors"]
    assert shown == {"size": 300, "note": note, "chain": "eip155:1", "reference": "0x1", "state": "pending"}


async def test_the_log_is_open_to_all(database_dsn: str, tmp_path: Path) -> None:
    """Checkpoint, tiles and entries have their types and caching; what is not signed does not exist."""
    tables: Any = await asyncpg.connect(database_dsn)
    async with sealing_on(database_dsn, tmp_path, ManualClock(NOON)) as sealing:
        sealer = await sealing.begin()
        await write(tables, 299, case="case-1")
        await seal_all(sealer)
        await write(tables, 5)
        await sealer.sweep()
    pool = await connect_pool(database_dsn, size_max=2)
    house: Any = FakeHouse()
    house.log = shelf = PostgresLogShelf(pool, entries_open=True)
    async with (
        open_door(make_front(house), "127.0.0.1", 0) as address,
        httpx.AsyncClient(base_url=f"{address}/log/2026") as client,
    ):
        checkpoint = await client.get("/checkpoint")
        assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
        origin, size, root = checkpoint.text.split("\n")[:3]
        assert (origin, size) == (f"{BASE}/2026", "300")
        await carries_its_witnesses(client, tables, checkpoint.text)
        await shows_its_anchors(client, tables, checkpoint.text)
        hashes = (await client.get("/tile/0/000")).content + (await client.get("/tile/0/001.p/44")).content
        bundles = [await client.get("/tile/entries/000"), await client.get("/tile/entries/001.p/44")]
        assert "immutable" in bundles[0].headers["cache-control"]
        assert bundles[0].headers["content-type"] == "application/octet-stream"
        entries = [entry for one in bundles for entry in unbundled(one.content)]
        assert b"".join(map(leaf_hash, entries)) == hashes
        assert len((await client.get("/tile/1/000.p/1")).content) == 32
        house.log = PostgresLogShelf(pool)
        closed = await client.get("/tile/entries/000")
        assert (closed.status_code, closed.json()["code"]) == (403, "entries_closed")
        house.log = shelf
        for path in NOT_THERE:
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get("../2027/checkpoint")).json()["code"] == "unknown_log"

    chain = await shelf.entries_of_case("case-1")
    assert [Entry.parse(one.entry).link.seq for one in chain] == list(range(1, 300))  # type: ignore[union-attr]
    assert all(one.proof.holds(leaf_hash(one.entry)) for one in chain)
    assert chain[0].proof.checkpoint.root == b64decode(root)
    unsigned = await tables.fetchval("SELECT max(seq) FROM journal")
    assert await shelf.proof_of(unsigned) is None
    first = await tables.fetchrow("SELECT size, root FROM log_checkpoint ORDER BY size LIMIT 1")
    proof = await shelf.consistency(origin, first["size"], 300)
    assert consistent(first["size"], first["root"], 300, b64decode(root), proof)
    with pytest.raises(BadRequest, match="log_size_unknown"):
        await shelf.consistency(origin, 1, 301)
    with pytest.raises(NotFound, match="unknown_log"):
        await shelf.consistency("bank.example/other", 1, 2)
    standing = await shelf.standing()
    assert (standing.entries, standing.signed, standing.behind) == (305, 300, 0)
    await close_pool(pool)
    await tables.close()
