"""A holder's own limit for one operation: lower at once; higher after a proof and a wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.containment.own_limits import CHANGE_WINDOW_MICROS, Change, binds_from, change_of
from countermand.containment.plan import Told, told_of_orders
from countermand.flows.end_orders import CLOCK_ACTOR, EndOrders
from countermand.flows.limit_raises import ASKED, CONTAINED, LOWERED, REPLACED, cancel_raise
from countermand.flows.own_orders import (
    Act,
    Holders,
    change_orders,
    check_not_contained,
    own_orders,
    require_proof,
    told_holder,
)
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.authenticators import Purpose
from countermand.vocabulary.facts import LIMIT_RAISE_ASKED, LIMIT_RAISE_DELAYED, LIMIT_RAISED, Fact
from countermand.vocabulary.operations import Amount, Kind
from countermand.vocabulary.orders import CAUSES, OWN_LIMIT, Measure, Order
from countermand.vocabulary.own_limits import LIMIT_RAISE_TIMER, LimitRaise, RaiseState, ref_of_limit
from countermand.vocabulary.timers import Timer
from countermand.work import Unit


@dataclass(frozen=True, slots=True)
class _Kept:
    """The order with the limit that holds, and the raise that waits; None where there is none."""

    order: Order | None
    waiting: LimitRaise | None

    @property
    def limit(self) -> Amount | None:
        return None if self.order is None else self.order.amount_limit


async def show_limit(house: Holders, account: str) -> dict[str, Any]:
    """The holder's own limit, and the raise that waits. Raises Unavailable."""
    async with house.works.open() as unit:
        return await _shown(unit, account)


async def put_limit(
    house: Holders,
    account: str,
    limit: Amount | None,
    confirmation: str | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """Ask for another limit, or for none: a lower one binds from the return on, a higher one waits.

    A lower one, or the one that holds, takes a waiting raise back. The same raise again is the same raise.
    Raises Forbidden (`confirmation_needed`) and Conflict (`account_contained`) for a higher one, Unavailable.
    """
    async with house.works.open() as unit:
        await unit.gate([account])
        act, kept = Act(actor, house.clock.now(), trace), await _kept(unit, account)
        change = change_of(kept.limit, limit)
        if change is Change.RAISE:
            await _ask_raise(house, unit, kept, limit, confirmation, act)
        else:
            if kept.waiting is not None:
                await _take_back(house, unit, kept.waiting, LOWERED, act)
            if change is Change.LOWER and limit is not None:
                await _lower(house, unit, account, kept, limit, act)
        return await _shown(unit, account)


async def cancel_waiting_raise(
    house: Holders, account: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Take a waiting raise back, at once, without a proof; where none waits: nothing. Raises Unavailable."""
    async with house.works.open() as unit:
        await unit.gate([account])
        act, kept = Act(actor, house.clock.now(), trace), await _kept(unit, account)
        if kept.waiting is not None:
            await _take_back(house, unit, kept.waiting, ASKED, act)
        return await _shown(unit, account)


def raise_binder(house: Holders) -> EndOrders:
    """The handler of `limit_raise` timers."""

    async def handle(unit: Unit, timers: Sequence[Timer]) -> None:
        await bind_raises(house, unit, timers)

    return handle


async def bind_raises(house: Holders, unit: Unit, timers: Sequence[Timer]) -> None:
    """Raises whose time has come bind; where a device or credential changed meanwhile, they wait longer.

    One that was cancelled is left; one whose account was contained since, or lost the order that it raises,
    is cancelled.
    """
    refs = [timer.ref for timer in timers]
    await unit.gate({one.account for one in await unit.own.find(refs)})
    act = Act(CLOCK_ACTOR, house.clock.now(), None)
    for one in await unit.own.find(refs):
        kept = await _kept(unit, one.account)
        due_at = binds_from(one.asked_at, await _changed_at(unit, one.account, one.asked_at))
        stale = kept.order is None or kept.order.id != one.order
        if stale or await unit.own.contained_since(one.account, one.asked_at):
            await _take_back(house, unit, one, CONTAINED if not stale else REPLACED, act)
        elif act.now < due_at:
            await unit.timers.set([Timer(LIMIT_RAISE_TIMER, one.id, due_at)])
            if due_at != one.binds_at:
                await unit.own.put(msgspec.structs.replace(one, binds_at=due_at))
                body = {"raise": one.id, "order": one.order, "binds_at": due_at}
                fact = Fact(act.now, LIMIT_RAISE_DELAYED, body)
                await change_orders(house, unit, one.account, act, facts=[fact], cause=one.id)
        else:
            assert kept.order is not None
            await _bind(house, unit, one, kept.order, act)


async def _lower(house: Holders, unit: Unit, account: str, kept: _Kept, limit: Amount, act: Act) -> None:
    order = _order(house, account, limit, act)
    values = {"order": order.id, **_said(limit)}
    await change_orders(
        house,
        unit,
        account,
        act,
        lift=[] if kept.order is None else [kept.order],
        place=[order],
        told=[*told_of_orders([order]), told_holder(account, "limit_lowered", values)],
        cause=order.id,
    )


async def _ask_raise(
    house: Holders, unit: Unit, kept: _Kept, limit: Amount | None, confirmation: str | None, act: Act
) -> None:
    assert kept.order is not None, "where no limit holds there is nothing to raise"
    assert kept.order.account is not None, "a holder's own order is on an account"
    waiting, account = kept.waiting, kept.order.account
    if waiting is not None and waiting.limit == limit:
        return
    await check_not_contained(unit, account, act.now)
    ref = ref_of_limit(kept.order.id, limit)
    proof = await require_proof(house, unit, Purpose.LIMIT, ref, account, confirmation, act.now)
    if waiting is not None:
        await cancel_raise(unit, waiting, act.by, REPLACED, act.now, act.trace)
    one = LimitRaise(
        id=house.ids.new("rse", act.now),
        account=account,
        order=kept.order.id,
        limit=limit,
        confirmation=proof.id,
        asked_at=act.now,
        asked_by=act.by,
        binds_at=binds_from(act.now, await _changed_at(unit, account, act.now)),
    )
    await unit.own.put(one)
    await unit.timers.set([Timer(LIMIT_RAISE_TIMER, one.id, one.binds_at)])
    body = {"raise": one.id, "order": one.order, "binds_at": one.binds_at, "confirmation": proof.id}
    fact = Fact(act.now, LIMIT_RAISE_ASKED, {**body, "actor": act.by})
    told = told_holder(account, "limit_raise_asked", _values(one))
    await change_orders(house, unit, account, act, told=[told], facts=[fact], cause=one.id)


async def _bind(house: Holders, unit: Unit, one: LimitRaise, before: Order, act: Act) -> None:
    """The raised limit takes the place of the one before; core banking is told what holds now."""
    bound = msgspec.structs.replace(one, state=RaiseState.BOUND, ended_at=act.now, ended_by=act.by)
    await unit.own.put(bound)
    amount: dict[str, Any] = {}
    if one.limit is not None:
        amount = {"amount_minor": one.limit.minor, "currency": one.limit.currency}
    await change_orders(
        house,
        unit,
        one.account,
        act,
        lift=[before],
        place=[] if one.limit is None else [_order(house, one.account, one.limit, act)],
        told=[
            Told("banking", "raise_limit", {"terms": {"account": one.account, **amount}}),
            told_holder(one.account, "limit_raised", _values(one)),
        ],
        facts=[Fact(act.now, LIMIT_RAISED, {"raise": one.id, "order": before.id, "actor": act.by})],
        cause=f"{one.id}/bound",
    )


async def _take_back(house: Holders, unit: Unit, one: LimitRaise, why: str, act: Act) -> None:
    await cancel_raise(unit, one, act.by, why, act.now, act.trace)
    told = told_holder(one.account, "limit_raise_cancelled", {**_values(one), "why": why})
    await change_orders(house, unit, one.account, act, told=[told], cause=f"{one.id}/cancelled")


async def _kept(unit: Unit, account: str) -> _Kept:
    order = next(iter(await own_orders(unit, account, OWN_LIMIT)), None)
    return _Kept(order, await unit.own.waiting(account))


async def _changed_at(unit: Unit, account: str, asked_at: int) -> int | None:
    return await unit.own.trust_changed_at(account, asked_at - CHANGE_WINDOW_MICROS)


def _order(house: Holders, account: str, limit: Amount, act: Act) -> Order:
    return Order(
        id=house.ids.new("ord", act.now),
        measure=Measure.LOWER_LIMIT,
        account=account,
        amount_limit=limit,
        code=OWN_LIMIT,
        placed_at=act.now,
        placed_by=act.by,
    )


def _values(one: LimitRaise) -> dict[str, Any]:
    return {"raise": one.id, "until": rfc3339(one.binds_at), **_said(one.limit)}


def _said(limit: Amount | None) -> dict[str, Any]:
    """The limit as notices put it into words."""
    amount = {} if limit is None else {"amount_minor": limit.minor, "currency": limit.currency}
    return {"kind": Kind.LIMIT_CHANGE.value, **amount}


async def _shown(unit: Unit, account: str) -> dict[str, Any]:
    """The limit as doors show it; a raise that a containment has overtaken shows as none."""
    kept, cause = await _kept(unit, account), CAUSES[OWN_LIMIT]
    waiting, order = kept.waiting, kept.order
    if waiting is not None and await unit.own.contained_since(account, waiting.asked_at):
        waiting = None
    return {
        "account": account,
        "limit": _amount(kept.limit),
        "order": None if order is None else order.id,
        "since": None if order is None else rfc3339(order.placed_at),
        "cause": {"en": cause.text.en, "zh": cause.text.zh},
        "remedy": {"en": cause.remedy.en, "zh": cause.remedy.zh},
        "raise": None
        if waiting is None
        else {
            "raise": waiting.id,
            "limit": _amount(waiting.limit),
            "asked_at": rfc3339(waiting.asked_at),
            "binds_at": rfc3339(waiting.binds_at),
        },
    }


def _amount(limit: Amount | None) -> dict[str, Any] | None:
    return None if limit is None else {"minor": limit.minor, "currency": limit.currency}
