"""Goal: every CoreBanking executes an operation once, by its permit alone, and tells the same ever after.

Method: one suite over the bank in this process and the one behind HTTP in its own; then its misbehaviour.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from adapters.banking.banks import CLOCK, KEY, BankProcess, bank_process, execution, permit, terms
from countermand.adapters.banking.breaker import Breaker
from countermand.adapters.banking.http import HttpCoreBanking
from countermand.adapters.banking.signing import signature_fault, signature_of
from countermand.adapters.banking.simulated.bank import Ledger, SimulatedBank
from countermand.confirmation.permits import Permit, PermitKey, published, read_keys, signed
from countermand.extensions import CoreBanking
from countermand.kernel.errors import Conflict, Unavailable
from countermand.vocabulary.banking import BankAction, BankOutcome, Instruction, contradiction

Answer = TypeVar("Answer")

HOUR = 3600 * 10**6
FOREIGN_KEY = PermitKey("k-1", Ed25519PrivateKey.generate())


@pytest.fixture(params=["in this process", "over HTTP"])
async def bank(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CoreBanking]:
    """A fresh bank."""
    if request.param == "over HTTP":
        with bank_process(tmp_path) as other:
            async with HttpCoreBanking(other.address, KEY, CLOCK, seconds_max=5) as client:
                yield client
    else:
        keys, ledger = read_keys(published([KEY])), Ledger(tmp_path / "ledger.jsonl")
        yield SimulatedBank(ledger, lambda: keys, CLOCK)
        ledger.close()


async def test_an_instruction_is_done_once_and_answered_the_same(bank: CoreBanking) -> None:
    """The key again: the same answer and one entry. Another key for the same operation: refused."""
    asked = execution("op/ 1")
    assert await bank.status(asked.key) is None
    first = await bank.tell(asked)
    assert (first.outcome, contradiction(asked, first)) == (BankOutcome.DONE, None)
    assert await bank.tell(asked) == first == await bank.status(asked.key)
    other = await bank.tell(replace(asked, key="another"))
    assert (other.outcome, other.reason) == (BankOutcome.REFUSED, "executed")
    (entry,) = await bank.entries(0, 10)
    assert (entry.operation, entry.amount_minor, entry.number) == ("op/ 1", 100, 1)
    assert await bank.entries(entry.number, 10) == []


async def test_a_key_is_good_for_one_instruction(bank: CoreBanking) -> None:
    """The same key with another amount is refused, whatever its permit."""
    await bank.tell(execution("op-1"))
    with pytest.raises(Conflict, match="bank_protests"):
        await bank.tell(execution("op-1", amount_minor=200))


def permitted(given: Permit, key: PermitKey = KEY) -> Instruction:
    """The instruction with a permit of our own making."""
    return replace(execution("op-1"), permit=signed(given, key))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (lambda: replace(execution("op-1"), permit=None), "permit_missing"),
        (lambda: replace(execution("op-1"), permit="x"), "permit_refused"),
        (lambda: replace(execution("op-1"), terms=terms("op-1", counterparty="thief")), "permit_mismatch"),
        (lambda: replace(execution("op-1"), terms=terms("op-1", amount_minor=1)), "permit_mismatch"),
        (lambda: replace(execution("op-1"), terms=terms("op-2")), "permit_mismatch"),
        (lambda: replace(execution("op-1"), terms=terms("op-1", account="a-2")), "permit_mismatch"),
        (lambda: permitted(permit(terms("op-1"), at=CLOCK.now() - HOUR)), "permit_refused"),
        (lambda: permitted(permit(terms("op-1"), at=CLOCK.now() + HOUR)), "permit_refused"),
        (lambda: permitted(permit(terms("op-1")), FOREIGN_KEY), "permit_refused"),
        (lambda: permitted(replace(permit(terms("op-1")), consent=None)), "permit_mismatch"),
    ],
)
async def test_nothing_moves_without_its_own_permit(
    bank: CoreBanking, asked: Callable[[], Instruction], reason: str
) -> None:
    """Missing, forged, expired, for another operation, account, amount or payee, or without consent."""
    # Made now: a permit that was written when the tests were collected may have expired.
    answer = await bank.tell(asked())
    assert (answer.outcome, answer.reason, await bank.entries(0, 10)) == (BankOutcome.REFUSED, reason, [])


async def test_what_was_cancelled_first_is_never_executed(bank: CoreBanking) -> None:
    """And what was executed first is not cancelled; a frozen account executes nothing until it is lifted."""
    cancel = Instruction(key="cancel-op-1", action=BankAction.CANCEL, terms=terms("op-1"))
    assert (await bank.tell(cancel)).outcome is BankOutcome.DONE
    assert (await bank.tell(execution("op-1"))).reason == "cancelled"
    await bank.tell(execution("op-2"))
    late = replace(cancel, key="cancel-op-2", terms=terms("op-2"))
    assert (await bank.tell(late)).reason == "executed"
    await bank.tell(Instruction(key="freeze-1", action=BankAction.FREEZE, terms=terms("f")))
    assert (await bank.tell(execution("op-3"))).reason == "frozen"
    await bank.tell(Instruction(key="lift-1", action=BankAction.LIFT, terms=terms("f")))
    assert (await bank.tell(execution("op-4"))).outcome is BankOutcome.DONE


@pytest.fixture
def other(tmp_path: Path) -> BankProcess:
    """The bank behind HTTP."""
    with bank_process(tmp_path) as started:
        yield started


async def test_what_was_done_before_the_answer_was_lost_is_known_afterwards(other: BankProcess) -> None:
    """Too late, or hung up: unavailable; asked by its key, it says what it did, once."""
    async with HttpCoreBanking(other.address, KEY, CLOCK, seconds_max=0.5) as bank:
        for number, mischief in enumerate(["late", "hangs_up"]):
            other.will(mischief)
            asked = execution(f"op-{number}")
            with pytest.raises(Unavailable, match="bank_away"):
                await bank.tell(asked)
            found = await bank.status(asked.key)
            assert found is not None
            assert found.outcome is BankOutcome.DONE
        assert [entry.operation for entry in await bank.entries(0, 10)] == ["op-0", "op-1"]


async def test_two_answers_to_one_question_are_never_taken_for_another_ones(other: BankProcess) -> None:
    """Whatever arrives after, each instruction gets its own answer in the end."""
    patient = Breaker(failures_max=100)
    async with HttpCoreBanking(other.address, KEY, CLOCK, seconds_max=5, breaker=patient) as bank:
        other.will("twice", 5)
        for number in range(5):
            asked = execution(f"op-{number}")
            answer = await its_own(partial(bank.tell, asked))
            assert (answer.key, contradiction(asked, answer)) == (asked.key, None)
        # The last second answer may still be under way, and meet this question as it met the others.
        assert len(await its_own(partial(bank.entries, 0, 10))) == 5


async def its_own(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The first answer that was not another question's; asked more often than the bank answers twice."""
    for _ in range(20):
        try:
            return await ask()
        except Unavailable:
            continue
    pytest.fail("no answer of its own in 20 attempts")


async def test_a_lie_is_seen(other: BankProcess) -> None:
    """Another amount than was asked for."""
    async with HttpCoreBanking(other.address, KEY, CLOCK, seconds_max=5) as bank:
        other.will("lies")
        asked = execution("op-1")
        assert contradiction(asked, await bank.tell(asked)) == "amount_minor"


async def test_a_bank_that_is_down_is_left_alone_for_a_while(other: BankProcess) -> None:
    """After some failures nobody waits for it; then one tries, and all may again."""
    now = [0.0]
    breaker = Breaker(failures_max=3, open_seconds=10, now=lambda: now[0])
    async with HttpCoreBanking(other.address, KEY, CLOCK, seconds_max=5, breaker=breaker) as bank:
        other.will("down", 4)
        for _ in range(3):
            with pytest.raises(Unavailable, match="503"):
                await bank.tell(execution("op-1"))
        with pytest.raises(Unavailable, match="left alone"):
            await bank.tell(execution("op-1"))
        now[0] = 11
        with pytest.raises(Unavailable, match="503"):
            await bank.tell(execution("op-1"))
        with pytest.raises(Unavailable, match="left alone"):
            await bank.tell(execution("op-1"))
        now[0] = 22
        assert (await bank.tell(execution("op-1"))).outcome is BankOutcome.DONE
        assert breaker.failures == 0


async def test_an_unsigned_request_is_refused(other: BankProcess) -> None:
    """Nobody else can instruct the bank, nor repeat a signature for something else or later."""
    asked = msgspec.json.encode(execution("op-1"))
    target = "/v1/instructions/execute-op-1"
    async with httpx.AsyncClient(base_url=other.address) as client:
        assert (await client.put(target, content=asked)).status_code == 401
        stolen = signature_of(KEY, "PUT", target, b"{}", CLOCK.now())
        answer = await client.put(target, content=asked, headers={"authorization": f"Bearer {stolen}"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "another body")
    keys = read_keys(published([KEY]))
    now = CLOCK.now()
    text = signature_of(KEY, "GET", "/v1/entries", b"", now)
    assert signature_fault(text, keys, "GET", "/v1/entries", b"", now) is None
    assert signature_fault(text, keys, "PUT", "/v1/entries", b"", now) == "another request"
    assert signature_fault(text, keys, "GET", "/v1/entries", b"", now + HOUR) == "outside of its time"
    assert signature_fault(text, {}, "GET", "/v1/entries", b"", now) == "unknown key"


def test_a_ledger_survives_a_torn_line(tmp_path: Path) -> None:
    """What was answered is there; what was half written never happened."""
    path, keys = tmp_path / "ledger.jsonl", read_keys(published([KEY]))
    ledger = Ledger(path)
    SimulatedBank(ledger, lambda: keys, CLOCK).do(execution("op-1"))
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"asked": {"key"')
    again = Ledger(path)
    bank = SimulatedBank(again, lambda: keys, CLOCK)
    assert bank.do(execution("op-2")).reference == "L2"
    again.close()
    assert [json.loads(line)["entry"]["operation"] for line in path.read_bytes().splitlines()] == [
        "op-1",
        "op-2",
    ]
