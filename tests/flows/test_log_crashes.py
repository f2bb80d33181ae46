"""Goal: a crash anywhere loses no fact and signs no second history. Method: seeded crashes at every call."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.seal_store import PostgresSealStore
from countermand.adapters.signers.files import SignerFiles
from countermand.flows.audit_log import audit_log
from countermand.flows.log_ports import SealTerms
from countermand.flows.sign_log import Signer
from countermand.flows.turn_log import Sealing
from countermand.kernel.clock import ManualClock
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import VerifierKey, parse_note
from countermand.transparency.tiles import Edge
from countermand.vocabulary.signing import Signed
from flows.log_stage import BASE, WRITE, facts_in_journal, facts_in_log, seal_all

CRASHES = 15
CALLS_MAX = 14


class Killed(Exception):
    """The process is no more."""


class Fuse:
    """Lets so many calls pass; the next one ends the process, before or after it took effect."""

    def __init__(self, inner: Any, chance: random.Random) -> None:
        self._inner, self._chance = inner, chance
        self.left = 10**9

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def burning(*args: Any) -> Any:
            self.left -= 1
            if self.left == 0 and self._chance.random() < 0.5:
                raise Killed(f"before {name}")
            answer = await call(*args)
            if self.left == 0:
                raise Killed(f"after {name}")
            return answer

        return burning


class Remembering:
    """The signer, made anew after each crash from its files; every note it ever made is kept by us."""

    def __init__(self, files: SignerFiles, clock: ManualClock) -> None:
        self._files, self._clock = files, clock
        self.notes: list[str] = []
        self.restart()

    def restart(self) -> None:
        self._signer = Signer(self._files, self._clock)

    async def ask(self, ask: Any) -> Any:
        reply = self._signer.answer(ask)
        if isinstance(reply, Signed):
            self.notes.append(reply.note)
        return reply


@pytest.mark.parametrize("seed", [1])
async def test_nothing_is_lost_or_signed_twice(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path, seed: int
) -> None:
    """Facts commit late, out of order or not at all, while sealer and signer die at every kind of moment."""
    chance = random.Random(seed)
    signer = Remembering(SignerFiles(tmp_path), clock)
    writers = [await asyncpg.connect(database_dsn) for _ in range(3)]
    open_now: set[int] = set()

    async def write_something() -> None:
        for place, writer in enumerate(writers):
            if place in open_now and chance.random() < 0.5:
                await writer.execute(chance.choice(["COMMIT", "COMMIT", "ROLLBACK"]))
                open_now.discard(place)
            elif place not in open_now and chance.random() < 0.7:
                await writer.execute("BEGIN")
                open_now.add(place)
                for _ in range(chance.randrange(4)):
                    case = f'{{"case":"case-{place}"}}' if chance.random() < 0.5 else "{}"
                    await writer.fetchval(WRITE, "case.changed", None, case, None)

    crashes, first = 0, True
    while crashes < CRASHES or open_now:
        store = PostgresSealStore(database_dsn)
        await store.open()
        assert await store.take_place()
        store_fuse, signer_fuse = Fuse(store, chance), Fuse(signer, chance)
        if not first and crashes < CRASHES:
            chance.choice([store_fuse, signer_fuse]).left = chance.randrange(1, CALLS_MAX)
        sealing = Sealing(store_fuse, signer_fuse, clock, SealTerms(base=BASE, rows_max=5))
        try:
            sealer = await sealing.begin()
            for _ in range(CALLS_MAX):
                await write_something()
                await sealer.sweep()
                if sealer.size > sealer.signed_size and chance.random() < 0.7:
                    await sealer.sign()
        except Killed:
            crashes += 1
        finally:
            await store.close()
            signer.restart()
        first = False
        if crashes >= CRASHES:
            for place in sorted(open_now):
                await writers[place].execute("COMMIT")
            open_now.clear()
            await seal_all_once(database_dsn, signer, clock)
    facts = await facts_in_log(tables)
    assert sorted(facts) == await facts_in_journal(tables)
    assert len(facts) > CRASHES
    await check(database_dsn, tables, signer.notes)
    for writer in writers:
        await writer.close()


async def seal_all_once(dsn: str, signer: Remembering, clock: ManualClock) -> None:
    """Seal what is left, in peace."""
    store = PostgresSealStore(dsn)
    await store.open()
    assert await store.take_place()
    sealer = await Sealing(store, signer, clock, SealTerms(base=BASE)).begin()
    for _ in range(3):
        await seal_all(sealer)
    await store.close()


async def check(dsn: str, tables: Any, notes: list[str]) -> None:
    """The audit finds nothing, and every note that ever left the signer is of this one tree."""
    keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
    audit = PostgresLogAudit(dsn)
    await audit.open()
    report = await audit_log(audit, keys)
    await audit.close()
    assert report.finding is None, report.finding
    edge, roots = Edge(), {}
    for row in await tables.fetch("SELECT leaf FROM log_entry ORDER BY index"):
        edge.append([row[0]])
        roots[edge.size] = edge.root()
    points = [Checkpoint.of_note(parse_note(note.encode())) for note in notes]
    assert len(points) > CRASHES
    assert [point for point in points if roots[point.size] != point.root] == []
