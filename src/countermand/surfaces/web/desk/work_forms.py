"""The forms of the daily work on a case: tags, tasks, promises, who moves next, playbook, material."""

from __future__ import annotations

from countermand.kernel.errors import BadRequest
from countermand.surfaces.web.desk.case_forms import Filled, Reader, act_of, on
from countermand.vocabulary.acts import (
    AddTask,
    AnyAct,
    BeginPlaybook,
    DoneStep,
    DoneTask,
    KeepPromise,
    Macro,
    Move,
    PassBall,
    PauseCollection,
    PoliceReport,
    Promise,
    Reopen,
    ResumeCollection,
    Review,
    SetSide,
    Tag,
    TakeTask,
    Unlink,
)
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.staff import Role, Verb

ASK_MACRO = "ask-for-material"
# Whom another institution may be: who moves next once it was asked.
ASKED_OUTSIDE = (Ball.PEER_BANK, Ball.MERCHANT)


def _task(form: Filled) -> AnyAct:
    typed = form.typed
    given = {"title": typed.get("title"), "role": typed.get("role"), "owner": typed.get("owner")}
    return act_of(AddTask, **given, due_at=form.moment("due"))


def _ask(form: Filled) -> AnyAct:
    """The approved words, with what is wanted: what was ticked on the checklist, and own words."""
    wanted = [*form.typed.get("item", "").split("\n"), form.typed.get("more", "")]
    material = "；".join(one.strip() for one in wanted if one.strip())
    if not material:
        raise BadRequest(
            "material_unnamed",
            "Say what is wanted: tick it, or write it.",
            "请勾选或填写所需材料。",
            field="more",
        )
    return act_of(Macro, macro=ASK_MACRO, values={"material": material})


def asking_outside(form: Filled) -> list[AnyAct]:
    """A task that the other institution sees where the case is open to it, and that it moves next.

    Raises BadRequest (`invalid_request`).
    """
    typed = form.typed
    ball = Ball.MERCHANT if typed.get("ball") == Ball.MERCHANT.value else Ball.PEER_BANK
    task = act_of(
        AddTask,
        title=typed.get("title"),
        role=Role.PEER.value,
        owner=typed.get("owner"),
        due_at=form.moment("due"),
    )
    return [task, PassBall(ball=ball)]


def _collection(form: Filled) -> AnyAct:
    debts = tuple(one.strip() for one in form.typed.get("debts", "").splitlines() if one.strip())
    return act_of(PauseCollection, debts=debts, new_debt=on(form.typed, "new_debt"))


# The act's word in the address, the verb that the door asks for, and how the form is read.
WORK_FORMS: dict[str, tuple[Verb, Reader]] = {
    "tag": (
        Verb.WORK,
        lambda form: act_of(Tag, tag=form.typed.get("tag"), on=form.typed.get("on") != "no"),
    ),
    "task": (Verb.WORK, _task),
    "task_taken": (
        Verb.WORK,
        lambda form: act_of(TakeTask, task=form.typed.get("task"), on=form.typed.get("on") != "no"),
    ),
    "task_done": (
        Verb.WORK,
        lambda form: act_of(DoneTask, task=form.typed.get("task"), on=form.typed.get("on") != "no"),
    ),
    "promise": (
        Verb.REPLY,
        lambda form: act_of(Promise, what=form.typed.get("what"), due_at=form.moment("due")),
    ),
    "kept": (Verb.REPLY, lambda form: act_of(KeepPromise, promise=form.typed.get("promise"))),
    "ball": (Verb.MOVE, lambda form: act_of(PassBall, ball=form.typed.get("ball"))),
    "stage": (Verb.MOVE, lambda form: act_of(Move, stage=form.typed.get("stage"))),
    "side": (
        Verb.MOVE,
        lambda form: act_of(SetSide, side=form.typed.get("side"), on=form.typed.get("on") != "no"),
    ),
    "playbook": (Verb.WORK, lambda form: act_of(BeginPlaybook, playbook=form.typed.get("playbook"))),
    "step": (
        Verb.WORK,
        lambda form: act_of(DoneStep, step=form.typed.get("step"), skipped=form.typed.get("skipped")),
    ),
    "police": (Verb.WORK, lambda form: act_of(PoliceReport, reference=form.typed.get("reference"))),
    "ask": (Verb.REPLY, _ask),
    "reopen": (Verb.REOPEN, lambda form: act_of(Reopen, why=form.typed.get("why"))),
    "review": (
        Verb.DECIDE,
        lambda form: act_of(
            Review,
            upheld=form.typed.get("upheld") == "yes",
            why=form.typed.get("why"),
            outcome=form.typed.get("outcome"),
        ),
    ),
    "collection": (Verb.PAUSE_COLLECTION, _collection),
    "collect": (
        Verb.PAUSE_COLLECTION,
        lambda form: act_of(ResumeCollection, why=form.typed.get("why")),
    ),
    "unlink": (
        Verb.LINK,
        lambda form: act_of(Unlink, case=form.typed.get("case"), kind=form.typed.get("kind")),
    ),
}
