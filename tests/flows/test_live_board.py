"""Goal: the board tells each thing once, in order, and never waits for a reader. Method: a store on cue."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from countermand.flows.live_board import LINES_A_TURN, LINES_KEPT, BoardNews, LiveBoard, board_state
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import TooMany
from countermand.vocabulary.board import BoardCount, BoardLine, OpenHold, StoppedMoney
from flows.stage import NOON

MINUTE = NOON // 60_000_000


@dataclass
class ToldStore:
    """A journal whose numbers become visible when a test says so."""

    visible: set[int] = field(default_factory=set)
    open_writers: frozenset[str] = frozenset()

    async def newest(self) -> int:
        return max(self.visible, default=0)

    async def writers(self) -> frozenset[str]:
        return self.open_writers

    async def lines(
        self, after: int, up_to: int, kinds: Collection[str], count_max: int
    ) -> Sequence[BoardLine]:
        found = [one for one in sorted(self.visible) if after < one <= up_to][-count_max:]
        return [BoardLine(one, NOON, "case.opened") for one in found]

    async def counts(
        self, after: int, up_to: int, kinds: Collection[str], since: int
    ) -> Sequence[BoardCount]:
        found = sum(after < one <= up_to for one in self.visible)
        return [BoardCount(MINUTE, "deny", found)] if found else []

    async def stopped(self, after: int, up_to: int, since: int) -> Sequence[StoppedMoney]:
        return [StoppedMoney(MINUTE, "CNY", 100)]

    async def holds(self, count_max: int) -> tuple[int, Sequence[OpenHold]]:
        return 0, []


async def always() -> bool:
    """Somebody who stays."""
    return True


def board_over(store: ToldStore) -> LiveBoard:
    """A board that looks only when it is told to."""
    return LiveBoard(store, ManualClock(NOON), look_seconds=3600)


def seqs(news: BoardNews | None) -> list[int]:
    """The numbers of what came."""
    assert news is not None
    return [one.seq for one in news.lines]


async def test_a_number_that_may_still_come_is_waited_for() -> None:
    """Three is visible before two, whose writer is open: neither shows until two is there or never comes."""
    store = ToldStore({1})
    board = board_over(store)
    reader = board.follow(0, always)
    assert seqs(await anext(reader)) == [1]
    store.visible |= {3}
    store.open_writers = frozenset({"5/1"})
    assert not await board.turn()
    store.visible |= {2}
    store.open_writers = frozenset({"5/2"})  # another one, who came later and writes above
    assert await board.turn()
    assert seqs(await anext(reader)) == [2, 3]
    await board.close()


async def test_a_slow_reader_gets_the_newest_and_is_told_how_much_is_missing() -> None:
    """Whoever does not read holds nobody up: what is kept for all readers has one bound."""
    store = ToldStore({1})
    board = board_over(store)
    slow, quick = board.follow(None, always), board.follow(None, always)
    await anext(slow)
    await anext(quick)
    for last in range(101, 1_000, 100):
        store.visible |= set(range(last - 99, last + 1))
        assert await board.turn()
        assert seqs(await anext(quick))[-1] == last
    late = await anext(slow)
    assert late is not None
    assert (len(late.lines), seqs(late)[-1]) == (LINES_A_TURN, 901)
    assert late.skipped == 900 - LINES_A_TURN
    assert len(board.lines) <= LINES_KEPT
    assert board_state(board)["totals"] == {"deny": 901}
    assert board_state(board)["stopped"] == {"CNY": 1_000}
    await board.close()


async def test_nothing_is_told_to_whoever_may_not_see_it_any_more() -> None:
    """The right is asked for before each piece of news, not only at the door."""
    store, may = ToldStore({1}), True

    async def asked() -> bool:
        return may

    board = board_over(store)
    reader = board.follow(None, asked)
    await anext(reader)
    may = False
    store.visible |= {2}
    await board.turn()
    with pytest.raises(StopAsyncIteration):
        await anext(reader)
    assert board.bell.streams == 0
    await board.close()


async def test_closing_ends_every_stream_and_too_many_are_refused() -> None:
    """A house that closes does not wait for its readers; one reader too many is told to come back."""
    board = board_over(ToldStore({1}))
    reader = board.follow(1, always)
    await anext(reader)
    waiting = asyncio.ensure_future(anext(reader, None))
    await asyncio.sleep(0)
    board.bell.streams = 100
    with pytest.raises(TooMany):
        await board.ready()
    await board.close()
    assert await waiting is None
