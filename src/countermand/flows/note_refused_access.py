"""Refused access goes on the record in sums, so that nobody can fill the journal by knocking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from countermand.kernel.clock import Clock
from countermand.vocabulary.facts import ACCESS_REFUSED, Fact
from countermand.work import Journal


class AccessHouse(Protocol):
    """What this story needs of the house."""

    @property
    def journal(self) -> Journal: ...

    @property
    def clock(self) -> Clock: ...


async def note_refused_access(house: AccessHouse, refused: Mapping[tuple[str, str], int]) -> None:
    """One fact for each (reason, route) with how often it was refused since the last time.

    Raises Unavailable; then nothing was noted.
    """
    now = house.clock.now()
    await house.journal.append(
        [
            Fact(now, ACCESS_REFUSED, {"reason": reason, "route": route, "count": count})
            for (reason, route), count in refused.items()
        ]
    )
