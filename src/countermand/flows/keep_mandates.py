"""A holder's automatic debits: what there are, and each of them off at once, on again with a proof."""

from __future__ import annotations

from typing import Any

from countermand.confirmation.holds import ended
from countermand.containment.plan import Told, told_of_orders
from countermand.flows.contain_now import told_cancelled, told_dropped
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
from countermand.kernel.errors import NotFound
from countermand.vocabulary.authenticators import Purpose
from countermand.vocabulary.facts import HOLD_REVOKED, MANDATE_TOLD, Fact
from countermand.vocabulary.holds import Hold, HoldState
from countermand.vocabulary.operations import Amount, Kind
from countermand.vocabulary.orders import OWN_MANDATE, Measure, Order
from countermand.vocabulary.own_limits import MandateSeen, MandateTerms, ref_of_mandate
from countermand.work import Unit

_OF_MANDATES = frozenset({Kind.MANDATE_RUN, Kind.MANDATE_CREATE})


async def list_mandates(house: Holders, account: str) -> dict[str, Any]:
    """The automatic debits of an account: agreed to or run here, told by the institution, or switched off.

    Up to 500 of each. Raises Unavailable.
    """
    async with house.works.open() as unit:
        return {"mandates": await _all(unit, account)}


async def tell_mandate(
    house: Holders,
    account: str,
    mandate: str,
    payee: str,
    at_most: Amount | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """The institution says what an automatic debit is; the same again changes nothing. Raises Unavailable."""
    async with house.works.open() as unit:
        now = house.clock.now()
        terms = MandateTerms(
            account=account, mandate=mandate, payee=payee, at_most=at_most, told_at=now, told_by=actor
        )
        if await unit.own.tell(terms):
            handle = (await unit.handles([account])).get(account)
            await unit.note([Fact(now, MANDATE_TOLD, {"mandate": mandate, "actor": actor}, handle, trace)])
        return await _one(unit, account, mandate)


async def switch_off(
    house: Holders, account: str, mandate: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """From the return on no debit under it is allowed, and those that wait are taken back; again: nothing.

    Also one that is not known here: whoever wants it off is not made to prove that it exists.
    Raises Unavailable.
    """
    async with house.works.open() as unit:
        await unit.gate([account])
        act = Act(actor, house.clock.now(), trace)
        if await _order_of(unit, account, mandate) is None:
            order = Order(
                id=house.ids.new("ord", act.now),
                measure=Measure.STOP_MANDATES,
                account=account,
                values=(mandate,),
                code=OWN_MANDATE,
                placed_at=act.now,
                placed_by=act.by,
            )
            back, released = await _take_holds_back(unit, account, mandate, act)
            notice = told_holder(account, "mandate_off", {"mandate": mandate, "holds": len(back)})
            bank = [
                *told_of_orders([order]),
                *(told_cancelled(hold) for hold in released),
                *told_dropped(back),
            ]
            facts = [
                Fact(
                    act.now,
                    HOLD_REVOKED,
                    {"operation": hold.operation, "kind": hold.kind, "cause": OWN_MANDATE, "actor": act.by},
                )
                for hold in back
            ]
            await change_orders(
                house, unit, account, act, place=[order], told=[*bank, notice], facts=facts, cause=order.id
            )
        return await _one(unit, account, mandate)


async def switch_on(
    house: Holders,
    account: str,
    mandate: str,
    confirmation: str | None,
    actor: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """Debits under it are decided as before; one that is on stays on.

    Raises NotFound (`unknown_mandate`), Forbidden (`confirmation_needed`), Conflict (`account_contained`),
    Unavailable.
    """
    async with house.works.open() as unit:
        await unit.gate([account])
        act = Act(actor, house.clock.now(), trace)
        order = await _order_of(unit, account, mandate)
        if order is not None:
            await check_not_contained(unit, account, act.now)
            ref = ref_of_mandate(order.id)
            await require_proof(house, unit, Purpose.LIFT, ref, account, confirmation, act.now)
            bank = Told("banking", "start_mandate", {"terms": {"account": account, "operation": mandate}})
            notice = told_holder(account, "mandate_on", {"mandate": mandate})
            await change_orders(
                house, unit, account, act, lift=[order], told=[bank, notice], cause=f"{order.id}/lifted"
            )
        return await _one(unit, account, mandate)


async def _take_holds_back(unit: Unit, account: str, mandate: str, act: Act) -> tuple[list[Hold], list[Hold]]:
    """The debits under a mandate that wait, revoked; and those let go that may still be cancelled."""
    found = [
        hold
        for state in (HoldState.OPEN, HoldState.RELEASED)
        for hold in await unit.holds.of_account(account, state)
        if Kind(hold.kind) in _OF_MANDATES
    ]
    named = await unit.own.named([hold.operation for hold in found]) if found else {}
    mine = [hold for hold in found if named.get(hold.operation) == mandate]
    back = [
        ended(hold, HoldState.REVOKED, act.now, act.by, OWN_MANDATE)
        for hold in mine
        if hold.state is HoldState.OPEN
    ]
    await unit.holds.put(back)
    return back, [hold for hold in mine if hold.state is HoldState.RELEASED]


async def _order_of(unit: Unit, account: str, mandate: str) -> Order | None:
    found = await own_orders(unit, account, OWN_MANDATE)
    return next((order for order in found if order.values == (mandate,)), None)


async def _one(unit: Unit, account: str, mandate: str) -> dict[str, Any]:
    for one in await _all(unit, account):
        if one["mandate"] == mandate:
            return one
    raise NotFound(
        "unknown_mandate",
        f"No automatic debit {mandate} is known on this account.",
        f"该账户没有自动扣款 {mandate}。",
        mandate=mandate,
    )


async def _all(unit: Unit, account: str) -> list[dict[str, Any]]:
    seen = {one.mandate: one for one in await unit.own.seen(account)}
    told = {one.mandate: one for one in await unit.own.told(account)}
    off = {order.values[0]: order for order in await own_orders(unit, account, OWN_MANDATE)}
    names = sorted(seen.keys() | told.keys() | off.keys())
    return [
        _shown(seen.get(name, MandateSeen(mandate=name)), told.get(name), off.get(name)) for name in names
    ]


def _shown(seen: MandateSeen, told: MandateTerms | None, off: Order | None) -> dict[str, Any]:
    at_most = None if told is None else told.at_most
    return {
        "mandate": seen.mandate,
        "on": off is None,
        "off_since": None if off is None else rfc3339(off.placed_at),
        "order": None if off is None else off.id,
        "payee": seen.payee if told is None else told.payee,
        "at_most": None if at_most is None else {"minor": at_most.minor, "currency": at_most.currency},
        "agreed_at": _instant(seen.agreed_at),
        "run_at": _instant(seen.run_at),
        "runs": seen.runs,
        "refused_at": _instant(seen.refused_at),
        "refusals": seen.refusals,
        "cancelled_at": _instant(seen.cancelled_at),
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
