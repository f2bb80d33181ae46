"""Goal: a holder's own limit goes down at once, and up only after proof and wait, undisturbed.

Method: a house on a database of its own, the manual clock, the worker's own timers, a seeded random walk.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.contain_now import contain_now
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_own_limits import cancel_waiting_raise, put_limit, show_limit
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.proving import Answer
from countermand.flows.show_orders import show_orders
from countermand.kernel.clock import MICROS_PER_HOUR as HOUR
from countermand.kernel.clock import ManualClock, rfc3339
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.authenticators import Method, Purpose
from countermand.vocabulary.incidents import AppealRequest, ContainRequest, MeasureRequest, Preset
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.orders import Measure
from countermand.vocabulary.own_limits import ref_of_limit
from flows.challenge_stage import Stage, asking, stage_on
from flows.holder_stage import outcome, proved, quiet_house, timers_run
from flows.stage import answer_of, payment

DAY = 24 * HOUR


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house where payments are not asked about."""
    async with quiet_house(database_dsn, clock, tmp_path) as opened:
        yield opened


def yuan(amount: int) -> Amount:
    """So much in fen."""
    return Amount(amount * 100, "CNY")


async def limited(house: House, limit: Amount | None, confirmation: str | None = None) -> dict[str, Any]:
    """The holder of a-1 asks for a limit."""
    return await put_limit(house.holders, "a-1", limit, confirmation, "app")


async def raised(house: House, limit: Amount | None) -> dict[str, Any]:
    """The holder of a-1 asks for a higher one, and proves that it is them."""
    order = (await show_limit(house.holders, "a-1"))["order"]
    return await limited(house, limit, await proved(house, Purpose.LIMIT, ref_of_limit(order, limit)))


async def test_a_lower_limit_binds_at_once(house: House, tables: Any) -> None:
    """The next operation over it is denied and says how to raise it; the bank and the holder are told."""
    assert await outcome(house, 5_000) == "allow"
    shown = await limited(house, yuan(10))
    assert (shown["limit"], shown["raise"]) == ({"minor": 1000, "currency": "CNY"}, None)
    assert await outcome(house, 1_000) == "allow"
    decision = answer_of(await house.decider.decide(payment(minor=1_001), None))
    assert decision["outcome"] == "deny"
    (reason,) = [one for one in decision["reasons"] if one["rule"] == "standing-order.lower_limit"]
    assert reason["values"]["code"] == "own_limit"
    assert "App" in reason["values"]["remedy"]["zh"]
    assert "wait" in reason["values"]["remedy"]["en"]
    assert await outcome(house, 1_001, kind="repayment") == "allow"
    assert await outcome(house, 1_001, "a-2") == "allow"
    await limited(house, yuan(5))
    assert await outcome(house, 501) == "deny"
    assert await limited(house, yuan(5)) == await show_limit(house.holders, "a-1")
    rows = await tables.fetch(
        "SELECT amount_minor, lifted_at IS NULL AS binds FROM standing_order ORDER BY id"
    )
    assert sorted(tuple(row) for row in rows) == [(500, True), (1000, False)]
    told = await tables.fetch("SELECT action, subject IS NOT NULL AS known FROM effect ORDER BY seq")
    assert {tuple(row) for row in told} == {("limit_lowered", True)}


async def test_a_raise_waits_twelve_hours_to_the_microsecond(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """Until its instant, and until the timer ran, the old limit holds; then the new one."""
    await limited(house, yuan(10))
    shown = await raised(house, yuan(50))
    assert shown["limit"]["minor"] == 1000
    assert shown["raise"]["limit"]["minor"] == 5000
    assert shown["raise"]["binds_at"] == rfc3339(clock.now() + 12 * HOUR)
    clock.advance(12 * HOUR - 1)
    await timers_run(house)
    assert await outcome(house, 5_000) == "deny"
    clock.advance(1)
    assert await outcome(house, 5_000) == "deny"
    await timers_run(house)
    assert await outcome(house, 5_000) == "allow"
    assert await outcome(house, 5_001) == "deny"
    after = await show_limit(house.holders, "a-1")
    assert (after["limit"]["minor"], after["raise"]) == (5000, None)
    facts = await tables.fetch("SELECT kind FROM journal WHERE kind LIKE 'limit.%' ORDER BY seq")
    assert [row["kind"] for row in facts] == ["limit.raise_asked", "limit.raised"]


async def test_a_limit_is_removed_as_it_is_raised(house: House, clock: ManualClock) -> None:
    """None is the highest limit: with proof, and after the wait."""
    await limited(house, yuan(1))
    with pytest.raises(Forbidden, match="confirmation_needed"):
        await limited(house, None)
    await raised(house, None)
    assert await outcome(house, 5_000) == "deny"
    clock.advance(12 * HOUR)
    await timers_run(house)
    assert await outcome(house, 5_000) == "allow"
    assert (await show_limit(house.holders, "a-1"))["limit"] is None


async def test_without_the_right_proof_nothing_waits(house: House, clock: ManualClock) -> None:
    """None, an unknown one, for another limit, account or purpose, a stale one, one that served before."""
    order = (await limited(house, yuan(10)))["order"]
    right, lower = ref_of_limit(order, yuan(50)), ref_of_limit(order, yuan(40))
    await put_limit(house.holders, "a-2", yuan(10), None, "app")
    stale = await proved(house, Purpose.LIMIT, right)
    clock.advance(HOUR)
    wrong = [
        None,
        "cnf-none",
        stale,
        await proved(house, Purpose.LIMIT, lower),
        await proved(house, Purpose.LIMIT, right, "a-2"),
        await proved(house, Purpose.LIFT, right),
    ]
    for given in wrong:
        with pytest.raises(Forbidden, match="confirmation_needed") as refused:
            await limited(house, yuan(50), given)
        assert refused.value.details["ref"] == right
    assert (await show_limit(house.holders, "a-1"))["raise"] is None
    served = await proved(house, Purpose.LIMIT, right)
    await limited(house, yuan(50), served)
    again = await limited(house, yuan(50))
    assert again["raise"]["limit"]["minor"] == 5000, "the same raise again is the same raise"
    await cancel_waiting_raise(house.holders, "a-1", "app")
    with pytest.raises(Forbidden, match="confirmation_needed"):
        await limited(house, yuan(50), served)


@pytest.mark.parametrize("kind", ["device_bind", "credential_change", "contact_change"])
async def test_right_after_a_change_of_trust_it_waits_a_day(
    house: House, clock: ManualClock, kind: str
) -> None:
    """A device bound 23 hours ago: 24 hours. A day ago: 12."""
    await limited(house, yuan(10))
    assert await outcome(house, kind=kind, amount=None) == "allow"
    clock.advance(23 * HOUR)
    shown = await raised(house, yuan(50))
    assert shown["raise"]["binds_at"] == rfc3339(clock.now() + 24 * HOUR)
    await cancel_waiting_raise(house.holders, "a-1", "app")
    clock.advance(HOUR)
    shown = await raised(house, yuan(50))
    assert shown["raise"]["binds_at"] == rfc3339(clock.now() + 12 * HOUR)


async def test_a_device_bound_while_it_waits_makes_it_wait_longer(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """The thief comes after the question: 24 hours from the asking, and the record says so."""
    await limited(house, yuan(10))
    await raised(house, yuan(50))
    asked_at = clock.now()
    clock.advance(11 * HOUR)
    await outcome(house, kind="device_bind", amount=None)
    clock.advance(HOUR)
    await timers_run(house)
    assert await outcome(house, 5_000) == "deny"
    waiting = (await show_limit(house.holders, "a-1"))["raise"]
    assert waiting["binds_at"] == rfc3339(asked_at + 24 * HOUR)
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'limit.raise_delayed'") == 1
    clock.advance(12 * HOUR)
    await timers_run(house)
    assert await outcome(house, 5_000) == "allow"


async def test_a_raise_is_taken_back_at_once_without_a_proof(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """By its own door, or by asking for what holds, or for less; its timer finds nothing to do."""
    await limited(house, yuan(10))
    for number, back in enumerate((None, yuan(10), yuan(9))):
        await raised(house, yuan(50))
        shown = (
            await cancel_waiting_raise(house.holders, "a-1", "sms")
            if back is None
            else await limited(house, back)
        )
        assert shown["raise"] is None
        clock.advance(12 * HOUR)
        await timers_run(house)
        assert await outcome(house, 1_001) == "deny", number
    assert (await cancel_waiting_raise(house.holders, "a-1", "sms"))["limit"]["minor"] == 900
    rows = await tables.fetch("SELECT why FROM limit_raise ORDER BY asked_at, id")
    assert [row["why"] for row in rows] == ["asked", "lowered", "lowered"]
    assert await tables.fetchval("SELECT count(*) FROM timer WHERE kind = 'limit_raise'") == 0


async def test_another_raise_takes_its_place_and_waits_anew(house: House, clock: ManualClock) -> None:
    """Asking for more does not inherit the time that less has waited."""
    await limited(house, yuan(10))
    await raised(house, yuan(50))
    clock.advance(11 * HOUR)
    shown = await raised(house, yuan(90))
    assert shown["raise"]["binds_at"] == rfc3339(clock.now() + 12 * HOUR)
    clock.advance(HOUR)
    await timers_run(house)
    assert await outcome(house, 1_001) == "deny"
    clock.advance(11 * HOUR)
    await timers_run(house)
    assert await outcome(house, 9_000) == "allow"


@pytest.mark.parametrize("preset", list(Preset))
async def test_a_containment_cancels_it_and_lifting_does_not_bring_it_back(
    house: House, clock: ManualClock, tables: Any, preset: Preset
) -> None:
    """Whoever asked for more may not have been the holder; meanwhile no other raise is taken."""
    await limited(house, yuan(10))
    await raised(house, yuan(50))
    shown = await contain_now(
        house, ContainRequest(account="a-1", reason="not me", preset=preset), "k", "desk"
    )
    assert (await show_limit(house.holders, "a-1"))["raise"] is None
    assert await tables.fetchval("SELECT why FROM limit_raise") == "contained"
    with pytest.raises(Conflict, match="account_contained"):
        await raised(house, yuan(50))
    await limited(house, yuan(9))
    await uphold_appeal(house, shown["incident"], AppealRequest(reason="fine"), "desk")
    clock.advance(DAY)
    await timers_run(house)
    assert await outcome(house, 901) == "deny"
    assert await outcome(house, 900) == "allow"


async def test_a_freeze_cancels_it_too(house: House, clock: ManualClock, tables: Any) -> None:
    """Also one that was lifted again before the wait was over."""
    await limited(house, yuan(10))
    await raised(house, yuan(50))
    await freeze_account(house, "a-1", "stolen", "desk")
    assert (await show_limit(house.holders, "a-1"))["raise"] is None
    await lift_freeze(house, "a-1", "desk")
    clock.advance(12 * HOUR)
    await timers_run(house)
    assert await outcome(house, 1_001) == "deny"
    assert await tables.fetchval("SELECT why FROM limit_raise") == "contained"
    await raised(house, yuan(50))


async def test_real_challenges_confirm_a_raise(database_dsn: str, tables: Any, tmp_path: Path) -> None:
    """The refusal names what to be challenged for, the challenge shows the limit, and its end serves here."""
    async with stage_on(database_dsn, tables, tmp_path) as stage:
        await stage.settle_in()
        house = stage.house
        await limited(house, Amount(50, "CNY"))
        with pytest.raises(Forbidden, match="confirmation_needed") as refused:
            await limited(house, Amount(90, "CNY"))
        about = asking(
            refused.value.details["ref"], purpose=Purpose(refused.value.details["purpose"]), account="a-1"
        )
        begun = await stage.challenges.begin(about, Method.SMS)
        assert begun["details"]["confirming"].zh == "提高账户限额：至0.90元"
        await stage.deliver()
        await stage.challenges.answer(about, stage.password())
        done = await stage.challenges.answer(about, Answer(method=Method.SMS, code=stage.sms.code))
        shown = await limited(house, Amount(90, "CNY"), done["confirmation"])
        binds_at = rfc3339(stage.clock.now() + 24 * HOUR)
        assert shown["raise"]["binds_at"] == binds_at, "its authenticators were enrolled just now"
        stage.clock.advance(24 * HOUR)
        await timers_run(house)
        assert await outcome(house, 90) == "allow"
        assert await outcome(house, 91) == "deny"


async def test_a_review_after_an_incident_is_shown_with_its_end(house: House, clock: ManualClock) -> None:
    """In both languages, until it has ended by itself, beside the holder's own limit."""
    await limited(house, yuan(10))
    clock.advance(1)
    review = MeasureRequest(measure=Measure.HEIGHTENED_REVIEW, hours=48)
    request = ContainRequest(account="a-1", reason="after", measures=(review,))
    await contain_now(house, request, "k-1", "desk")
    ends_at = rfc3339(clock.now() + 48 * HOUR)
    own, heightened = (await show_orders(house, "a-1"))["orders"]
    assert (own["code"], own["ends_at"]) == ("own_limit", None)
    assert "10.00 yuan" in own["text"]["en"]
    assert (heightened["measure"], heightened["ends_at"]) == ("heightened_review", ends_at)
    assert "到期自动结束" in heightened["text"]["zh"]
    assert "ends by itself" in heightened["text"]["en"]
    assert await outcome(house) == "challenge"
    clock.advance(48 * HOUR)
    assert [one["code"] for one in (await show_orders(house, "a-1"))["orders"]] == ["own_limit"]
    assert await outcome(house) == "allow"


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_walk_never_lets_more_through(house: House, clock: ManualClock, seed: int) -> None:
    """Whatever is asked for in whatever order, a limit only rises by a proved raise that has waited."""
    choose = random.Random(seed)
    limit: int | None = None
    waiting: tuple[int, int] | None = None  # the new limit, and from when it may bind
    for step in range(40):
        act = choose.choice(["put", "put", "prove", "cancel", "contain", "wait", "wait"])
        wanted = choose.choice([100, 200, 300, 400])
        if act == "put":
            if limit is None or wanted <= limit:
                await limited(house, Amount(wanted, "CNY"))
                limit, waiting = wanted, None
            elif waiting is None or waiting[0] != wanted:
                with pytest.raises(Forbidden):
                    await limited(house, Amount(wanted, "CNY"))
        elif act == "prove" and limit is not None and wanted > limit:
            before = waiting
            await raised(house, Amount(wanted, "CNY"))
            if before is None or before[0] != wanted:
                waiting = (wanted, clock.now() + 12 * HOUR)
        elif act == "cancel":
            await cancel_waiting_raise(house.holders, "a-1", "app")
            waiting = None
        elif act == "contain" and choose.random() < 0.3:
            request = ContainRequest(account="a-1", reason="?", preset=Preset.LIMITED)
            shown = await contain_now(house, request, f"k-{step}", "desk")
            await uphold_appeal(house, shown["incident"], AppealRequest(reason="fine"), "desk")
            waiting = None
        elif act == "wait":
            clock.advance(choose.choice([1, 5, 12]) * HOUR)
            await timers_run(house)
            if waiting is not None and clock.now() >= waiting[1]:
                limit, waiting = waiting[0], None
        clock.advance(1)
        if limit is not None:
            assert await outcome(house, limit) == "allow", (seed, step, act)
            assert await outcome(house, limit + 1) == "deny", (seed, step, act)


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house that asks, with a customer who can answer."""
    async with stage_on(database_dsn, tables, tmp_path) as opened:
        yield opened


async def test_a_payment_that_waits_meets_the_lower_limit(stage: Stage) -> None:
    """What was held before the limit was lowered has no permit over it."""
    await stage.settle_in()
    operation = await stage.held(minor=10_000)
    await limited(stage.house, yuan(10))
    await stage.begin(operation, Method.SMS)
    await stage.answer(operation, stage.password())
    await stage.answer(operation, Answer(method=Method.SMS, code=stage.sms.code))
    assert await stage.tables.fetchval("SELECT state FROM hold WHERE operation = $1", operation) == "revoked"
