"""Orders that have reached their end are closed: they bound nothing any more, and now they say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from countermand.containment.plan import Told
from countermand.containment.standing import binds_at
from countermand.flows.contain_now import ContainHouse, effects_of
from countermand.flows.tell_cases import tell_cases_later
from countermand.vocabulary.facts import ORDER_ENDED, Fact
from countermand.vocabulary.incidents import LiftingKind, LiftingRecord
from countermand.vocabulary.orders import ORDER_END_TIMER, Measure, Order, Subject
from countermand.vocabulary.subject_keys import subject_key
from countermand.vocabulary.timers import Timer
from countermand.work import Unit

CLOCK_ACTOR = "clock"


class EndOrders(Protocol):
    """A handler of timers."""

    async def __call__(self, unit: Unit, timers: Sequence[Timer]) -> None: ...


def orders_ender(house: ContainHouse) -> EndOrders:
    """The handler of `order_end` timers."""

    async def handle(unit: Unit, timers: Sequence[Timer]) -> None:
        await end_orders(house, unit, timers)

    return handle


async def end_orders(house: ContainHouse, unit: Unit, timers: Sequence[Timer]) -> None:
    """Close orders whose end has come; one that was lifted is left, one whose clock went back waits again."""
    now = house.clock.now()
    found = await unit.standing.find([timer.ref for timer in timers])
    if not found:
        return
    await unit.gate({subject_key(order.subject) for order in found})
    over = [order for order in found if not binds_at(order, now)]
    early = [order for order in found if binds_at(order, now) and order.ends_at is not None]
    await unit.timers.set([Timer(ORDER_END_TIMER, order.id, order.ends_at or now) for order in early])
    ended = await unit.standing.lift([order.id for order in over], now, CLOCK_ACTOR)
    await tell_cases_later(unit, [order.incident for order in ended if order.incident is not None], now)
    handles = await unit.handles({subject_key(order.subject) for order in ended})
    for order in ended:
        told, cause = await told_of_lifting(unit, [order]), f"{order.id}/ended"
        effects = effects_of(house, told, cause, now, None)
        await unit.effects.put(effects)
        if order.incident is not None:
            record = LiftingRecord(
                incident=order.incident,
                cause=cause,
                kind=LiftingKind.END,
                lifted_at=now,
                lifted_by=CLOCK_ACTOR,
                lifted=(order.id,),
                effects=tuple(one.id for one in effects),
            )
            await unit.incidents.put_liftings([record])
    await unit.note(
        [
            Fact(
                now,
                ORDER_ENDED,
                {"order": order.id, "measure": order.measure.value, "incident": order.incident},
                handles.get(subject_key(order.subject)),
            )
            for order in ended
        ]
    )


async def told_of_lifting(unit: Unit, lifted: Sequence[Order]) -> list[Told]:
    """What core banking must do after orders were lifted: let an account go that no other order binds."""
    accounts = dict.fromkeys(
        order.account for order in lifted if order.account is not None and order.measure in FROZEN_THERE
    )
    found: list[Told] = []
    for account in accounts:
        left = await unit.standing.on([Subject(account=account)])
        if not any(order.measure in FROZEN_THERE for order in left):
            found.append(Told("banking", "lift", {"terms": {"account": account}}))
    return found


FROZEN_THERE = frozenset({Measure.FREEZE, Measure.STOP_OUTGOING})
