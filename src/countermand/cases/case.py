"""A case is the fold of its events: what each does to it, and which may follow which."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from countermand.kernel.errors import Conflict
from countermand.vocabulary.cases import (
    Ball,
    Case,
    CaseEvent,
    CaseOutcome,
    Contained,
    EventKind,
    RootCause,
    Side,
    Stage,
)
from countermand.vocabulary.triage import Category, Risk

# Which stage may follow which. Back to `investigate` is always open: new facts arrive when they arrive.
NEXT_STAGES = {
    Stage.INTAKE: frozenset({Stage.CONTAIN, Stage.INVESTIGATE, Stage.DECIDE}),
    Stage.CONTAIN: frozenset({Stage.INVESTIGATE}),
    Stage.INVESTIGATE: frozenset({Stage.CONTAIN, Stage.DECIDE}),
    Stage.DECIDE: frozenset({Stage.INVESTIGATE, Stage.REMEDY}),
    Stage.REMEDY: frozenset({Stage.INVESTIGATE}),
    Stage.CLOSED: frozenset(),
}
_GRAVITY = (
    Contained.NONE, Contained.ENDED, Contained.LIFTED, Contained.SOFT_HOLD, Contained.PARTIAL,
    Contained.FROZEN,
)  # fmt: skip
# What may still happen to a case that is closed, or that became part of another one.
_AFTER_CLOSING = frozenset(
    {
        EventKind.MESSAGE_ADDED, EventKind.REOPENED, EventKind.CONTAINED, EventKind.LINKED,
        EventKind.UNLINKED, EventKind.MERGED, EventKind.UNMERGED, EventKind.PROMISE_KEPT,
        EventKind.RECEIPT_RENEWED, EventKind.TAGGED, EventKind.APPEALED, EventKind.SIDE_SET,
        EventKind.RELEASED, EventKind.DISCLOSED, EventKind.GLASS_BROKEN, EventKind.SECOND_LOOK,
        EventKind.TASK_SET, EventKind.MESSAGE_TAKEN_BACK, EventKind.FILE_ADDED,
        EventKind.ACCESS_GRANTED, EventKind.ACCESS_ENDED, EventKind.GIVEN_BACK,
        EventKind.FILE_READ, EventKind.FILE_MARKED, EventKind.READING_CONFIRMED, EventKind.FACTS_TOLD,
        EventKind.RECALL_ASKED, EventKind.RECALL_ANSWERED,
    }
)  # fmt: skip
_AFTER_MERGING = frozenset(
    {
        EventKind.UNMERGED, EventKind.RECEIPT_RENEWED, EventKind.CONTAINED, EventKind.DISCLOSED,
        EventKind.GLASS_BROKEN, EventKind.SECOND_LOOK, EventKind.LINKED, EventKind.UNLINKED,
        EventKind.FILE_ADDED, EventKind.PROMISE_KEPT, EventKind.MESSAGE_TAKEN_BACK,
        EventKind.ACCESS_GRANTED, EventKind.ACCESS_ENDED, EventKind.FILE_READ, EventKind.GIVEN_BACK,
        EventKind.RECALL_ASKED, EventKind.RECALL_ANSWERED,
    }
)  # fmt: skip
# Nothing that may have cost money is ever less than this, whoever says so (desk principle P7).
LOSS_CATEGORIES = frozenset(
    {
        Category.UNAUTHORISED_PAYMENT, Category.UNAUTHORISED_LOAN, Category.ACCOUNT_TAKEOVER,
        Category.DECEIVED_PAYMENT,
    }
)  # fmt: skip


def fold(events: Iterable[CaseEvent]) -> Case:
    """Where the case stands after all of these; the first one opens it. Raises Conflict as `apply`."""
    case: Case | None = None
    for event in events:
        case = apply(case, event)
    assert case is not None, "a case has events"
    return case


def apply(case: Case | None, event: CaseEvent) -> Case:
    """The case after one event more.

    Raises Conflict: `case_closed` (it is closed, or part of another one), `stage_not_next`,
    `case_not_decided` (a remedy or an end without an outcome), `case_not_closed`, `case_not_merged`,
    `case_appealed` (it ends without its appeal), `reviewer_is_decider`.
    """
    if case is None:
        assert event.kind is EventKind.OPENED, "the first event opens the case"
        return _opened(event)
    assert event.case == case.id, "events are of one case"
    assert event.seq == case.version + 1, "events follow each other"
    check(case, event)
    changed = _CHANGES.get(event.kind, _nothing)(case, event)
    return msgspec.structs.replace(case, version=event.seq, updated_at=event.at, **changed)


def check(case: Case, event: CaseEvent) -> None:
    """Refuse what may not happen to a case that stands so. Raises Conflict as `apply`."""
    kind = event.kind
    # What is said to the whole is told to the reporter of each part.
    repeats = kind is EventKind.MESSAGE_ADDED and "whole" in event.body
    if case.merged_into is not None and kind not in _AFTER_MERGING and not repeats:
        raise Conflict(
            "case_closed",
            f"Case {case.number} is part of another one now; act on that one, or undo the merge.",
            f"案件 {case.number} 已并入另一案件；请在该案件上操作，或先撤销合并。",
            number=case.number,
            merged_into=case.merged_into,
        )
    if case.stage is Stage.CLOSED and case.merged_into is None and kind not in _AFTER_CLOSING:
        raise Conflict(
            "case_closed",
            f"Case {case.number} is closed; reopen it first.",
            f"案件 {case.number} 已办结；请先重新打开。",
            number=case.number,
        )
    if kind is EventKind.STAGE_MOVED:
        _check_stage(case, Stage(event.body["stage"]))
    if kind is EventKind.CLOSED and case.outcome is None:
        raise _not_decided(case)
    _check_appeal(case, event)
    if kind is EventKind.REOPENED and case.stage is not Stage.CLOSED:
        raise Conflict(
            "case_not_closed",
            f"Case {case.number} is open; there is nothing to reopen.",
            f"案件 {case.number} 尚未办结，无需重新打开。",
            number=case.number,
        )
    if kind is EventKind.UNMERGED and case.merged_into is None:
        raise Conflict(
            "case_not_merged",
            f"Case {case.number} is not part of another one.",
            f"案件 {case.number} 并未并入其他案件。",
            number=case.number,
        )


def _check_appeal(case: Case, event: CaseEvent) -> None:
    """An appeal is answered before the case ends, and by none of those who decided it."""
    if not case.appealed:
        return
    if event.kind is EventKind.CLOSED:
        raise Conflict(
            "case_appealed",
            f"Case {case.number} waits for the review of its appeal.",
            f"案件 {case.number} 的申诉尚待复核。",
            number=case.number,
        )
    if event.kind in (EventKind.OUTCOME_SET, EventKind.REVIEWED) and event.actor in case.deciders:
        raise Conflict(
            "reviewer_is_decider",
            "Whoever decided a case does not review it; somebody else must.",
            "作出决定的人员不得复核；须由他人办理。",
            number=case.number,
        )


def _check_stage(case: Case, wanted: Stage) -> None:
    if wanted not in NEXT_STAGES[case.stage]:
        allowed = sorted(stage.value for stage in NEXT_STAGES[case.stage])
        raise Conflict(
            "stage_not_next",
            f"A case in stage {case.stage.value} can go to: {', '.join(allowed) or 'none'}.",
            f"处于“{case.stage.value}”阶段的案件只能进入：{'、'.join(allowed) or '无'}。",
            stage=case.stage.value,
            allowed=allowed,
        )
    if wanted is Stage.REMEDY and case.outcome is None:
        raise _not_decided(case)


def _not_decided(case: Case) -> Conflict:
    return Conflict(
        "case_not_decided",
        f"Case {case.number} has no outcome yet: set one first.",
        f"案件 {case.number} 尚无处理结论，请先作出结论。",
        number=case.number,
    )


def risk_of(risk: Risk, category: Category, flags: Iterable[str]) -> Risk:
    """The risk that a case may have at most: a loss claimed by anyone is never below P1.

    >>> risk_of(Risk.P3, Category.HOW_TO_QUESTION, ["unauthorised"]).value
    'P1'
    """
    loss = category in LOSS_CATEGORIES or "unauthorised" in flags or "distress" in flags
    return min(risk, Risk.P1) if loss else risk


def _opened(event: CaseEvent) -> Case:
    body = event.body
    return Case(
        id=event.case,
        number=body["number"],
        version=1,
        stage=Stage.INTAKE,
        ball=Ball.DESK,
        contained=Contained.NONE,
        risk=Risk(body["risk"]),
        category=Category(body["category"]),
        flags=frozenset(body.get("flags", ())),
        channel=body["channel"],
        standing=body["standing"],
        account=body.get("account"),
        person=body.get("person"),
        language=body["language"],
        split_from=body.get("split_from"),
        opened_at=event.at,
        first_at=body["first_at"],
        updated_at=event.at,
    )


def _nothing(_case: Case, _event: CaseEvent) -> dict[str, Any]:
    return {}


def _message_added(case: Case, event: CaseEvent) -> dict[str, Any]:
    # Whoever wrote last has passed the ball on; a note among staff has not.
    if event.body["direction"] == "in" and case.stage is not Stage.CLOSED:
        return {"ball": Ball.DESK, "snoozed_until": None}
    return {}


def _read(case: Case, event: CaseEvent) -> dict[str, Any]:
    """What a message was understood as: it may make a case graver, never lighter; a person may (risk_set)."""
    flags = case.flags | frozenset(event.body.get("flags", ()))
    category = Category(event.body["category"])
    read = risk_of(Risk(event.body["risk"]), category, flags)
    alone = case.risk if case.risk_alone is None else case.risk_alone
    # What was merged into it makes it graver, and says nothing of what it is about itself.
    graver = read < alone or case.category is Category.OTHER
    return {
        "flags": flags,
        "risk": min(case.risk, read),
        "category": category if graver else case.category,
        "risk_alone": None if case.risk_alone is None else min(alone, read),
    }


def _contained(case: Case, event: CaseEvent) -> dict[str, Any]:
    stage = Stage.CONTAIN if case.stage is Stage.INTAKE else case.stage
    return {"stage": stage, **_holding(case, event)}


def _holding(case: Case, event: CaseEvent) -> dict[str, Any]:
    """One incident stops something, or no longer; the case is contained as its gravest one."""
    held = {**dict(case.held), event.body["incident"]: Contained(event.body["contained"])}
    return {"held": tuple(held.items()), "contained": max(held.values(), key=_GRAVITY.index)}


def _assigned(case: Case, event: CaseEvent) -> dict[str, Any]:
    return {"owner": event.body.get("owner"), "team": event.body.get("team", case.team)}


def _side_set(case: Case, event: CaseEvent) -> dict[str, Any]:
    side = Side(event.body["side"]).value
    return {"sides": case.sides | {side} if event.body["on"] else case.sides - {side}}


def _risk_set(case: Case, event: CaseEvent) -> dict[str, Any]:
    category = Category(event.body.get("category", case.category.value))
    # A person may say that it is no loss after all; the machine's flag then no longer binds.
    flags = case.flags - {"unauthorised"} if event.body.get("no_loss") else case.flags
    risk = risk_of(Risk(event.body["risk"]), category, flags)
    changed: dict[str, Any] = {"risk": risk, "category": category, "flags": flags}
    if case.absorbed:
        # Who sets it has the whole before them, what was absorbed too.
        changed |= {"risk_alone": risk, "absorbed": tuple((one, risk) for one, _ in case.absorbed)}
    return changed


def _outcome_set(case: Case, event: CaseEvent) -> dict[str, Any]:
    return {
        "outcome": CaseOutcome(event.body["outcome"]),
        "decided_by": event.actor,
        "deciders": _with(case.deciders, event.actor),
        "stage": Stage.DECIDE if case.stage is not Stage.REMEDY else case.stage,
        "appealed": False,
    }


def _closed(_case: Case, event: CaseEvent) -> dict[str, Any]:
    cause = RootCause(event.body["root_cause"])
    return {"stage": Stage.CLOSED, "closed_at": event.at, "root_cause": cause, "snoozed_until": None}


def _reopened(case: Case, _event: CaseEvent) -> dict[str, Any]:
    again = {"stage": Stage.INVESTIGATE, "closed_at": None, "reopened": case.reopened + 1}
    return {**again, "ball": Ball.DESK}


def _reviewed(case: Case, event: CaseEvent) -> dict[str, Any]:
    return {"appealed": False, "deciders": _with(case.deciders, event.actor)}


def _absorbed(case: Case, event: CaseEvent) -> dict[str, Any]:
    alone = case.risk if case.risk_alone is None else case.risk_alone
    absorbed = (*case.absorbed, (event.body["case"], Risk(event.body["risk"])))
    return {"absorbed": absorbed, "risk_alone": alone, "risk": min(alone, *(risk for _, risk in absorbed))}


def _released(case: Case, event: CaseEvent) -> dict[str, Any]:
    left = tuple(one for one in case.absorbed if one[0] != event.body["case"])
    alone = case.risk if case.risk_alone is None else case.risk_alone
    risk = min([alone, *(risk for _, risk in left)])
    return {"absorbed": left, "risk_alone": alone if left else None, "risk": risk}


def _playbook_moved(case: Case, event: CaseEvent) -> dict[str, Any]:
    state = event.body["state"]
    if state == "begun":
        return {"playbook": event.body["playbook"], "steps": ()}
    return {"steps": _with(case.steps, event.body["step"])}


def _police_reported(case: Case, event: CaseEvent) -> dict[str, Any]:
    risk = min(case.risk, Risk.P1)
    alone = None if case.risk_alone is None else min(case.risk_alone, Risk.P1)
    return {"police_report": event.body["reference"], "risk": risk, "risk_alone": alone}


def _with(known: tuple[str, ...], one: str) -> tuple[str, ...]:
    return known if one in known else (*known, one)


def _withdrawn(_case: Case, _event: CaseEvent) -> dict[str, Any]:
    # The complaint ends that day; what looks like fraud is still looked into.
    return {"outcome": CaseOutcome.WITHDRAWN, "ball": Ball.DESK}


def _merged(_case: Case, event: CaseEvent) -> dict[str, Any]:
    return {"merged_into": event.body["into"]}


def _linked(case: Case, event: CaseEvent) -> dict[str, Any]:
    link = (event.body["case"], event.body["kind"])
    return {"links": case.links if link in case.links else (*case.links, link)}


def _unlinked(case: Case, event: CaseEvent) -> dict[str, Any]:
    gone = (event.body["case"], event.body["kind"])
    return {"links": tuple(link for link in case.links if link != gone)}


def _tagged(case: Case, event: CaseEvent) -> dict[str, Any]:
    tag = event.body["tag"]
    return {"tags": case.tags | {tag} if event.body["on"] else case.tags - {tag}}


_CHANGES: dict[EventKind, Callable[[Case, CaseEvent], dict[str, Any]]] = {
    EventKind.MESSAGE_ADDED: _message_added,
    EventKind.READ: _read,
    EventKind.CONTAINED: _contained,
    EventKind.GIVEN_BACK: _holding,
    EventKind.ASSIGNED: _assigned,
    EventKind.STAGE_MOVED: lambda _case, event: {"stage": Stage(event.body["stage"])},
    EventKind.SIDE_SET: _side_set,
    EventKind.BALL_PASSED: lambda _case, event: {"ball": Ball(event.body["ball"])},
    EventKind.RISK_SET: _risk_set,
    EventKind.OUTCOME_SET: _outcome_set,
    EventKind.CLOSED: _closed,
    EventKind.REOPENED: _reopened,
    EventKind.WITHDRAWN: _withdrawn,
    EventKind.MERGED: _merged,
    EventKind.UNMERGED: lambda _case, _event: {"merged_into": None},
    EventKind.LINKED: _linked,
    EventKind.UNLINKED: _unlinked,
    EventKind.RECEIPT_RENEWED: lambda case, _event: {"receipt": case.receipt + 1},
    EventKind.COLLECTION_PAUSED: lambda _case, event: {"collection_paused": event.body["on"]},
    EventKind.SNOOZED: lambda _case, event: {"snoozed_until": event.body.get("until")},
    EventKind.TAGGED: _tagged,
    EventKind.REVIEWED: _reviewed,
    EventKind.ABSORBED: _absorbed,
    EventKind.RELEASED: _released,
    EventKind.PLAYBOOK_MOVED: _playbook_moved,
    EventKind.POLICE_REPORTED: _police_reported,
    EventKind.SETTLED: lambda _case, event: {"settled_at": event.at},
    EventKind.APPEALED: lambda _case, _event: {"appealed": True},
}
