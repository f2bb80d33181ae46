"""Goal: whoever reports gets a receipt that others believe, with their own words in it and nobody else's.

Method: a house and a log of their own, sealed and signed; the verifier with a policy from the log's keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.adapters.postgres.witnesses import PostgresCosignatures
from countermand.cases.numbers import read_number
from countermand.flows.cosigned_notes import CosignedNotes
from countermand.flows.hand_out_receipt import Handed, NotSealed, hand_out_receipt
from countermand.flows.house import House
from countermand.flows.keep_reports import HUMAN_CONTACT
from countermand.flows.prove_step import prove_step, steps_in_log
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import SHOWN_EVENTS, dossier_of
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import NotFound
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    Signature,
    VerifierKey,
    cosigned,
    parse_note,
    timed,
)
from countermand.transparency.receipts import Receipt
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Question, Verdict, verify_receipt
from countermand.vocabulary.cases import Case, EventKind
from countermand.vocabulary.reports import Attached, Standing
from flows.case_stage import NOT_ME
from flows.log_stage import seal_all, sealing_on
from flows.report_stage import reporting_house, said
from flows.stage import NOON

MINE, ANOTHERS = NOT_ME, "有人冒用了我的名字，我叫欧阳春晓，电话13900000000"
FILE = "收据，金额900元".encode()
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITNESS_KEY = VerifierKey("witness.example/w", COSIGNED_ED25519, WITNESS.public_key().public_bytes_raw())


@dataclass
class Stage:
    """The house, and one who seals what its journal has."""

    house: House
    sealing: Any

    async def seal(self) -> None:
        """All there is, signed."""
        await seal_all(await self.sealing.begin())

    async def case(self, **more: Any) -> Case:
        """Somebody reports; the case."""
        received = await receive_report(self.house.reception, said(MINE, **more), "app")
        return await self.find(str(received.answer["case"]))

    async def find(self, number: str) -> Case:
        """The case of a number."""
        return (await dossier_of(self.house.reception, read_number(number) or "")).case

    async def policy(self, *witnesses: VerifierKey) -> TrustPolicy:
        """The log's own keys, and these witnesses, all of them wanted."""
        keys = [VerifierKey.parse(key) for shard in await self.house.log.shards() for key in shard.keys]
        named = {f"w{number}": key for number, key in enumerate(witnesses)}
        return TrustPolicy(tuple(keys), named, quorum=next(iter(named), "none"))


@pytest.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house and a sealer, at noon."""
    clock = ManualClock(NOON)
    async with (
        reporting_house(database_dsn, clock, tmp_path) as house,
        sealing_on(database_dsn, tmp_path / "signer", clock) as sealing,
    ):
        yield Stage(house, sealing)


def shown(receipt: Receipt) -> str:
    """Everything the receipt opens, as text."""
    return str([one.told for item in receipt.items for one in item.openings.values()])


async def test_a_receipt_proves_what_was_said_and_promised(stage: Stage) -> None:
    """Before the first signature it is promised; then it is valid, opens the words, and files are theirs."""
    files = (Attached(name="a.txt", media_type="text/plain", content=FILE),)
    case = await stage.case(attachments=files)
    assert isinstance(await hand_out_receipt(stage.house, case, to_holder=True), NotSealed)
    await stage.seal()
    found = await hand_out_receipt(stage.house, case, to_holder=True)
    assert isinstance(found, Handed)
    assert found.file_name == f"receipt-{case.number}.zip"
    findings = verify_receipt(found.receipt.packed(), Question(await stage.policy()))
    assert findings.verdict is Verdict.VALID, findings.checks
    first = found.receipt.items[0]
    assert first.openings["text"].value == MINE
    assert first.openings["file/1"].data == FILE
    assert first.openings["answer"].value["case"] == case.number
    assert b'"promised":{"' + HUMAN_CONTACT.encode() in first.entry
    kinds = [name for item in found.receipt.items[1:] for name in item.openings]
    assert {"number", "body"} <= set(kinds)
    assert (found.receipt.paper or b"").startswith(b"%PDF")
    assert found.receipt.readme is not None
    assert case.number[-4:].encode() in found.receipt.readme
    own = TrustPolicy.parse((found.receipt.policy or b"").decode())
    assert verify_receipt(found.receipt.packed(), Question(own)).verdict is Verdict.VALID


async def test_every_step_that_its_holder_sees_is_proved_alone(stage: Stage) -> None:
    """Each names its place in the log, and its proof stands; what they do not see is no step of theirs."""
    case = await stage.case()
    assert await steps_in_log(stage.house, case) == {}
    await stage.seal()
    leaves = await steps_in_log(stage.house, case)
    events = {one.seq: one.kind for one in (await dossier_of(stage.house.reception, case.number)).events}
    assert set(leaves) == {seq for seq, kind in events.items() if kind in SHOWN_EVENTS}
    assert {EventKind.OPENED, EventKind.CONTAINED} <= {events[seq] for seq in leaves}
    for seq, leaf in leaves.items():
        packed = (await prove_step(stage.house, case, seq)).receipt.packed()
        assert verify_receipt(packed, Question(await stage.policy())).verdict is Verdict.VALID
        assert Receipt.unpacked(packed).items[0].proof.index == leaf.place
    hidden = next(seq for seq, kind in events.items() if kind is EventKind.READ)
    with pytest.raises(NotFound, match="unknown_step"):
        await prove_step(stage.house, case, hidden)


async def test_nobody_gets_the_words_of_somebody_else(stage: Stage) -> None:
    """Who opened the case gets their own words; what others said in it, and the desk's copy, stay covered."""
    case = await stage.case(standing=Standing.CLAIMED, account="a-7")
    await receive_report(stage.house.reception, said(ANOTHERS, account="a-7", thread=case.number), "app")
    both = await stage.find(case.number)
    messages = (await dossier_of(stage.house.reception, case.number)).messages
    assert len([one for one in messages if one.inbound is not None]) == 2, "both were heard in one case"
    await stage.seal()
    mine = await hand_out_receipt(stage.house, both, to_holder=True)
    desk = await hand_out_receipt(stage.house, both, to_holder=False)
    assert isinstance(mine, Handed)
    assert isinstance(desk, Handed)
    assert MINE in shown(mine.receipt)
    assert ANOTHERS not in shown(mine.receipt)
    assert MINE not in shown(desk.receipt)
    assert "answer" in desk.receipt.items[0].openings
    for one in (mine, desk):
        assert verify_receipt(one.receipt.packed(), Question(await stage.policy())).verdict is Verdict.VALID


async def test_witnesses_complete_a_receipt_later(stage: Stage, database_dsn: str) -> None:
    """First the log alone signs: incomplete for who asks for a witness; fetched again, it is valid."""
    case = await stage.case()
    await stage.seal()
    early = await hand_out_receipt(stage.house, case, to_holder=True)
    latest = await stage.house.log.latest()
    assert latest is not None
    text, seconds = parse_note(latest.note.encode()).text, NOON // 10**6
    signed = timed(seconds, WITNESS.sign(cosigned(text, seconds)))
    await stage.case(account="a-9")
    await stage.seal()  # the log went on: the witnessed checkpoint is an older one

    line = Signature(WITNESS_KEY.name, WITNESS_KEY.id, signed)
    witnessed = stage.house.proofs.witnessed
    assert isinstance(witnessed, CosignedNotes)
    async with asyncpg.create_pool(database_dsn, min_size=1, max_size=1) as pool:
        await PostgresCosignatures(pool).keep(latest.origin, latest.size, "w0", [line], NOON)
    assert await witnessed.covering(latest.origin, latest.size + 1) is None
    late = await hand_out_receipt(stage.house, case, to_holder=True)
    question = Question(await stage.policy(WITNESS_KEY))
    verdicts = []
    for found in (early, late):
        assert isinstance(found, Handed)
        verdicts.append(verify_receipt(found.receipt.packed(), question).verdict)
    assert verdicts == [Verdict.INCOMPLETE, Verdict.VALID]
