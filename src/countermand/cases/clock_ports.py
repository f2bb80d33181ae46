"""What the chapter asks of whoever keeps its records; every call happens inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from countermand.vocabulary.clocks import Breach, CalendarVersion, Clock, Reckoned


class CalendarBook(Protocol):
    """Which version of each calendar is used; versions are never forgotten."""

    async def version(self, calendar: str) -> str | None:
        """The version of a calendar that is used now."""
        ...

    async def find_calendar(self, calendar: str, version: str) -> CalendarVersion | None:
        """What a version says."""
        ...

    async def use(self, calendar: CalendarVersion, now: int, by: str) -> bool:
        """Keep a version, and use it from now on; False where it is used already."""
        ...


class ClockBook(CalendarBook, Protocol):
    """The clocks; a lock lasts until the transaction ends."""

    async def add(self, clocks: Sequence[Clock]) -> list[Clock]:
        """Write new clocks; those of them that were not there already, by case, policy and start."""
        ...

    async def add_new(self, clocks: Sequence[Clock]) -> None:
        """Write clocks of a case that had none, at the unit's end."""
        ...

    async def lock(self, clocks: Collection[str]) -> list[Clock]:
        """The clocks of these ids with their spans, locked in order of id, after their cases."""
        ...

    async def lock_free(self, clocks: Collection[str]) -> list[Clock]:
        """Like `lock`, but waits for nobody: what others hold, or hold the case of, is left out."""
        ...

    async def of_case(self, case: str) -> list[Clock]:
        """All clocks of a case with their spans, locked, in order of id."""
        ...

    async def put(self, clocks: Sequence[Clock]) -> None:
        """Write what became of locked clocks; of their spans only the last two may be new or changed."""
        ...

    async def breach(self, breaches: Sequence[Breach]) -> None:
        """Write what was not met in time; what is written already stays."""
        ...

    async def made_good(self, clock: str, now: int) -> bool:
        """Write that a breached clock was met after all; False where that is written, or not breached."""
        ...

    async def live(self, after: str, count_max: int) -> list[Reckoned]:
        """Clocks that run or are paused, behind an id, in order of id; nothing is locked."""
        ...
