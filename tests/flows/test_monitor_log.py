"""Goal: a monitor says which sources tell one story, proves two, and names each doubt by its code.

Method: a table of what the log shows, what witnesses show and what is handed in, with what is found.
"""

from __future__ import annotations

from hashlib import sha256

import httpx
import msgspec
import pytest

from adapters.anchors.node import CHAIN_ID, SENDER, Node, serving
from countermand.adapters.anchors.evm import EvmAnchor
from countermand.drills.forks.honest import HonestWitness, Showing, policy_of
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.flows.monitor_log import monitor_log
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.anchors import ShownAnchor
from countermand.transparency.notes import Note
from countermand.transparency.witness import AddCheckpoint
from flows.stage import NOON

LOG = MemoryLog(b"%d" % number for number in range(40))
OTHER = LOG.fork(10, *(b"other %d" % number for number in range(30)))
STRANGER = MemoryLog((b"0",), seed=b"\1" * 32)


class Refusing:
    """A log or a witness that answers nobody, or with nonsense."""

    keys = ()

    def __init__(self, refusal) -> None:
        self.refusal = refusal

    async def checkpoint(self):
        raise self.refusal

    async def latest(self, origin):
        raise self.refusal

    async def hashes(self, nodes, size):
        raise self.refusal


class Damaged(Showing):
    """A log whose tiles do not lead to its checkpoint."""

    async def hashes(self, nodes, size):
        return dict.fromkeys(nodes, bytes(32))


class Torn(Showing):
    """A log that shows its checkpoint and no tiles."""

    async def hashes(self, nodes, size):
        raise Unavailable("log_away", "en", "zh")


AWAY = Unavailable("witness_away", "en", "zh")
# what the log shows, what is handed in, what agrees beside the log, forks, doubts
TABLE = [
    ("all one story", Showing(LOG, 20), {"a": LOG.note(7), "b": LOG.note(20), "c": LOG.note(0)}, "a b c", 0,
     {}),
    ("another past", Showing(LOG, 20), {"a": OTHER.note(12), "b": LOG.note(7)}, "b", 1, {}),
    ("before the fork", Showing(LOG, 20), {"a": OTHER.note(10)}, "a", 0, {}),
    ("two at one size", Showing(LOG, 20), {"a": OTHER.note(20)}, "", 1, {}),
    ("two beyond what is shown", Showing(LOG, 12), {"a": LOG.note(30), "b": OTHER.note(30)}, "", 1,
     {"a": "log_behind", "b": "log_behind"}),
    ("less than somebody has", Showing(LOG, 12), {"a": LOG.note(30)}, "", 0, {"a": "log_behind"}),
    ("wrong tiles", Damaged(LOG, 20), {"a": LOG.note(7)}, "", 0, {"a": "log_lies"}),
    ("no tiles", Torn(LOG, 20), {"a": LOG.note(7)}, "", 0, {"a": "log_away"}),
    ("not signed by the log", Showing(LOG, 20),
     {"a": Note(LOG.note(7).text, STRANGER.note(1).signatures)}, "", 0, {"a": "nobody_known"}),
    ("a forged signature", Showing(LOG, 20), {"a": Note(OTHER.note(20).text, LOG.note(20).signatures)}, "", 0,
     {"a": "signature_wrong"}),
    ("of another log", Showing(LOG, 20), {"a": MemoryLog((b"0",), origin="x/y").note()}, "", 0,
     {"a": "log_unknown"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "handed", "agree", "forks", "doubts"), [pytest.param(*row[1:], id=row[0]) for row in TABLE]
)
async def test_each_situation_is_told(shown, handed, agree, forks, doubts):
    """Every line of the table; each proof convicts."""
    report = await monitor_log(policy_of(LOG.key, []), ORIGIN, shown, {}, handed)
    assert set(report.agree) == {"log", *agree.split()}
    assert report.doubts == doubts
    assert len(report.forks) == forks
    assert all(proof.holds([LOG.key]) for proof in report.forks)


async def test_what_could_not_be_compared_is_kept_until_it_can():
    """A larger note is a doubt as long as the log shows less, and a proof as soon as it shows more."""
    policy = policy_of(LOG.key, [])
    first = await monitor_log(policy, ORIGIN, Showing(LOG, 12), {}, {"a": OTHER.note(20)})
    assert (first.doubts, first.forks) == ({"a": "log_behind"}, ())
    assert first.keep == (LOG.note(12), OTHER.note(20))
    kept = {f"kept {number}": note for number, note in enumerate(first.keep)}
    second = await monitor_log(policy, ORIGIN, Showing(LOG, 30), {}, kept)
    assert len(second.forks) == 1
    assert set(second.keep) == {LOG.note(30), OTHER.note(20)}


async def test_what_a_chain_has_is_compared_too():
    """An anchored note agrees or convicts; what the chain has otherwise, or not at all, is a doubt."""
    node = Node()
    async with serving(node) as address, httpx.AsyncClient(trust_env=False) as client:
        chain = EvmAnchor(address, SENDER, CHAIN_ID, client, seconds_max=5, confirmations_final=2)
        policy, shown = policy_of(LOG.key, []), Showing(LOG, 30)
        report = await monitor_log(policy, ORIGIN, shown, {}, {}, chain)
        assert report.doubts == {"anchors": "no_anchors"}
        true, fork = [await anchored(chain, one) for one in (LOG.note(12), OTHER.note(25))]
        await node.mine()
        shown.anchored = [true]
        report = await monitor_log(policy, ORIGIN, shown, {}, {}, chain)
        assert (report.doubts, report.forks, set(report.agree)) == ({}, (), {"log", name_of(true)})
        assert report.keep == (LOG.note(12), LOG.note(30))
        shown.anchored = [fork, true]
        report = await monitor_log(policy, ORIGIN, shown, {}, {}, chain)
        assert [proof.holds([LOG.key]) for proof in report.forks] == [True]
        other = msgspec.structs.replace(true, note=str(LOG.note(13)))
        nowhere = msgspec.structs.replace(true, reference=f"0x{'0' * 64}")
        waiting = await anchored(chain, LOG.note(20))
        shown.anchored = [other, nowhere, waiting]
        report = await monitor_log(policy, ORIGIN, shown, {}, {}, chain)
        assert report.doubts == {name_of(other): "anchor_lies", name_of(nowhere): "anchor_lost"}
        assert set(report.agree) == {"log"}


async def anchored(chain: EvmAnchor, note: Note) -> ShownAnchor:
    """A note in the chain, as the log shows it."""
    receipt = await chain.publish(sha256(str(note).encode()).digest())
    return ShownAnchor(
        size=0, note=str(note), chain=receipt.chain, reference=receipt.reference, state=receipt.state
    )


def name_of(anchor: ShownAnchor) -> str:
    """The source as which it is reported."""
    return f"{anchor.chain}/{anchor.reference}"


async def test_witnesses_are_looked_at_too():
    """Their cosignatures make the quorum, their story counts, and one that is silent is a doubt."""
    witnesses = [HonestWitness(number, LOG.key, ManualClock(NOON)) for number in range(3)]
    policy = policy_of(LOG.key, witnesses)
    for one in witnesses[:2]:
        assert await one.ask(AddCheckpoint(0, (), LOG.note(20)))
    asked = {"w0": witnesses[0], "w1": witnesses[1], "w2": Refusing(AWAY)}
    report = await monitor_log(policy, ORIGIN, Showing(LOG, 20), asked, {})
    assert report.vouched is not None
    assert report.vouched.checkpoint == LOG.checkpoint(20)
    assert set(report.agree) == {"log", "w0", "w1"}
    assert report.vouched.witnesses == dict.fromkeys(("w0", "w1"), NOON // 1_000_000)
    assert report.doubts == {"w2": "witness_away"}
    later = await monitor_log(policy, ORIGIN, Showing(LOG, 30), asked, {})
    assert later.vouched == report.vouched
    report = await monitor_log(policy, ORIGIN, Showing(OTHER, 30), asked | {"w2": witnesses[2]}, {})
    assert report.vouched is None
    assert report.doubts == {"w2": "witness_knows_nothing"}
    assert len(report.forks) == 2
    away = Refusing(Conflict("log_lies", "en", "zh"))
    report = await monitor_log(policy, ORIGIN, away, asked, {"a": OTHER.note(20)})
    assert (report.top, len(report.forks)) == (None, 1)
    assert report.doubts == {"log": "log_lies", "w2": "witness_away"}
