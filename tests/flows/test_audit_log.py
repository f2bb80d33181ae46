"""Goal: whatever byte of log or journal changes is found and named. Method: change each, with all rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.adapters.log_files import LogFiles, LogFilesAudit
from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.flows.audit_findings import AuditReport
from countermand.flows.audit_log import audit_log
from countermand.flows.export_log import export_log
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError
from countermand.transparency.notes import VerifierKey
from flows.log_stage import seal_all, sealing_on, write

ENTRIES = 700


@pytest.fixture
async def sealed(database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path) -> str:
    """A log of two shards and some hundred entries, with several checkpoints; everything may be changed."""
    async with sealing_on(database_dsn, tmp_path / "signer", clock) as sealing:
        await write(tables, 5, case="case-1")
        await seal_all(await sealing.begin())
        sealer = await sealing.new_shard()
        for count in (290, 100, ENTRIES - 390):
            await write(tables, count - 10, note="银行")
            await write(tables, 10, case="case-1")
            await seal_all(sealer)
    for table in ("journal", "log_entry", "log_tile", "log_checkpoint", "log_shard"):
        await tables.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table in ("log_key", "log_checkpoint"):
        await tables.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_shard_fkey")
    return database_dsn


async def keys_of(tables: Any) -> list[VerifierKey]:
    """The keys, as somebody wrote them down in time."""
    return [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]


async def audited(dsn: str, keys: list[VerifierKey]) -> AuditReport:
    """The database, checked."""
    audit = PostgresLogAudit(dsn)
    await audit.open()
    try:
        return await audit_log(audit, keys)
    finally:
        await audit.close()


def flipped(column: str, byte: int) -> str:
    """The assignment that changes one bit of a byte of a column."""
    return f"{column} = set_byte({column}, {byte}, get_byte({column}, {byte}) # 1)"


ENTRY, TILE, POINT = "shard = 2 AND index = 300", "shard = 2 AND level", "shard = 2 AND size = 391"
LAST = "shard = 2 AND index = 600"
CHANGES = [
    (
        f"UPDATE log_entry SET {flipped('body', 21)} WHERE {ENTRY}",
        "log_entry, shard 2026-2, index 300: byte 21 is",
    ),
    (
        f"UPDATE log_entry SET {flipped('leaf', 31)} WHERE {ENTRY}",
        "log_entry.leaf, shard 2026-2, index 300: byte 31",
    ),
    # Of the tile that still grows, the leaves of its entries are all there is.
    (
        f"UPDATE log_entry SET {flipped('leaf', 31)} WHERE {LAST}",
        "log_entry.leaf, shard 2026-2, index 600: byte 31",
    ),
    (
        f"UPDATE log_entry SET {flipped('body', 21)} WHERE {LAST}",
        "log_entry, shard 2026-2, index 600: byte 21 is",
    ),
    (
        f"UPDATE log_tile SET {flipped('data', 1409)} WHERE {TILE} = 0 AND number = 1",
        "level 0, number 1: byte 1409 is",
    ),
    (f"UPDATE log_tile SET {flipped('data', 33)} WHERE {TILE} = 1", "level 1, number 0: byte 33 is"),
    (f"UPDATE log_checkpoint SET {flipped('root', 3)} WHERE {POINT}", "size 391: byte 3 of its root"),
    (
        f"UPDATE log_checkpoint SET note = overlay(note PLACING 'x' FROM 150) WHERE {POINT}",
        "size 391: the note",
    ),
    ("UPDATE journal SET kind = 'case.changee' WHERE seq = 300", "journal, seq 300: the line is not the one"),
    (
        "UPDATE journal SET body = replace(body::text, '银', '很')::json WHERE seq = 300",
        "journal, seq 300: the line",
    ),
    ("DELETE FROM journal WHERE seq = 300", "journal, seq 300: the line is missing"),
    (
        "UPDATE log_entry SET case_seq = 77 WHERE case_id = 'case-1' AND case_seq = 9",
        "log_entry, shard 2026-2",
    ),
    (f"DELETE FROM log_entry WHERE {ENTRY}", "log_entry, shard 2026-2, index 300: it is missing"),
    (f"DELETE FROM log_tile WHERE {TILE} = 0 AND number = 1", "level 0, number 1: it is missing"),
    ("DELETE FROM log_entry WHERE shard = 2 AND index > 690", "index 691: 701 entries are promised"),
    (
        "UPDATE log_shard SET origin = replace(origin, 'main', 'maim') WHERE id = 2",
        "log_shard, id 2: no known key",
    ),
]


async def test_any_change_in_the_database_is_named(sealed: str, tables: Any) -> None:
    """Entry, leaf, tile, checkpoint and journal, each in turn: the finding says which row and byte."""
    keys = await keys_of(tables)
    clean = await audited(sealed, keys)
    assert clean.finding is None
    assert (clean.shards, clean.entries, clean.checkpoints) == (2, ENTRIES + 1 + 7, 4 + 3)
    saved = ("journal", "log_entry", "log_tile", "log_checkpoint", "log_shard")
    for table in saved:
        await tables.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
    for change, said in CHANGES:
        assert await tables.execute(change) not in ("UPDATE 0", "DELETE 0"), change
        report = await audited(sealed, keys)
        assert report.finding is not None, change
        assert said in report.finding.text.en, change
        for table in saved:
            await tables.execute(f"DELETE FROM {table}")
            overriding = "OVERRIDING SYSTEM VALUE" if table == "journal" else ""
            await tables.execute(f"INSERT INTO {table} {overriding} TABLE kept_{table}")
    await tables.execute(
        "INSERT INTO journal (at, kind, body) OVERRIDING SYSTEM VALUE VALUES (now(), 'x', '{}')"
    )
    assert (await audited(sealed, keys)).finding is None  # it is only not sealed yet
    await tables.execute("UPDATE log_position SET head = head + 1")
    left_out = (await audited(sealed, keys)).finding
    assert left_out is not None
    assert "the fact is not in the log" in left_out.text.en
    assert (await audited(sealed, keys[:1])).finding is not None  # nobody known signed the other shard


async def test_any_change_in_the_files_is_named(sealed: str, tables: Any, tmp_path: Path) -> None:
    """An export is whole, and done once; a flipped byte in any of its files is found in that file."""
    keys, folder = await keys_of(tables), tmp_path / "export"
    pool = await asyncpg.create_pool(sealed, min_size=1, max_size=2)
    shelf: Any = PostgresLogShelf(pool)
    for label in ("2026", "2026-2"):
        (folder / label).mkdir(parents=True)
        assert await export_log(shelf, label, LogFiles(folder / label)) >= 3
        assert await export_log(shelf, label, LogFiles(folder / label)) == 0
    await pool.close()
    clean = await audit_log(LogFilesAudit(folder), keys)
    assert clean.finding is None
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 3 + 8
    for path in files:
        kept = path.read_bytes()
        for place in (len(kept) // 3, len(kept) - 2):
            path.write_bytes(kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :])
            finding = (await audit_log(LogFilesAudit(folder), keys)).finding
            assert finding is not None, (path, place)
            assert finding.place == str(path.relative_to(folder)), (path, place, finding.text.en)
        path.write_bytes(kept[:-3])
        finding = (await audit_log(LogFilesAudit(folder), keys)).finding
        assert finding is not None
        assert finding.place == str(path.relative_to(folder))
        path.write_bytes(kept)


async def test_an_export_does_not_go_on_over_another_history(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """Files of a log that this one does not add to are left as they are."""
    pool = await asyncpg.create_pool(database_dsn, min_size=1, max_size=2)
    shelf: Any = PostgresLogShelf(pool)
    async with sealing_on(database_dsn, tmp_path / "signer", clock) as sealing:
        await write(tables, 5)
        sealer = await sealing.begin()
        await seal_all(sealer)
        (tmp_path / "one").mkdir()
        await export_log(shelf, "2026", LogFiles(tmp_path / "one"))
        await write(tables, 300)
        await seal_all(sealer)
        await export_log(shelf, "2026", LogFiles(tmp_path / "one"))
    assert sorted(path.name for path in (tmp_path / "one" / "tile" / "0").iterdir()) == ["000", "001.p"]
    await tables.execute("ALTER TABLE log_checkpoint DISABLE TRIGGER USER")
    await tables.execute("DELETE FROM log_checkpoint WHERE size = 306")
    with pytest.raises(SetupError, match="log_export_differs"):
        await export_log(shelf, "2026", LogFiles(tmp_path / "one"))
    await pool.close()
