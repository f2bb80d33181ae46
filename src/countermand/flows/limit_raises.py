"""A raise that waits is taken back: by its holder, by another limit, by a containment of the account."""

from __future__ import annotations

import msgspec

from countermand.vocabulary.facts import LIMIT_RAISE_CANCELLED, Fact
from countermand.vocabulary.own_limits import LimitRaise, RaiseState
from countermand.work import Unit

ASKED, LOWERED, REPLACED, CONTAINED = "asked", "lowered", "replaced", "contained"


async def cancel_raise(
    unit: Unit, one: LimitRaise, by: str, why: str, now: int, trace: str | None
) -> LimitRaise:
    """The raise, cancelled, with its fact; behind the account's gate.

    Its timer stays: whoever runs it claimed it before it waits for the gate, and finds the raise cancelled.
    """
    state = RaiseState.CANCELLED
    after = msgspec.structs.replace(one, state=state, ended_at=now, ended_by=by, why=why)
    await unit.own.put(after)
    handles = await unit.handles([one.account])
    body = {"raise": one.id, "order": one.order, "actor": by, "why": why}
    await unit.note([Fact(now, LIMIT_RAISE_CANCELLED, body, handles.get(one.account), trace)])
    return after


async def cancel_for_containment(
    unit: Unit, account: str | None, by: str, now: int, trace: str | None
) -> None:
    """Whoever asked for more may not have been the holder: nothing is raised after a containment."""
    if account is not None and (one := await unit.own.waiting(account)) is not None:
        await cancel_raise(unit, one, by, CONTAINED, now, trace)
