"""Goal: no second history is ever signed. Method: a database restored, changed or robbed of its signer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from conftest import drop_database, execute, with_database
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError
from flows.log_stage import facts_in_journal, facts_in_log, seal_all, sealing_on, write


async def test_a_restored_database_is_not_signed(
    database_dsn: str, postgres_server: str, clock: ManualClock, tmp_path: Path
) -> None:
    """The signer remembers more: nothing is sealed until somebody opens a new shard, which has it all."""
    old = await asyncpg.connect(database_dsn)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        sealer = await sealing.begin()
        await write(old, 5, case="case-1")
        await seal_all(sealer)
        await write(old, 3, case="case-1")
        await sealer.sweep()  # sealed, and not signed
    await old.close()
    copy = urlsplit(database_dsn).path[1:]
    restored = with_database(postgres_server, f"{copy}_restored")
    await execute(postgres_server, f"CREATE DATABASE {copy}_restored TEMPLATE {copy} STRATEGY file_copy")
    newer = await asyncpg.connect(database_dsn)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(newer, 4, case="case-1")
        await seal_all(await sealing.begin())
    await newer.close()
    tables = await asyncpg.connect(restored)
    await write(tables, 40, case="case-1")
    async with sealing_on(restored, tmp_path, clock) as sealing:
        with pytest.raises(SetupError, match="log_rolled_back"):
            await sealing.begin()
        with pytest.raises(SetupError, match="log_rolled_back"):
            await sealing.begin()
        assert await tables.fetchval("SELECT refused FROM log_position") == "log_rolled_back"
        (task,) = await tables.fetch("SELECT kind, tier, about FROM review_task")
        assert (task["kind"], task["tier"], task["about"].split()[0]) == ("log_refused", 3, "log_rolled_back")
        raised = await tables.fetchval("SELECT body ->> 'refused' FROM journal WHERE kind = 'task.raised'")
        assert raised == "log_rolled_back"
        assert len(await facts_in_log(tables)) == 9
        sealer = await sealing.new_shard()
        await seal_all(sealer)
        assert sealer.shard.label == "2026-2"
        assert await tables.fetchval("SELECT refused FROM log_position") is None
    facts = await facts_in_log(tables)
    assert sorted(facts) == await facts_in_journal(tables)
    seqs = await tables.fetch(
        "SELECT e.case_seq FROM log_entry e JOIN log_shard s ON s.id = e.shard "
        "WHERE e.case_id = 'case-1' AND (s.closed_size IS NULL OR e.index < s.closed_size) "
        "ORDER BY e.shard, e.index"
    )
    assert [row[0] for row in seqs] == list(range(1, len(seqs) + 1))
    await tables.close()
    await drop_database(postgres_server, f"{copy}_restored")


async def test_a_changed_tree_is_not_signed(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """Somebody with every right changes a hash: the next root does not add to the one that was signed."""
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(tables, 5)
        await seal_all(await sealing.begin())
    await tables.execute("ALTER TABLE log_entry DISABLE TRIGGER ALL")
    await tables.execute(
        "UPDATE log_entry SET leaf = set_byte(leaf, 8, get_byte(leaf, 8) # 1) WHERE index = 1"
    )
    await write(tables, 1)
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        with pytest.raises(SetupError, match="log_inconsistent"):
            await sealing.begin()


async def test_a_signer_without_memory_is_not_given_a_new_one(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """Fresh keys under an old name would be another log; a new shard is opened by a person."""
    async with sealing_on(database_dsn, tmp_path / "first", clock) as sealing:
        await write(tables, 5)
        await seal_all(await sealing.begin())
    async with sealing_on(database_dsn, tmp_path / "second", clock) as sealing:
        with pytest.raises(SetupError, match="log_signer_forgot"):
            await sealing.begin()
        sealer = await sealing.new_shard()
        await write(tables, 2)
        await seal_all(sealer)
        again = await sealing.new_shard()  # in good order this time
        await seal_all(again)
        assert again.shard.label == "2026-3"
    assert sorted(await facts_in_log(tables)) == await facts_in_journal(tables)


CHANGES = {
    "log_entry": "body = 'x'",
    "log_checkpoint": "note = 'x'",
    "log_key": "key = 'x'",
    "log_tile": "data = substring(data FROM 33)",
    "log_shard": "origin = 'x'",
}


async def test_nobody_rewrites_the_log(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """The owner of the tables cannot either; a tile grows, a shard closes, and that is all."""
    async with sealing_on(database_dsn, tmp_path, clock) as sealing:
        await write(tables, 256)
        await seal_all(await sealing.begin())
    for table, change in CHANGES.items():
        for statement in (
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
            f"UPDATE {table} SET {change}",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await tables.execute(statement)
