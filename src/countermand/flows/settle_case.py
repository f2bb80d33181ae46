"""“Did this settle it?”: a yes ends the promise of human contact and the case; a no brings both back."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.cases.ports import Promise
from countermand.flows.answer_message import AnswerDesk, judge_within
from countermand.flows.case_desk import CaseDesk
from countermand.flows.case_events import Happenings
from countermand.flows.keep_reports import HUMAN_CONTACT, MACHINE
from countermand.vocabulary.answers import Verdict
from countermand.vocabulary.cases import Case, CaseOutcome, Contained, EventKind, RootCause, Stage
from countermand.vocabulary.clocks import LIVE
from countermand.vocabulary.triage import Risk
from countermand.work import Unit

CONTACT_CLOCK = "stage.human_contact"


class SettlingHouse(AnswerDesk, Protocol):
    """What this story needs of the house."""

    @property
    def case_desk(self) -> CaseDesk: ...


async def judge_and_settle(
    house: SettlingHouse, reply: str, verdict: Verdict, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Record what somebody says to “did this settle it?”, and let their case follow, in one transaction.

    A yes closes a plain question; its contact clock is cancelled, for it was settled. “No” or “person” after
    that opens it again: the clock runs anew, and a person is promised anew. Whoever claims a loss, or has had
    something stopped, keeps waiting for a person whatever they say to a machine.
    Raises NotFound (`unknown_answer`), Unavailable.
    """
    desk = house.case_desk
    async with house.works.open() as unit:
        # The case first, as whoever hears a report has it.
        sent = await unit.answers.find(reply)
        locked = [] if sent is None else await unit.cases.lock([sent.case])
        said = await judge_within(house, unit, reply, verdict, actor, trace)
        for case in locked:
            now = Happenings(case, max(house.clock.now(), case.updated_at), trace)
            if verdict is Verdict.YES and may_settle(case):
                settle(now, reply)
                await now.write(unit, desk)
            elif verdict is not Verdict.YES and is_settled(case):
                now.happen(EventKind.REOPENED, {"why": "not_settled", "answer": reply}, MACHINE)
                await now.write(unit, desk)
                await _promise_anew(desk, unit, now)
    return said


def may_settle(case: Case) -> bool:
    """Whether a machine's answer can be the end of it: an open question, nothing claimed, nothing stopped."""
    plain = case.risk is Risk.P3 and "unauthorised" not in case.flags and case.outcome is None
    return (
        plain and case.contained is Contained.NONE and case.stage is not Stage.CLOSED and not _in_parts(case)
    )


def is_settled(case: Case) -> bool:
    """Whether a yes has closed it, and nothing since."""
    return case.stage is Stage.CLOSED and case.settled_at is not None and not _in_parts(case)


def _in_parts(case: Case) -> bool:
    return case.merged_into is not None or bool(case.absorbed)


def settle(now: Happenings, reply: str) -> None:
    """The events of a yes: nobody waits for contact any more, and the question is answered."""
    now.happen(EventKind.SETTLED, {"answer": reply}, MACHINE)
    now.happen(EventKind.OUTCOME_SET, {"outcome": CaseOutcome.ANSWERED.value}, MACHINE)
    now.happen(EventKind.CLOSED, {"root_cause": RootCause.NO_FAULT.value}, MACHINE)


async def _promise_anew(desk: CaseDesk, unit: Unit, now: Happenings) -> None:
    """A person speaks to them by when the new clock wants it."""
    clocks = await unit.clocks.of_case(now.case.id)
    due = next((one.due_at for one in clocks if one.policy == CONTACT_CLOCK and one.state in LIVE), None)
    if due is None:
        return
    promise = Promise(
        id=desk.ids.new("prom", now.now),
        case=now.case.id,
        code=HUMAN_CONTACT,
        due_at=due,
        made_at=now.now,
        made_by=MACHINE,
    )
    await unit.cases.promise([promise])
    again = Happenings(now.case, now.now, now.trace)
    again.happen(EventKind.PROMISED, {"promise": promise.id, "code": HUMAN_CONTACT}, MACHINE)
    await again.write(unit, desk)
