"""The rules of a hold: when one is placed, what its next step is, until when it can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.confirmations import Proof
from countermand.vocabulary.decisions import Decision
from countermand.vocabulary.holds import STATES_ZH, Hold, HoldState, Need
from countermand.vocabulary.operations import Operation

STEP_UP, APPROVAL, HOLD = "step_up_challenge", "approval", "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTerms:
    """How long the customer, the approvers and the consent have, in seconds."""

    challenge_seconds: int = 15 * 60
    approval_seconds: int = 24 * 3600


class Move(Enum):
    """What may be done with an open hold now."""

    WAIT = "wait"
    RELEASE = "release"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True)
class Step:
    """A move, and for a wait the instant (microseconds UTC) at which to look again."""

    move: Move
    look_at: int | None = None


def hold_of(operation: Operation, decision: Decision, now: int, terms: HoldTerms) -> Hold | None:
    """The hold a decision calls for; None where it lets the operation pass or denies it."""
    if decision.outcome in ("allow", "deny"):
        return None
    duties = {duty.kind: duty.seconds for duty in decision.obligations}
    until = expires_at = now + (duties.get(HOLD) or 0) * MICROS_PER_SECOND
    needs: list[Need] = []
    if STEP_UP in duties:
        needs.append(Need.CHALLENGE)
        expires_at = max(expires_at, now + terms.challenge_seconds * MICROS_PER_SECOND)
    if APPROVAL in duties:
        needs.append(Need.APPROVAL)
        expires_at = max(expires_at, now + terms.approval_seconds * MICROS_PER_SECOND)
    amount, payee, device = operation.amount, operation.counterparty, operation.device
    return Hold(
        operation=operation.id,
        account=operation.account,
        person=operation.person,
        kind=operation.kind.value,
        amount_minor=None if amount is None else amount.minor,
        currency=None if amount is None else amount.currency,
        counterparty=None if payee is None else payee.id,
        institution=None if payee is None else payee.institution,
        channel=None if operation.channel is None else operation.channel.value,
        session=operation.session,
        device=None if device is None else device.id,
        needs=tuple(needs),
        placed_at=now,
        until=until,
        expires_at=expires_at,
    )


def next_step(hold: Hold, now: int) -> Step:
    """What to do with a hold at an instant; total, and never a release before its time or its needs."""
    if hold.state is not HoldState.OPEN:
        return Step(Move.WAIT)
    if not hold.unmet:
        return Step(Move.RELEASE) if now >= hold.until else Step(Move.WAIT, hold.until)
    return Step(Move.LAPSE) if now >= hold.expires_at else Step(Move.WAIT, hold.expires_at)


def met(hold: Hold, needs: Iterable[Need]) -> Hold:
    """The hold with more of its needs met; what it does not need is not remembered."""
    have = {*hold.met, *needs}
    return msgspec.structs.replace(hold, met=tuple(need for need in hold.needs if need in have))


def revoked(hold: Hold, now: int, by: str, cause: str) -> Hold:
    """The hold taken back; again: the same.

    Raises Conflict: `hold_ended` (it lapsed, or took effect), `hold_over` (its time is up, and it is being
    released).
    """
    if hold.state is HoldState.REVOKED:
        return hold
    if hold.state is not HoldState.OPEN:
        raise hold_ended(hold)
    if next_step(hold, now).move is Move.RELEASE:
        raise Conflict(
            "hold_over",
            "The time to take this operation back has just ended; report it as not yours, and the money is "
            "recalled.",
            "该操作的可撤销时间刚刚结束；请报告“非本人操作”，我们将追回资金。",
            operation=hold.operation,
        )
    return ended(hold, HoldState.REVOKED, now, by, cause)


def hold_ended(hold: Hold) -> Conflict:
    """The refusal to change a hold that is open no more."""
    return Conflict(
        "hold_ended",
        f"This operation is {hold.state} and can no longer be taken back here; report it as not yours, "
        "and the money is recalled.",
        f"该操作{STATES_ZH[hold.state]}，无法在此撤销；请报告“非本人操作”，我们将追回资金。",
        operation=hold.operation,
        state=hold.state.value,
    )


def released_early(hold: Hold, proof: Proof, original: int, now: int) -> Hold:
    """The hold due at once, by a proof that is stronger than `original` and from somewhere else.

    The strength of what was given when it was asked for, or since, is `original`. Neither the device nor the
    session that asked may end the wait, and where one of them is unknown it cannot be told from another:
    whoever holds a stolen phone would otherwise only have to tap once more.

    Raises Conflict (`hold_ended`), Forbidden (`release_refused`).
    """
    if hold.state is not HoldState.OPEN:
        raise hold_ended(hold)
    if proof.operation != hold.operation:
        raise release_refused(hold, "operation")
    if proof.given_at < hold.placed_at or proof.given_at > now:
        raise release_refused(hold, "time")
    if proof.strength <= original:
        raise release_refused(hold, "strength")
    if same := asked_from(hold, proof.session, proof.device):
        raise release_refused(hold, same)
    return msgspec.structs.replace(hold, until=max(hold.placed_at, min(hold.until, now)))


def asked_from(hold: Hold, session: str | None, device: str | None) -> str | None:
    """Which of `device` and `session` asked for it, or cannot be told from what asked; None: neither."""
    if None in (device, hold.device) or device == hold.device:
        return "device"
    if None in (session, hold.session) or session == hold.session:
        return "session"
    return None


def release_refused(hold: Hold, why: str) -> Forbidden:
    """An early release that the proof does not carry; `why` names what it lacks."""
    return Forbidden(
        "release_refused",
        "The wait ends early only with a stronger proof than before, given for this operation on another "
        f"device and in another session than the one that asked ({why}).",
        f"提前放行须由另一台设备、另一会话，针对本操作提供比原先更强的验证（{why}）。",
        operation=hold.operation,
        lacks=why,
    )


def ended(hold: Hold, state: HoldState, now: int, by: str, cause: str) -> Hold:
    """The hold in a later state, with who ended it and why."""
    return msgspec.structs.replace(hold, state=state, ended_at=now, ended_by=by, cause=cause)
