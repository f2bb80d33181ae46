"""Goal: old checkpoints go, and nobody who reads, proves or checks the log notices.

Method: a house and a log with checkpoints of several hours and days; thinned, then asked by everybody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.adapters.log_files import LogFiles, LogFilesAudit
from countermand.adapters.papers.seals import OWN_AUTHORITY
from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.log_thinning import PostgresLogThinning
from countermand.adapters.postgres.unit import PostgresSchedule
from countermand.adapters.postgres.witnesses import PostgresCosignatures
from countermand.flows.audit_log import audit_log
from countermand.flows.bundle_case import Bound, Bundling, bundle_case
from countermand.flows.export_log import export_log
from countermand.flows.hand_out_receipt import Handed, hand_out_receipt
from countermand.flows.house import House
from countermand.flows.monitor_log import monitor_log
from countermand.flows.show_case import dossier_of
from countermand.flows.thin_log import (
    MORE_MICROS,
    THINNING_TIMER,
    Thinning,
    set_thinning_timer,
    thinning_handler,
)
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, ManualClock
from countermand.transparency.anchors import ShownAnchor
from countermand.transparency.certificates import roots_of
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    Note,
    Signature,
    VerifierKey,
    cosigned,
    parse_note,
    timed,
)
from countermand.transparency.tiles import nodes_in, tile_of
from countermand.transparency.tree import Node, consistent
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Question, Verdict, verify_receipt
from countermand.transparency.verify_bundle import verify_bundle
from countermand.vocabulary.staff import Role
from flows.case_stage import opened, somebody
from flows.log_stage import seal_all, sealing_on, write
from flows.stage import NOON, house_on

WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITNESS_KEY = VerifierKey("witness.example/w", COSIGNED_ED25519, WITNESS.public_key().public_bytes_raw())
DAYS = 7
STAMPED = """
INSERT INTO log_timestamp VALUES ($1, $2, sha256(''), '\\x00', now(), 0, '1', '1.2', 'an authority', now())
"""
ANCHORED = """
INSERT INTO log_anchor VALUES
    ('eip155:1', '0x1', $1, $2, encode(sha256(''), 'hex'), 'pending', NULL, NULL, 0, '{}', now(), now())
"""


@dataclass
class Stage:
    """A house, one who seals its log, the tables, and a case with its receipt of the first moment."""

    house: House
    sealing: Any
    tables: Any
    clock: ManualClock
    folder: Path
    pool: Any
    number: str = ""

    async def sealed(self, minutes: int) -> int:
        """Something is written that many minutes later and signed; the size of the checkpoint."""
        self.clock.advance(minutes * MICROS_PER_HOUR // 60)
        await write(self.tables, 3)
        sealer = await self.sealing.begin()
        await seal_all(sealer)
        return int(sealer.signed_size)

    async def sizes(self) -> list[int]:
        """Of the checkpoints that are there."""
        return [row[0] for row in await self.tables.fetch("SELECT size FROM log_checkpoint ORDER BY size")]

    async def keys(self) -> list[VerifierKey]:
        """The log's own."""
        return [VerifierKey.parse(key) for shard in await self.house.log.shards() for key in shard.keys]

    async def receipt(self) -> Handed:
        """Of the case, as its holder gets it now."""
        case = (await dossier_of(self.house.reception, self.number)).case
        handed = await hand_out_receipt(self.house, case, to_holder=True)
        assert isinstance(handed, Handed)
        return handed

    async def witnessed(self, size: int) -> str:
        """A witness signs the checkpoint of that size; its note."""
        origin, note = await self.tables.fetchrow(
            "SELECT origin, note FROM log_checkpoint JOIN log_shard ON id = shard WHERE size = $1", size
        )
        seconds = NOON // 10**6
        signed = timed(seconds, WITNESS.sign(cosigned(parse_note(note.encode()).text, seconds)))
        line = Signature(WITNESS_KEY.name, WITNESS_KEY.id, signed)
        await PostgresCosignatures(self.pool).keep(origin, size, "w0", [line], NOON)
        return str(origin)

    def thinning(self, days: int = DAYS) -> Thinning:
        """One who starts from the beginning."""
        return Thinning(PostgresLogThinning(self.pool), self.clock, days)


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """At noon, with a case."""
    clock = ManualClock(NOON)
    async with (
        house_on(database_dsn, clock, data_dir=tmp_path) as house,
        sealing_on(database_dsn, tmp_path / "signer", clock) as sealing,
        asyncpg.create_pool(database_dsn, min_size=1, max_size=1) as pool,
    ):
        yield Stage(house, sealing, tables, clock, tmp_path, pool, await opened(house))


class Shelf:
    """The log as a monitor sees it from outside."""

    def __init__(self, house: House) -> None:
        self._log = house.log

    async def checkpoint(self) -> Note:
        latest = await self._log.latest()
        assert latest is not None
        return parse_note(latest.note.encode())

    async def hashes(self, nodes: Sequence[Node], size: int) -> Mapping[Node, bytes]:
        wanted = {tile_of(node, size) for node in nodes}
        found = {tile: await self._log.tile("2026", tile) for tile in wanted}
        return nodes_in({tile: data for tile, data in found.items() if data is not None}, nodes, size)

    async def anchors(self) -> Sequence[ShownAnchor]:
        return ()


async def test_old_checkpoints_go_and_everything_is_proved_as_before(stage: Stage, database_dsn: str) -> None:
    """One an hour stays and all that outsiders signed; audit, export, monitor, receipts and bundle go on."""
    first = await stage.sealed(0)
    early, kept = await stage.receipt(), await Shelf(stage.house).checkpoint()
    (stage.folder / "export" / "2026").mkdir(parents=True)
    files = LogFiles(stage.folder / "export" / "2026")
    await export_log(stage.house.log, "2026", files)
    hour = [first, *[await stage.sealed(1) for _ in range(5)]]
    origin = await stage.witnessed(hour[2])
    await stage.tables.execute(STAMPED, origin, hour[3])
    await stage.tables.execute(ANCHORED, origin, hour[4])
    next_hour = [await stage.sealed(60), await stage.sealed(1)]
    young = [await stage.sealed(9 * 24 * 60), await stage.sealed(1)]
    assert await stage.sizes() == [1, *hour, *next_hour, *young]
    assert await stage.thinning(days=0).thin() == 0
    assert await stage.thinning().thin() == 4
    left = [*hour[2:], next_hour[1], *young]
    assert await stage.sizes() == left

    audit = PostgresLogAudit(database_dsn)
    await audit.open()
    report = await audit_log(audit, await stage.keys(), whole=True)
    await audit.close()
    assert (report.finding, report.checkpoints) == (None, len(left))
    assert await export_log(stage.house.log, "2026", files) > 0
    assert (await audit_log(LogFilesAudit(stage.folder / "export"), await stage.keys())).finding is None

    policy = TrustPolicy(tuple(await stage.keys()))
    monitored = await monitor_log(policy, origin, Shelf(stage.house), {}, {"kept": kept})
    assert (set(monitored.agree), monitored.forks, monitored.doubts) == ({"log", "kept"}, (), {})

    old, new = Checkpoint.of_note(kept), Checkpoint.of_note(await Shelf(stage.house).checkpoint())
    proof = await stage.house.log.consistency(origin, first, new.size)
    assert consistent(first, old.root, new.size, new.root, proof)
    late = await stage.receipt()
    both = TrustPolicy(policy.logs, {"w0": WITNESS_KEY}, quorum="w0")
    assert [Checkpoint.of_note(one.receipt.items[0].proof.note).size for one in (early, late)] == [
        first,
        hour[2],
    ]
    assert verify_receipt(early.receipt.packed(), Question(policy)).verdict is Verdict.VALID
    assert verify_receipt(early.receipt.packed(), Question(both)).verdict is Verdict.INCOMPLETE
    assert verify_receipt(late.receipt.packed(), Question(both)).verdict is Verdict.VALID

    wang = await somebody(stage.house, "wang", Role.INVESTIGATOR)
    await stage.sealed(1)
    bound = await bundle_case(stage.house.bundles, stage.number, Bundling(), wang)
    assert isinstance(bound, Bound)
    roots = roots_of((stage.folder / OWN_AUTHORITY).read_bytes())
    asked = Question(both, stage.clock.now() // 10**6, seals=roots)
    findings = verify_bundle(BytesIO(b"".join(bound.made.pieces())), asked)
    bound.made.close()
    assert findings.verdict is Verdict.VALID, findings.checks


async def test_a_long_backlog_goes_in_steps(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are looked at a time, and over two shards, the same stay; later hours follow when old."""
    monkeypatch.setattr("countermand.flows.thin_log.BATCH", 3)
    monkeypatch.setattr("countermand.flows.thin_log.BATCHES_MAX", 4)
    for minutes in (0, 1, 1, 1, 58, 1, 1, 1):
        await stage.sealed(minutes)
    await seal_all(await stage.sealing.new_shard())
    for _ in range(4):
        await stage.sealed(1)
    stage.clock.advance(8 * MICROS_PER_DAY)
    newest = [await stage.sealed(0), await stage.sealed(1)]
    thinning, before = stage.thinning(), await points(stage)
    last = {hour: (shard, size) for shard, size, hour in before if size not in newest or shard == 1}
    went = [await thinning.thin() for _ in range(6)]
    assert (went[0] > 0, went[-1]) == (True, 0)
    stays = sorted({*last.values(), *[(2, size) for size in newest]})
    assert [(shard, size) for shard, size, _ in await points(stage)] == stays
    stage.clock.advance(8 * MICROS_PER_DAY)
    await stage.sealed(0)
    assert await thinning.thin() == 1  # the first of the two newest of that time


async def points(stage: Stage) -> list[tuple[int, int, tuple[int, int]]]:
    """Shard and size of every checkpoint, and its shard and hour."""
    rows = await stage.tables.fetch("SELECT shard, size, signed_at FROM log_checkpoint ORDER BY shard, size")
    return [(row[0], row[1], (row[0], int(row[2].timestamp()) // 3600)) for row in rows]


async def test_the_database_lets_nothing_else_go(stage: Stage) -> None:
    """Not the last of an hour, nothing that outsiders signed, not for the owner of the table either."""
    hour = [await stage.sealed(1) for _ in range(5)]
    origin = await stage.witnessed(hour[0])
    await stage.tables.execute(STAMPED, origin, hour[1])
    await stage.tables.execute(ANCHORED, origin, hour[2])
    for size in (*hour[:3], hour[4]):
        with pytest.raises(asyncpg.RestrictViolationError, match="a later one of its hour stays"):
            await stage.tables.execute("DELETE FROM log_checkpoint WHERE size = $1", size)
    assert await stage.tables.execute("DELETE FROM log_checkpoint WHERE size = $1", hour[3]) == "DELETE 1"


async def test_the_timer_is_set_once_and_sets_itself_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A house that starts anew does not put it off; when it is due, old checkpoints go, soon more."""
    await stage.sealed(0)
    hour = [await stage.sealed(1) for _ in range(3)]
    hours = [await stage.sealed(60) for _ in range(2)]
    for _ in range(2):
        await set_thinning_timer(stage.house.works, PostgresSchedule(stage.pool), stage.clock)
    due_at = stage.clock.now()
    stage.clock.advance(8 * MICROS_PER_DAY)
    async with stage.house.works.open() as unit:
        due = await unit.timers.claim(THINNING_TIMER, stage.clock.now(), 9)
        assert [timer.due_at for timer in due] == [due_at]
        await thinning_handler(stage.thinning())(unit, due)
    assert await stage.sizes() == [hour[2], *hours]
    monkeypatch.setattr("countermand.flows.thin_log.BATCHES_MAX", 1)
    for days, micros in ((DAYS, MORE_MICROS), (9, MICROS_PER_HOUR)):  # with some left to look at, and none
        async with stage.house.works.open() as unit:
            again = await unit.timers.claim(THINNING_TIMER, stage.clock.now() + MICROS_PER_DAY, 9)
            await thinning_handler(stage.thinning(days))(unit, again)
        due = await PostgresSchedule(stage.pool).timers_due([THINNING_TIMER])
        assert due[THINNING_TIMER] == stage.clock.now() + micros
