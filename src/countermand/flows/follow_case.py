"""A case as it goes on, for whoever has its page open: told when it changes, until their session is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from countermand.flows.channels import Channels
from countermand.flows.reception import Reception
from countermand.flows.show_notices import HEARTBEAT_SECONDS, STREAMS_MAX, rings
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.cases import Case
from countermand.vocabulary.reports import Standing

# How long nothing may happen in a case that somebody signed in still finds as theirs to go on with.
TOUCHED_MICROS = 365 * MICROS_PER_DAY


class FollowHouse(Protocol):
    """What following needs of the house."""

    @property
    def reception(self) -> Reception: ...

    @property
    def channels(self) -> Channels: ...


def require_stream(house: FollowHouse) -> None:
    """Raises Unavailable (`too_many_streams`)."""
    if house.channels.chat.bell.streams >= STREAMS_MAX:
        raise Unavailable(
            "too_many_streams",
            "Too many pages are kept live here; this one is up to date whenever you load it.",
            "当前实时页面过多；刷新页面即可看到最新内容。",
        )


async def follow_case(house: FollowHouse, number: str, seen: int, until: int) -> AsyncIterator[int | None]:
    """The versions of a case behind `seen`, each as it comes; None when there was none for a while.

    It ends at `until` (microseconds UTC), and when the house closes. Ask `require_stream` before.
    Raises Unavailable.
    """
    bell, clock = house.channels.chat.bell, house.reception.clock
    bell.streams += 1
    try:
        while not bell.closed and (now := clock.now()) < until:
            ring = bell.next
            version = await _version_of(house.reception, number)
            if version > seen:
                seen = version
                yield version
            left = (until - now) / MICROS_PER_SECOND
            if not await rings(ring, min(HEARTBEAT_SECONDS, left)):
                yield None
            await asyncio.sleep(0)
    finally:
        bell.streams -= 1


async def _version_of(house: Reception, number: str) -> int:
    async with house.works.open() as unit:
        case = await unit.cases.by_number(number)
    return 0 if case is None else case.version


async def own_cases(house: Reception, account: str) -> list[Case]:
    """The open cases that the holder of an account has begun while signed in, last touched first.

    What strangers say about an account is not theirs to read. Raises Unavailable.
    """
    async with house.works.open() as unit:
        (found,) = await unit.cases.open_of([(account, None)], house.clock.now() - TOUCHED_MICROS)
    return [one for one in found if one.standing == Standing.PROVEN.value]
