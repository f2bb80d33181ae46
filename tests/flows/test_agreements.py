"""Goal: approvals and consents bind from their commit on, once, whoever comes at the same time.

Method: the shipped policy and confirmation pack on real PostgreSQL, with a manual clock.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from countermand.flows.approve_operation import approvals_of, approve_operation, delegate, name_approver
from countermand.flows.consent_to_data import (
    data_consents,
    give_data_consent,
    show_purpose,
    withdraw_data_consent,
)
from countermand.flows.house import House
from countermand.flows.use_of_data import consents_to
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden, NotFound
from countermand.vocabulary.approvals import Verdict
from countermand.vocabulary.operations import Operation
from flows.stage import SECOND, house_on, outcome_of, payment

SHARING = {"recipient": "Bureau One", "data": "Your late payments", "use": "rate credit"}


@pytest.fixture
async def bank(database_dsn: str, clock: ManualClock) -> AsyncIterator[House]:
    """A house with the shipped policy, and three people who may approve."""
    async with house_on(database_dsn, clock, policy="cn-consumer-finance") as house:
        for name, roles in (("li", ["payments"]), ("wang", ["payments"]), ("chen", ["manager"])):
            await name_approver(house, name, roles, "admin")
        yield house


async def awaiting(house: House, **more: Any) -> Operation:
    """A payment that the policy wants approved."""
    asked = payment(f"a-{payment().id}", minor=30_000_000, person="zhao", **more)
    (answer,) = await house.decider.decide_many([asked], None)
    assert outcome_of(answer) == "approve"
    return asked


async def test_a_chain_is_walked_level_by_level(bank: House, tables: Any) -> None:
    """Two in payments, then the manager; who cannot come first, and the customer is told of each step."""
    asked = await awaiting(bank)
    with pytest.raises(Forbidden, match="not_an_approver"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", "chen")
    for person, missing in (("li", "payments"), ("wang", "manager"), ("chen", None)):
        told = await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", person)
        assert (told["waits_for"] or {"role": None})["role"] == missing
    assert told["complete"]
    assert (await approvals_of(bank, asked.id))["said"][2]["by"] == "chen"
    told = await tables.fetch("SELECT id FROM effect WHERE action = 'approval_status' ORDER BY seq")
    assert [row["id"] for row in told] == [f"approval_status-{asked.id}-{count}" for count in (1, 2)]


async def test_the_maker_and_a_second_word_are_refused(bank: House) -> None:
    """Whoever entered the operation cannot approve it, not even through a deputy; nobody speaks twice."""
    asked = await awaiting(bank, attributes={"maker": "li"})
    with pytest.raises(Forbidden, match="maker_is_checker"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "mine", "li")
    await delegate(bank, "li", "deputy", 3600)
    with pytest.raises(Forbidden, match="not_an_approver"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "for li", "deputy")
    await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", "wang")
    with pytest.raises(Conflict, match="approved_already"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "again", "wang")


async def test_one_person_asking_ten_times_at_once_counts_once(bank: House) -> None:
    """Whoever comes second finds the first."""
    asked = await awaiting(bank)

    async def speak() -> bool:
        try:
            await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", "li")
        except CountermandError:
            return False
        return True

    assert sum(await asyncio.gather(*(speak() for _ in range(10)))) == 1
    assert len((await approvals_of(bank, asked.id))["said"]) == 1


async def test_a_refusal_ends_the_operation(bank: House, tables: Any) -> None:
    """It lapses at once, and nobody can approve it any more."""
    asked = await awaiting(bank)
    told = await approve_operation(bank, asked.id, Verdict.REFUSE, "the payee is unknown", "li")
    assert told["refused"]
    assert await tables.fetchval("SELECT state FROM hold WHERE operation = $1", asked.id) == "lapsed"
    with pytest.raises(Conflict, match="approval_too_late"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", "wang")


async def test_an_approval_after_its_time_is_refused(bank: House, clock: ManualClock) -> None:
    """A day is enough; then nothing that was not approved takes effect."""
    asked = await awaiting(bank)
    clock.advance(86400 * SECOND)
    with pytest.raises(Conflict, match="approval_too_late"):
        await approve_operation(bank, asked.id, Verdict.APPROVE, "fine", "li")


async def test_what_needs_no_approval_or_is_not_there_is_said(bank: House) -> None:
    """Two kinds of nothing."""
    small = payment(minor=100)
    await bank.decider.decide_many([small], None)
    for operation, code in ((small.id, "nothing_to_approve"), ("nowhere", "unknown_operation")):
        with pytest.raises(NotFound, match=code):
            await approve_operation(bank, operation, Verdict.APPROVE, "fine", "li")


async def test_consent_counts_until_it_is_withdrawn(bank: House, clock: ManualClock) -> None:
    """Given to exactly the words shown; withdrawn, the next use is stopped, and who has the data is told."""
    put = show_purpose(bank, "sharing", "zh", SHARING)
    assert "Bureau One" in put.text
    with pytest.raises(Conflict, match="consent_text_differs"):
        await give_data_consent(bank, "a-1", "sharing", "en", put.digest, SHARING, "app")
    first = await give_data_consent(bank, "a-1", "sharing", "zh", put.digest, SHARING, "app")
    again = await give_data_consent(bank, "a-1", "sharing", "zh", put.digest, SHARING, "app")
    assert again["id"] == first["id"]
    async with bank.works.open() as unit:
        assert await consents_to(bank.agreements, unit, "a-1", "sharing", "Bureau One")
        assert not await consents_to(bank.agreements, unit, "a-1", "sharing", "Somebody Else")
        assert not await consents_to(bank.agreements, unit, "a-1", "biometrics")
    clock.advance(SECOND)
    assert (await withdraw_data_consent(bank, "a-1", "sharing", None, "app"))["withdrawn"] == [first["id"]]
    async with bank.works.open() as unit:
        assert not await consents_to(bank.agreements, unit, "a-1", "sharing", "Bureau One")
    (kept,) = await data_consents(bank, "a-1")
    assert kept["shown"] == put.text
    assert kept["withdrawn_at"] > kept["given_at"]
    with pytest.raises(NotFound, match="no_consent"):
        await withdraw_data_consent(bank, "a-1", "sharing", None, "app")


async def test_the_recipient_of_the_data_is_told_to_stop(bank: House, tables: Any) -> None:
    """In the outbox, in the transaction of the withdrawal."""
    put = show_purpose(bank, "sharing", "en", SHARING)
    await give_data_consent(bank, "a-2", "sharing", "en", put.digest, SHARING, "app")
    await withdraw_data_consent(bank, "a-2", "sharing", None, "app")
    effect = await tables.fetchrow("SELECT * FROM effect WHERE action = 'consent_withdrawn'")
    assert '"Bureau One"' in effect["body"]


async def test_a_text_that_cannot_be_kept_is_refused_and_leaves_nothing(bank: House, tables: Any) -> None:
    """A NUL, and half a character, in what people write."""
    asked = await awaiting(bank)
    for reason in ("a\0b", "half \ud800"):
        with pytest.raises(BadRequest, match="unrecordable_text"):
            await approve_operation(bank, asked.id, Verdict.APPROVE, reason, "li")
    assert await tables.fetchval("SELECT count(*) FROM approval") == 0
