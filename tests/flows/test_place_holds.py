"""Goal: what must wait is on hold from the commit of its decision on, once, with its timer.

Method: the torture policy asks, holds and denies by the amount; the tables are looked at.
"""

from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.holds import HoldTerms, Move, ended, hold_of, met, next_step, revoked
from countermand.flows.house import House
from countermand.kernel.errors import Conflict
from countermand.vocabulary.decisions import Decision, Obligation
from countermand.vocabulary.holds import Hold, HoldState, Need
from countermand.vocabulary.operations import Operation
from flows.stage import NOON, SECOND, outcome_of, payment

TERMS = HoldTerms()
_instants = st.integers(min_value=NOON - 3 * 86400 * SECOND, max_value=NOON + 3 * 86400 * SECOND)


def decision(outcome: str, *duties: Obligation) -> Decision:
    """A decision with nothing but its outcome and its obligations."""
    return Decision("dec-1", outcome, 0, [], [], [], list(duties), "p@1", "")


def held(*duties: Obligation, outcome: str = "hold") -> Hold:
    """The hold of a payment at noon."""
    hold = hold_of(payment(), decision(outcome, *duties), NOON, TERMS)
    assert hold is not None
    return hold


def in_a_hurry() -> list[Operation]:
    """So many payments within a moment that the last ones are held."""
    return [payment(at=NOON + number) for number in range(8)]


def in_a_crowd() -> list[Operation]:
    """So many accounts on one device that the last ones are asked."""
    return [payment(f"crowd-{number}", device={"id": "shared"}) for number in range(5)]


def test_only_what_must_wait_is_put_on_hold() -> None:
    """An operation that passes or is denied has no hold."""
    assert hold_of(payment(), decision("allow"), NOON, TERMS) is None
    assert hold_of(payment(), decision("deny"), NOON, TERMS) is None


def test_a_cooling_off_hold_is_released_when_its_time_is_up_and_not_before() -> None:
    """A day is a day to the microsecond."""
    hold = held(Obligation("hold", 86400))
    over = NOON + 86400 * SECOND
    assert next_step(hold, over - 1).move is Move.WAIT
    assert next_step(hold, over).move is Move.RELEASE


def test_a_hold_that_still_needs_something_lapses_instead() -> None:
    """Without the confirmation, time alone releases nothing."""
    hold = held(Obligation("step_up_challenge"), outcome="challenge")
    assert next_step(hold, NOON).look_at == NOON + 900 * SECOND
    assert next_step(hold, NOON + 900 * SECOND).move is Move.LAPSE
    assert next_step(met(hold, [Need.CHALLENGE]), NOON).move is Move.RELEASE


def test_revoking_succeeds_until_the_last_instant_and_fails_from_it_on() -> None:
    """23:59:59.999999 is in time, 24:00:00 is not; a revoked hold stays revoked."""
    hold = held(Obligation("hold", 86400))
    over = NOON + 86400 * SECOND
    back = revoked(hold, over - 1, "customer", "not_me")
    assert back.state is HoldState.REVOKED
    assert revoked(back, over + 1, "customer", "not_me") == back
    with pytest.raises(Conflict, match="hold_over"):
        revoked(hold, over, "customer", "not_me")


@given(
    needs=st.sets(st.sampled_from(["step_up_challenge", "approval"])),
    seconds=st.integers(min_value=0, max_value=2 * 86400),
    given_needs=st.sets(st.sampled_from(list(Need))),
    now=_instants,
)
def test_nothing_is_released_before_its_time_or_without_its_needs(
    needs: set[str], seconds: int, given_needs: set[Need], now: int
) -> None:
    """Whatever the obligations, the confirmations and the instant."""
    hold = met(held(Obligation("hold", seconds), *(Obligation(need) for need in sorted(needs))), given_needs)
    step = next_step(hold, now)
    if step.move is Move.RELEASE:
        assert now >= hold.until
        assert set(hold.needs) <= given_needs
    if step.move is Move.WAIT:
        assert step.look_at is not None
        assert step.look_at > now
    done = ended(hold, HoldState.RELEASED, now, "clock", "due")
    assert next_step(done, now + 10**12).move is Move.WAIT


async def test_a_held_operation_has_its_hold_and_timer_from_the_commit_on(house: House, tables: Any) -> None:
    """Every operation is sent twice: as many holds as decisions that wait, and no more."""
    asked = [*in_a_hurry(), *in_a_crowd()]
    answers = await house.decider.decide_many([*asked, *asked], None)
    decided = dict(zip((one.id for one in asked), map(outcome_of, answers), strict=False))
    assert {"allow", "challenge", "hold"} <= set(decided.values())
    waiting = {operation for operation, outcome in decided.items() if outcome in ("challenge", "hold")}
    holds = await tables.fetch("SELECT * FROM hold")
    assert {row["operation"] for row in holds} == waiting
    timers = await tables.fetch("SELECT kind, ref, due_at FROM timer")
    due = {row["operation"]: row["expires_at"] if row["needs"] else row["until"] for row in holds}
    assert {row["ref"]: row["due_at"] for row in timers} == due


async def test_a_hold_goes_forward_only(house: House, tables: Any) -> None:
    """The database itself refuses to open a revoked hold again or to release it."""
    asked = in_a_hurry()
    await house.decider.decide_many([*asked, *in_a_crowd()], None)
    async with house.works.open() as unit:
        (hold, *_) = await unit.holds.lock([one.id for one in asked])
        await unit.holds.put([revoked(hold, NOON, "customer", "not_me")])
        crowded = await unit.holds.of_account("crowd-4", HoldState.OPEN)
        await unit.holds.put([met(one, [Need.CHALLENGE]) for one in crowded])
        assert [one.met for one in await unit.holds.of_account("crowd-4", HoldState.OPEN)] == [
            (Need.CHALLENGE,)
        ]
    for state in ("open", "released"):
        with pytest.raises(asyncpg.RestrictViolationError, match="cannot become"):
            await tables.execute("UPDATE hold SET state = $2 WHERE operation = $1", hold.operation, state)
