"""Every so often a holder is asked to look at their devices: by timer, once they have been on their pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.containment.plan import Told
from countermand.flows.contain_now import effects_of
from countermand.flows.run_timers import TimerHandler
from countermand.kernel.clock import MICROS_PER_DAY, Clock
from countermand.kernel.ids import Ids
from countermand.vocabulary.facts import DEVICES_REMINDED, Fact
from countermand.vocabulary.holder_access import DEVICE_CHECK_TIMER
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminding:
    """How often, in days; 0 is off: timers that were set before are let go."""

    works: Works
    clock: Clock
    ids: Ids
    effect_ports: Collection[str]
    check_days: int


async def begin_reminding(unit: Unit, account: str, now: int, check_days: int) -> None:
    """Somebody came to their pages for the first time: from now on they are reminded."""
    if check_days and await unit.holder_devices.begin_checking(account):
        await unit.timers.set([Timer(DEVICE_CHECK_TIMER, account, now + check_days * MICROS_PER_DAY)])


def device_reminder(house: Reminding) -> TimerHandler:
    """The handler of `device_check` timers."""

    async def handle(unit: Unit, timers: list[Timer]) -> None:
        await remind(house, unit, timers)

    return handle


async def remind(house: Reminding, unit: Unit, timers: list[Timer]) -> None:
    """A notice to each, and the next timer; nothing where reminders are off."""
    if not house.check_days:
        return
    now = house.clock.now()
    accounts = [timer.ref for timer in timers]
    handles = await unit.handles(accounts)
    for account in accounts:
        body: dict[str, Any] = {"account": account, "person": None, "values": {}, "urgency": "service"}
        told = [Told("notices", "devices_to_check", body)]
        effects = effects_of(house, told, house.ids.new("rem", now), now, None)
        await unit.effects.put(
            [msgspec.structs.replace(one, subject=handles.get(account)) for one in effects]
        )
    await unit.note([Fact(now, DEVICES_REMINDED, {}, handles.get(account)) for account in accounts])
    due_at = now + house.check_days * MICROS_PER_DAY
    await unit.timers.set([Timer(DEVICE_CHECK_TIMER, account, due_at) for account in accounts])
