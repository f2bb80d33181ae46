"""Goal: only whom the institution vouches for comes to an account's own pages, and not a moment too long.

Method: a house on real PostgreSQL with a manual clock; sessions ended by containment, by time and by copying.
"""

from __future__ import annotations

import asyncio

import pytest

from countermand.flows.contain_now import contain_now
from countermand.flows.holder_access import enter_by_code, enter_by_token, fits, holder_of, leave, make_entry
from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Unauthenticated
from countermand.vocabulary.holder_access import (
    ENTRY_SECONDS,
    IDLE_SECONDS,
    LIFE_SECONDS,
    PUBLIC_IDLE_SECONDS,
    PUBLIC_LIFE_SECONDS,
)
from countermand.vocabulary.incidents import ContainRequest, Preset
from flows.stage import SECOND

PHONE, LAPTOP = "Phone/1", "Laptop/2"


async def come_in(house: House, account: str = "a-1", *, public: bool = False, device: str = "d-1") -> str:
    """The cookie of somebody who came in on the phone."""
    access = house.holder_access
    made = await make_entry(access, account, f"s-{account}", device, public=public)
    return await enter_by_code(access, made.code, PHONE)


async def refused(house: House, cookie: str, browser: str = PHONE) -> str | None:
    """Why a cookie lets nobody in; None where it does."""
    try:
        await holder_of(house.holder_access, cookie, browser)
    except Unauthenticated as error:
        return error.code
    return None


async def test_a_link_works_once_and_soon(house: House, clock: ManualClock) -> None:
    """Two at the same time: one comes in. Later, forged, or nothing: nobody does."""
    access = house.holder_access
    made = await make_entry(access, "a-1", "s-1", None, public=False)
    both = await asyncio.gather(
        *(enter_by_code(access, made.code, PHONE) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["Unauthenticated", "str"]
    late = await make_entry(access, "a-1", "s-1", None, public=False)
    clock.advance(ENTRY_SECONDS * SECOND)
    for code in (late.code, made.code, "", "x" * 10_000):
        with pytest.raises(Unauthenticated, match="entry_refused"):
            await enter_by_code(access, code, PHONE)
    with pytest.raises(Unauthenticated, match="entry_refused"):
        await enter_by_token(access, "not.a.token", PHONE)


@pytest.mark.parametrize(
    ("public", "idle", "life"),
    [(False, IDLE_SECONDS, LIFE_SECONDS), (True, PUBLIC_IDLE_SECONDS, PUBLIC_LIFE_SECONDS)],
)
async def test_a_session_ends_by_itself(
    house: House, clock: ManualClock, public: bool, idle: int, life: int
) -> None:
    """When nothing is asked for a while, and in any case in the end; sooner on a device of others."""
    idling = await come_in(house, public=public)
    clock.advance((idle - 1) * SECOND)
    assert await refused(house, idling) is None
    clock.advance(idle * SECOND)
    assert await refused(house, idling) == "holder_over"
    busy = await come_in(house, "a-2", public=public)
    for _ in range(life // (idle - 1)):
        assert await refused(house, busy) is None
        clock.advance((idle - 1) * SECOND)
    clock.advance(idle // 2 * SECOND)
    assert await refused(house, busy) == "holder_over"


async def test_a_copied_cookie_ends_the_session(house: House) -> None:
    """The thief gets nothing, and the holder signs in again: what was copied is worth nothing now."""
    cookie = await come_in(house)
    assert await refused(house, cookie, LAPTOP) == "holder_over"
    assert await refused(house, cookie) == "holder_over"
    assert await refused(house, "nobody's") == "holder_needed"


async def test_containment_ends_it(house: House, clock: ManualClock) -> None:
    """From the commit on, without anybody being told; whoever signs in anew afterwards is let in."""
    cookie, other = await come_in(house), await come_in(house, "a-2")
    clock.advance(SECOND)
    asked = ContainRequest(account="a-1", reason="not me", preset=Preset.EVERYTHING)
    await contain_now(house, asked, "k", "desk")
    assert await refused(house, cookie) == "holder_over"
    assert await refused(house, other) is None
    clock.advance(SECOND)
    made = await make_entry(house.holder_access, "a-1", "s-after", "d-new", public=False)
    assert await refused(house, await enter_by_code(house.holder_access, made.code, PHONE)) is None


async def test_signing_out_here_and_everywhere(house: House) -> None:
    """Here: the others stay. Everywhere: all of this account, none of another."""
    access = house.holder_access
    first, second, third = [await come_in(house) for _ in range(3)]
    foreign = await come_in(house, "a-2")
    assert await leave(access, await holder_of(access, first, PHONE)) == 1
    assert (await refused(house, first), await refused(house, second)) == ("holder_over", None)
    assert await leave(access, await holder_of(access, second, PHONE), everywhere=True) == 2
    assert [await refused(house, one) for one in (second, third)] == ["holder_over"] * 2
    assert await refused(house, foreign) is None


async def test_forms_belong_to_their_session(house: House) -> None:
    """Another session's token, none, or a changed one does not fit."""
    access = house.holder_access
    mine, theirs = [await holder_of(access, await come_in(house), PHONE) for _ in range(2)]
    assert fits(mine, mine.csrf)
    assert not any(fits(mine, given) for given in (theirs.csrf, None, "", mine.csrf[:-1] + "x", "密"))
