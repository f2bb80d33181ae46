"""The campaign: a record of busy days, sealed and exported, one byte of it changed at a time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from countermand.app import (
    files_audit,
    log_folder,
    open_audit,
    open_house,
    open_log,
    open_replay,
    seal_until,
    sign_until,
    signer_socket,
    signer_state,
)
from countermand.drills.flips.busy_days import Days
from countermand.drills.flips.changes import ACCOUNTS, AUDIT, CASES, TABLES, Table, changed
from countermand.flows.audit_log import audit_log
from countermand.flows.export_log import export_log
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from countermand.transparency.notes import VerifierKey

POLICY = Path(__file__).parent.parent / "crashes" / "policy"
NOON = 1_795_233_600_000_000
SEALED_SECONDS_MAX = 60.0
TRIES_MAX = 50
UNSEALED = """
SELECT EXISTS (SELECT FROM journal j WHERE NOT EXISTS (SELECT FROM log_entry e WHERE e.fact = j.seq))
    OR (SELECT max(index) + 1 FROM log_entry) > (SELECT max(size) FROM log_checkpoint)
"""
COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER'
"""
BINDINGS = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"


@dataclass
class Score:
    """How many changes there were in each table or kind of file, and those that nobody found or named."""

    flips: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """A sealed record, whoever finds, and chance."""

    settings: Settings
    folder: Path
    tables: Any
    keys: Sequence[VerifierKey]
    chance: random.Random
    score: Score = field(default_factory=Score)

    async def flip_row(self) -> None:
        """One value of one row of one table; afterwards all is as it was."""
        for _ in range(TRIES_MAX):
            table = self.chance.choice(TABLES)
            found = await self._chosen(table)
            if found is not None:
                break
        else:
            return
        place, names, column, before, after, kind = found
        put = (
            f'UPDATE {table.name} SET "{column}" = $1::text::{kind} '  # noqa: S608
            "WHERE ctid = $2::text::tid RETURNING ctid::text"
        )
        try:
            moved = await self.tables.fetchval(put, after, place)
        except asyncpg.PostgresError:  # a value that no such column may have
            self.score.refused[f"{table.name}.{column}"] += 1
            return
        self.score.flips[table.name] += 1
        said = await self._finding(table.finder)
        if said is None or not (any(all(name in one for name in names) for one in said)):
            self.score.missed.append(f"{table.name}.{column} of {names}: {before!r} -> {after!r}: {said}")
        await self.tables.execute(put, before, moved)

    async def _chosen(self, table: Table) -> tuple[str, list[str], str, Any, Any, str] | None:
        """A row by its place, the words that must name it, column, value before and after, and type."""
        columns = [row for row in await self.tables.fetch(COLUMNS, table.name) if row[0] not in table.excused]
        column, kind = self.chance.choice(columns)
        kind = {"ARRAY": "text[]"}.get(kind, kind)
        if kind == "text[]" and column == "warn_at":
            return None
        picked = ", ".join(f'"{name}"::text' for name in (column, *table.named))
        rows = await self.tables.fetchval(f"SELECT count(*) FROM {table.name}")  # noqa: S608
        if not rows:
            return None
        place = self.chance.randrange(rows)
        row = await self.tables.fetchrow(
            f"SELECT ctid::text, {picked} FROM {table.name} ORDER BY ctid OFFSET {place} LIMIT 1"  # noqa: S608
        )
        after = self._after(row[1], kind)
        if after is None or after == row[1]:
            return None
        names = [row[2 + at] for at, name in enumerate(table.named) if name != column]
        return row[0], names, column, row[1], after, kind

    def _after(self, value: Any, kind: str) -> Any:
        if kind == "timestamp with time zone" and value is not None:
            return _a_microsecond_on(value)
        return changed(value, kind, self.chance)

    async def flip_file(self) -> None:
        """One bit of one file of the exported log, or of a sealed exhibit."""
        kinds = {"export": self.folder / "export", "objects": self.folder / "objects"}
        kind = self.chance.choice([kind for kind, place in kinds.items() if place.exists()])
        files = sorted(path for path in kinds[kind].rglob("*") if path.is_file() and path.stat().st_size)
        path = self.chance.choice(files)
        before = path.read_bytes()
        data = bytearray(before)
        data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        mode = path.stat().st_mode
        path.chmod(0o600)
        path.write_bytes(data)
        self.score.flips[kind] += 1
        said = await self._files_finding(kind)
        name = path.name if kind == "objects" else str(path.relative_to(kinds[kind]))
        if said is None or not any(name in one for one in said):
            self.score.missed.append(f"{kind} {name}: {said}")
        path.write_bytes(before)
        path.chmod(mode)

    async def _finding(self, finder: str) -> list[str] | None:
        if finder == AUDIT:
            async with open_audit(self.settings) as source:
                finding = (await audit_log(source, self.keys, whole=True)).finding
            return None if finding is None else [f"{finding.place} {finding.part}"]
        async with open_replay(self.settings) as replayer:
            found = await (replayer.cases() if finder == CASES else replayer.accounts())
        return [f"{one.table} {one.row} {one.field}" for one in found.differences] or None

    async def _files_finding(self, kind: str) -> list[str] | None:
        if kind == "export":
            finding = (await audit_log(files_audit(self.folder / "export"), self.keys, whole=True)).finding
            return None if finding is None else [f"{finding.place} {finding.part}"]
        async with open_replay(self.settings) as replayer:
            return [one.row for one in await replayer.exhibits(None)] or None

    async def unharmed(self) -> list[str]:
        """What is found while nothing is changed: it must be nothing."""
        said = [await self._finding(finder) for finder in (AUDIT, CASES, ACCOUNTS)]
        files = [await self._files_finding(kind) for kind in ("export", "objects")]
        return [one for found in (*said, *files) if found for one in found]


def _a_microsecond_on(value: str) -> str:
    head, plus, zone = value.rpartition("+")
    second, _, fraction = head.partition(".")
    micros = int(fraction.ljust(6, "0") or 0) ^ 1
    return f"{second}.{micros:06d}{plus}{zone}"


@asynccontextmanager
async def open_campaign(dsn: str, folder: Path, seed: int, steps: int) -> AsyncIterator[Campaign]:
    """Busy days on a database of the drill's own, sealed, signed and exported; its guards are taken off."""
    settings = Settings(
        database_url=dsn, data_dir=folder, policy=str(POLICY), policy_start="replace", log_level="critical"
    )
    chance, clock = random.Random(seed), ManualClock(NOON)
    async with open_house(settings, clock) as house:
        await Days(house, clock, chance).live(steps)
    tables: Any = await asyncpg.connect(dsn)
    await _sealed(settings, tables)
    async with open_log(settings) as opened:
        for shard in await opened.shelf.shards():
            await export_log(opened.shelf, shard.label, log_folder(folder / "export" / shard.label))
        keys = [VerifierKey.parse(key) for shard in await opened.shelf.shards() for key in shard.keys]
    await tables.execute("SET timezone = 'UTC'")
    for table, constraint in await tables.fetch(BINDINGS):
        await tables.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    for one in TABLES:
        await tables.execute(f"ALTER TABLE {one.name} DISABLE TRIGGER USER")
    yield Campaign(settings, folder, tables, keys, chance)
    await tables.close()


async def _sealed(settings: Settings, tables: Any) -> None:
    """Seal and sign everything there is, in this process."""
    stop, stop_signer = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(sign_until(stop_signer, signer_state(settings), signer_socket(settings)))
        sealing = group.create_task(seal_until(stop, settings))
        async with asyncio.timeout(SEALED_SECONDS_MAX):
            while await tables.fetchval(UNSEALED) is not False:  # noqa: ASYNC110 - others send no event
                await asyncio.sleep(0.05)
        stop.set()
        await sealing
        stop_signer.set()
