"""Goal: after a freeze is acknowledged no decision made before it commits; after a lift none is stopped."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
import pytest

from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_profiles import put_profile
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.facts import ACCOUNT_FROZEN, ACCOUNT_LIFTED
from countermand.vocabulary.parties import FREEZE_RULE, AccountProfile
from flows.stage import (
    SECOND,
    answer_of,
    assert_windows_equal_the_record,
    break_store,
    commits_held,
    outcome_of,
    payment,
    until,
)


async def _frozen(house: House, account: str = "a-1") -> dict[str, Any]:
    return await freeze_account(house, account, "phone stolen", "desk")


async def test_a_freeze_stops_what_leaves_the_account_and_a_lift_ends_it(house: House) -> None:
    """Payments are refused with the order's reason; logging in stays possible; others do not notice."""
    assert outcome_of(await house.decider.decide(payment(), None)) == "allow"
    order = await _frozen(house)
    refused = answer_of(await house.decider.decide(payment(), None))
    assert refused["outcome"] == "deny"
    assert FREEZE_RULE in [reason["rule"] for reason in refused["reasons"]]
    assert outcome_of(await house.decider.decide(payment(kind="login", amount=None), None)) == "allow"
    assert outcome_of(await house.decider.decide(payment("a-2"), None)) == "allow"
    lifted = await lift_freeze(house, "a-1", "desk")
    assert lifted["order"] == order["order"]
    assert outcome_of(await house.decider.decide(payment(), None)) == "allow"


async def test_freezing_and_lifting_again_change_nothing(house: House, tables: Any) -> None:
    """The same order answers, and the journal has each fact once."""
    first = await _frozen(house)
    assert await _frozen(house) == first
    await lift_freeze(house, "a-1", "desk")
    assert (await lift_freeze(house, "a-1", "desk"))["order"] is None
    kinds = [row["kind"] for row in await tables.fetch("SELECT kind FROM journal ORDER BY seq")]
    assert [kinds.count(kind) for kind in (ACCOUNT_FROZEN, ACCOUNT_LIFTED)] == [1, 1]


async def test_a_commit_in_flight_ends_before_the_freeze_is_acknowledged(house: House, tables: Any) -> None:
    """The commit had begun before the freeze: the freeze waits for its end, then all is stopped."""
    async with commits_held(tables) as one_waits:
        before = asyncio.create_task(house.decider.decide(payment(), None))
        await one_waits()
        freezing = asyncio.create_task(_frozen(house))
        await asyncio.sleep(0.05)
        assert not freezing.done()
    assert outcome_of(await before) == "allow"
    await freezing
    assert outcome_of(await house.decider.decide(payment(), None)) == "deny"


async def test_what_was_decided_before_a_freeze_and_not_committed_is_decided_again(
    house: House, tables: Any
) -> None:
    """The freeze is acknowledged between deciding and committing: the group and the one on top see it."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    faults = break_store(house, {("commit", 1): wait})
    below = asyncio.create_task(house.decider.decide(payment(), None))
    await until(lambda: faults.calls.get("commit") == 1)
    on_top = payment()
    above = asyncio.create_task(house.decider.decide(on_top, None))
    await until(lambda: house.decider._recent.get(on_top.id) is not None)
    await _frozen(house)
    gate.set()
    assert [outcome_of(await one) for one in (below, above)] == ["deny", "deny"]
    assert await assert_windows_equal_the_record(house, tables) == 2


async def test_no_decision_slips_past_a_freeze_in_a_crowd(house: House, tables: Any) -> None:
    """Many payments, freezes and lifts: what was asked after an acknowledged freeze is never allowed."""
    draw = random.Random(11)
    now, wrong = 0, []
    standing: dict[str, int] = {}  # account -> since which moment its freeze has been acknowledged

    async def client() -> None:
        nonlocal now
        for _ in range(15):
            account = f"a-{draw.randrange(3)}"
            since = standing.get(account)
            outcome = outcome_of(
                await house.decider.decide(payment(account, minor=1, kind="withdrawal"), None)
            )
            if since is not None and standing.get(account) == since and outcome == "allow":
                wrong.append(account)

    async def desk(account: str) -> None:
        nonlocal now
        for _ in range(12):
            await _frozen(house, account)
            now += 1
            standing[account] = now
            await asyncio.sleep(draw.random() * 0.01)
            del standing[account]
            await lift_freeze(house, account, "desk")

    await asyncio.gather(*(client() for _ in range(30)), *(desk(f"a-{n}") for n in range(3)))
    assert wrong == []
    rows = await tables.fetch("SELECT outcome, standing FROM operation")
    assert {row["outcome"] for row in rows} == {0, 4}
    for row in rows:
        assert (msgspec.msgpack.decode(row["standing"])["freeze"] is not None) == (row["outcome"] == 4)


async def test_a_lift_asked_for_before_a_freeze_may_come_after_it(house: House, clock: ManualClock) -> None:
    """Two desks at once, or a clock set back: the order is lifted, not an error."""
    await _frozen(house)
    clock.advance(-5 * SECOND)
    assert (await lift_freeze(house, "a-1", "desk"))["order"] is not None


async def test_a_changed_profile_is_seen_by_the_next_operation(house: House, tables: Any) -> None:
    """The account's own zone moves its day, although the account was cached."""
    await house.decider.decide(payment(), None)
    await put_profile(house, "a-1", AccountProfile(timezone="Pacific/Kiritimati"), "desk", None)
    later = payment()
    await house.decider.decide(later, None)
    stored = await house.archive.find(later.id)
    assert stored is not None
    facts = dict(zip(house.program.index, msgspec.msgpack.decode(stored.row.facts), strict=True))
    assert facts["limit.daily.used"] == 100, "04:00 UTC is the same date in Shanghai and on Kiritimati"
    await put_profile(house, "a-1", AccountProfile(timezone="Pacific/Pago_Pago"), "desk", None)
    latest = payment()
    await house.decider.decide(latest, None)
    stored = await house.archive.find(latest.id)
    assert stored is not None
    moved = dict(zip(house.program.index, msgspec.msgpack.decode(stored.row.facts), strict=True))
    assert moved["local_day"] == facts["local_day"] - 1
    assert moved["limit.daily.used"] == 0


@pytest.mark.parametrize("account", ["a\u3000b", "a\xa0b", "账户", "\u2028", "x" * 128])
async def test_every_account_that_can_pay_can_be_frozen(house: House, account: str) -> None:
    """Whatever an operation may name, a freeze may name too."""
    assert outcome_of(await house.decider.decide(payment(account), None)) == "allow"
    await _frozen(house, account)
    assert outcome_of(await house.decider.decide(payment(account), None)) == "deny"


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("", "r"),
        ("x" * 129, "r"),
        ("a\nb", "r"),
        ("a\n", "r"),
        ("\ud800", "r"),
        ("a", " "),
        ("a", "r" * 501),
        ("a", "\0"),
        ("a", "\udc00"),
    ],
)
async def test_what_cannot_be_a_freeze_is_refused(house: House, account: str, reason: str) -> None:
    """A clear 400 for each, never a trouble of the database."""
    with pytest.raises(BadRequest) as refusal:
        await freeze_account(house, account, reason, "desk")
    assert refusal.value.code == "invalid_freeze"


async def test_whoever_is_overtaken_again_and_again_is_decided_all_the_same(house: House) -> None:
    """Desks that freeze and lift without a pause keep neither these accounts nor their neighbours waiting."""
    hurry = True

    async def desk(account: str) -> None:
        while hurry:
            await freeze_account(house, account, "again", "desk")
            await lift_freeze(house, account, "desk")

    desks = [asyncio.create_task(desk(f"a-{number % 4}")) for number in range(8)]
    asked = [payment(f"a-{number % 8}", device={"id": f"d-{number}"}) for number in range(200)]
    answers = [answer for start in range(0, 200, 20) for answer in
               await house.decider.decide_many(asked[start : start + 20], None)]  # fmt: skip
    hurry = False
    await asyncio.gather(*desks)
    assert {outcome_of(answer) for answer in answers} >= {"allow"}
