"""What holders order on their own account: written at once, taken back only with a proof that it is them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.confirmation.linking import linked_of_account, proves
from countermand.containment.plan import Told
from countermand.containment.standing import binds_at
from countermand.flows.contain_now import effects_of
from countermand.flows.proving import SEAL_KEY, ProvingKit
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Conflict, Forbidden
from countermand.kernel.ids import Ids
from countermand.vocabulary.authenticators import Confirmation, Purpose
from countermand.vocabulary.facts import ORDER_LIFTED, ORDER_PLACED, Fact
from countermand.vocabulary.orders import OWN_CAUSES, Order, Subject
from countermand.work import Unit, Works

# Left behind where an account is given back; it protects the holder and stops them from nothing of their own.
_RECOVERING = "recovering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """What the stories of holders' own orders need; `kit` checks what they prove."""

    works: Works
    kit: ProvingKit
    clock: Clock
    ids: Ids
    effect_ports: Collection[str]


@dataclass(frozen=True, slots=True)
class Act:
    """Who relays it, when (behind the account's gate), and under which trace."""

    by: str
    now: int
    trace: str | None


async def own_orders(unit: Unit, account: str, code: str) -> list[Order]:
    """The orders of one cause that the holder of an account has placed and not taken back."""
    found = await unit.standing.on([Subject(account=account)])
    return [order for order in found if order.code == code]


async def check_not_contained(unit: Unit, account: str, now: int) -> None:
    """Raises Conflict (`account_contained`) while somebody else's order protects the account."""
    for order in await unit.standing.on([Subject(account=account)]):
        if order.code not in OWN_CAUSES and order.code != _RECOVERING and binds_at(order, now):
            raise Conflict(
                "account_contained",
                "This account is protected by an order; first have it lifted, then ask again.",
                "该账户正受保护措施约束；请先解除，再提出申请。",
                order=order.id,
                incident=order.incident,
            )


async def require_proof(
    house: Holders, unit: Unit, purpose: Purpose, ref: str, account: str, given: str | None, now: int
) -> Confirmation:
    """The confirmation, taken: it is ours, fresh, of this account, for exactly this, and was not used before.

    Raises Forbidden (`confirmation_needed`), which names the purpose and the ref to be challenged for.
    """
    proof = None if given is None else await unit.confirmations.find(given)
    seconds = house.kit.pack.terms.proof_seconds
    linked = linked_of_account(purpose, ref, account)
    if proof is not None and proves(house.kit.vault.mac_key(SEAL_KEY), proof, linked, now, seconds):
        expires_at = proof.at + (seconds + 1) * MICROS_PER_SECOND
        if await unit.confirmations.spend(f"confirmation {proof.id}", expires_at):
            return proof
    raise Forbidden(
        "confirmation_needed",
        "Confirm first that it is you: begin a challenge on the account with this purpose and ref, and send "
        "the `confirmation` that it ends with. One serves once, for exactly this, and only for minutes.",
        "请先确认是您本人：以此 purpose 和 ref 对该账户发起验证，并提交验证完成后得到的 confirmation。"
        "每个确认号只能用一次，仅限此项，数分钟内有效。",
        purpose=purpose.value,
        ref=ref,
    )


async def change_orders(
    house: Holders,
    unit: Unit,
    account: str,
    act: Act,
    *,
    lift: Sequence[Order] = (),
    place: Sequence[Order] = (),
    told: Sequence[Told] = (),
    facts: Sequence[Fact] = (),
    cause: str,
) -> None:
    """Lift, place, tell and note, behind the account's gate; `cause` makes the effects' ids."""
    await unit.standing.lift([order.id for order in lift], act.now, act.by)
    await unit.standing.place(place, "the holder asked for it")
    handle = (await unit.handles([account])).get(account)
    effects = effects_of(house, told, cause, act.now, act.trace)
    await unit.effects.put([msgspec.structs.replace(one, subject=handle) for one in effects])
    noted = [
        Fact(act.now, kind, {"order": order.id, "measure": order.measure.value, "actor": act.by})
        for kind, orders in ((ORDER_LIFTED, lift), (ORDER_PLACED, place))
        for order in orders
    ]
    whole = [msgspec.structs.replace(one, subject=handle, trace=act.trace) for one in (*noted, *facts)]
    await unit.note(whole)


def told_holder(account: str, action: str, values: dict[str, Any]) -> Told:
    """A notice to the holder; it counts as security, for it may not have been them."""
    body = {"account": account, "person": None, "values": values, "urgency": "security"}
    return Told("notices", action, body)
