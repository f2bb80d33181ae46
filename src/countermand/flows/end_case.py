"""How a case ends: decided, closed with its cause, withdrawn, opened again, appealed and reviewed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from countermand.cases.case import LOSS_CATEGORIES
from countermand.cases.desk_ports import Cause, Recurrence
from countermand.evidence.responsibility_rules import map_of
from countermand.flows.case_desk import CaseWork
from countermand.flows.case_record import gathered
from countermand.intake.redaction import mask
from countermand.kernel.clock import MICROS_PER_DAY, micros_of
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.acts import Appeal, Close, Decide, Reopen, Review, Withdraw
from countermand.vocabulary.cases import CaseOutcome, Direction, EventKind, RootCause, Stage
from countermand.vocabulary.facts import CAUSE_RECURS, Fact
from countermand.vocabulary.incidents import Task

RECURRENCE_DAYS = 90
# How often the same cause may close other cases of one account, merchant or system before somebody is told.
RECURS_AT = {"account": 1, "merchant": 2, "system": 2}
CAUSE_RECURS_TASK = "cause_recurs"
_TO_BE_FIXED = frozenset(
    {RootCause.SYSTEM_FLAW, RootCause.DATA_LEAK, RootCause.PROCESS_DEFECT, RootCause.STAFF}
)
AGAINST = frozenset({CaseOutcome.AUTHORISED, CaseOutcome.INSUFFICIENT})


async def decide_case(work: CaseWork, act: Decide) -> None:
    """What was found; the reasons stay as a note. Raises Conflict `appeal_waits`, `withdrawn_is_said`."""
    if work.case.appealed:
        raise Conflict(
            "appeal_waits",
            "An appeal waits: its review decides, by somebody who has not.",
            "申诉待复核，须由未作出原决定的人员复核。",
            number=work.case.number,
        )
    if act.outcome is CaseOutcome.WITHDRAWN:
        raise Conflict(
            "withdrawn_is_said",
            "Only the customer withdraws: use “withdraw”.",
            "撤回须由客户提出：请使用“withdraw”。",
            number=work.case.number,
        )
    note = await work.write(Direction.NOTE, act.why, "desk", code="outcome")
    await _found(work, outcome=act.outcome.value, reasons=note.id, agreed_by=work.agreed_by)


async def _found(work: CaseWork, **body: Any) -> None:
    """A decision, and with it the map of what passed and failed, as the record has it at this moment."""
    found = map_of(await gathered(work.house, work.unit, work.case)).content()
    work.happen(EventKind.OUTCOME_SET, **body, map=sha256(found).hexdigest())
    await work.unit.paper_record.attach(work.case.id, work.case.version, found, work.now)


def is_against(work: CaseWork, outcome: CaseOutcome | None) -> bool:
    """Whether an outcome leaves a claimed loss with the customer: two people decide that."""
    claimed = work.case.category in LOSS_CATEGORIES or "unauthorised" in work.case.flags
    return claimed and outcome in AGAINST


async def close(work: CaseWork, act: Close) -> None:
    """The end. A cause of ours names who removes it, and by when; one that comes back raises an alert.

    Raises BadRequest `fix_needed`; Conflict `case_not_decided`, `case_appealed`.
    """
    ours = act.root_cause in _TO_BE_FIXED
    if ours and (act.fix_owner is None or act.fix_due_at is None):
        raise BadRequest(
            "fix_needed",
            "A cause that lies with us closes with who removes it and by when: fix_owner, fix_due_at.",
            "属我方原因的，办结须注明整改责任人与期限：fix_owner、fix_due_at。",
            field="fix_owner",
        )
    cause = Cause(
        case=work.case.id,
        closed_at=work.now,
        cause=act.root_cause.value,
        account=work.case.account,
        merchant=act.merchant,
        system=act.system,
        fix_owner=act.fix_owner,
        fix_due_at=None if act.fix_due_at is None else micros_of(act.fix_due_at),
    )
    work.happen(
        EventKind.CLOSED,
        root_cause=act.root_cause.value,
        merchant=act.merchant,
        system=act.system,
        fix_owner=act.fix_owner,
    )
    await work.unit.desk.put_cause(cause)
    if act.root_cause is not RootCause.NO_FAULT and act.root_cause is not RootCause.UNKNOWN:
        await _watch(work, cause)


async def _watch(work: CaseWork, cause: Cause) -> None:
    """The same cause at the same place again: a task for a person, and a fact."""
    since = work.now - RECURRENCE_DAYS * MICROS_PER_DAY
    found = await work.unit.desk.recurrence(cause, since)
    again = {
        name: getattr(found, name) for name in Recurrence._fields if getattr(found, name) >= RECURS_AT[name]
    }
    if not again:
        return
    place = "account" if "account" in again else min(again)
    about = f"{cause.cause} {place} {getattr(cause, place)}"
    task = Task(
        id=work.new_id("task"),
        kind=CAUSE_RECURS_TASK,
        tier=2,
        about=about if place != "account" else f"{cause.cause} {work.case.number}",
        incident=None,
        account=work.case.account if place == "account" else None,
        person=None,
        created_at=work.now,
        due_at=work.now + MICROS_PER_DAY,
    )
    await work.unit.incident_record.put_tasks([task])
    body = {"case": work.case.id, "cause": cause.cause, "again": again, "task": task.id}
    await work.unit.note([Fact(work.now, CAUSE_RECURS, body, None, work.trace)])
    work.shown["recurs"] = {"cause": cause.cause, "again": again, "task": task.id}


async def reopen(work: CaseWork, act: Reopen) -> None:
    """Taken up again under its number. Raises Conflict `case_not_closed`."""
    note = await work.write(Direction.NOTE, act.why, "desk", code="reopened")
    work.happen(EventKind.REOPENED, why="desk", reasons=note.id)


async def withdraw(work: CaseWork, act: Withdraw) -> None:
    """The service ends the day it is said; a claimed loss is still looked into, without the customer."""
    claimed = work.case.category in LOSS_CATEGORIES or "unauthorised" in work.case.flags
    why = None if act.why is None else mask(act.why).text
    work.happen(EventKind.WITHDRAWN, why=why, goes_on=claimed or None)
    if claimed and work.case.stage in (Stage.INTAKE, Stage.CONTAIN):
        work.happen(EventKind.STAGE_MOVED, stage=Stage.INVESTIGATE.value)
    if not claimed:
        work.happen(EventKind.CLOSED, root_cause=RootCause.UNKNOWN.value)
    work.shown["investigation_goes_on"] = claimed


async def appeal(work: CaseWork, act: Appeal) -> None:
    """Somebody else looks again: whoever decided it has it no longer. Raises Conflict `case_not_decided`."""
    if work.case.outcome is None:
        raise Conflict(
            "case_not_decided",
            f"Case {work.case.number} has no outcome yet: there is nothing to appeal.",
            f"案件 {work.case.number} 尚无处理结论，无需申诉。",
            number=work.case.number,
        )
    message = await work.write(Direction.IN, act.grounds, "desk", code="appeal")
    if work.case.stage is Stage.CLOSED:
        work.happen(EventKind.REOPENED, why="appeal")
    work.happen(EventKind.APPEALED, grounds=message.id)
    if work.case.owner in work.case.deciders:
        work.happen(EventKind.ASSIGNED, team=work.case.team)


async def review(work: CaseWork, act: Review) -> None:
    """What who has not decided it finds. Raises Conflict `no_appeal`, BadRequest `outcome_needed`."""
    if not work.case.appealed:
        raise Conflict(
            "no_appeal", "There is no appeal to review.", "没有待复核的申诉。", number=work.case.number
        )
    if act.upheld and act.outcome in (None, work.case.outcome):
        raise BadRequest(
            "outcome_needed",
            "An appeal that is upheld has another outcome: name it.",
            "申诉成立的，须给出不同的处理结论。",
            field="outcome",
        )
    note = await work.write(Direction.NOTE, act.why, "desk", code="review")
    work.happen(EventKind.REVIEWED, upheld=act.upheld, reasons=note.id)
    if act.upheld and act.outcome is not None:
        await _found(work, outcome=act.outcome.value, reasons=note.id, agreed_by=work.agreed_by)
