"""Acts on one case, alone or as a macro: each checked, all in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from countermand.cases.numbers import read_number
from countermand.cases.permissions import decide as permitted
from countermand.cases.permissions import refused
from countermand.flows import answer_case, end_case, freeze_case, grant_access, move_case, work_case
from countermand.flows.ask_second import ask_second
from countermand.flows.case_desk import CaseDesk, CaseWork, at_case
from countermand.flows.show_case import unknown_case
from countermand.kernel.errors import Forbidden, NotFound
from countermand.vocabulary.acts import (
    AddTask,
    AnyAct,
    Appeal,
    Assign,
    BeginPlaybook,
    Close,
    Decide,
    DoneStep,
    DoneTask,
    EndAccess,
    Freeze,
    GrantAccess,
    KeepPromise,
    Link,
    Macro,
    Move,
    Note,
    PassBall,
    PauseCollection,
    PoliceReport,
    Promise,
    Release,
    RenewReceipt,
    Reopen,
    Reply,
    ResumeCollection,
    Review,
    SetRisk,
    SetSide,
    Snooze,
    Tag,
    Take,
    TakeTask,
    Unfreeze,
    Unlink,
    Withdraw,
)
from countermand.vocabulary.staff import Purpose, Relation, Staff, Verb, Verdict
from countermand.vocabulary.subject_keys import person_key
from countermand.work import Unit

Doing = Callable[[CaseWork, Any], Awaitable[None]]
# What is done for each act, and under which verb; links are about two cases and have a story of their own.
ACTS: dict[type[AnyAct], tuple[Verb, Doing]] = {
    Assign: (Verb.ASSIGN, work_case.assign),
    Take: (Verb.TAKE, work_case.take),
    Release: (Verb.TAKE, work_case.release),
    Note: (Verb.WORK, work_case.note),
    AddTask: (Verb.WORK, work_case.add_task),
    TakeTask: (Verb.WORK, work_case.take_task),
    DoneTask: (Verb.WORK, work_case.done_task),
    BeginPlaybook: (Verb.WORK, work_case.begin_playbook),
    DoneStep: (Verb.WORK, work_case.done_step),
    Snooze: (Verb.WORK, work_case.snooze),
    Tag: (Verb.WORK, work_case.tag),
    Reply: (Verb.REPLY, answer_case.reply),
    Promise: (Verb.REPLY, answer_case.promise),
    KeepPromise: (Verb.REPLY, answer_case.keep_promise),
    Move: (Verb.MOVE, move_case.move),
    PassBall: (Verb.MOVE, move_case.pass_ball),
    SetSide: (Verb.MOVE, move_case.set_side),
    SetRisk: (Verb.SET_RISK, move_case.set_risk),
    PoliceReport: (Verb.WORK, move_case.police_report),
    RenewReceipt: (Verb.RENEW_RECEIPT, move_case.renew_receipt),
    PauseCollection: (Verb.PAUSE_COLLECTION, move_case.pause_collection),
    ResumeCollection: (Verb.PAUSE_COLLECTION, move_case.resume_collection),
    Decide: (Verb.DECIDE, end_case.decide_case),
    Review: (Verb.DECIDE, end_case.review),
    Close: (Verb.CLOSE, end_case.close),
    Reopen: (Verb.REOPEN, end_case.reopen),
    GrantAccess: (Verb.GRANT, grant_access.grant_access),
    EndAccess: (Verb.GRANT, grant_access.end_access),
    Withdraw: (Verb.WITHDRAW, end_case.withdraw),
    Appeal: (Verb.APPEAL, end_case.appeal),
    Freeze: (Verb.CONTAIN, freeze_case.freeze),
    Unfreeze: (Verb.LIFT, freeze_case.unfreeze),
}
# Doors ask for these before the act is known in full.
VERBS: dict[type[AnyAct], Verb] = {kind: verb for kind, (verb, _) in ACTS.items()} | {
    Macro: Verb.WORK, Link: Verb.LINK, Unlink: Verb.LINK, Unfreeze: Verb.CONTAIN,
}  # fmt: skip


async def act_on_case(
    house: CaseDesk,
    number: str,
    act: AnyAct,
    by: Staff,
    *,
    version: int | None = None,
    trace: str | None = None,
) -> dict[str, Any]:
    """Do it: the case's number, the version to go on from, and what came of it; or that it waits for another.

    `version` is what they had before them (HTTP: `If-Match`); without one they act on the case as it is.
    Raises NotFound `unknown_case`, Forbidden (`role_lacks_verb`, `conflict_of_interest`), Conflict
    (`case_changed`, and of each act), BadRequest, Unavailable.
    """
    async with house.works.open() as unit:
        before = await before_locking(house, unit, number, act, by, trace)
        work = await at_case(house, unit, number, by, version=version, trace=trace)
        work.shown |= before
        waits = await do_act(work, act)
        if waits is not None:
            return waits
        await work.end()
        return work.answer()


async def before_locking(
    house: CaseDesk, unit: Unit, number: str, act: AnyAct, by: Staff, trace: str | None
) -> dict[str, Any]:
    """Gates of accounts come before the locks of cases, so what contains goes first; parts with the whole."""
    if isinstance(act, Freeze | Unfreeze):
        return await freeze_case.before_locking(house, unit, number, act, by, trace)
    if not isinstance(act, PauseCollection | ResumeCollection | Reply | Macro):
        return {}
    case = await unit.cases.by_number(read_number(number) or "")
    if isinstance(act, Reply | Macro):
        if case is not None and case.absorbed:  # it is told to the parts: all are locked in one order
            await unit.cases.lock([case.id, *(part for part, _ in case.absorbed)])
        return {}
    if case is None:
        raise unknown_case(number)
    # The role alone: the case itself is asked again behind its lock, and nothing is committed before.
    if permitted(by.roles, Verb.PAUSE_COLLECTION, Relation.NONE, Purpose.HANDLE) is Verdict.DENY:
        raise refused(Verb.PAUSE_COLLECTION, Relation.NONE)
    if isinstance(act, ResumeCollection):
        await unit.gate([one for one in (case.account, case.person and person_key(case.person)) if one])
        return {}
    stopped = await move_case.contain_debts(house, unit, case, act, by, trace)
    return {"incident": stopped["incident"]}


async def do_act(work: CaseWork, act: AnyAct) -> dict[str, Any] | None:
    """Do one act, or all of a macro; an answer only where it waits for a second person."""
    if not isinstance(act, Macro):
        return await _do_one(work, act, alone=True)
    macro = work.house.macros.get(act.macro)
    if macro is None:
        known = ", ".join(sorted(work.house.macros))
        raise NotFound(
            "unknown_macro",
            f"There is no macro {act.macro}; there are: {known}.",
            f"没有宏 {act.macro}；可用：{known}。",
        )
    for one in macro.acts:
        step = one
        if isinstance(one, Reply):
            step = msgspec.structs.replace(one, values={**one.values, **act.values})
        await _do_one(work, step, alone=False)
    work.shown["macro"] = f"{macro.id}@{macro.version}"
    return None


async def _do_one(work: CaseWork, act: AnyAct, *, alone: bool) -> dict[str, Any] | None:
    verb, doing = ACTS[type(act)]
    if isinstance(act, Decide | Review) and end_case.is_against(work, act.outcome):
        if work.verdict(Verb.DECIDE) is Verdict.DENY:
            raise refused(Verb.DECIDE, work.relation)
        verb = Verb.DECIDE_AGAINST
    if isinstance(act, Unfreeze) and await freeze_case.is_second_thought(work, act):
        verb = Verb.CONTAIN
    found = work.verdict(verb)
    if found is Verdict.DENY:
        raise refused(verb, work.relation)
    if found is Verdict.TWO_PEOPLE and work.agreed_by is None:
        if not alone:
            raise Forbidden(
                "two_people_needed",
                f"“{verb.value}” takes two people; it is no part of a macro.",
                f"“{verb.value}”须由两人办理，不能放入宏。",
                verb=verb.value,
            )
        return await ask_second(work, verb, act)
    await doing(work, act)
    return None
