"""Goal: an inbox of approvals shows each person exactly what waits for their word, the oldest first.

Method: the shipped policy and confirmation pack on real PostgreSQL, with a manual clock.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from countermand.flows import approval_inbox as story
from countermand.flows.approval_inbox import approval_inbox
from countermand.flows.approve_operation import approve_operation, delegate, name_approver
from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Forbidden
from countermand.vocabulary.approvals import Verdict
from flows.stage import SECOND, house_on, payment


@pytest.fixture
async def bank(database_dsn: str, clock: ManualClock) -> AsyncIterator[House]:
    """A house with the shipped policy, and three people who may approve."""
    async with house_on(database_dsn, clock, policy="cn-consumer-finance") as house:
        for name, roles in (("li", ["payments"]), ("wang", ["payments"]), ("chen", ["manager"])):
            await name_approver(house, name, roles, "admin")
        yield house


async def awaiting(house: House, clock: ManualClock, **more: Any) -> str:
    """A payment that waits for approval, a second after the one before."""
    clock.advance(SECOND)
    asked = payment(f"a-{payment().id}", at=clock.now(), minor=30_000_000, person="zhao", **more)
    await house.decider.decide_many([asked], None)
    return asked.id


async def seen(house: House, person: str, role: str | None = None) -> list[str]:
    """The operations in somebody's inbox."""
    return [one["operation"] for one in (await approval_inbox(house, person, role))["waiting"]]


async def test_each_sees_what_waits_for_their_word(bank: House, clock: ManualClock) -> None:
    """Not what they asked for, not what they have spoken about, and a level only when it is open."""
    first = await awaiting(bank, clock)
    made = await awaiting(bank, clock, attributes={"maker": "li"})
    assert await seen(bank, "li") == [first]
    assert await seen(bank, "wang", "payments") == [first, made]
    assert await seen(bank, "chen") == []
    for person in ("li", "wang"):
        await approve_operation(bank, first, Verdict.APPROVE, "fine", person)
    assert await seen(bank, "li") == []
    assert await seen(bank, "wang") == [made]
    (one,) = (await approval_inbox(bank, "chen"))["waiting"]
    assert (one["role"], one["levels_done"], one["persons_missing"]) == ("manager", 1, 1)
    assert one["amount"] == {"minor": 30_000_000, "currency": "CNY"}
    assert one["seconds_left"] == 86_400 - 1
    assert [word["by"] for word in one["said"]] == ["li", "wang"]


async def test_a_deputy_sees_what_waits_for_their_principal(bank: House, clock: ManualClock) -> None:
    """With the name they act for; and nobody looks into the inbox of a role they do not have."""
    waits = await awaiting(bank, clock)
    with pytest.raises(Forbidden, match="not_an_approver"):
        await approval_inbox(bank, "deputy", "payments")
    assert (await approval_inbox(bank, "deputy"))["roles"] == []
    await delegate(bank, "li", "deputy", 3600)
    (one,) = (await approval_inbox(bank, "deputy", "payments"))["waiting"]
    assert (one["operation"], one["on_behalf_of"]) == (waits, "li")
    clock.advance(3600 * SECOND)
    assert await seen(bank, "deputy") == []


async def test_what_ran_out_or_was_refused_is_gone(bank: House, clock: ManualClock) -> None:
    """Also before the timer has looked at it."""
    refused, late = await awaiting(bank, clock), await awaiting(bank, clock)
    await approve_operation(bank, refused, Verdict.REFUSE, "unknown payee", "li")
    assert await seen(bank, "wang") == [late]
    clock.advance(86_400 * SECOND)
    assert await seen(bank, "wang") == []


async def test_pages_follow_each_other_without_gap_or_repetition(
    bank: House, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a page looks at more than it shows; a place that is none is refused."""
    monkeypatch.setattr(story, "PAGE_WAITING_MAX", 2)
    monkeypatch.setattr(story, "_BATCH", 2)
    monkeypatch.setattr(story, "LOOKED_AT_MAX", 4)
    attributes = [{"maker": "li"} if number % 2 else {} for number in range(7)]
    made = [await awaiting(bank, clock, attributes=one) for one in attributes]
    pages, place = [], ""
    while place is not None:
        answer = await approval_inbox(bank, "li", after=place)
        pages.append([one["operation"] for one in answer["waiting"]])
        place = answer["next"]
    assert [one for page in pages for one in page] == made[::2]
    assert max(map(len, pages)) == 2
    with pytest.raises(BadRequest, match="bad_cursor"):
        await approval_inbox(bank, "li", after="nowhere")


async def test_the_list_is_read_from_its_own_index(bank: House, clock: ManualClock, tables: Any) -> None:
    """The partial index serves the query's own words, in its own order."""
    await awaiting(bank, clock)
    await tables.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
    plan = await tables.fetch(
        """EXPLAIN SELECT h.operation FROM hold AS h
        WHERE h.state = 'open' AND 'approval' = ANY (h.needs) AND NOT 'approval' = ANY (h.met)
        AND (h.placed_at, h.operation) > ('1970-01-01+00', '') ORDER BY h.placed_at, h.operation LIMIT 5"""
    )
    assert "hold_awaits_approval" in plan[1][0], plan
