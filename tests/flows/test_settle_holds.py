"""Goal: what was held takes effect once or never: after its time, with consent, unless it was taken back.

Method: a house on a manual clock, a simulated bank in this process, and every race told step by step.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.freeze_account import freeze_account
from countermand.flows.give_permit import give_permit
from countermand.flows.house import House
from countermand.flows.release_hold import release_hold
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.settle_holds import take_hold
from countermand.flows.show_holds import list_holds, show_hold
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.vocabulary.confirmations import Proof
from countermand.vocabulary.effects import EffectState
from flows.holds_stage import DAY, Stage, stage_on
from flows.stage import SECOND, outcome_of, payment


@pytest.fixture
async def stage(house: House, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house with a bank that follows it."""
    async with stage_on(house, clock, tmp_path) as made:
        yield made


async def _journal(tables: Any, *kinds: str) -> list[str]:
    rows = await tables.fetch("SELECT kind FROM journal WHERE kind = ANY($1) ORDER BY seq", list(kinds))
    return [row["kind"] for row in rows]


async def test_a_hold_is_released_when_it_is_over_and_executed_once(stage: Stage, tables: Any) -> None:
    """Not a microsecond earlier; the bank has it once, with notices and facts of every step."""
    hold = await stage.held()
    await stage.later(hold.until - stage.clock.now() - 1)
    assert await stage.state(hold) == "open"
    await stage.later(1)
    assert await stage.state(hold) == "released"
    await stage.deliverer.settle()
    assert await stage.state(hold) == "executed"
    assert await stage.entries() == [hold.operation]
    await stage.later(10 * DAY)
    await stage.deliverer.settle()
    assert await stage.entries() == [hold.operation]
    assert await _journal(tables, "hold.released", "hold.executed") == ["hold.released", "hold.executed"]
    notices = await tables.fetch("SELECT action FROM effect WHERE port = 'notices' ORDER BY seq")
    assert [row["action"] for row in notices] == ["hold_released", "hold_executed"]
    assert await tables.fetchval("SELECT count(*) FROM timer WHERE ref = $1", hold.operation) == 0


async def test_without_consent_it_lapses(stage: Stage) -> None:
    """The time alone moves no money; consent given in between does."""
    without, given = await stage.held("a-1", consent=False), await stage.held("a-2", consent=False)
    shown = await show_hold(stage, given.operation)
    assert shown["waits_for"] == ["consent"]
    await stage.consent(given)
    assert (await show_hold(stage, given.operation))["waits_for"] == []
    await stage.later(DAY)
    await stage.deliverer.settle()
    assert await stage.state(without) == "lapsed"
    assert await stage.entries() == [given.operation]


async def test_what_is_revoked_never_takes_effect(stage: Stage, tables: Any) -> None:
    """At the last microsecond, twice, and whatever the clock does afterwards."""
    hold = await stage.held()
    stage.clock.advance(hold.until - stage.clock.now() - 1)
    first = await revoke_hold(stage, hold.operation, "not_wanted", "app")
    assert first["revoked"]
    stage.clock.advance(5)
    assert await revoke_hold(stage, hold.operation, "not_wanted", "app") == first
    await stage.later(DAY)
    await stage.deliverer.settle()
    assert (await stage.state(hold), await stage.entries()) == ("revoked", [])
    assert await _journal(tables, "hold.revoked") == ["hold.revoked"]


async def test_revoking_while_it_is_being_released_keeps_what_was_not_sent_yet(stage: Stage) -> None:
    """The wait was over when it had the hold: nothing has left, and nothing will. Executed is executed."""
    hold = await stage.held()
    stage.clock.advance(hold.until - stage.clock.now() - 1)
    async with stage.works.open() as unit:
        await take_hold(unit, hold.operation)
        revoking = asyncio.create_task(revoke_hold(stage, hold.operation, "not_wanted", "app"))
        await stage.later(1)  # the timer is due, and finds the hold taken: it comes back for it
        assert await stage.state(hold) == "open"
        assert not revoking.done()
    answer = await revoking
    assert await revoke_hold(stage, hold.operation, "not_wanted", "app") == answer
    await stage.later(SECOND)
    await stage.deliverer.settle()
    assert (answer["revoked"], await stage.state(hold), await stage.entries()) == (True, "failed", [])
    late = await stage.held("a-2")
    await stage.later(late.until - stage.clock.now())
    await stage.deliverer.settle()
    with pytest.raises(Conflict, match="hold_ended"):
        await revoke_hold(stage, late.operation, "not_wanted", "app")


async def test_a_bank_that_executed_before_the_cancellation_says_so(stage: Stage, tables: Any) -> None:
    """The cancellation comes too late, and the hold ends as executed."""
    hold = await stage.held()
    await stage.later(hold.until - stage.clock.now())
    claimed = await stage.deliverer._claim(["banking"])
    assert not (await revoke_hold(stage, hold.operation, "not_wanted", "app"))["revoked"]
    (execute,) = claimed
    assert (await stage.port.deliver(execute)).state is EffectState.DONE
    await stage.later(31 * SECOND)  # its lease is over: somebody else delivers it again
    await stage.deliverer.settle()
    assert (await stage.state(hold), await stage.entries()) == ("executed", [hold.operation])
    answer = await tables.fetchval("SELECT answer->>'refused' FROM effect WHERE action = 'cancel'")
    assert answer == "executed"


async def test_an_order_turns_a_due_hold_into_a_revoked_one(stage: Stage) -> None:
    """Behind the account's gate: a frozen account releases nothing."""
    hold = await stage.held()
    await freeze_account(stage.house, hold.account, "phone stolen", "desk")
    await stage.later(DAY)
    await stage.deliverer.settle()
    found = await stage.find(hold.operation)
    assert found is not None
    assert (found.state, found.cause, await stage.entries()) == ("revoked", "contained", [])


async def test_a_freeze_under_way_is_waited_for_before_a_release(stage: Stage) -> None:
    """Whoever freezes has the gate alone: the release comes after it and sees it."""
    hold = await stage.held()
    async with stage.works.open() as unit:
        await unit.gate([hold.account])
        settling = asyncio.create_task(stage.later(DAY))
        await asyncio.sleep(0.05)
        assert await stage.state(hold) == "open"
    await settling
    assert await stage.state(hold) == "released"


def proof(hold: Any, **more: Any) -> Proof:
    """A strong proof from another device."""
    given: dict[str, Any] = {
        "id": "chg-1",
        "operation": hold.operation,
        "strength": 2,
        "factors": ("passkey", "totp"),
        "device": "tablet",
        "session": "s-2",
        "given_at": hold.placed_at,
    }
    return Proof(**{**given, **more})


@pytest.mark.parametrize(
    ("more", "lacks"),
    [
        ({"device": "phone"}, "device"),
        ({"device": None}, "device"),
        ({"session": "s-1"}, "session"),
        ({"session": None}, "session"),
        ({"strength": 1}, "strength"),
        ({"given_at": 0}, "time"),
        ({"id": "chg-2"}, "proof"),
    ],
)
async def test_a_wait_does_not_end_early_from_where_it_was_asked(
    stage: Stage, more: dict[str, Any], lacks: str
) -> None:
    """Neither the same device nor the same session, nor a proof that is no stronger, ends the wait."""
    hold = await stage.held(session="s-1")
    async with stage.works.open() as unit:
        await unit.proofs.keep(proof(hold, **more))
    with pytest.raises(Forbidden, match=f"release_refused.*{lacks}"):
        await release_hold(stage, hold.operation, "chg-1", "app")
    assert await stage.state(hold) == "open"


async def test_a_stronger_proof_from_elsewhere_ends_the_wait(stage: Stage) -> None:
    """It is released at once, and executed like any other."""
    hold = await stage.held(session="s-1")
    async with stage.works.open() as unit:
        await unit.proofs.keep(proof(hold))
    assert (await release_hold(stage, hold.operation, "chg-1", "app"))["state"] == "released"
    await stage.deliverer.settle()
    assert await stage.entries() == [hold.operation]


async def test_the_bank_executes_no_changed_payment(stage: Stage, tables: Any) -> None:
    """A body changed in the outbox no longer fits its permit: refused, and the hold fails with notice."""
    hold = await stage.held()
    await stage.later(DAY)
    await tables.execute(
        "UPDATE effect SET body = jsonb_set(body, '{terms,counterparty}', '\"thief\"') WHERE port = 'banking'"
    )
    await stage.deliverer.settle()
    found = await stage.find(hold.operation)
    assert found is not None
    assert (found.state, found.cause, await stage.entries()) == ("failed", "permit_mismatch", [])


async def test_a_permit_is_given_for_what_was_allowed_and_consented_to(stage: Stage) -> None:
    """Refused while it is held, without consent, and under a standing order."""
    allowed, held = payment("a-9"), await stage.held()
    assert outcome_of(await stage.house.decider.decide(allowed, None)) == "allow"
    with pytest.raises(Conflict, match="consent_missing"):
        await give_permit(stage, allowed.id, "core")
    await stage.consent(allowed)
    assert (await give_permit(stage, allowed.id, "core"))["permit"]
    with pytest.raises(Conflict, match="not_allowed"):
        await give_permit(stage, held.operation, "core")
    await freeze_account(stage.house, "a-9", "phone stolen", "desk")
    with pytest.raises(Conflict, match="contained"):
        await give_permit(stage, allowed.id, "core")
    with pytest.raises(NotFound, match="unknown_operation"):
        await give_permit(stage, "nobody", "core")


async def test_a_decision_of_yesterday_gets_no_permit(stage: Stage) -> None:
    """It is decided anew instead."""
    allowed = payment("a-9")
    await stage.house.decider.decide(allowed, None)
    await stage.consent(allowed)
    stage.clock.advance(DAY + 1)
    with pytest.raises(Conflict, match="decision_too_old"):
        await give_permit(stage, allowed.id, "core")


async def test_holds_are_listed_with_what_they_reserve(stage: Stage) -> None:
    """The amounts of open and released holds count, those of ended ones do not; a countdown is shown."""
    first, second = await stage.held(), await stage.held("a-2")
    await revoke_hold(stage, second.operation, "not_wanted", "app")
    assert (await list_holds(stage, "a-1", "open"))["reserved"] == [{"minor": 100, "currency": "CNY"}]
    listed = await list_holds(stage, None, None)
    assert {one["operation"] for one in listed["holds"]} == {first.operation, second.operation}
    assert (await list_holds(stage, "a-2", None))["reserved"] == []
    stage.clock.advance(first.until - stage.clock.now() - 1)
    shown = await show_hold(stage, first.operation)
    assert (shown["seconds_left"], shown["undo"].zh[:3]) == (1, "在应用")
    with pytest.raises(NotFound, match="unknown_hold"):
        await show_hold(stage, "nobody")


async def test_many_holds_end_with_two_workers_at_once(stage: Stage) -> None:
    """Each once: those one worker has claimed the other passes over."""
    holds = [await stage.held(f"b-{number}") for number in range(24)]
    stage.clock.advance(2 * DAY)
    turns = [stage.timers.turn() for _ in range(16)]
    await asyncio.gather(*turns)
    await stage.later(SECOND)
    await asyncio.gather(stage.deliverer.settle(), stage.deliverer.settle())
    assert sorted(await stage.entries()) == sorted(hold.operation for hold in holds)
    assert {await stage.state(hold) for hold in holds} == {"executed"}
