"""Goal: one containment stops everything it names at once and for good, and is undone as one.

Method: a house on a database of its own, the manual clock, the tables looked at.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from countermand.flows.contain_now import contain_now, stop_for_police
from countermand.flows.end_orders import end_orders
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_profiles import put_profile, show_profile
from countermand.flows.lift_containment import lift_containment, uphold_appeal
from countermand.flows.replay_decision import replay_decision
from countermand.flows.show_incidents import (
    check_session,
    finish_task,
    list_tasks,
    sessions_since,
    show_incident,
)
from countermand.kernel.clock import ManualClock, moment_of
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.vocabulary.incidents import (
    AppealRequest,
    ContainRequest,
    LiftRequest,
    MeasureRequest,
    PoliceStopRequest,
    Preset,
    Proof,
    SessionQuestion,
    Source,
)
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.orders import ORDER_END_TIMER, Measure
from countermand.vocabulary.parties import AccountProfile
from flows.stage import NOON, SECOND, answer_of, house_on, outcome_of, payment

HOUR = 3600 * SECOND


def asked(preset: Preset | None = Preset.OUTGOING, **more: Any) -> ContainRequest:
    """The holder of a-1 says that it was not them."""
    return ContainRequest(**{"account": "a-1", "reason": "not me", "preset": preset, **more})


def proofs(clock: ManualClock, *methods: str, device: str = "phone") -> tuple[Proof, ...]:
    """Proofs given now."""
    return tuple(Proof(method=one, given_at=moment_of(clock.now()), device=device) for one in methods)


async def outcome(house: House, account: str = "a-1", **more: Any) -> str:
    """What one operation gets now."""
    return outcome_of(await house.decider.decide(payment(account, at=house.clock.now(), **more), None))


async def test_the_outgoing_preset_stops_money_and_leaves_paying_back(house: House) -> None:
    """Payments and loans are denied, repayments and logins pass, others do not notice; it says so."""
    assert await outcome(house) == "allow"
    shown = await contain_now(house, asked(), "k-1", "desk")
    for kind in ("payment", "transfer", "withdrawal", "loan_apply", "mandate_run"):
        assert await outcome(house, kind=kind) == "deny", kind
    for kind in ("repayment", "deposit", "login", "mandate_cancel"):
        assert await outcome(house, kind=kind) == "allow", kind
    assert await outcome(house, "a-2") == "allow"
    assert [one["kind"] for one in shown["scope"]["keeps"]][:3] == ["balance", "repayment", "login"]
    assert "还款" in shown["scope"]["said"]["text"]["zh"]


async def test_the_reason_names_order_remedy_documents_and_end(house: House) -> None:
    """A refusal under an order carries what a person needs to end it, in both languages."""
    await contain_now(house, asked(Preset.LIMITED), "k-1", "desk")
    decision = answer_of(await house.decider.decide(payment(), None))
    (reason, *_) = decision["reasons"]
    assert reason["rule"] == "standing-order.stop_outgoing"
    assert set(reason["values"]) >= {"order", "incident", "cause", "remedy", "documents", "ends_at"}
    assert reason["values"]["remedy"]["zh"]
    assert reason["values"]["remedy"]["en"]
    assert reason["values"]["ends_at"] is not None


async def test_the_same_key_is_the_same_containment(house: House, tables: Any) -> None:
    """Twice the same: one incident, one set of orders; another body under the key is refused."""
    first = await contain_now(house, asked(), "k-1", "desk")
    assert await contain_now(house, asked(), "k-1", "desk") == first
    assert await tables.fetchval("SELECT count(*) FROM incident") == 1
    with pytest.raises(Conflict, match="key_reused"):
        await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    assert await contain_now(house, asked(), "k-1", "another key") != first


async def test_a_person_without_account_is_protected(house: House) -> None:
    """No loan opens in their name on whatever account, other people borrow on, other kinds pass."""
    request = ContainRequest(
        person="p-1", reason="identity stolen", preset=Preset.IDENTITY, debts=("debt-7",)
    )
    shown = await contain_now(house, request, "k-1", "desk")
    assert (shown["tier"], shown["code"]) == (3, "identity_misused")
    for account in ("new-1", "new-2"):
        assert await outcome(house, account, kind="loan_apply", person="p-1") == "deny"
    assert await outcome(house, "new-1", kind="loan_apply", person="p-2") == "allow"
    assert await outcome(house, "new-1", kind="loan_apply") == "allow"
    assert await outcome(house, "new-1", person="p-1") == "allow"
    debit = {"kind": "mandate_run", "person": "p-1", "attributes": {"debt": "debt-7"}}
    assert await outcome(house, "new-1", **debit) == "deny", "collection on the disputed debt"
    await uphold_appeal(house, shown["incident"], AppealRequest(reason="settled"), "desk")
    assert await outcome(house, "new-1", kind="loan_apply", person="p-1") == "allow"


async def test_a_channel_is_stopped_for_everybody_at_once(house: House) -> None:
    """The kill switch of a withdrawal channel binds every account, and lifts for all."""
    stop = MeasureRequest(measure=Measure.STOP_CHANNELS, values=("partner",))
    request = ContainRequest(everybody=True, source=Source.DESK, reason="attack", measures=(stop,))
    shown = await contain_now(house, request, "k-1", "desk")
    assert await outcome(house, "x", kind="withdrawal", channel="partner") == "deny"
    assert await outcome(house, "x", kind="withdrawal", channel="app") == "allow"
    assert await outcome(house, "x", kind="withdrawal") == "hold", "a channel nobody names may be this one"
    await uphold_appeal(house, shown["incident"], AppealRequest(reason="over"), "desk")
    assert await outcome(house, "x", kind="withdrawal", channel="partner") == "allow"


async def test_everything_ends_sessions_and_unbinds_what_is_new(house: House, clock: ManualClock) -> None:
    """The device of the window goes, the old one stays; sessions are ended and stay so after the lift."""
    await put_profile(house, "a-1", AccountProfile(devices=("old", "thief")), "desk")
    await house.decider.decide(payment(device={"id": "old"}, session="s-old"), None)
    clock.advance(30 * HOUR)
    bind = {"kind": "device_bind", "amount": None, "device": {"id": "thief"}, "session": "s-thief"}
    await house.decider.decide(payment(at=clock.now(), **bind), None)
    clock.advance(HOUR)
    shown = await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    assert shown["devices_unbound"] == ["thief"]
    profile = await show_profile(house, "a-1")
    assert profile["devices"] == ("old",)
    login = {"kind": "login", "amount": None}
    assert await outcome(house, device={"id": "thief"}, **login) == "deny"
    assert await outcome(house, device={"id": "old"}, **login) == "allow"
    feed = await sessions_since(house, 0)
    assert {one["session"] for one in feed["revoked"]} == {None, "s-thief"}
    assert (await sessions_since(house, feed["next"]))["revoked"] == []
    thief = SessionQuestion(account="a-1", session="s-thief")
    fresh = SessionQuestion(account="a-1", session="s-new", begun_at=moment_of(clock.now() + 1))
    assert [(await check_session(house, one))["active"] for one in (thief, fresh)] == [False, True]
    assert (await show_incident(house, shown["incident"]))["state"] == "contained"
    await uphold_appeal(house, shown["incident"], AppealRequest(reason="a mistake"), "desk")
    assert await outcome(house, device={"id": "thief"}, **login) == "allow"
    assert not (await check_session(house, thief))["active"], "an ended session does not come back"


async def test_what_is_on_hold_is_taken_back(house: House, tables: Any) -> None:
    """Open holds that the orders stop are revoked in the same transaction; a login's is not touched."""
    held = [payment(at=NOON + number) for number in range(9)]
    outcomes = [outcome_of(one) for one in await house.decider.decide_many(held, None)]
    assert "hold" in outcomes
    shown = await contain_now(house, asked(), "k-1", "desk")
    waiting = {one.id for one, said in zip(held, outcomes, strict=True) if said == "hold"}
    assert set(shown["holds_revoked"]) == waiting
    states = await tables.fetch("SELECT state, cause, ended_by FROM hold")
    assert {tuple(row) for row in states} == {("revoked", "not_me", "desk")}


async def test_evidence_task_effects_and_facts_are_written_with_it(house: House, tables: Any) -> None:
    """One transaction holds them all; the journal names no account and no person."""
    await house.decider.decide(payment(), None)
    shown = await contain_now(house, asked(person="p-1"), "k-1", "desk")
    assert shown["tier"] == 3, "money left in the window"
    assert {one["port"] for one in shown["untold"]} == {"banking"}, "nobody stands behind it here"
    evidence = await tables.fetchrow("SELECT * FROM evidence_request")
    assert (evidence["incident"], len(evidence["operations"])) == (shown["incident"], 1)
    effects = await tables.fetch("SELECT port, action, lane, subject FROM effect")
    assert [(row["port"], row["action"], row["lane"]) for row in effects] == [
        ("notices", "account_contained", "a-1")
    ]
    page = await list_tasks(house, done=False, after="")
    assert [task["about"] for task in page["tasks"]] == [shown["incident"]]
    done = await finish_task(house, page["tasks"][0]["task"], "reviewer")
    assert await finish_task(house, done["task"], "another") == done
    assert (await list_tasks(house, done=False, after=""))["tasks"] == []
    rows = await tables.fetch("SELECT kind, body::text FROM journal WHERE kind <> 'operation.decided'")
    assert {"incident.contained", "order.placed", "task.done"} <= {row["kind"] for row in rows}
    assert not any('"a-1"' in row["body"] or '"p-1"' in row["body"] for row in rows)


async def test_overlapping_orders_lift_one_by_one(house: House, clock: ManualClock) -> None:
    """Two incidents and a plain freeze on one account: each lift undoes its own and nothing else."""
    one = await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    two = await contain_now(house, asked(), "k-2", "desk")
    await freeze_account(house, "a-1", "phone stolen", "desk")
    for step in (one["incident"], two["incident"], None):
        assert await outcome(house) == "deny"
        if step is None:
            await lift_freeze(house, "a-1", "desk")
        else:
            await uphold_appeal(house, step, AppealRequest(reason="fine"), "desk")
    assert await outcome(house) == "allow"


async def test_grades_lift_step_by_step(house: House, clock: ManualClock) -> None:
    """Too few proofs lift nothing; 2 gives small amounts back, on hold; 3 all, under review that ends."""
    shown = await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    incident = shown["incident"]
    with pytest.raises(Forbidden, match="proofs_missing"):
        await lift_containment(
            house, incident, LiftRequest(grade=2, proofs=proofs(clock, "sms_otp", "totp")), "desk"
        )
    assert await outcome(house, minor=100) == "deny"
    await lift_containment(
        house, incident, LiftRequest(grade=2, proofs=proofs(clock, "passkey", "password")), "desk"
    )
    fresh = {"session": "s-2", "attributes": {"session_begun_at": "2030-01-01T00:00:00Z"}}
    assert await outcome(house, minor=100, **fresh) == "hold"
    over = answer_of(await house.decider.decide(payment(minor=100_001, **fresh), None))
    assert "standing-order.lower_limit" in [reason["rule"] for reason in over["reasons"]]
    full = LiftRequest(grade=3, proofs=proofs(clock, "passkey", "branch"))
    after = await lift_containment(house, incident, full, "desk")
    assert after["state"] == "closed"
    assert (await lift_containment(house, incident, full, "desk"))["lifted"] == []
    assert await outcome(house) == "challenge"
    clock.advance(31 * 24 * HOUR)
    assert await outcome(house) == "allow"


async def test_proofs_on_a_stopped_device_or_stale_ones_do_not_count(
    house: House, clock: ManualClock
) -> None:
    """The thief's phone proves nothing, and neither does yesterday's code."""
    await put_profile(house, "a-1", AccountProfile(devices=("old",)), "desk")
    await house.decider.decide(payment(device={"id": "thief"}), None)
    shown = await contain_now(house, asked(), "k-1", "desk")
    for given in (
        proofs(clock, "passkey", "password", device="thief"),
        tuple(
            Proof(method=m, given_at=moment_of(NOON - HOUR), device="old") for m in ("passkey", "password")
        ),
    ):
        with pytest.raises(Forbidden, match="proofs_missing"):
            await lift_containment(house, shown["incident"], LiftRequest(grade=2, proofs=given), "desk")


async def test_an_upheld_appeal_lifts_all_that_is_linked(house: House, tables: Any) -> None:
    """A containment that follows from another is lifted with it, in one transaction, whichever is named."""
    first = await contain_now(house, asked(Preset.LIMITED, source=Source.RULE), "k-1", "rule")
    follow = asked(Preset.EVERYTHING, account="a-2", follows=first["incident"])
    second = await contain_now(house, follow, "k-2", "desk")
    for account in ("a-1", "a-2"):
        assert await outcome(house, account) == "deny"
    done = await uphold_appeal(house, second["incident"], AppealRequest(reason="wrong"), "desk")
    assert set(done["incidents"]) == {first["incident"], second["incident"]}
    for account in ("a-1", "a-2"):
        assert await outcome(house, account) == "allow"
    assert await tables.fetchval("SELECT count(DISTINCT lifted_at) FROM standing_order") == 1
    again = await uphold_appeal(house, second["incident"], AppealRequest(reason="wrong"), "desk")
    assert again["lifted"] == []
    with pytest.raises(NotFound, match="unknown_incident"):
        await contain_now(house, asked(follows="inc-none"), "k-3", "desk")


def police(reference: str = "case-1", *, amount: bool = True) -> PoliceStopRequest:
    """An instruction about a-1."""
    return PoliceStopRequest(
        account="a-1",
        reference=reference,
        authority="Bureau",
        name_matches=True,
        account_matches=True,
        amount_matches=amount,
        time_matches=True,
    )


async def test_a_police_stop_ends_after_48_hours_and_repeats_once(house: House, clock: ManualClock) -> None:
    """To the microsecond, without any timer; the third is refused; nobody here lifts it."""
    with pytest.raises(BadRequest, match="police_stop_mismatch"):
        await stop_for_police(house, police(amount=False), "k-0", "police")
    first = await stop_for_police(house, police(), "k-1", "police")
    assert await stop_for_police(house, police(), "k-1", "police") == first
    with pytest.raises(Conflict, match="police_stop_binds"):
        await uphold_appeal(house, first["incident"], AppealRequest(reason="no"), "desk")
    clock.advance(48 * HOUR - 1)
    assert await outcome(house) == "deny"
    clock.advance(1)
    assert await outcome(house) == "allow"
    assert (await stop_for_police(house, police(), "k-2", "police"))["stop"] == 2
    assert await outcome(house) == "deny"
    with pytest.raises(Conflict, match="police_stop_repeated"):
        await stop_for_police(house, police(), "k-3", "police")


async def test_orders_end_at_their_instant_and_the_timer_says_so(house: House, clock: ManualClock) -> None:
    """The timer closes the order and lets nothing through that its end did not; a clock set back waits."""
    limit = MeasureRequest(
        measure=Measure.LOWER_LIMIT, amount_limit=Amount(minor=500, currency="CNY"), hours=2
    )
    shown = await contain_now(house, asked(None, measures=(limit,)), "k-1", "desk")
    assert await outcome(house, minor=500) == "allow"
    assert await outcome(house, minor=501) == "deny"
    clock.advance(2 * HOUR)
    async with house.works.open() as unit:
        timers = await unit.timers.claim(ORDER_END_TIMER, clock.now(), 10)
        clock.advance(-HOUR)
        await end_orders(house, unit, timers)
    assert await outcome(house, minor=501) == "deny", "the clock went back, and so did the end"
    clock.advance(HOUR)
    async with house.works.open() as unit:
        await end_orders(house, unit, await unit.timers.claim(ORDER_END_TIMER, clock.now(), 10))
    assert not any(order["binds"] for order in (await show_incident(house, shown["incident"]))["orders"])
    assert await outcome(house, minor=501) == "allow"


async def test_a_decision_under_orders_replays_byte_for_byte(house: House) -> None:
    """Also after the orders are gone; the words are those of then."""
    shown = await contain_now(house, asked(Preset.EVERYTHING, person="p-1"), "k-1", "desk")
    refused = payment(person="p-1")
    await house.decider.decide(refused, None)
    await uphold_appeal(house, shown["incident"], AppealRequest(reason="fine"), "desk")
    replayed = await replay_decision(house, refused.id)
    assert replayed["identical"]
    assert replayed["recorded"]["decision"]["outcome"] == "deny"


async def test_unknown_accounts_can_be_contained(house: House) -> None:
    """An account nobody has heard of is stopped before its first operation."""
    await contain_now(house, asked(account="never-seen"), "k-1", "desk")
    assert await outcome(house, "never-seen") == "deny"


async def test_two_servers_see_an_end_of_session_at_once(house: House, database_dsn: str) -> None:
    """What one process commits the other one answers: it asks the same tables."""
    from countermand.app import open_desk
    from countermand.settings import Settings

    await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    async with open_desk(Settings(database_url=database_dsn), house.clock) as desk:
        question = SessionQuestion(account="a-1", begun_at=moment_of(house.clock.now() - SECOND))
        assert not (await check_session(desk, question))["active"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": None},
        {"everybody": True},
        {"preset": None},
        {"source": Source.POLICE},
        {"since": moment_of(NOON + HOUR)},
        {"since": moment_of(NOON - 100 * 24 * HOUR)},
        {"measures": (MeasureRequest(measure=Measure.STOP_KINDS),)},
        {"measures": (MeasureRequest(measure=Measure.STOP_KINDS, values=("flying",)),)},
        {"measures": (MeasureRequest(measure=Measure.LOWER_LIMIT),)},
        {"measures": (MeasureRequest(measure=Measure.HEIGHTENED_REVIEW),)},
        {"measures": (MeasureRequest(measure=Measure.STOP_SESSIONS),)},
    ],
)
async def test_what_cannot_be_contained_is_refused(house: House, wrong: dict[str, Any]) -> None:
    """A 400 that names the field, and nothing is written."""
    with pytest.raises(BadRequest, match="invalid_containment") as refusal:
        await contain_now(house, asked(**wrong), "k-1", "desk")
    assert refusal.value.details["field"]
    assert await outcome(house) == "allow"


async def test_orders_outlive_the_server(database_dsn: str, clock: ManualClock) -> None:
    """A new house on the same database refuses what the old one stopped."""
    async with house_on(database_dsn, clock) as house:
        await contain_now(house, asked(), "k-1", "desk")
    async with house_on(database_dsn, clock) as house:
        assert await outcome(house) == "deny"


def test_a_window_may_not_be_turned_round() -> None:
    """Since is before until."""
    from countermand.containment.requests import window_of

    turned = asked(since=moment_of(NOON), until=moment_of(NOON) - timedelta(hours=1))
    with pytest.raises(BadRequest, match="invalid_containment"):
        window_of(turned, NOON)


async def test_lifting_the_freeze_of_the_door_says_which_incident_keeps_it(house: House) -> None:
    """Two stops on one account: the one that is left is named, and nothing pretends to be free."""
    await freeze_account(house, "a-1", "the desk is looking", "desk")
    shown = await contain_now(house, asked(Preset.EVERYTHING), "k-1", "desk")
    lifted = await lift_freeze(house, "a-1", "desk")
    assert lifted["frozen"]
    assert lifted["incident"] == shown["incident"]
    assert outcome_of(await house.decider.decide(payment(), None)) == "deny"
