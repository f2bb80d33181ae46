"""Goal: one freeze from the desk stops at once, and is taken back exactly, by who may.

Method: a house on a database of its own, people with keys, acts as doors send them, real decisions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from countermand.flows.agree_act import agree
from countermand.flows.end_orders import end_orders
from countermand.flows.find_cases import list_cases
from countermand.flows.freeze_case import SECOND_THOUGHT_MICROS, preview_freeze
from countermand.flows.house import House
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.show_case import dossier_of, for_customer
from countermand.flows.tell_cases import tell_cases
from countermand.kernel.clock import MICROS_PER_HOUR, ManualClock
from countermand.kernel.errors import BadRequest, Conflict, Forbidden
from countermand.vocabulary.acts import Freeze, Unfreeze
from countermand.vocabulary.cases import Contained, EventKind
from countermand.vocabulary.incidents import INCIDENT_OVER_TIMER, AppealRequest
from countermand.vocabulary.orders import ORDER_END_TIMER
from countermand.vocabulary.queues import QueueFilter
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.staff import Role
from flows.case_stage import QUESTION, acted, case_at, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import outcome_of, payment


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as made:
        yield made


async def answered(house: House, kind: str, account: str = "a-1") -> str:
    """What such an operation gets now."""
    return outcome_of(await house.decider.decide(payment(account, at=house.clock.now(), kind=kind), None))


@pytest.mark.parametrize(("whole", "contained"), [(False, Contained.PARTIAL), (True, Contained.FROZEN)])
async def test_a_freeze_does_what_its_preview_said_and_is_taken_back_by_who_froze(
    house: House, whole: bool, contained: Contained
) -> None:
    """Looking changes nothing; then it binds from the answer on; second thoughts give all of it back."""
    li = await somebody(house, "li")
    number = await opened(house, QUESTION)
    scope = await preview_freeze(house.case_desk, number, li, whole=whole)
    stopped = {one["kind"] for one in scope["stops"]}
    assert "transfer" in stopped
    assert await answered(house, "transfer") == "allow"
    answer = await acted(house, number, li, Freeze(why="来电称非本人操作", whole=whole))
    assert (await case_at(house, number)).contained is contained
    assert {kind: await answered(house, kind) for kind in ("transfer", "repayment")} == {
        "transfer": "deny",
        "repayment": "allow",
    }
    assert await answered(house, "credential_change") == ("deny" if whole else "allow")
    await acted(house, number, li, Unfreeze(incident=answer["incident"], why="认错账户"))
    assert (await case_at(house, number)).contained is Contained.LIFTED
    assert await answered(house, "transfer") == "allow"
    with pytest.raises(Conflict, match="not_frozen_here"):
        await acted(house, number, li, Unfreeze(incident=answer["incident"], why="再次"))


async def test_later_or_by_others_it_takes_two(house: House, clock: ManualClock) -> None:
    """An agent's freeze of an hour ago ends only when a second person agrees to what an investigator asks."""
    li, wang = await somebody(house, "li"), await somebody(house, "wang", Role.INVESTIGATOR)
    chen = await somebody(house, "chen", Role.APPROVER)
    number = await opened(house, QUESTION)
    incident = (await acted(house, number, li, Freeze(why="来电")))["incident"]
    asked = await acted(house, number, wang, Unfreeze(incident=incident, why="已核实"))
    assert await answered(house, "transfer") == "deny"
    clock.advance(SECOND_THOUGHT_MICROS + 1)
    with pytest.raises(Forbidden, match="role_lacks_verb"):
        await acted(house, number, li, Unfreeze(incident=incident, why="已核实"))
    await agree(house.case_desk, asked["waits"]["look"], chen, agreed=True, reason="同意")
    assert await answered(house, "transfer") == "allow"


async def test_what_the_customer_stopped_is_not_taken_back_with_it(house: House) -> None:
    """The report had stopped money going out; the desk's own freeze ends, the customer's stays."""
    li = await somebody(house, "li")
    number = await opened(house)
    (theirs,) = (await case_at(house, number)).incidents
    incident = (await acted(house, number, li, Freeze(why="来电", whole=True)))["incident"]
    assert (await case_at(house, number)).contained is Contained.FROZEN
    await acted(house, number, li, Unfreeze(incident=incident, why="过度"))
    assert (await case_at(house, number)).contained not in (Contained.LIFTED, Contained.FROZEN)
    assert await answered(house, "transfer") == "deny"
    with pytest.raises(Forbidden, match="role_lacks_verb"):
        await acted(house, number, li, Unfreeze(incident=theirs, why="不归本台"))


async def test_a_case_of_nobody_is_not_frozen_but_a_person_without_account_is_protected(house: House) -> None:
    """Whose it is must be known; a name can be protected from loans without any account."""
    li = await somebody(house, "li")
    nobody = await opened(house, QUESTION, account=None)
    with pytest.raises(BadRequest, match="nobody_to_protect"):
        await acted(house, nobody, li, Freeze(why="来电"))
    named = await opened(house, QUESTION, account=None, person="p-9")
    await acted(house, named, li, Freeze(why="来电", whole=True))
    assert (await case_at(house, named)).contained is Contained.PARTIAL


async def told(house: House) -> None:
    """The worker comes round once, and does what is due of incidents."""
    async with house.works.open() as unit:
        due = await unit.timers.claim(ORDER_END_TIMER, house.clock.now(), 10)
        await end_orders(house, unit, due)
    async with house.works.open() as unit:
        due = await unit.timers.claim(INCIDENT_OVER_TIMER, house.clock.now(), 10)
        await tell_cases(house.case_desk, house.clock, unit, [timer.ref for timer in due])


async def test_an_appeal_upheld_elsewhere_is_told_to_the_case_once(house: House) -> None:
    """The case, its queue and its customer say given back, and by whom; told twice it happens once."""
    li = await somebody(house, "li")
    number = await opened(house, QUESTION)
    answer = await acted(house, number, li, Freeze(why="来电称非本人操作", whole=True))
    await told(house)
    assert (await case_at(house, number)).contained is Contained.FROZEN
    incident = str(answer["incident"])
    await uphold_appeal(house, incident, AppealRequest("核实为本人操作"), "desk-2")
    await told(house)
    async with house.works.open() as unit:
        await tell_cases(house.case_desk, house.clock, unit, [incident])
    dossier = await dossier_of(house.reception, number)
    assert dossier.case.contained is Contained.LIFTED
    last = dossier.events[-1]
    assert (last.kind, last.actor) == (EventKind.GIVEN_BACK, "desk-2")
    assert last.body == {"incident": incident, "contained": "lifted"}
    assert sum(one.kind is EventKind.GIVEN_BACK for one in dossier.events) == 1
    shown = for_customer(dossier, house.clock.now(), "Asia/Shanghai")
    assert shown["contained_text"]["zh"] == "已恢复使用。"
    for contained, count in ((Contained.LIFTED, 1), (Contained.FROZEN, 0)):
        found = await list_cases(house.case_desk, QueueFilter(contained=(contained,)), li.name)
        assert len(found["cases"]) == count


async def test_a_stop_that_runs_out_is_no_proof_of_anything(house: House, clock: ManualClock) -> None:
    """A day's hold ends by the clock: the case says so, and the next claim is stopped for again."""
    number = await opened(house, standing=Standing.CLAIMED)
    assert (await case_at(house, number)).contained is Contained.SOFT_HOLD
    clock.advance(25 * MICROS_PER_HOUR)
    await told(house)
    assert (await case_at(house, number)).contained is Contained.ENDED
    assert await answered(house, "transfer") == "allow"
    again = await opened(house, standing=Standing.CLAIMED)
    assert (await case_at(house, again)).contained is Contained.SOFT_HOLD
    assert await answered(house, "transfer") == "deny"


async def test_what_one_incident_gives_back_another_may_still_stop(house: House) -> None:
    """The case is contained as its gravest incident that binds; the desk's freeze stays when others go."""
    li = await somebody(house, "li")
    number = await opened(house)
    (theirs,) = (await case_at(house, number)).incidents
    await acted(house, number, li, Freeze(why="来电", whole=True))
    await uphold_appeal(house, theirs, AppealRequest("误报"), "desk-2")
    await told(house)
    case = await case_at(house, number)
    assert case.contained is Contained.FROZEN
    assert dict(case.held)[theirs] is Contained.LIFTED
