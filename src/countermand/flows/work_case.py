"""The daily work on a case: whose it is, notes, tasks, playbooks, tags, and out of sight for a while."""

from __future__ import annotations

from countermand.cases.assignment import choose, why_not
from countermand.cases.desk_ports import CaseTask
from countermand.cases.playbooks import newest, step_of
from countermand.flows.case_desk import CaseWork
from countermand.intake.redaction import mask
from countermand.kernel.clock import MICROS_PER_HOUR, micros_of, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.vocabulary.acts import (
    AddTask,
    Assign,
    BeginPlaybook,
    DoneStep,
    DoneTask,
    Note,
    Release,
    Snooze,
    Tag,
    Take,
    TakeTask,
)
from countermand.vocabulary.cases import Direction, EventKind, Stage

SNOOZE_MICROS_MAX = 30 * 24 * MICROS_PER_HOUR


async def assign(work: CaseWork, act: Assign) -> None:
    """Give it to somebody, to a team, or to whoever fits best; why the others do not is in the answer.

    Raises Conflict `cannot_take` (who was named may not have it), `nobody_fits`.
    """
    if act.to is None and act.team is not None:
        work.happen(EventKind.ASSIGNED, team=act.team)
        return
    if act.to is not None:
        member = await work.unit.desk.member(act.to)
        why = why_not(work.case, member, 0, work.now)
        # Whoever assigns by hand may overlook load, skill and absence; never a role or a conflict.
        if why in ("own_case", "decided_it", "role"):
            raise _cannot_take(act.to, why)
        work.happen(EventKind.ASSIGNED, owner=act.to, team=act.team or member.team)
        return
    members = await work.unit.desk.members()
    choice = choose(work.case, members, await work.unit.desk.loads(), work.now)
    passed = [{"staff": one.name, "why": one.why} for one in choice.passed]
    if choice.name is None:
        raise Conflict(
            "nobody_fits",
            "Nobody at the desk can take this case now; give it to a team, or widen who may.",
            "目前无人可接此案件；请分派给团队或扩大可接范围。",
            passed=passed,
        )
    team = next(one.team for one in members if one.name == choice.name)
    work.happen(EventKind.ASSIGNED, owner=choice.name, team=team)
    work.shown |= {"owner": choice.name, "passed": passed}


async def take(work: CaseWork, _act: Take) -> None:
    """Take it oneself; from whom it was taken stands in the event. Raises Conflict `cannot_take`."""
    why = why_not(work.case, work.member, 0, work.now)
    if why in ("own_case", "decided_it"):
        raise _cannot_take(work.by.name, why)
    if work.case.owner != work.by.name:
        body = {"owner": work.by.name, "team": work.member.team, "taken_from": work.case.owner}
        work.happen(EventKind.ASSIGNED, **body)


async def release(work: CaseWork, _act: Release) -> None:
    """Put it back for others; one's own only. Raises Conflict `cannot_take`."""
    if work.case.owner != work.by.name:
        raise _cannot_take(work.by.name, "not_owner")
    work.happen(EventKind.ASSIGNED, team=work.case.team)


async def note(work: CaseWork, act: Note) -> None:
    """A note among staff."""
    message = await work.write(Direction.NOTE, act.text, "desk")
    work.shown["message"] = message.id


async def add_task(work: CaseWork, act: AddTask) -> None:
    """Something to be done."""
    task = CaseTask(
        id=work.new_id("task"),
        case=work.case.id,
        title=mask(act.title).text,
        role=None if act.role is None else act.role.value,
        owner=act.owner,
        due_at=None if act.due_at is None else micros_of(act.due_at),
        made_at=work.now,
        made_by=work.by.name,
    )
    await work.unit.desk.put_task(task)
    work.happen(EventKind.TASK_SET, task=task.id, state="open", owner=task.owner, due_at=task.due_at)
    work.shown["task"] = task.id


async def take_task(work: CaseWork, act: TakeTask) -> None:
    """Do it oneself, or leave it to others again. Raises NotFound `unknown_task`, Conflict `task_done`."""
    task = await _task(work, act.task)
    if task.done_at is not None:
        raise Conflict(
            "task_done",
            f"{task.done_by} has done this task; open it again first.",
            f"该任务已由 {task.done_by} 完成；请先重新打开。",
            task=task.id,
        )
    owner = work.by.name if act.on else None
    if task.owner != owner:
        await work.unit.desk.put_task(task._replace(owner=owner))
        state = "taken" if act.on else "left"
        work.happen(EventKind.TASK_SET, task=task.id, state=state, owner=owner)


async def done_task(work: CaseWork, act: DoneTask) -> None:
    """It is done, or not after all; again: nothing. Raises NotFound `unknown_task`."""
    task = await _task(work, act.task)
    if act.on and task.done_at is None:
        await work.unit.desk.put_task(task._replace(done_at=work.now, done_by=work.by.name))
        work.happen(EventKind.TASK_SET, task=task.id, state="done")
    elif not act.on and task.done_at is not None:
        await work.unit.desk.put_task(task._replace(done_at=None, done_by=None))
        work.happen(EventKind.TASK_SET, task=task.id, state="open")


async def _task(work: CaseWork, name: str) -> CaseTask:
    tasks = {one.id: one for one in await work.unit.desk.tasks(work.case.id)}
    if name not in tasks:
        raise NotFound(
            "unknown_task",
            f"This case has no task {name}.",
            f"该案件没有任务 {name}。",
            task=name,
        )
    return tasks[name]


async def begin_playbook(work: CaseWork, act: BeginPlaybook) -> None:
    """Follow a playbook; its steps, roles and times are told. Raises NotFound `unknown_playbook`."""
    book = newest(work.house.playbooks, act.playbook, work.case.category)
    if work.case.playbook == book.label:
        return
    work.happen(EventKind.PLAYBOOK_MOVED, playbook=book.label, state="begun")
    work.shown |= {
        "playbook": book.label,
        "steps": [
            {
                "step": step.id,
                "text": {"en": step.text.en, "zh": step.text.zh},
                "role": step.role.value,
                "due_at": rfc3339(work.case.first_at + step.hours * MICROS_PER_HOUR),
            }
            for step in book.steps
        ],
    }


async def done_step(work: CaseWork, act: DoneStep) -> None:
    """A step done or skipped, with its stage and hand-off. Raises Conflict `step_not_next`."""
    step = step_of(work.house.playbooks, work.case, act.step, skipped=act.skipped is not None)
    late = work.now > work.case.first_at + step.hours * MICROS_PER_HOUR
    state = "done" if act.skipped is None else "skipped"
    why = None if act.skipped is None else mask(act.skipped).text
    body = {"playbook": work.case.playbook, "step": step.id, "state": state, "late": late or None}
    work.happen(EventKind.PLAYBOOK_MOVED, **body, why=why)
    if act.skipped is None:
        if (
            step.stage is not None
            and step.stage is not work.case.stage
            and _is_ahead(work.case.stage, step.stage)
        ):
            work.happen(EventKind.STAGE_MOVED, stage=step.stage.value)
        if step.hands_to is not None and step.hands_to is not work.case.ball:
            work.happen(EventKind.BALL_PASSED, ball=step.hands_to.value)


def _is_ahead(now: Stage, wanted: Stage) -> bool:
    """A step that is done late does not bring a case back."""
    order = list(Stage)
    return order.index(wanted) > order.index(now)


async def snooze(work: CaseWork, act: Snooze) -> None:
    """Out of sight until then. Raises BadRequest `snooze_refused`: a P0 case, the past, over 30 days."""
    until = None if act.until is None else micros_of(act.until)
    if until is not None and (work.case.risk == "P0" or not work.now < until <= work.now + SNOOZE_MICROS_MAX):
        raise BadRequest(
            "snooze_refused",
            "A case sleeps for 30 days at most, from now on, and a P0 case not at all.",
            "案件最多可延后30天，且须为将来时间；P0 案件不可延后。",
            field="until",
        )
    work.happen(EventKind.SNOOZED, until=until)


async def tag(work: CaseWork, act: Tag) -> None:
    """A word put on or taken off."""
    if (act.tag in work.case.tags) != act.on:
        work.happen(EventKind.TAGGED, tag=act.tag, on=act.on)


def _cannot_take(name: str, why: str) -> Conflict:
    return Conflict(
        "cannot_take",
        f"{name} cannot have or put back this case: {why}.",
        f"{name} 不能接收或退回此案件：{why}。",
        staff=name,
        why=why,
    )
