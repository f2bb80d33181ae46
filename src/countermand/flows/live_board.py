"""The operations board: what the house decides and stops, as it happens, for staff who watch.

The journal is followed behind the decisions and only while somebody watches: no decision waits for it. What
is read at once is bounded, so a busy minute costs the board lines, never the house.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import structlog

from countermand.flows.show_notices import Bell
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import TooMany, Unavailable
from countermand.vocabulary import facts
from countermand.vocabulary.board import BoardCount, BoardLine, OpenHold, StoppedMoney
from countermand.work.record import database_away

log = structlog.get_logger(__name__)
# What stands on the board; all else that is recorded is of no haste.
BOARD_FACTS = frozenset(
    {
        facts.OPERATION_DECIDED, facts.HOLD_RELEASED, facts.HOLD_REVOKED, facts.HOLD_LAPSED,
        facts.HOLD_FAILED, facts.HOLD_CONTAINED, facts.INCIDENT_CONTAINED, facts.INCIDENT_LIFTED,
        facts.ACCOUNT_FROZEN, facts.ACCOUNT_LIFTED, facts.CASE_OPENED,
    }
)  # fmt: skip
LOOK_SECONDS = 0.25
# Whoever reads slower than that gets the newest of what they missed.
LINES_KEPT = 300
LINES_A_TURN = 60
WINDOW_MINUTES = 60
HISTORY_FACTS_MAX = 50_000
HOLDS_SHOWN_MAX = 8
WATCHERS_MAX = 100
# With nobody watching it goes on for so long: a page that is loaded anew finds everything still there.
LINGER_SECONDS = 30.0
HEARTBEAT_SECONDS = 10.0
_MINUTE = 60 * MICROS_PER_SECOND


class BoardStore(Protocol):
    """Where the board reads; every method raises Unavailable."""

    async def newest(self) -> int:
        """The highest number of the journal that is visible."""
        ...

    async def writers(self) -> frozenset[str]:
        """The transactions that may have drawn numbers of the journal, and are open."""
        ...

    async def lines(
        self, after: int, up_to: int, kinds: Collection[str], count_max: int
    ) -> Sequence[BoardLine]:
        """The newest facts of these kinds numbered above `after`, up to `up_to`, in order."""
        ...

    async def counts(
        self, after: int, up_to: int, kinds: Collection[str], since: int
    ) -> Sequence[BoardCount]:
        """How many facts there are among the same, since an instant."""
        ...

    async def stopped(self, after: int, up_to: int, since: int) -> Sequence[StoppedMoney]:
        """Amounts of operations that were denied, or whose hold was taken back or lapsed, among the same."""
        ...

    async def holds(self, count_max: int) -> tuple[int, Sequence[OpenHold]]:
        """How many holds wait (counted to 10,000), and those that are looked at next."""
        ...


class BoardNews(NamedTuple):
    """What a reader has not seen: lines up to number `position`, and how many more there were."""

    position: int
    lines: Sequence[BoardLine]
    skipped: int


class _Ahead(NamedTuple):
    """A number of the journal, and who may still write below it."""

    newest: int
    writers: frozenset[str]


@dataclass(slots=True)
class LiveBoard:
    """One a house. `minutes`: counts by word; `money`: stopped, by currency; both of the last hour."""

    store: BoardStore
    clock: Clock
    look_seconds: float = LOOK_SECONDS
    bell: Bell = field(default_factory=Bell)
    lines: deque[BoardLine] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    minutes: dict[int, dict[str, int]] = field(default_factory=dict)
    money: dict[int, dict[str, int]] = field(default_factory=dict)
    holds: Sequence[OpenHold] = ()
    holds_open: int = 0
    seen: int = 0
    position: int | None = None
    counted_since: int = 0
    away: bool = False
    _ahead: _Ahead | None = None
    _task: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Return once there is something to show. Raises Unavailable, TooMany (`too_many_watchers`)."""
        if self.bell.streams >= WATCHERS_MAX:
            raise TooMany(
                "too_many_watchers",
                "Too many boards are open here; close one that nobody looks at.",
                "当前打开的实时面板过多，请先关闭无人查看的页面。",
                retry_after_seconds=30,
            )
        if self._task is None or self._task.done():
            self.position, self._ahead, self.away = None, None, False
            self._task = asyncio.create_task(self._run(), name="countermand board")
        while self.position is None and not self.bell.closed:
            if self.away:
                raise database_away()
            await self.bell.next.wait()

    async def close(self) -> None:
        """End every stream and stop looking."""
        self.bell.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def follow(
        self, after: int | None, still_in: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[BoardNews | None]:
        """What is behind number `after` (None: only what comes from now on), then each piece of news.

        None where there was none for a while. It ends when the house closes, and before anything more is told
        to somebody for whom `still_in` does not hold. Raises as `ready`.
        """
        await self.ready()
        self.bell.streams += 1
        try:
            assert self.position is not None or self.bell.closed, "it is ready"
            place, seen = self.position or 0, self.seen
            if after is not None and after < place:
                place, seen = after, self.seen - sum(one.seq > after for one in self.lines)
            first = True
            while not self.bell.closed:
                ring = self.bell.next
                now_at, seen_now = self.position or 0, self.seen
                if not await still_in():
                    return
                if first or now_at > place:
                    news = [one for one in self.lines if place < one.seq <= now_at][-LINES_A_TURN:]
                    missed = max(0, seen_now - seen - len(news))
                    # Before the yield: a slow reader comes back when the board has long gone on.
                    place, seen, first = now_at, seen_now, False
                    yield BoardNews(now_at, news, missed)
                elif not await _rings(ring, still_in):
                    yield None
        finally:
            self.bell.streams -= 1

    async def turn(self) -> bool:
        """Look once; whether there was news. Raises Unavailable.

        Numbers of the journal become visible out of order: what may still be filled is waited for, so that
        lines come in order, each once and none left out.
        """
        if self._ahead is None:
            newest = await self.store.newest()
            self._ahead = _Ahead(newest, await self.store.writers())
        elif self._ahead.writers:
            self._ahead = self._ahead._replace(writers=self._ahead.writers & await self.store.writers())
        if self._ahead.writers:
            return False
        settled, self._ahead = self._ahead.newest, None
        if self.position is not None and settled <= self.position:
            return False
        await self._take(settled)
        return True

    async def _take(self, settled: int) -> None:
        now = self.clock.now()
        since = now - WINDOW_MINUTES * _MINUTE
        if self.position is None:
            self.lines.clear()
            self.minutes.clear()
            self.money.clear()
            after, self.counted_since = max(0, settled - HISTORY_FACTS_MAX), since
        else:
            after = self.position
        found = await self.store.lines(after, settled, BOARD_FACTS, LINES_A_TURN)
        counts = await self.store.counts(after, settled, BOARD_FACTS, since)
        if self.position is None and after and counts:
            self.counted_since = max(since, min(one.minute for one in counts) * _MINUTE)
        for count in counts:
            words = self.minutes.setdefault(count.minute, {})
            words[count.word] = words.get(count.word, 0) + count.times
            self.seen += count.times
        for money in await self.store.stopped(after, settled, since):
            sums = self.money.setdefault(money.minute, {})
            sums[money.currency] = sums.get(money.currency, 0) + money.minor
        for kept in (self.minutes, self.money):
            for minute in [one for one in kept if one < since // _MINUTE]:
                del kept[minute]
        self.holds_open, self.holds = await self.store.holds(HOLDS_SHOWN_MAX)
        self.lines.extend(found)
        self.position = settled
        self.bell.ring()

    async def _run(self) -> None:
        """Until nobody has watched for a while; a database that is away is waited for."""
        loop = asyncio.get_running_loop()
        watched_at = loop.time()
        while loop.time() - watched_at < LINGER_SECONDS:
            if self.bell.streams:
                watched_at = loop.time()
            try:
                await self.turn()
                self.away = False
            except Unavailable:
                self.away = True
                self.bell.ring()
            except Exception:
                log.exception("board_not_followed")
            await asyncio.sleep(self.look_seconds)


async def _rings(ring: asyncio.Event, still_in: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it rings before the heartbeat, or somebody has lost their right to see it meanwhile."""
    for _ in range(int(HEARTBEAT_SECONDS)):
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await ring.wait()
        if ring.is_set() or not await still_in():
            return True
    return False


def totals(kept: dict[int, dict[str, int]]) -> dict[str, int]:
    """Sums over all minutes, by word or currency.

    >>> totals({1: {"hold": 2}, 2: {"hold": 1, "deny": 4}})
    {'hold': 3, 'deny': 4}
    """
    found: dict[str, int] = {}
    for words in kept.values():
        for word, count in words.items():
            found[word] = found.get(word, 0) + count
    return found


def board_state(board: LiveBoard) -> dict[str, Any]:
    """What stands on the board beside the lines: sums of the last hour, open holds, and the last minute."""
    minute = board.clock.now() // _MINUTE
    return {
        "since": max(board.counted_since, board.clock.now() - WINDOW_MINUTES * _MINUTE),
        "totals": totals(board.minutes),
        "stopped": totals(board.money),
        "holds": board.holds,
        "holds_open": board.holds_open,
        "minutes": [
            (one, board.minutes.get(one, {})) for one in range(minute - WINDOW_MINUTES + 1, minute + 1)
        ],
        "per_minute": sum(
            count for word, count in board.minutes.get(minute - 1, {}).items() if "." not in word
        ),
    }
