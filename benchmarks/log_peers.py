"""The log's appends and proofs in turns with others: a bare chain, the disk, and pymerkle on SQLite.

Rounds of each follow one another, so that a slow minute of the disk is everybody's; what is told is the
median of the rounds, and of their ratios. pymerkle is measured where it is installed (GPL: only for this).
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from benchmarks.log_journal import FILL

from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.app import open_sealing

GROUP = 64
ROUNDS = 15
GROUPS_IN_ROUND = 16
ONES_IN_ROUND = 40
ENTRY_BYTES = 300
PROOFS = 200
CHAIN = """
CREATE TABLE IF NOT EXISTS naive_chain (seq bigint PRIMARY KEY, body bytea NOT NULL, hash bytea NOT NULL)
"""
ONE = "INSERT INTO journal (at, kind, body) VALUES (now(), 'x', '{\"a\":1}') RETURNING seq"
BARE = "INSERT INTO naive_chain (seq, body, hash) VALUES ($1, $2, $3)"
NEXT = "SELECT seq, body::text FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2"


def pymerkle_tree(folder: Path) -> Any | None:
    """The library that one would take, on a file of its own; None where it is not installed."""
    try:
        from pymerkle import SqliteTree
    except ImportError:
        print("pymerkle: NOT MEASURED, it is not installed (GPL: only for the benchmark)", flush=True)
        return None
    return SqliteTree(str(folder / f"merkle-{random.getrandbits(32):x}.db"), algorithm="sha256")


class Chain:
    """The naive one: the same lines of the journal as a plain chain of hashes, a group a transaction."""

    def __init__(self, tables: Any, head: int) -> None:
        self._tables, self._head, self._prev = tables, head, b""

    async def group(self) -> None:
        rows = await self._tables.fetch(NEXT, self._head, GROUP)
        records = []
        for seq, text in rows:
            body = text.encode()
            self._prev = hashlib.sha256(self._prev + body).digest()
            records.append((seq, body, self._prev))
        async with self._tables.transaction():
            await self._tables.copy_records_to_table("naive_chain", records=records)
        self._head = rows[-1][0]


class Rounds:
    """Seconds of one step of each, by rounds."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}

    async def measure(self, name: str, steps: int, step: Callable[[], Awaitable[object]]) -> None:
        begun = time.perf_counter()
        for _ in range(steps):
            await step()
        self.add(name, (time.perf_counter() - begun) / steps)

    def add(self, name: str, seconds: float) -> None:
        self._taken.setdefault(name, []).append(seconds)

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def per_second(self, name: str, times: int = 1) -> float:
        return times / statistics.median(self._taken[name])

    def ratio(self, one: str, other: str) -> float:
        """How many times as long one takes as the other: the median over the rounds."""
        return statistics.median(
            this / that for this, that in zip(self._taken[one], self._taken[other], strict=True)
        )


async def groups(bench: Any, tables: Any) -> None:
    """Groups of 64 lines of the journal, made durable a group at a time, by everybody in turn."""
    rounds, tree = Rounds(), pymerkle_tree(bench.folder)
    await tables.execute(CHAIN)
    async with open_sealing(bench.settings) as sealing:
        sealing.terms = type(sealing.terms)(base=sealing.terms.base, rows_max=GROUP)
        sealer = await sealing.begin()
        while await sealer.sweep():
            pass
        for _ in range(ROUNDS):
            chain = Chain(tables, await tables.fetchval("SELECT max(seq) FROM journal"))
            await tables.execute(FILL, GROUP * GROUPS_IN_ROUND)
            await rounds.measure("ours", GROUPS_IN_ROUND, sealer.sweep)
            await rounds.measure("chain", GROUPS_IN_ROUND, chain.group)
            if tree is not None:
                await rounds.measure("callers", 1, _each_by_itself(tree))
                await rounds.measure("bulk", GROUPS_IN_ROUND, _all_at_once(tree))
        await sealer.sign()
    bench.note(
        "groups of 64", ours=rounds.per_second("ours", GROUP), naive_chain=rounds.per_second("chain", GROUP),
        ratio=rounds.ratio("chain", "ours"),
    )  # fmt: skip
    if tree is not None:
        bench.note(
            "64 in flight beside pymerkle", its_callers_per_second=rounds.per_second("callers", GROUP),
            its_bulk_per_second=rounds.per_second("bulk", GROUP),
            times_its_callers=rounds.ratio("callers", "ours"), times_its_bulk=rounds.ratio("bulk", "ours"),
        )  # fmt: skip


def _entries() -> list[bytes]:
    return [os.urandom(ENTRY_BYTES) for _ in range(GROUP)]


def _each_by_itself(tree: Any) -> Callable[[], Awaitable[None]]:
    async def step() -> None:
        for one in _entries():
            tree.append_entry(one)

    return step


def _all_at_once(tree: Any) -> Callable[[], Awaitable[None]]:
    async def step() -> None:
        tree.append_entries(_entries())

    return step


async def one_by_one(bench: Any, tables: Any) -> None:
    """One fact, committed and then sealed, before the next; beside it the disk, and a bare row."""
    rounds, tree = Rounds(), pymerkle_tree(bench.folder)
    await tables.execute(CHAIN)
    async with open_sealing(bench.settings) as sealing:
        sealer = await sealing.begin()
        while await sealer.sweep():
            pass
        with (bench.folder / "floor").open("wb") as file:
            for _ in range(ROUNDS):
                for _ in range(ONES_IN_ROUND):
                    await _one(rounds, tables, sealer, file, tree)
        await sealer.sign()
    bench.note(
        "one at a time", commit_per_second=rounds.per_second("commit"),
        seal_per_second=rounds.per_second("seal"), bare_row_per_second=rounds.per_second("bare"),
        fdatasync_floor=rounds.per_second("disk"),
        times_the_commit=rounds.ratio("seal", "commit"), times_the_floor=rounds.ratio("seal", "disk"),
        bare_row_times_the_floor=rounds.ratio("bare", "disk"), times_a_bare_row=rounds.ratio("seal", "bare"),
    )  # fmt: skip
    if tree is not None:
        bench.note(
            "one at a time beside pymerkle", its_per_second=rounds.per_second("pymerkle"),
            times_as_fast=rounds.ratio("pymerkle", "seal"),
            the_disk_itself_times_as_fast=rounds.ratio("pymerkle", "disk"),
        )  # fmt: skip


async def _one(rounds: Rounds, tables: Any, sealer: Any, file: Any, tree: Any | None) -> None:
    """One of each, right after one another."""
    begun = time.perf_counter()
    seq = await tables.fetchval(ONE)
    rounds.add("commit", time.perf_counter() - begun)
    begun = time.perf_counter()
    await sealer.sweep()
    rounds.add("seal", time.perf_counter() - begun)
    begun = time.perf_counter()
    await tables.execute(BARE, -seq, bytes(ENTRY_BYTES), bytes(32))
    rounds.add("bare", time.perf_counter() - begun)
    begun = time.perf_counter()
    file.write(b"x" * 600)
    file.flush()
    os.fdatasync(file.fileno())
    rounds.add("disk", time.perf_counter() - begun)
    if tree is not None:
        begun = time.perf_counter()
        tree.append_entry(os.urandom(ENTRY_BYTES))
        rounds.add("pymerkle", time.perf_counter() - begun)


async def proofs(bench: Any, tables: Any, count: int = 1000) -> None:
    """Inclusion proofs from the tables, one after the other; pymerkle's from a tree of as many entries."""
    pool = await asyncpg.create_pool(bench.dsn, min_size=1, max_size=1)
    shelf, chance = PostgresLogShelf(pool), random.Random(bench.options.seed)
    last, taken = await tables.fetchval("SELECT max(fact) FROM log_entry"), []
    for _ in range(count):
        begun = time.perf_counter()
        found = await shelf.proof_of(chance.randrange(1, last))
        taken.append(time.perf_counter() - begun)
        assert found is not None
    await pool.close()
    taken.sort()
    bench.note(
        "inclusion proofs", per_second=count / sum(taken), p50_ms=taken[count // 2] * 1e3,
        p99_ms=taken[count * 99 // 100] * 1e3,
    )  # fmt: skip
    tree = pymerkle_tree(bench.folder)
    if tree is None:
        return
    size = await tables.fetchval("SELECT max(index) + 1 FROM log_entry")
    tree.append_entries(os.urandom(ENTRY_BYTES) for _ in range(size))
    begun = time.perf_counter()
    for _ in range(PROOFS):
        tree.prove_inclusion(chance.randrange(1, size))
    its = PROOFS / (time.perf_counter() - begun)
    bench.note(
        "proofs beside pymerkle", entries=size, its_per_second=its, times_as_fast=count / sum(taken) / its
    )
