"""Goal: whoever looks at an incident sees how it was given back, what is still owed, and what people must do.

Method: a house with core banking and receivers of sessions set, so that the outbox holds what they are told.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from countermand.flows.contain_now import contain_now
from countermand.flows.end_orders import end_orders
from countermand.flows.house import House
from countermand.flows.keep_profiles import put_profile, show_profile
from countermand.flows.lift_containment import lift_containment, uphold_appeal
from countermand.flows.show_incidents import show_incident
from countermand.kernel.clock import ManualClock, moment_of
from countermand.vocabulary.incidents import (
    AppealRequest,
    ContainRequest,
    LiftRequest,
    MeasureRequest,
    Preset,
    Proof,
    Source,
)
from countermand.vocabulary.orders import ORDER_END_TIMER, Measure
from countermand.vocabulary.parties import AccountProfile
from flows.stage import KEPT, NOON, SECOND, house_on, payment

HOUR = 3600 * SECOND
FOUND = AppealRequest(reason="the review found no fault", reference="case-7")


@pytest_asyncio.fixture
async def told(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house with somebody behind every port; nobody delivers."""
    receivers = tmp_path / "receivers.json"
    receivers.write_text(json.dumps([{"name": "app", "logout": "http://127.0.0.1:9/", "audience": "app"}]))
    ports = {"banking": "http://127.0.0.1:9", "session_receivers": receivers, "data_dir": KEPT}
    async with house_on(database_dsn, clock, **ports) as house:
        yield house


def asked(preset: Preset | None = Preset.EVERYTHING, **more: Any) -> ContainRequest:
    """The holder of a-1 says that it was not them."""
    return ContainRequest(**{"account": "a-1", "reason": "not me", "preset": preset, **more})


async def thief_binds(house: House, clock: ManualClock, *devices: str) -> None:
    """An old device the day before, and these bound just now."""
    await house.decider.decide(payment(device={"id": "old"}), None)
    clock.advance(30 * HOUR)
    for device in devices:
        bind = {"kind": "device_bind", "amount": None, "device": {"id": device}}
        await house.decider.decide(payment(at=clock.now(), **bind), None)
    clock.advance(HOUR)


def lift(clock: ManualClock, grade: int, *methods: str) -> LiftRequest:
    """A grade with proofs given now."""
    given = tuple(Proof(method=one, given_at=moment_of(clock.now())) for one in methods)
    return LiftRequest(grade=grade, proofs=given)


async def test_each_lifting_is_shown_with_its_orders_and_effects(
    told: House, clock: ManualClock, tables: Any
) -> None:
    """Who, when, by which proofs, which orders ended, which came, what is outstanding till done."""
    shown = await contain_now(told, asked(), "k-1", "desk")
    incident = shown["incident"]
    assert (await show_incident(told, incident))["liftings"] == []
    clock.advance(HOUR)
    second = await lift_containment(told, incident, lift(clock, 2, "passkey", "password"), "officer-2")
    clock.advance(HOUR)
    await lift_containment(told, incident, lift(clock, 3, "passkey", "branch"), "officer-3")
    found = await show_incident(told, incident)
    two, three = found["liftings"]
    assert [two[name] for name in ("kind", "grade", "lifted_by", "methods")] == [
        "grade", 2, "officer-2", ["passkey", "password"],
    ]  # fmt: skip
    assert (two["lifted_at"], three["lifted_by"]) == ("2026-11-21T05:00:00.000000Z", "officer-3")
    assert set(two["lifted"]) == set(second["lifted"])
    assert set(two["placed"]) <= {order["order"] for order in found["orders"]}
    assert [one["action"] for one in two["effects"]] == ["lift", "containment_lifted"]
    assert two["outstanding"] == second["effects"]
    assert {one["action"] for one in found["effects"]} >= {"freeze", "stop_mandate", "revoke", "rotate_keys"}
    assert len(found["outstanding"]) == len(found["effects"])
    await tables.execute("UPDATE effect SET state = 'done', ended_at = now() WHERE port = 'banking'")
    found = await show_incident(told, incident)
    assert [one.split("/")[-2] for one in found["liftings"][0]["outstanding"]] == ["notices"]
    assert not any("/banking/" in one for one in found["outstanding"])
    again = await lift_containment(told, incident, lift(clock, 3, "passkey", "branch"), "officer-4")
    assert (again["lifted"], again["effects"]) == ([], [])
    assert len((await show_incident(told, incident))["liftings"]) == 2


async def test_an_order_that_ends_by_itself_is_a_lifting_too(told: House, clock: ManualClock) -> None:
    """By the clock, with what core banking is told; it counts once."""
    shown = await contain_now(told, asked(Preset.LIMITED, source=Source.RULE), "k-1", "rule")
    clock.advance(25 * HOUR)
    for _ in range(2):
        async with told.works.open() as unit:
            await end_orders(told, unit, await unit.timers.claim(ORDER_END_TIMER, clock.now(), 10))
    ended = (await show_incident(told, shown["incident"]))["liftings"]
    assert {one["kind"] for one in ended} == {"end"}
    assert {one["lifted_by"] for one in ended} == {"clock"}
    assert sorted(name for one in ended for name in one["lifted"]) == sorted(
        order["order"] for order in shown["orders"]
    )
    assert [one["action"] for lifted in ended for one in lifted["effects"]] == ["lift"]


async def test_an_upheld_appeal_gives_devices_back_and_says_what_to_do(
    told: House, clock: ManualClock
) -> None:
    """What our profile named is on it again at once; what the app unbound its holder binds again."""
    await put_profile(told, "a-1", AccountProfile(devices=("old", "mine")), "desk")
    await thief_binds(told, clock, "mine", "seen")
    shown = await contain_now(told, asked(), "k-1", "desk")
    assert (shown["devices_unbound"], shown["devices_off_profile"]) == (["mine", "seen"], ["mine"])
    assert (await show_profile(told, "a-1"))["devices"] == ("old",)
    guard = (await show_profile(told, "a-1"))["guard"]
    done = await uphold_appeal(told, shown["incident"], FOUND, "desk")
    assert (await show_profile(told, "a-1"))["devices"] == ("old", "mine")
    assert (await show_profile(told, "a-1"))["guard"] > guard
    mine, seen = done["devices"]
    assert (mine["device"], mine["profile"], mine["rebind"]) == ("mine", "restored", True)
    assert mine["text"]["en"].startswith("We know this device again as one of yours. It was taken off")
    assert (seen["profile"], seen["rebind"]) == ("not_kept", True)
    assert "请在该设备上重新登录，并通过本人验证重新绑定。" in seen["text"]["zh"]
    again = await uphold_appeal(told, shown["incident"], FOUND, "desk")
    assert (again["lifted"], again["devices"]) == ([], done["devices"])
    (lifting,) = (await show_incident(told, shown["incident"]))["liftings"]
    assert (lifting["kind"], lifting["reason"], lifting["reference"]) == ("appeal", FOUND.reason, "case-7")
    assert lifting["devices"] == done["devices"]


async def test_a_device_that_another_incident_stops_stays_off(told: House, clock: ManualClock) -> None:
    """And a profile whose devices are unknown by now is not made to name one."""
    await put_profile(told, "a-1", AccountProfile(devices=("old", "mine", "other")), "desk")
    await thief_binds(told, clock, "mine", "other")
    shown = await contain_now(told, asked(), "k-1", "desk")
    stop = MeasureRequest(measure=Measure.STOP_DEVICES, values=("mine",))
    await contain_now(told, asked(None, measures=(stop,)), "k-2", "desk")
    done = await uphold_appeal(told, shown["incident"], FOUND, "desk")
    assert {one["device"]: one["profile"] for one in done["devices"]} == {
        "mine": "stopped", "other": "restored",
    }  # fmt: skip
    assert (await show_profile(told, "a-1"))["devices"] == ("old", "other")


async def test_nobody_was_told_so_nothing_is_bound_again(house: House, clock: ManualClock) -> None:
    """Without receivers of sessions the binding was ours alone: it is back, and nothing else is asked."""
    await put_profile(house, "a-1", AccountProfile(devices=("old", "mine")), "desk")
    await thief_binds(house, clock, "mine")
    shown = await contain_now(house, asked(), "k-1", "desk")
    done = await uphold_appeal(house, shown["incident"], FOUND, "desk")
    (mine,) = done["devices"]
    assert (mine["profile"], mine["rebind"]) == ("restored", False)
    assert mine["text"]["zh"].endswith("您无须再做什么。")


async def test_a_second_appeal_after_a_new_containment_tells_the_bank_again(
    told: House, clock: ManualClock, tables: Any
) -> None:
    """The effects of the second have ids of their own: core banking lets the account go once more."""
    first = await contain_now(told, asked(), "k-1", "desk")
    await uphold_appeal(told, first["incident"], FOUND, "desk")
    await contain_now(told, asked(follows=first["incident"]), "k-2", "desk")
    await uphold_appeal(told, first["incident"], FOUND, "desk")
    lifts = await tables.fetch(
        "SELECT id FROM effect WHERE port = 'banking' AND action = 'lift' ORDER BY seq"
    )
    assert [row["id"].split("/", 1)[1] for row in lifts] == [
        "appeal/1/banking/lift",
        "appeal-2/1/banking/lift",
    ]
    assert clock.now() == NOON


async def test_what_nobody_could_be_told_is_said(told: House) -> None:
    """Nobody stands behind the collectors: the debts are named, with what people must do instead."""
    request = ContainRequest(
        person="p-1", reason="not mine", preset=Preset.IDENTITY, debts=("loan-1", "loan-2")
    )
    shown = await contain_now(told, request, "k-1", "desk")
    (untold,) = shown["untold"]
    assert (untold["port"], untold["action"], untold["debts"]) == (
        "webhooks", "stop_collection", ["loan-1", "loan-2"],
    )  # fmt: skip
    assert "tell the collectors yourself" in untold["text"]["en"]
    assert "请立即自行通知催收方" in untold["text"]["zh"]
    assert (await show_incident(told, shown["incident"]))["untold"] == shown["untold"]
    assert (await contain_now(told, asked(), "k-2", "desk"))["untold"] == []
