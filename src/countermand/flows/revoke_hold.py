"""The customer takes a held operation back: until the last instant, through any channel, once."""

from __future__ import annotations

from typing import Any, Protocol

from countermand.confirmation.hold_effects import cancellation_of, execution_id
from countermand.confirmation.holds import Move, next_step, revoked
from countermand.flows.breaking_points import breaking_point
from countermand.flows.settle_holds import CANCELLED, Moves, Settlement, move_on, take_hold
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.facts import HOLD_CANCEL_ASKED, Fact
from countermand.vocabulary.holds import Hold, HoldState
from countermand.work import Unit, Works

_REVOKED = Text(en="Taken back. Nothing has left the account.", zh="已撤销，资金没有转出。")
_ASKED = Text(
    en="The wait was over already. The bank is asked to stop it; whether it could, we tell you at once.",
    zh="等待期已结束。已要求银行停止执行，是否成功将立即通知您。",
)


class RevokingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def settlement(self) -> Settlement: ...


async def revoke_hold(
    house: RevokingHouse, operation: str, cause: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Take an operation back. When this returns `revoked`, it can never take effect; again: the same.

    When the wait was over but nothing has been sent to the bank, it is stopped here (state `failed`, cause
    `cancelled`). On its way to the bank already: the bank is asked to cancel, and `revoked` is false.

    Raises NotFound (`unknown_hold`), Conflict (`hold_over`, `hold_ended`), Unavailable.
    """
    async with house.works.open() as unit:
        hold = await take_hold(unit, operation)
        now = house.settlement.clock.now()
        if house.settlement.executes(hold):
            if hold.state is HoldState.OPEN and next_step(hold, now).move is Move.RELEASE:
                (hold,) = await move_on(unit, [hold], now, house.settlement, trace=trace)
            if hold.state is HoldState.RELEASED:
                return await _stop(unit, hold, now, actor, trace)
        if hold.state is HoldState.FAILED and hold.cause == CANCELLED:
            return _answer(hold, revoked=True)
        already = hold.state is HoldState.REVOKED
        done = revoked(hold, now, actor, cause)  # raises where it is too late
        if not already:
            subjects = await unit.handles([hold.account])
            banking = house.settlement.banking
            moves = Moves(now=now, subjects=subjects, trace=trace, banking=banking)
            done = moves.end(hold, HoldState.REVOKED, actor, cause)
            await moves.write(unit)
        breaking_point("revoking.written")
    breaking_point("revoking.committed")
    return _answer(done, revoked=True)


async def _stop(unit: Unit, hold: Hold, now: int, actor: str, trace: str | None) -> dict[str, Any]:
    """What was released and has not left the house stays in it; after the rest the bank is asked."""
    if await unit.effects.withdraw(execution_id(hold.operation), now):
        subjects = await unit.handles([hold.account])
        moves = Moves(now=now, subjects=subjects, trace=trace, banking=True)
        stopped = moves.end(hold, HoldState.FAILED, actor, CANCELLED)
        await moves.write(unit)
        return _answer(stopped, revoked=True)
    await _ask_bank(unit, hold, now, actor, trace)
    return _answer(hold, revoked=False)


async def _ask_bank(unit: Unit, hold: Hold, now: int, actor: str, trace: str | None) -> None:
    """Once for each operation, however often it is asked for."""
    effect = cancellation_of(hold, now, (await unit.handles([hold.account])).get(hold.account), trace)
    if await unit.effects.find(effect.id) is None:
        await unit.effects.put([effect])
        body = {"operation": hold.operation, "actor": actor}
        await unit.note([Fact(now, HOLD_CANCEL_ASKED, body, effect.subject, trace)])


def _answer(hold: Hold, *, revoked: bool) -> dict[str, Any]:
    assert hold.ended_at is not None, "it is open no more"
    return {
        "operation": hold.operation,
        "revoked": revoked,
        "state": hold.state.value,
        "since": rfc3339(hold.ended_at),
        "text": _REVOKED if revoked else _ASKED,
    }
