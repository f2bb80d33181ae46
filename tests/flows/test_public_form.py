"""Goal: whoever has no scripts is heard too, and a case opened in a browser is left there at once.

Method: a house on a database of its own, the manual clock; operations tried after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from countermand.flows.act_on_case import act_on_case
from countermand.flows.house import House
from countermand.flows.public_door import FORMS_A_MINUTE, Told
from countermand.flows.receipt_sessions import (
    GROUPS_ASKED,
    IDLE_MICROS,
    SHARED_IDLE_MICROS,
    WHOLE_MICROS,
    Entered,
    begin_fresh_session,
    begin_session,
    check_form,
    enter_session,
    leave_session,
    secret_in,
    secret_saved,
)
from countermand.intake.puzzles import solved
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Forbidden, TooMany, Unauthenticated
from countermand.vocabulary.acts import RenewReceipt
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.staff import Role, Staff
from flows.report_stage import reporting_house
from flows.stage import NOON, SECOND, outcome_of, payment

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as opened:
        yield opened


async def opened(house: House, clock: ManualClock, account: str = "a-1", address: str = HERE) -> Entered:
    """A case that somebody opened by the form, in their browser."""
    form = house.public_door.puzzle(address)["puzzle"]
    clock.advance(2 * SECOND)
    told = Told("不是我", account=account, stop=Preset.OUTGOING)
    received = await house.public_door.report_by_form(told, form, "", address)
    found = await begin_fresh_session(house.reception, received.case)
    assert found is not None
    return found


async def test_a_form_without_a_solved_puzzle_stops_too(house: House, clock: ManualClock) -> None:
    """Paying is denied afterwards; the same form again is the same report, and answered the same."""
    form = house.public_door.puzzle(HERE)["puzzle"]
    clock.advance(2 * SECOND)
    told = Told("不是我", account="a-1", stop=Preset.OUTGOING)
    first, again = [await house.public_door.report_by_form(told, form, "", HERE) for _ in range(2)]
    assert (again.answer, again.again) == (first.answer, True)
    answer = await house.decider.decide(payment("a-1", at=clock.now()), None)
    assert outcome_of(answer) == "deny"


async def test_few_unsolved_forms_a_minute_are_heard_from_one_address(
    house: House, clock: ManualClock
) -> None:
    """The rest is told to wait; solved ones are heard, another address too, and in a minute all are again."""
    door = house.public_door
    forms = [door.puzzle(HERE) for _ in range(FORMS_A_MINUTE + 2)]
    elsewhere = door.puzzle(ELSEWHERE)
    clock.advance(2 * SECOND)
    for form in forms[:FORMS_A_MINUTE]:
        await door.report_by_form(Told("不是我"), form["puzzle"], "", HERE)
    late, solvable = forms[FORMS_A_MINUTE:]
    with pytest.raises(TooMany, match="too_many"):
        await door.report_by_form(Told("不是我"), late["puzzle"], "", HERE)
    # A wrong answer is worth as much as none.
    with pytest.raises(TooMany, match="too_many"):
        await door.report_by_form(Told("不是我"), late["puzzle"], "no", HERE)
    answer = solved(solvable["puzzle"], solvable["bits"])
    assert (await door.report_by_form(Told("不是我"), solvable["puzzle"], answer, HERE)).answer["number"]
    assert (await door.report_by_form(Told("不是我"), elsewhere["puzzle"], "", ELSEWHERE)).answer["number"]


async def test_a_form_is_ours_and_of_an_age(house: House, clock: ManualClock) -> None:
    """Neither back before anybody could have pressed, nor after an hour, nor made up."""
    for spoiled in ("fast", "late", "foreign"):
        form = house.public_door.puzzle(HERE)["puzzle"]
        clock.advance({"fast": 1000, "late": 3601 * SECOND}.get(spoiled, 2 * SECOND))
        given = "A" + form[1:-4] + "AAAA" if spoiled == "foreign" else form
        with pytest.raises(BadRequest, match="form_over"):
            await house.public_door.report_by_form(Told("不是我"), given, "", HERE)


async def test_a_session_ends_when_it_is_left_or_idle(house: House, clock: ManualClock) -> None:
    """Half an hour without a look, five minutes on a shared device, or at once: here, or everywhere."""
    reception = house.reception
    mine = await opened(house, clock)
    shared, third = [await begin_session(reception, mine.case, shared=one) for one in (True, False)]
    for token in (None, "", "x", "A" * 43):
        assert await is_over(house, token)
    check_form(mine, mine.form)
    with pytest.raises(Forbidden, match="form_refused"):
        check_form(mine, third.form)
    clock.advance(SHARED_IDLE_MICROS)
    assert await is_over(house, shared.token)
    assert not await is_over(house, mine.token)
    await leave_session(reception, third)
    assert (await is_over(house, third.token), await is_over(house, mine.token)) == (True, False)
    looks = 0
    while not await is_over(house, mine.token):
        clock.advance(IDLE_MICROS - SECOND)
        looks += 1
    assert WHOLE_MICROS // IDLE_MICROS <= looks <= WHOLE_MICROS // IDLE_MICROS + 2
    both = [await begin_session(reception, mine.case, shared=False) for _ in range(2)]
    await leave_session(reception, both[0], everywhere=True)
    assert [await is_over(house, one.token) for one in both] == [True, True]


async def is_over(house: House, token: str | None) -> bool:
    """Whether nothing opens by this token (any more)."""
    try:
        await enter_session(house.reception, token)
    except Unauthenticated as error:
        return error.code == "receipt_session_over"
    return False


async def test_a_renewed_receipt_ends_the_sessions_of_the_old_one(house: House, clock: ManualClock) -> None:
    """Whoever stole the old code is out; and the first form sent again shows nobody the new code."""
    found = await opened(house, clock)
    act = RenewReceipt(proofs=("branch", "identity_document"))
    await act_on_case(
        house.case_desk, found.case.number, act, Staff(name="li", roles=frozenset({Role.AGENT}))
    )
    with pytest.raises(Unauthenticated):
        await enter_session(house.reception, found.token)
    assert await begin_fresh_session(house.reception, found.case.id) is None


async def test_the_secret_is_shown_until_it_is_saved(house: House, clock: ManualClock) -> None:
    """Two groups typed back, in small letters and with O for 0, prove it; wrong ones prove nothing."""
    found = await opened(house, clock)
    secret = secret_in(house.reception, found)
    assert secret is not None
    groups = [secret.split("-")[number - 1] for number in GROUPS_ASKED]
    assert not await secret_saved(house.reception, found, (groups[1], groups[0]))
    read = tuple(one.lower().replace("0", "O") for one in groups)
    assert await secret_saved(house.reception, found, (read[0], read[1]))
    later = await enter_session(house.reception, found.token)
    assert secret_in(house.reception, later) is None
    typed = await house.public_door.case_of(found.case.number, secret, HERE)
    assert secret_in(house.reception, await begin_session(house.reception, typed, shared=False)) is None
