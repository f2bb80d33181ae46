"""Holds move on: released, lapsed, contained, and what the bank made of them. The only story that moves them.

Whoever moves holds shares their accounts' gates first and locks the holds then, so a freeze that was
acknowledged is always seen, and one that comes later waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from countermand.confirmation.hold_effects import dropped_of, execution_of, is_paid_elsewhere, notice_of
from countermand.confirmation.holds import Move, ended, next_step
from countermand.confirmation.permits import (
    PermitKey,
    cleared_by_hold,
    permit_of,
    signed,
    terms_of_hold,
)
from countermand.containment.standing import asked_of_hold, concerning, stops, subjects_of
from countermand.flows.breaking_points import breaking_point
from countermand.kernel.clock import Clock
from countermand.kernel.errors import NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.banking import EXECUTED_THERE, BankAction
from countermand.vocabulary.confirmations import ConsentReceipt, needs_consent
from countermand.vocabulary.effects import Effect, EffectState
from countermand.vocabulary.facts import (
    HOLD_EXECUTED,
    HOLD_FAILED,
    HOLD_LAPSED,
    HOLD_RELEASED,
    HOLD_REVOKED,
    Fact,
)
from countermand.vocabulary.holds import HOLD_TIMER, WITHOUT_EFFECT, Hold, HoldState
from countermand.vocabulary.subject_keys import EVERYBODY_KEY
from countermand.vocabulary.timers import Timer
from countermand.work import Unit

CLOCK = "clock"
BANK = "bank"
CANCELLED = "cancelled"
# Somebody else is at the hold right now: look again, soon.
BUSY_MICROS = 50_000

_TOLD_AS = {
    HoldState.RELEASED: (HOLD_RELEASED, "hold_released"),
    HoldState.EXECUTED: (HOLD_EXECUTED, "hold_executed"),
    HoldState.FAILED: (HOLD_FAILED, "hold_failed"),
    HoldState.REVOKED: (HOLD_REVOKED, "hold_revoked"),
    HoldState.LAPSED: (HOLD_LAPSED, "hold_lapsed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How holds are settled here: who signs permits, how long those are good, whether a bank follows us."""

    key: PermitKey
    ids: Ids
    clock: Clock
    banking: bool
    door_seconds: int
    execution_seconds: int

    def executes(self, hold: Hold) -> bool:
        """Whether a released hold is executed by the bank that follows us."""
        return self.banking and hold.kind in EXECUTED_THERE


@dataclass(slots=True, kw_only=True)
class Moves:
    """What steps taken at one instant mean for the books, collected to be written at once.

    `banking`: a bank follows us, so payees elsewhere hear through it that nothing comes.
    """

    now: int
    subjects: Mapping[str, str]
    trace: str | None
    banking: bool
    changed: list[Hold] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def end(self, hold: Hold, state: HoldState, by: str, cause: str) -> Hold:
        """The hold in a later state, with its fact and its notice."""
        done = ended(hold, state, self.now, by, cause)
        kind, notice = _TOLD_AS[state]
        subject = self.subjects.get(hold.account)
        body = {"operation": hold.operation, "kind": hold.kind, "cause": cause, "actor": by}
        self.changed.append(done)
        self.over.append(hold.operation)
        self.facts.append(Fact(self.now, kind, body, subject, self.trace))
        self.effects.append(notice_of(done, notice, self.now, subject, self.trace))
        if self.banking and state in WITHOUT_EFFECT and is_paid_elsewhere(done):
            self.effects.append(dropped_of(done, self.now, subject, self.trace))
        return done

    def wait(self, hold: Hold, look_at: int) -> Hold:
        """The hold as it is, looked at again then."""
        self.changed.append(hold)
        self.timers.append(Timer(HOLD_TIMER, hold.operation, look_at))
        return hold

    async def write(self, unit: Unit) -> None:
        """All of it, in the unit."""
        await unit.holds.put(self.changed)
        await unit.timers.set(self.timers)
        await unit.timers.cancel(HOLD_TIMER, self.over)
        await unit.effects.put(self.effects)
        await unit.note(self.facts)


async def take_hold(unit: Unit, operation: str) -> Hold:
    """The hold of an operation, locked, with its account's gate shared before. Raises NotFound."""
    accounts = await unit.holds.accounts([operation])
    if operation in accounts:
        await unit.share([accounts[operation], EVERYBODY_KEY])
        (hold,) = await unit.holds.lock([operation])
        return hold
    raise NotFound("unknown_hold", "This operation is not on hold.", "该操作未被暂缓。", operation=operation)


async def move_on(
    unit: Unit,
    holds: Sequence[Hold],
    now: int,
    settlement: Settlement,
    by: str = CLOCK,
    cause: str = "due",
    trace: str | None = None,
) -> list[Hold]:
    """Take the next step of locked holds whose gates are shared; the holds as they are afterwards.

    Also writes holds whose needs or times were changed by the caller. An order that stops the kind turns a
    release into a revocation; a kind that the bank executes waits for consent, and lapses without it.
    """
    steps = [next_step(hold, now) for hold in holds]
    subjects = await unit.handles({hold.account for hold in holds})
    given = await _given(
        unit, [h for h, step in zip(holds, steps, strict=True) if step.move is Move.RELEASE], settlement, now
    )
    moves = Moves(now=now, subjects=subjects, trace=trace, banking=settlement.banking)
    after: list[Hold] = []
    for hold, step in zip(holds, steps, strict=True):
        if hold.state is not HoldState.OPEN:
            after.append(hold)
        elif step.move is Move.LAPSE:
            after.append(moves.end(hold, HoldState.LAPSED, CLOCK, "expired"))
        elif step.move is Move.RELEASE:
            after.append(_release(hold, moves, given, settlement, by, cause))
        else:
            assert step.look_at is not None, "an open hold waits for an instant"
            after.append(moves.wait(hold, step.look_at))
    await moves.write(unit)
    return after


@dataclass(frozen=True, slots=True)
class _Given:
    """What releases depend on: the operations that an order stops, by operation receipts and decisions."""

    stopped: frozenset[str]
    receipts: Mapping[str, ConsentReceipt]
    decisions: Mapping[str, str]


async def _given(unit: Unit, releasing: Sequence[Hold], settlement: Settlement, now: int) -> _Given:
    if not releasing:
        return _Given(frozenset(), {}, {})
    orders = await unit.standing.on(
        {subject for hold in releasing for subject in subjects_of(hold.account, hold.person)}
    )
    stopped = frozenset(
        hold.operation
        for hold in releasing
        if stops(asked_of_hold(hold), concerning(orders, hold.account, hold.person), now)
    )
    paying = [hold.operation for hold in releasing if settlement.executes(hold)]
    if not paying:
        return _Given(stopped, {}, {})
    receipts = await unit.consents.receipts_for(paying)
    return _Given(stopped, receipts, await unit.holds.decisions(paying))


def _release(hold: Hold, moves: Moves, given: _Given, settlement: Settlement, by: str, cause: str) -> Hold:
    """A hold whose time has come: released, unless an order stops it or consent is missing."""
    if hold.operation in given.stopped:
        return moves.end(hold, HoldState.REVOKED, CLOCK, "contained")
    if not settlement.executes(hold):
        return moves.end(hold, HoldState.RELEASED, by, cause)
    receipt = given.receipts.get(hold.operation)
    if receipt is None and needs_consent(hold.kind):
        if moves.now >= hold.expires_at:
            return moves.end(hold, HoldState.LAPSED, CLOCK, "consent_missing")
        return moves.wait(hold, hold.expires_at)
    done = moves.end(hold, HoldState.RELEASED, by, cause)
    number = settlement.ids.new("permit", moves.now)
    cleared = cleared_by_hold(done, given.decisions[hold.operation])
    seconds = settlement.execution_seconds
    permit = permit_of(terms_of_hold(done), cleared, receipt, number, moves.now, seconds)
    subject = moves.subjects.get(hold.account)
    text = signed(permit, settlement.key)
    moves.effects.append(execution_of(done, text, moves.now, subject, moves.trace))
    return done


def hold_handler(settlement: Settlement) -> Callable[[Unit, list[Timer]], Awaitable[None]]:
    """What the due timers of holds set going."""

    async def settle(unit: Unit, timers: list[Timer]) -> None:
        accounts = await unit.holds.accounts([timer.ref for timer in timers])
        await unit.share({*accounts.values(), EVERYBODY_KEY})
        # Whoever has a hold locked may want its timer next; waiting for them would be waiting in a ring.
        holds = await unit.holds.lock_free(list(accounts))
        breaking_point("settling.locked")
        now = settlement.clock.now()
        await move_on(unit, holds, now, settlement)
        busy = accounts.keys() - {hold.operation for hold in holds}
        await unit.timers.set([Timer(HOLD_TIMER, ref, now + BUSY_MICROS) for ref in busy])
        breaking_point("settling.written")

    return settle


async def note_bank_answers(unit: Unit, effects: Sequence[Effect], now: int) -> None:
    """What the bank answered moves released holds to their end; in the unit that ends the effects."""
    ends = [(one, end) for one in effects if (end := _end_of(one)) is not None]
    if not ends:
        return
    about = {_operation(one) for one, _ in ends}
    await unit.share((await unit.holds.accounts(about)).values())
    holds = {hold.operation: hold for hold in await unit.holds.lock(about)}
    subjects = await unit.handles({hold.account for hold in holds.values()})
    for effect, (state, cause) in ends:
        moves = Moves(now=now, subjects=subjects, trace=effect.trace, banking=True)
        hold = holds[_operation(effect)]
        if hold.state is HoldState.RELEASED:
            holds[hold.operation] = moves.end(hold, state, BANK, cause)
        await moves.write(unit)


def _operation(effect: Effect) -> str:
    operation: str = effect.body["terms"]["operation"]
    return operation


def _end_of(effect: Effect) -> tuple[HoldState, str] | None:
    """What the end of an instruction means for its hold; None where it means nothing."""
    executes = effect.action == BankAction.EXECUTE.value
    if effect.state is EffectState.DONE:
        if executes:
            return HoldState.EXECUTED, "executed"
        return (HoldState.FAILED, CANCELLED) if effect.action == BankAction.CANCEL.value else None
    if executes and effect.answer is not None and "refused" in effect.answer:
        return HoldState.FAILED, effect.answer["refused"]
    return None  # pending, or an answer that cannot be believed: somebody has to look
