"""An address that a customer takes away: told to every one of theirs, gone after a wait, never the last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.containment.own_limits import CHANGE_WINDOW_MICROS, binds_from
from countermand.flows.address_book import Known, masked
from countermand.flows.challenge_subjects import Accounts
from countermand.flows.end_orders import CLOCK_ACTOR, EndOrders
from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_contacts import keep, with_former
from countermand.flows.proving import ProvingKit, Visitor
from countermand.flows.send_notices import Post
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import Conflict
from countermand.kernel.ids import Ids
from countermand.oversight.notices import reachable
from countermand.vocabulary.contact_changes import (
    CONTACT_REMOVAL_TIMER,
    ChangeState,
    ContactAction,
    ContactChange,
)
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import (
    CONTACT_REMOVAL_ASKED,
    CONTACT_REMOVAL_CANCELLED,
    CONTACT_REMOVAL_DELAYED,
    Fact,
)
from countermand.vocabulary.notices import NOTICES, ContactPoint, Contacts
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works

ASKED, REPLACED, EXPIRED, CONTAINED, LAST = "asked", "replaced", "expired", "contained", "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDesk:
    """What the stories of customers' own addresses need; `kit` checks what they prove and sends codes."""

    works: Works
    kit: ProvingKit
    clock: Clock
    ids: Ids
    accounts: Accounts
    post: Post

    async def known(self, unit: Unit, account: str) -> Known:
        """Where an account's holder is reached, for us alone."""
        return self.post.addresses.opened(account, await unit.contacts.lock(account))

    async def write(self, unit: Unit, known: Known, wanted: Contacts, keeping: Keeping) -> None:
        """Keep contacts in place of those known, and tell of it."""
        now = self.clock.now()
        await keep(unit, self.post.addresses, known, wanted, now, keeping.actor, keeping.trace)


async def open_changes(unit: Unit, account: str, now: int) -> list[ContactChange]:
    """Those that may still come to something; what a containment has overtaken does not."""
    found = []
    for one in await unit.contact_changes.open_of(account):
        if one.state is ChangeState.PENDING and one.due_at <= now:
            await end_change(unit, one, ChangeState.CANCELLED, CLOCK_ACTOR, EXPIRED, now)
        elif not await unit.own.contained_since(account, one.asked_at):
            found.append(one)
    return found


async def end_change(
    unit: Unit, change: ContactChange, state: ChangeState, by: str, why: str | None, now: int
) -> None:
    """Done or cancelled; the address and its code are gone from here."""
    over = msgspec.structs.replace(
        change, state=state, sealed=None, code=None, ended_at=now, ended_by=by, why=why
    )
    await unit.contact_changes.put(over)


def would_silence(desk: ContactDesk, known: Known, leaving: Collection[str], key: str) -> bool:
    """Whether nothing would warn any more without this address and those that leave already (keys, hex)."""
    gone = {key, *leaving}
    heard = reachable(known.contacts, desk.post.channels)
    return any(known.keys[one] == key for one in heard) and all(known.keys[one] in gone for one in heard)


def without(known: Known, key: str, now: int) -> Contacts:
    """The contacts without an address, which goes on hearing for a week as every replaced one does."""
    before = known.contacts.points
    kept = tuple(one for one in before if one.former_until is None and known.keys[one] != key)
    return msgspec.structs.replace(known.contacts, points=with_former(before, kept, now))


async def ask_removal(
    desk: ContactDesk, unit: Unit, keeping: Keeping, known: Known, point: ContactPoint, now: int
) -> None:
    """It waits as long as a higher limit would; asked for again it is the same.

    Raises Conflict (`last_contact`).
    """
    account, key = keeping.account, known.keys[point]
    leaving = {
        one.key.hex(): one
        for one in await open_changes(unit, account, now)
        if one.action is ContactAction.REMOVE
    }
    if key in leaving:
        return
    if would_silence(desk, known, leaving, key):
        raise Conflict(
            "last_contact",
            "This is the last address that our warnings reach. Add another one first.",
            "这是最后一个能收到提醒的联系方式，请先新增一个。",
        )
    change = ContactChange(
        id=desk.ids.new("adr", now),
        account=account,
        action=ContactAction.REMOVE,
        channel=point.channel,
        key=bytes.fromhex(key),
        asked_at=now,
        asked_by=keeping.actor,
        due_at=binds_from(now, await _changed_at(unit, account, now)),
        state=ChangeState.WAITING,
    )
    await _clear(unit, change, now)
    await unit.contact_changes.put(change)
    await unit.timers.set([Timer(CONTACT_REMOVAL_TIMER, change.id, change.due_at)])
    await _note(unit, CONTACT_REMOVAL_ASKED, change, keeping.actor, now, keeping.trace)
    await _tell(unit, "contact_removal_asked", change, point, now, keeping.trace)


async def cancel_change(
    desk: ContactDesk, unit: Unit, change: ContactChange, why: str, by: str, now: int
) -> None:
    """It comes to nothing; that an address stays is told."""
    await end_change(unit, change, ChangeState.CANCELLED, by, why, now)
    if change.action is ContactAction.REMOVE:
        await _note(unit, CONTACT_REMOVAL_CANCELLED, change, by, now, None, why=why)
        point = (await desk.known(unit, change.account)).point(change.channel, change.key.hex())
        if point is not None:
            await _tell(unit, "contact_removal_cancelled", change, point, now, None)


def removal_handler(desk: ContactDesk) -> EndOrders:
    """The handler of `contact_removal` timers."""

    async def handle(unit: Unit, timers: Sequence[Timer]) -> None:
        refs = [timer.ref for timer in timers]
        await unit.gate({one.account for one in await unit.contact_changes.find(refs)})
        for one in await unit.contact_changes.find(refs):
            await _come_due(desk, unit, one)

    return handle


async def _come_due(desk: ContactDesk, unit: Unit, change: ContactChange) -> None:
    """Gone now; later where a device, a proof or an address changed meanwhile; or not at all."""
    account, now, key = change.account, desk.clock.now(), change.key.hex()
    due_at = binds_from(change.asked_at, await _changed_at(unit, account, change.asked_at))
    known = await desk.known(unit, account)
    point = known.point(change.channel, key)
    if await unit.own.contained_since(account, change.asked_at):
        await cancel_change(desk, unit, change, CONTAINED, CLOCK_ACTOR, now)
    elif point is None or point.former_until is not None:
        await end_change(unit, change, ChangeState.CANCELLED, CLOCK_ACTOR, REPLACED, now)
    elif now < due_at:
        await unit.timers.set([Timer(CONTACT_REMOVAL_TIMER, change.id, due_at)])
        if due_at != change.due_at:
            await unit.contact_changes.put(msgspec.structs.replace(change, due_at=due_at))
            await _note(unit, CONTACT_REMOVAL_DELAYED, change, CLOCK_ACTOR, now, None, due_at=due_at)
    elif would_silence(desk, known, (), key):
        await cancel_change(desk, unit, change, LAST, CLOCK_ACTOR, now)
    else:
        await end_change(unit, change, ChangeState.DONE, CLOCK_ACTOR, None, now)
        await desk.write(unit, known, without(known, key, now), _by_clock(account))


def _by_clock(account: str) -> Keeping:
    return Keeping(account=account, visitor=Visitor(), actor=CLOCK_ACTOR)


async def _clear(unit: Unit, change: ContactChange, now: int) -> None:
    """What a containment has overtaken makes room for the same asked again."""
    for one in await unit.contact_changes.open_of(change.account):
        if (one.channel, one.key) == (change.channel, change.key):
            await end_change(unit, one, ChangeState.CANCELLED, change.asked_by, REPLACED, now)


async def _changed_at(unit: Unit, account: str, asked_at: int) -> int | None:
    return await unit.own.trust_changed_at(account, asked_at - CHANGE_WINDOW_MICROS)


async def _note(
    unit: Unit, kind: str, change: ContactChange, by: str, now: int, trace: str | None, **more: Any
) -> None:
    subject = (await unit.handles([change.account])).get(change.account)
    body = {"change": change.id, "channel": change.channel.value, "actor": by, "due_at": change.due_at}
    await unit.note([Fact(now, kind, {**body, **more}, subject, trace)])


async def _tell(
    unit: Unit, action: str, change: ContactChange, point: ContactPoint, now: int, trace: str | None
) -> None:
    values = {"at": rfc3339(now), "until": rfc3339(change.due_at), "name": masked(point)}
    effect = Effect(
        id=f"{action} {change.id}",
        port=NOTICES,
        action=action,
        lane=change.account,
        body={"account": change.account, "values": values, "urgency": "security"},
        placed_at=now,
        due_at=now,
        subject=(await unit.handles([change.account])).get(change.account),
        trace=trace,
    )
    await unit.effects.put([effect])
