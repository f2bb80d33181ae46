"""Goal: every committed fact is in the log once, in a tree that only grows. Method: real PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.flows.audit_log import audit_log
from countermand.kernel.clock import MICROS_PER_DAY, ManualClock
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.entries import Entry
from countermand.transparency.notes import VerifierKey, parse_note, verify_note
from countermand.transparency.tree import leaf_hash
from flows.log_stage import (
    BASE,
    WRITE,
    facts_in_journal,
    facts_in_log,
    seal_all,
    sealing_on,
    write,
)


async def test_every_fact_is_sealed_once_and_signed(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """The shard begins with its own fact, each case has its chain, the note verifies under the keys."""
    await write(tables, 300, amount_minor=5)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        sealer = await sealing.begin()
        await seal_all(sealer)
        for _ in range(3):
            await write(tables, 2, case="case-1", note="银行")
            await write(tables, 1, case="case-2")
            await seal_all(sealer)
    facts = await facts_in_log(tables)
    assert sorted(facts) == await facts_in_journal(tables)
    assert facts[0] == 301  # the shard's own comes first
    rows = await tables.fetch("SELECT * FROM log_entry ORDER BY index")
    assert all(leaf_hash(row["body"]) == row["leaf"] for row in rows)
    chain = [Entry.parse(row["body"]).link for row in rows if row["case_id"] == "case-1"]
    assert [link.seq for link in chain if link] == [1, 2, 3, 4, 5, 6]
    leaves = [row["leaf"] for row in rows if row["case_id"] == "case-1"]
    assert [link.prev for link in chain if link] == [b"", *leaves[:-1]]
    note = parse_note(
        (await tables.fetchval("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1")).encode()
    )
    keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
    assert {key.kind for key in verify_note(note, keys)} == {1, 6}
    assert Checkpoint.of_note(note)[:2] == (f"{BASE}/2026", len(facts))


async def test_facts_that_commit_out_of_order_are_all_sealed(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """A late one comes when it is committed, a rolled-back one is given up, and nothing waits for either."""
    slow, failing = await asyncpg.connect(database_dsn), await asyncpg.connect(database_dsn)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        sealer = await sealing.begin()
        for connection in (slow, failing):
            await connection.execute("BEGIN")
        late = await slow.fetchval(WRITE, "case.changed", None, '{"case":"case-9"}', None)
        lost = await failing.fetchval(WRITE, "case.changed", None, "{}", None)
        quick = await write(tables, 3)
        await seal_all(sealer)
        await seal_all(sealer)
        assert set(quick) <= set(await facts_in_log(tables))
        gaps = await tables.fetchval("SELECT gaps FROM log_position")
        assert [(gap.lower, gap.upper) for gap in gaps] == [(late, lost + 1)]
        await failing.execute("ROLLBACK")
        await seal_all(sealer)
        await slow.execute("COMMIT")
        await seal_all(sealer)
        assert (await facts_in_log(tables))[-1] == late
        await write(tables, 1)
        await seal_all(sealer)
        assert not await tables.fetchval("SELECT gaps FROM log_position")
    assert sorted(await facts_in_log(tables)) == await facts_in_journal(tables)
    for connection in (slow, failing):
        await connection.close()


async def test_a_sealer_that_begins_anew_goes_on_where_the_other_ended(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """Chains, gaps and the tree come from the database; the second one waits for the place of the first."""
    slow = await asyncpg.connect(database_dsn)
    await slow.execute("BEGIN")
    late = await slow.fetchval(WRITE, "case.changed", None, '{"case":"case-1"}', None)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(tables, 290, case="case-1")
        await seal_all(await sealing.begin())
        with pytest.raises(AssertionError):
            async with sealing_on(database_dsn, tmp_path / "other", clock):
                raise ValueError("two sealers")
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        sealer = await sealing.begin()
        await slow.execute("COMMIT")
        await write(tables, 1, case="case-1")
        await seal_all(sealer)
    facts = await facts_in_log(tables)
    assert sorted(facts) == await facts_in_journal(tables)
    assert facts.index(late) == len(facts) - 2
    assert [
        row[0]
        for row in await tables.fetch(
            "SELECT case_seq FROM log_entry WHERE case_id = 'case-1' ORDER BY index"
        )
    ] == list(range(1, 293))
    await slow.close()


async def test_each_year_has_its_shard(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """The old one ends with the keys of the new one, which begins with the old one's last checkpoint."""
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(tables, 3, case="case-1")
        await seal_all(await sealing.begin())
        clock.advance(366 * MICROS_PER_DAY)
        await write(tables, 3, case="case-1")
        sealer = await sealing.begin()
        await seal_all(sealer)
        assert sealer.shard.origin == f"{BASE}/2027"
    old, new = await tables.fetch("SELECT * FROM log_shard ORDER BY id")
    note = await tables.fetchval("SELECT note FROM log_checkpoint WHERE shard = 1 ORDER BY size DESC LIMIT 1")
    assert old["closed_size"] == Checkpoint.of_note(parse_note(note.encode())).size
    first, last = await tables.fetch(
        "SELECT body FROM log_entry WHERE (shard, index) IN ((2, 0), (1, $1)) ORDER BY shard DESC",
        old["closed_size"] - 1,
    )
    says, said = Entry.parse(first["body"]).says, Entry.parse(last["body"]).says
    assert (says["type"], said["type"]) == ("log.shard_opened", "log.shard_closing")
    assert says["facts"]["previous"] == parse_note(note.encode()).text
    assert sorted(said["facts"]["next_keys"]) == sorted(
        row[0] for row in await tables.fetch("SELECT key FROM log_key WHERE shard = $1", new["id"])
    )
    assert sorted(await facts_in_log(tables)) == await facts_in_journal(tables)
    assert await tables.fetchval("SELECT max(case_seq) FROM log_entry WHERE shard = 2") == 6


async def test_a_growing_tile_that_an_older_version_kept_is_grown_over(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """The last tile of level 0 is read from its entries, whatever stands beside, and kept once it is full."""
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(tables, 5)
        await seal_all(await sealing.begin())
        assert await tables.fetchval("SELECT count(*) FROM log_tile") == 0
        await tables.execute(
            "INSERT INTO log_tile "
            "SELECT 1, 0, 0, string_agg(leaf, '' ORDER BY index) FROM log_entry WHERE index < 3"
        )
        sealer = await sealing.begin()
        await write(tables, 300)
        await seal_all(sealer)
        assert (await sealing.begin()).size == 306
    kept = await tables.fetch("SELECT level, number, length(data) FROM log_tile ORDER BY level")
    assert [tuple(row) for row in kept] == [(0, 0, 256 * 32), (1, 0, 32)]
    audit = PostgresLogAudit(database_dsn)
    await audit.open()
    keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
    assert (await audit_log(audit, keys)).finding is None
    await audit.close()
