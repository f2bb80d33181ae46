"""What somebody can do to a case: one structure an act, the same for doors, macros and the terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from countermand.vocabulary.cases import Ball, CaseOutcome, RootCause, Side, Stage
from countermand.vocabulary.operations import Identifier
from countermand.vocabulary.staff import Purpose, Role
from countermand.vocabulary.triage import Category, Risk

# Escaped as JSON it still fits into a body.
WORDS_MAX = 8_000
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=WORDS_MAX, pattern=r"^[^\x00]+$(?!\n)")]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$(?!\n)")]
Number = Annotated[str, msgspec.Meta(min_length=12, max_length=20)]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
Debts = Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=256)]


class Act(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="act"
):
    """One act on one case; `act` names it where several stand together."""


class Assign(Act, tag="assign", frozen=True):
    """Give a case to somebody, to a team, or (`to` and `team` left out) to whoever fits best."""

    to: Name | None = None
    team: Name | None = None


class Take(Act, tag="take", frozen=True):
    """Take a case that nobody has, or from somebody else, seen by all."""


class Release(Act, tag="release", frozen=True):
    """Put one's case back."""


class Note(Act, tag="note", frozen=True):
    """A note among staff; the customer never sees it."""

    text: Words


class Reply(Act, tag="reply", frozen=True):
    """Write to the customer: approved phrases in their order, then own words.

    A disputed decision is told with `explanation` and `plan`, by the named handler. `values` fill the marks
    of the phrases.
    """

    text: Words | None = None
    phrases: Annotated[tuple[Name, ...], msgspec.Meta(max_length=10)] = ()
    values: dict[str, Why] = {}
    explanation: Words | None = None
    plan: Words | None = None
    channel: Name | None = None
    ball: Ball | None = None


class AddTask(Act, tag="add_task", frozen=True):
    """Something to be done in the case, by whom and by when."""

    title: Why
    role: Role | None = None
    owner: Name | None = None
    due_at: Moment | None = None


class TakeTask(Act, tag="take_task", frozen=True):
    """Say that one does it oneself, or (not `on`) leave it to others again."""

    task: Identifier
    on: bool = True


class DoneTask(Act, tag="done_task", frozen=True):
    """It is done, or (not `on`) it is not after all."""

    task: Identifier
    on: bool = True


class BeginPlaybook(Act, tag="begin_playbook", frozen=True):
    """Follow a playbook, from its first step; without a name the one for the case's category."""

    playbook: Name | None = None


class DoneStep(Act, tag="done_step", frozen=True):
    """A step of the playbook is done, or skipped and why; its hand-off passes the ball."""

    step: Name
    skipped: Why | None = None


class Promise(Act, tag="promise", frozen=True):
    """Tell the customer that something will happen, and by when: `contact`, `answer`, `result`, `money`."""

    what: Annotated[str, msgspec.Meta(pattern=r"^(contact|answer|result|money)$")]
    due_at: Moment


class KeepPromise(Act, tag="keep_promise", frozen=True):
    """What was promised has happened."""

    promise: Identifier


class Snooze(Act, tag="snooze", frozen=True):
    """Out of sight until then, or until something comes in; without a time: in sight again."""

    until: Moment | None = None


class Tag(Act, tag="tag", frozen=True):
    """A word to find the case by, put on or taken off."""

    tag: Name
    on: bool = True


class Macro(Act, tag="macro", frozen=True):
    """Several acts under one name, all or none."""

    macro: Name
    values: dict[str, Why] = {}


class Move(Act, tag="move", frozen=True):
    """The next stage."""

    stage: Stage


class PassBall(Act, tag="pass_ball", frozen=True):
    """Somebody else moves next."""

    ball: Ball


class SetSide(Act, tag="set_side", frozen=True):
    """The regulator has it too, or a court; or no longer."""

    side: Side
    on: bool = True


class SetRisk(Act, tag="set_risk", frozen=True):
    """How bad it is, and what it is about, as a person sees it; `no_loss` says that none is claimed."""

    risk: Risk
    why: Why
    category: Category | None = None
    no_loss: bool = False


class Decide(Act, tag="decide", frozen=True):
    """What was found, and why."""

    outcome: CaseOutcome
    why: Words


class Close(Act, tag="close", frozen=True):
    """The end, with why it could happen, where, and who puts an end to that by when."""

    root_cause: RootCause
    merchant: Identifier | None = None
    system: Name | None = None
    fix_owner: Name | None = None
    fix_due_at: Moment | None = None


class Reopen(Act, tag="reopen", frozen=True):
    """Take it up again."""

    why: Why


class Withdraw(Act, tag="withdraw", frozen=True):
    """The customer withdraws: the service ends today; what looks like fraud is still looked into."""

    why: Why | None = None


class Appeal(Act, tag="appeal", frozen=True):
    """The customer does not agree; somebody who has not decided it looks again."""

    grounds: Words


class Review(Act, tag="review", frozen=True):
    """What the review of an appeal found: upheld with another outcome, or not."""

    upheld: bool
    why: Words
    outcome: CaseOutcome | None = None


class Freeze(Act, tag="freeze", frozen=True):
    """Stop money going out, or everything but paying back, of the account or person the case is about."""

    why: Why
    whole: bool = False


class Unfreeze(Act, tag="unfreeze", frozen=True):
    """Take a freeze of the desk back whole; within ten minutes whoever froze may, later it takes two."""

    incident: Identifier
    why: Why


class PauseCollection(Act, tag="pause_collection", frozen=True):
    """Nobody collects these debts while they are disputed, and no new one opens in that name or account.

    `new_debt` leaves borrowing open, where the customer asks for it.
    """

    debts: Debts
    new_debt: bool = False


class ResumeCollection(Act, tag="resume_collection", frozen=True):
    """The dispute is decided: collecting may go on."""

    why: Why


class PoliceReport(Act, tag="police_report", frozen=True):
    """The customer has reported it to the police: the number of the receipt."""

    reference: Name


class RenewReceipt(Act, tag="renew_receipt", frozen=True):
    """A new secret in place of a lost one, after two different proofs; the old one opens no more."""

    proofs: Annotated[tuple[Name, ...], msgspec.Meta(min_length=2, max_length=8)]


class GrantAccess(Act, tag="grant_access", frozen=True):
    """Let a regulator, a peer or an auditor read this case, masked and on record, until then."""

    to: Name
    until: Moment
    purpose: Purpose
    why: Why


class EndAccess(Act, tag="end_access", frozen=True):
    """They read it no longer."""

    grant: Identifier


class Link(Act, tag="link", frozen=True):
    """This case has to do with another one."""

    case: Number
    kind: Annotated[str, msgspec.Meta(pattern=r"^(duplicate|parent|same_ring|same_device|related)$")] = (
        "related"
    )


class Unlink(Act, tag="unlink", frozen=True):
    """It has not, after all."""

    case: Number
    kind: Name


AnyAct = (
    Assign | Take | Release | Note | Reply | AddTask | TakeTask | DoneTask | BeginPlaybook | DoneStep
    | Promise | KeepPromise | Snooze | Tag | Macro | Move | PassBall | SetSide | SetRisk | Decide | Close
    | Reopen | Withdraw | Appeal | Review | PauseCollection | ResumeCollection | PoliceReport | RenewReceipt
    | GrantAccess | EndAccess | Link | Unlink | Freeze | Unfreeze
)  # fmt: skip
