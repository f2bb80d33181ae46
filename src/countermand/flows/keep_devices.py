"""A holder's devices and sign-ins: seen in one list, named, taken off with all that stands on them, ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from countermand.containment.plan import Told
from countermand.flows.contain_now import effects_of
from countermand.flows.enrolments import NAME_CHARACTERS_MAX, check_name, check_trusted
from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_authenticators import Authenticators
from countermand.flows.proving import active
from countermand.flows.show_history import HistoryShelf, network_of
from countermand.kernel.clock import MICROS_PER_DAY, Clock, micros_of
from countermand.kernel.errors import CountermandError, NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.authenticators import Authenticator
from countermand.vocabulary.facts import DEVICE_REMOVED, DEVICES_LOOKED_AT, HOLDER_LEFT, Fact
from countermand.vocabulary.holder_access import DEVICE_CHECK_TIMER, HolderSession, KeptDevice, ends_at
from countermand.vocabulary.incidents import Revocation
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works

assert NAME_CHARACTERS_MAX <= 64, "names of devices are held to the same"
OPERATIONS_LOOKED_AT_MAX = 500
_FUTURE = 253_402_300_799_000_000  # the end of 9999: nothing is later
_OPERATION = msgspec.json.Decoder(Operation)


class Accounts(Protocol):
    """Profiles, to be read."""

    async def find(self, account_id: str) -> Account | None:
        """What is known about an account. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDesk:
    """What the stories of devices need; `check_days` is how often holders are asked to look, 0: never."""

    works: Works
    clock: Clock
    ids: Ids
    accounts: Accounts
    history: HistoryShelf
    authenticators: Authenticators
    effect_ports: Collection[str]
    check_days: int = 0


class SeenDevice(NamedTuple):
    """One device of an account; microseconds UTC, None: the record does not know it.

    `known`: the institution names it as the holder's. `ways` are what it holds to prove with, `visits` the
    open visits to these pages, `network` where it was last seen, without the part that names a household.
    """

    device: str
    name: str | None
    known: bool
    ways: tuple[str, ...]
    visits: int
    seen_at: int | None
    network: str | None


class Devices(NamedTuple):
    """The list, the visits that are open, and when the holder last said that all is theirs."""

    devices: list[SeenDevice]
    visits: list[HolderSession]
    looked_at: int | None


class _Used(NamedTuple):
    at: int
    network: str | None
    sessions: frozenset[str]


async def list_devices(desk: DeviceDesk, account: str) -> Devices:
    """Every device that is known, holds a way of proving, is visiting, or was used since it was removed.

    The record is looked through for the last 500 operations. Raises Unavailable.
    """
    profile, used = await desk.accounts.find(account), await _used(desk, account)
    async with desk.works.open() as unit:
        found = active(await unit.authenticators.of_account(account))
        visits = await _open(desk, unit, account)
        kept = {one.device: one for one in await unit.holder_devices.of_account(account)}
        looked_at = await unit.holder_devices.looked_at(account)
    known = set((profile.devices if profile is not None else None) or ())
    holding = {one.device for one in found if one.device is not None}
    visiting = {one.device for one in visits if one.device is not None}
    since = {name for name, one in used.items() if one.at > _removed_at(kept.get(name))}
    devices = [
        SeenDevice(
            device=name,
            name=kept[name].name if name in kept else None,
            known=name in known,
            ways=tuple(sorted(one.name for one in found if one.device == name)),
            visits=sum(one.device == name for one in visits),
            seen_at=used[name].at if name in used else None,
            network=used[name].network if name in used else None,
        )
        for name in known | holding | visiting | since
    ]
    ordered = sorted(devices, key=lambda one: (-(one.seen_at or 0), one.device))
    return Devices(ordered, visits, looked_at)


async def name_device(desk: DeviceDesk, account: str, device: str, name: str) -> None:
    """Call a device something. Raises NotFound (`unknown_device`), BadRequest (`bad_authenticator_name`)."""
    called = check_name(name)
    await _require(desk, account, device)
    async with desk.works.open() as unit:
        before = await _kept(unit, account, device)
        await unit.holder_devices.put(before._replace(name=called))


async def remove_device(desk: DeviceDesk, keeping: Keeping, device: str) -> int:
    """Take a device off: unknown to decisions, signed out, and what it holds proves nothing more.

    Where it holds a way of proving, its holder shows another first: whoever sits in a stolen sign-in could
    take the holder's own phone off. How many visits to the pages ended.

    Raises NotFound (`unknown_device`), Forbidden (`suspect_device`, `proof_needed`, `wrong_answer`, …),
    Unavailable.
    """
    account, refusal, ended = keeping.account, None, 0
    check_trusted(suspect=keeping.suspect)
    await _require(desk, account, device)
    used = (await _used(desk, account)).get(device)
    async with desk.works.open() as unit:
        await unit.gate([account])
        now = desk.clock.now()
        refusal = await _proven(desk, unit, keeping, device, now)
        if refusal is None:
            ended = await _take_off(desk, unit, keeping, device, used, now)
    if refusal is not None:
        raise refusal
    return ended


async def end_visit(desk: DeviceDesk, account: str, visit: str, actor: str, trace: str | None = None) -> None:
    """End one open visit to the pages; one that has ended stays so. Raises Unavailable."""
    async with desk.works.open() as unit:
        now = desk.clock.now()
        if await unit.holder_sessions.end(account, now, visit):
            handle = (await unit.handles([account])).get(account)
            body = {"visit": visit, "sessions": 1, "actor": actor}
            await unit.note([Fact(now, HOLDER_LEFT, body, handle, trace)])


async def say_all_mine(desk: DeviceDesk, account: str, actor: str, trace: str | None = None) -> None:
    """The holder has looked at the list; where reminders are on, the next one is counted from now."""
    async with desk.works.open() as unit:
        now = desk.clock.now()
        await unit.holder_devices.look(account, now)
        if desk.check_days:
            due_at = now + desk.check_days * MICROS_PER_DAY
            await unit.timers.set([Timer(DEVICE_CHECK_TIMER, account, due_at)])
        handle = (await unit.handles([account])).get(account)
        await unit.note([Fact(now, DEVICES_LOOKED_AT, {"actor": actor}, handle, trace)])


async def _proven(
    desk: DeviceDesk, unit: Unit, keeping: Keeping, device: str, now: int
) -> CountermandError | None:
    """Why it is not shown yet who asks; None where that is shown, or nothing that proves is at stake."""
    found = await unit.authenticators.of_account(keeping.account)
    if not any(one.device == device for one in active(found)):
        return None
    return await desk.authenticators.prover.prove(unit, keeping, found, now)


async def _take_off(
    desk: DeviceDesk, unit: Unit, keeping: Keeping, device: str, used: _Used | None, now: int
) -> int:
    account = keeping.account
    known = await unit.holder_devices.take_off(account, device)
    gone: list[Authenticator] = await desk.authenticators.forget_devices(unit, keeping, {device})
    ended = await unit.holder_sessions.end_device(account, device, now)
    before = await _kept(unit, account, device)
    await unit.holder_devices.put(before._replace(removed_at=now))
    whom = {"account": account, "person": None}
    sessions = sorted(() if used is None else used.sessions)
    body = {**whom, "values": {"name": before.name or device}, "urgency": "security"}
    told = [
        *(Told("sessions", "revoke", {**whom, "session": one, "device": device}) for one in sessions),
        Told("sessions", "unbind_device", {**whom, "device": device}),
        Told("notices", "device_removed", body),
    ]
    handle = (await unit.handles([account])).get(account)
    effects = effects_of(desk, told, desk.ids.new("dev", now), now, keeping.trace)
    await unit.effects.put([msgspec.structs.replace(one, subject=handle) for one in effects])
    fact = {
        "actor": keeping.actor,
        "known": known,
        "authenticators": [one.id for one in gone],
        "visits": ended,
        "sessions": len(sessions),
    }
    await unit.note([Fact(now, DEVICE_REMOVED, fact, handle, keeping.trace)])
    over = Revocation(
        incident=None, account=account, person=None, device=device, begun_before=now, revoked_at=now
    )
    await unit.incident_record.revoke_sessions([over])
    return ended


async def _open(desk: DeviceDesk, unit: Unit, account: str) -> list[HolderSession]:
    now = desk.clock.now()
    return [one for one in await unit.holder_sessions.open_of(account) if ends_at(one) > now]


async def _kept(unit: Unit, account: str, device: str) -> KeptDevice:
    found = {one.device: one for one in await unit.holder_devices.of_account(account)}
    return found.get(device, KeptDevice(account, device))


async def _require(desk: DeviceDesk, account: str, device: str) -> None:
    if device not in {one.device for one in (await list_devices(desk, account)).devices}:
        raise NotFound(
            "unknown_device", "This account has no such device.", "该账户没有此设备。", device=device[:128]
        )


async def _used(desk: DeviceDesk, account: str) -> dict[str, _Used]:
    """When and where from each device was last used, and in which sign-ins, by the newest operations."""
    found: dict[str, _Used] = {}
    for row in await desk.history.of_account(account, (_FUTURE, 2**62), OPERATIONS_LOOKED_AT_MAX):
        one = _OPERATION.decode(row.body)
        if one.device is None:
            continue
        at, network = micros_of(one.occurred_at), None if one.ip is None else network_of(one.ip)
        last = found.setdefault(one.device.id, _Used(at, network, frozenset()))
        if one.session is not None:
            found[one.device.id] = last._replace(sessions=last.sessions | {one.session})
    return found


def _removed_at(kept: KeptDevice | None) -> int:
    return -1 if kept is None or kept.removed_at is None else kept.removed_at
