"""Goal: what a holder takes off is off everywhere at once; and no thief takes off the holder's own phone.

Method: a customer with a phone, a laptop and all they prove with, on real PostgreSQL with a manual clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.holder_access import enter_by_code, holder_of, make_entry
from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_devices import (
    DeviceDesk,
    end_visit,
    list_devices,
    name_device,
    remove_device,
    say_all_mine,
)
from countermand.flows.proving import Visitor
from countermand.flows.remind_holders import Reminding, remind
from countermand.flows.show_incidents import check_session, sessions_since
from countermand.kernel.clock import MICROS_PER_DAY, moment_of
from countermand.kernel.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from countermand.vocabulary.holder_access import DEVICE_CHECK_TIMER
from countermand.vocabulary.incidents import SessionQuestion
from flows.challenge_stage import LAPTOP, PHONE, Stage, stage_on
from flows.stage import SECOND

HERE = Visitor(session="s-1", device=LAPTOP)


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """A customer who proves with five things, of which the phone holds two."""
    async with stage_on(database_dsn, tables, tmp_path, device_check_days=90) as opened:
        await opened.settle_in()
        yield opened


def desk_of(stage: Stage) -> DeviceDesk:
    """The desk with the kit of the stage, and somebody who ends sessions elsewhere."""
    ports = frozenset({"sessions", "notices"})
    return replace(stage.house.devices, authenticators=stage.authenticators, effect_ports=ports)


def keeping(stage: Stage, *, proven: bool = False, suspect: bool = False) -> Keeping:
    """Somebody on the laptop, with the password or without."""
    proof = stage.password() if proven else None
    return Keeping(account="a-1", visitor=HERE, actor="holder:x", suspect=suspect, proof=proof)


async def visiting(stage: Stage, device: str, session: str = "s-2") -> str:
    """The cookie of somebody who looks at the pages."""
    access = stage.house.holder_access
    made = await make_entry(access, "a-1", session, device, public=False)
    return await enter_by_code(access, made.code, "Browser/1")


async def active(stage: Stage, device: str, session: str, begun_at: int) -> bool:
    """Whether the institution is told that a session may act."""
    begun = moment_of(begun_at)
    asked = SessionQuestion(account="a-1", session=session, device=device, begun_at=begun)
    return bool((await check_session(stage.house, asked))["active"])


async def test_a_device_taken_off_is_off_everywhere(stage: Stage) -> None:
    """Its visit and its sessions end, what it holds proves nothing, no decision knows it; on record, told."""
    desk = desk_of(stage)
    await stage.held(device={"id": PHONE}, session="s-phone")
    cookie, other = await visiting(stage, PHONE), await visiting(stage, LAPTOP, "s-3")
    begun_at = stage.clock.now()
    stage.clock.advance(60 * SECOND)
    shown = {one.device: one for one in (await list_devices(desk, "a-1")).devices}
    assert (shown[PHONE].known, shown[PHONE].ways, shown[PHONE].visits) == (True, ("app", "sms"), 1)
    assert await remove_device(desk, keeping(stage, proven=True), PHONE) == 1
    with pytest.raises(Unauthenticated, match="holder_over"):
        await holder_of(stage.house.holder_access, cookie, "Browser/1")
    assert (await holder_of(stage.house.holder_access, other, "Browser/1")).account == "a-1"
    assert not await active(stage, PHONE, "s-phone", begun_at)
    assert await active(stage, LAPTOP, "s-1", begun_at)
    ways = {one["name"] for one in await stage.authenticators.all("a-1")}
    assert ways == {"password", "mail", "key"}
    profile = await stage.house.profiles.find("a-1")
    assert profile is not None
    assert profile.devices == (LAPTOP,)
    assert PHONE not in {one.device for one in (await list_devices(desk, "a-1")).devices}
    told = await stage.tables.fetch("SELECT action, body FROM effect WHERE port IN ('sessions', 'notices')")
    assert {"revoke", "unbind_device", "device_removed"} <= {row["action"] for row in told}
    fact = await stage.tables.fetchval("SELECT body FROM journal WHERE kind = 'device.removed'")
    assert PHONE not in str(fact)
    (over,) = (await sessions_since(stage.house, 0))["revoked"]
    assert (over["incident"], over["device"], over["session"]) == (None, PHONE, None)


async def test_it_may_come_back(stage: Stage) -> None:
    """A sign-in from later is another one; used again, the device is on the list again."""
    desk = desk_of(stage)
    await remove_device(desk, keeping(stage, proven=True), PHONE)
    stage.clock.advance(60 * SECOND)
    assert await active(stage, PHONE, "s-new", stage.clock.now())
    assert (await holder_of(stage.house.holder_access, await visiting(stage, PHONE), "Browser/1")).account
    await stage.held(device={"id": PHONE}, session="s-new")
    shown = {one.device: one for one in (await list_devices(desk, "a-1")).devices}
    assert (shown[PHONE].known, shown[PHONE].ways) == (False, ())


async def test_no_thief_takes_the_holder_s_phone_off(stage: Stage) -> None:
    """Without a proof, from a suspect device, or another account: refused, and nothing happened."""
    desk = desk_of(stage)
    with pytest.raises(Forbidden, match="proof_needed"):
        await remove_device(desk, keeping(stage), PHONE)
    with pytest.raises(Forbidden, match="suspect_device"):
        await remove_device(desk, keeping(stage, proven=True, suspect=True), PHONE)
    for device in ("nobody's", "", "x" * 500):
        with pytest.raises(NotFound, match="unknown_device"):
            await remove_device(desk, keeping(stage, proven=True), device)
    with pytest.raises(NotFound, match="unknown_device"):
        await name_device(desk, "a-2", PHONE, "mine now")
    assert PHONE in {one.device for one in (await list_devices(desk, "a-1")).devices}
    assert not await stage.tables.fetchval("SELECT count(*) FROM session_revocation")


async def test_a_device_has_a_name(stage: Stage) -> None:
    """Kept through a removal; what is none is refused."""
    desk = desk_of(stage)
    await name_device(desk, "a-1", PHONE, " 李明的手机 ")
    names = {one.device: one.name for one in (await list_devices(desk, "a-1")).devices}
    assert (names[PHONE], names[LAPTOP]) == ("李明的手机", None)
    with pytest.raises(BadRequest, match="bad_authenticator_name"):
        await name_device(desk, "a-1", PHONE, "x" * 65)


async def test_a_visit_ends_by_its_holder_alone(stage: Stage) -> None:
    """One of many; another account's name for it does nothing."""
    desk, cookie = desk_of(stage), await visiting(stage, PHONE)
    (visit,) = (await list_devices(desk, "a-1")).visits
    await end_visit(desk, "a-2", visit.id, "x")
    assert (await holder_of(stage.house.holder_access, cookie, "Browser/1")).session.id == visit.id
    await end_visit(desk, "a-1", visit.id, "x")
    with pytest.raises(Unauthenticated, match="holder_over"):
        await holder_of(stage.house.holder_access, cookie, "Browser/1")


async def test_holders_are_asked_to_look_every_so_often(stage: Stage) -> None:
    """From their first visit on, and again from when they looked; switched off, nobody is asked any more."""
    await visiting(stage, PHONE)
    query = "SELECT due_at FROM timer WHERE kind = $1 AND ref = 'a-1'"
    first = await stage.tables.fetchval(query, DEVICE_CHECK_TIMER)
    assert first == moment_of(stage.clock.now() + 90 * MICROS_PER_DAY)
    stage.clock.advance(90 * MICROS_PER_DAY)
    works, ports = stage.house.works, frozenset({"notices"})
    for days, expected in ((90, 1), (0, 1)):
        house = Reminding(
            works=works, clock=stage.clock, ids=stage.house.ids, effect_ports=ports, check_days=days
        )
        async with works.open() as unit:
            timers = await unit.timers.claim(DEVICE_CHECK_TIMER, stage.clock.now(), 10)
            await remind(house, unit, timers)
        count = await stage.tables.fetchval("SELECT count(*) FROM effect WHERE action = 'devices_to_check'")
        assert (len(timers), count) == (1, expected)
        stage.clock.advance(90 * MICROS_PER_DAY)
    assert await stage.tables.fetchval(query, DEVICE_CHECK_TIMER) is None
    await say_all_mine(desk_of(stage), "a-1", "holder:x")
    again = await stage.tables.fetchval(query, DEVICE_CHECK_TIMER)
    assert again == moment_of(stage.clock.now() + 90 * MICROS_PER_DAY)
