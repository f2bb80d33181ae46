"""Goal: who waits together is served together, and nobody fails for another. Method: a server that counts."""

from __future__ import annotations

import asyncio

import pytest

from countermand.flows.turns import Turns


async def test_those_who_wait_are_served_together_and_each_gets_their_own() -> None:
    """The first goes at once; those who come meanwhile share the next groups, of a bounded size."""
    turns, groups = Turns[int, int](groups_max=1, group_size_max=3), []

    async def double(asked):
        groups.append(list(asked))
        await asyncio.sleep(0)
        return [ValueError("odd") if one == 3 else 2 * one for one in asked]

    given = await asyncio.gather(
        *(turns.take(one, frozenset(), double) for one in range(6)), return_exceptions=True
    )
    assert [one for one in given if isinstance(one, int)] == [0, 2, 4, 8, 10]
    assert isinstance(given[3], ValueError)
    assert groups == [[0, 1, 2], [3, 4, 5]]


async def test_two_that_share_a_mark_never_meet() -> None:
    """Neither in one group nor in two at once; who is behind them is not held up."""
    turns, running, order = Turns[str, str](groups_max=2, group_size_max=8), set(), []

    async def alone(asked):
        accounts = [one[0] for one in asked]
        assert len(set(accounts)) == len(accounts)
        assert running.isdisjoint(accounts)
        running.update(accounts)
        await asyncio.sleep(0.01)
        running.difference_update(accounts)
        order.extend(asked)
        return asked

    asked = ["a1", "a2", "b1", "a3", "c1"]
    taken = (turns.take(one, frozenset({one[0]}), alone) for one in asked)
    assert await asyncio.gather(*taken) == asked
    assert [one for one in order if one[0] == "a"] == ["a1", "a2", "a3"]
    assert order.index("c1") < order.index("a2")


async def test_a_server_that_fails_is_told_to_all_it_served_and_goes_on() -> None:
    """An error of the whole group reaches each of its members; the next group is served."""
    turns = Turns[int, int](groups_max=1)

    async def broken(asked):
        raise OSError("away")

    async def sound(asked):
        return list(asked)

    given = await asyncio.gather(
        *(turns.take(one, frozenset(), broken) for one in (1, 2)), return_exceptions=True
    )
    assert [type(one) for one in given] == [OSError, OSError]
    assert await turns.take(7, frozenset(), sound) == 7
    with pytest.raises(OSError, match="away"):
        await turns.take(8, frozenset(), broken)
