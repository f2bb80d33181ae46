"""Goal: outsiders' words are gathered in rounds; whoever is away delays nobody, and whoever lies is not kept.

Method: real PostgreSQL, witnesses of our own at real addresses, openssl as the authority, a chain in memory.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from hashlib import sha256
from types import SimpleNamespace

import httpx
import pytest_asyncio

from adapters.anchors.node import CHAIN_ID, SENDER, Node, serving
from adapters.timestamps.authority import POLICY, OpenSslAuthority, altered, served
from adapters.witnesses.witnesses import named, witness
from countermand.adapters.anchors.evm import EvmAnchor
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.witnesses import PostgresAnchors, PostgresCosignatures, PostgresStamps
from countermand.adapters.timestamps.http import HttpTimestampAuthority
from countermand.adapters.timestamps.tokens import Trust, read_certificates
from countermand.adapters.witnesses.http import HttpWitness
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.flows import witness_log as flow
from countermand.flows.witness_log import (
    Standing,
    WitnessingHouse,
    cosigned_checkpoint,
    witness_log,
    witness_until,
)
from countermand.kernel.clock import MICROS_PER_SECOND, SystemClock
from countermand.transparency.anchors import AnchorState
from countermand.transparency.trust import TrustPolicy


class SealedLog:
    """A log in memory, as the flow sees it; `size` is how much of it is signed."""

    def __init__(self, log: MemoryLog, size: int) -> None:
        self.log, self.size = log, size

    async def latest(self, shard: str | None = None):
        """Its checkpoint; none while nothing is signed."""
        note = str(self.log.note(self.size))
        return SimpleNamespace(origin=ORIGIN, size=self.size, note=note) if self.size else None

    async def consistency(self, origin: str, old: int, new: int) -> list[bytes]:
        """Proofs."""
        return self.log.proof(old, new)


class ShiftedClock:
    """The real time, and as much more as a test lets pass."""

    def __init__(self) -> None:
        self.ahead, self._clock = 0, SystemClock()

    def now(self) -> int:
        """Now, and then some."""
        return self._clock.now() + self.ahead * MICROS_PER_SECOND


@pytest_asyncio.fixture
async def stage(database_dsn, tmp_path):
    """Two witnesses, an authority and a chain around a log of 40 entries, 7 of them signed."""
    async with AsyncExitStack() as stack:
        log = SealedLog(MemoryLog(b"%d" % number for number in range(40)), 7)
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        clock, keys, witnesses, stacks = ShiftedClock(), {}, {}, {}
        for name in ("w1", "w2"):
            stacks[name] = await stack.enter_async_context(AsyncExitStack())
            address, keys[name] = await stacks[name].enter_async_context(
                witness(tmp_path / name, f"witness.example/{name}", log.log.key)
            )
            witnesses[name] = HttpWitness(address, keys[name], client, seconds_max=5)
        tsa, node = OpenSslAuthority(tmp_path / "tsa"), Node()
        mood = SimpleNamespace(answer=tsa.reply)
        url = await stack.enter_async_context(served(lambda query: mood.answer(query) or None))
        trust = Trust(read_certificates(tsa.root_file), policies=frozenset({POLICY}))
        authority = HttpTimestampAuthority(
            url, trust, SystemClock(), client, seconds_max=5, skew_seconds_max=30
        )
        chain = EvmAnchor(
            await stack.enter_async_context(serving(node)), SENDER, CHAIN_ID, client,
            seconds_max=5, confirmations_final=2,
        )  # fmt: skip
        pool = await connect_pool(database_dsn, size_max=2)
        stack.push_async_callback(pool.close)
        house = WitnessingHouse(
            log, clock, PostgresCosignatures(pool), PostgresStamps(pool), PostgresAnchors(pool),
            witnesses, authority, chain,
        )  # fmt: skip
        policy = "\n".join([f"log {log.log.key}", *named(keys), "group both all w1 w2", "quorum both", ""])
        yield SimpleNamespace(
            house=house, log=log, node=node, tsa=tsa, mood=mood, clock=clock, stacks=stacks,
            policy=TrustPolicy.parse(policy),
        )  # fmt: skip


def failures(standings) -> dict[str, str]:
    """Who failed, and with what."""
    return {name: one.failed for name, one in standings.items() if one.failed}


async def test_a_round_gathers_what_everybody_says(stage, tables):
    """Cosigned to the quorum, stamped, anchored; what is kept stands up to openssl; nothing twice."""
    house = stage.house
    stage.log.size = 0
    assert await witness_log(house) == {}
    stage.log.size = 7
    standings = await witness_log(house)
    assert failures(standings) == {}
    assert {one.size for one in standings.values()} == {7}
    point = await stage.log.latest()
    assert not stage.policy.judge(stage.log.log.note(7)).quorum_met
    assert stage.policy.judge(await cosigned_checkpoint(house, point)).quorum_met
    kept = await house.stamps.newest(ORIGIN)
    assert stage.tsa.accepts(kept.token, point.note.encode())
    anchor = await house.anchors.newest(ORIGIN)
    assert anchor.receipt.digest == sha256(point.note.encode()).hexdigest()
    await stage.node.mine()
    await witness_log(house)
    assert (await house.anchors.newest(ORIGIN)).receipt.state is AnchorState.MINED
    assert len(stage.node.sent) == 1
    assert await house.stamps.newest(ORIGIN) == kept
    await stage.node.mine()
    await witness_log(house)
    assert (await house.anchors.newest(ORIGIN)).receipt.state is AnchorState.FINAL
    await house.anchors.keep(await house.anchors.newest(ORIGIN))
    facts = await tables.fetch("SELECT body FROM journal WHERE kind = 'log.anchored'")
    bodies = [json.loads(row["body"]) for row in facts]
    assert [(body["log"], body["size"], body["digest"]) for body in bodies] == [
        (ORIGIN, 7, anchor.receipt.digest)
    ]
    assert await house.anchors.unsettled(0, 9) == []


async def test_each_has_its_own_pace(stage):
    """Witnesses every round, stamps each minute or at once where it matters, anchors each hour."""
    house = stage.house
    await witness_log(house)
    paces = []
    table = [(10, 9, False), (20, 11, True), (30, 12, False), (100, 16, False), (3700, 20, False)]
    for ahead, size, at_once in table:
        stage.clock.ahead, stage.log.size = ahead, size
        standings = await witness_log(house, at_once=at_once)
        assert failures(standings) == {}
        paces.append(
            tuple(standings[name].size for name in ("witness:w1", "witness:w2", "timestamp", "anchor"))
        )
    assert paces == [(9, 9, 7, 7), (11, 11, 11, 7), (12, 12, 11, 7), (16, 16, 16, 7), (20, 20, 20, 20)]
    assert (await house.stamps.covering(ORIGIN, 8)).size == 11
    assert await house.stamps.covering(ORIGIN, 21) is None


async def test_a_slow_witness_keeps_no_other_waiting(stage, monkeypatch):
    """One never answers; the other cosigns what is signed while that one is still being asked."""
    house, asked = stage.house, asyncio.Event()

    async def never(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    house.witnesses = {"w1": house.witnesses["w1"], "w2": SimpleNamespace(add=never)}
    monkeypatch.setattr(flow, "WITNESS_SECONDS", 0.01)
    running = asyncio.create_task(witness_until(asyncio.Event(), house))
    async with asyncio.timeout(20):
        await asked.wait()
        for size in (9, 12):
            stage.log.size = size
            while house.standings.get("witness:w1", Standing()).size != size:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert "witness:w2" not in house.standings


async def test_whoever_is_away_or_lies_delays_nobody(stage):
    """One witness gone, the authority lying, the node of another chain: the rest goes on, each is named."""
    house = stage.house
    await witness_log(house)
    await stage.stacks["w2"].aclose()
    stage.mood.answer = lambda query: stage.tsa.reply(altered(query, nonce=1))
    stage.node.lie = lambda method, result: "0x1" if method == "eth_chainId" else result
    stage.log.size, stage.clock.ahead = 20, 4000
    standings = await witness_log(house)
    assert failures(standings) == {
        "witness:w2": "witness_away", "timestamp": "tsa_lies", "anchor": "anchor_lies",
    }  # fmt: skip
    assert standings["witness:w1"].size == 20
    assert (await house.stamps.newest(ORIGIN)).size == 7
    assert (await house.anchors.newest(ORIGIN)).size == 7
    assert list(await house.cosignatures.lines(ORIGIN, 20)) == ["w1"]


async def test_a_lost_anchor_is_published_anew(stage):
    """Another branch of the chain won: the next round writes the digest again, an hour or not."""
    house = stage.house
    await witness_log(house)
    await stage.node.undo()
    await witness_log(house)
    assert len(stage.node.sent) == 1
    await stage.node.mine()
    await witness_log(house)
    assert (await house.anchors.newest(ORIGIN)).receipt.state is AnchorState.MINED


async def test_what_witnesses_know_better_than_we(stage):
    """Forgotten what one cosigned: it says so. Fewer entries than it saw: an alarm. Another story: a no."""
    house = stage.house
    await house.witnesses["w1"].add(0, (), stage.log.log.note(3))
    stage.log.size = 20
    assert failures(await witness_log(house)) == {}
    assert await house.cosignatures.sizes(ORIGIN) == {"w1": 20, "w2": 20}
    stage.log.size = 10
    assert failures(await witness_log(house)) == {
        "witness:w1": "log_behind_witness", "witness:w2": "log_behind_witness",
    }  # fmt: skip
    stage.log.log, stage.log.size = stage.log.log.fork(12, *(b"other %d" % n for n in range(30))), 30
    assert failures(await witness_log(house)) == {
        "witness:w1": "witness_refuses", "witness:w2": "witness_refuses",
    }  # fmt: skip
