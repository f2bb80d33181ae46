"""Those who wait together are served together, few groups at once; never two together that could meet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")
Serve = Callable[[Sequence[Asked]], Awaitable[Sequence[Given | Exception]]]

# One group works while another waits for the disk; the others wait their turn, so that a flood delays itself
# and not the decisions that the same process makes.
GROUPS_MAX, GROUP_SIZE_MAX = 2, 16
# Whoever waits behind more than this is not looked at yet.
LOOKED_AT_MAX = 500


class _Waiting(NamedTuple, Generic[Asked, Given]):
    asked: Asked
    marks: frozenset[Hashable]
    done: asyncio.Future[Given]


@dataclass(slots=True)
class Turns(Generic[Asked, Given]):
    """The queue, and the groups that empty it: alone one is served at once, many at a time share the work."""

    groups_max: int = GROUPS_MAX
    group_size_max: int = GROUP_SIZE_MAX
    _queue: deque[_Waiting[Asked, Given]] = field(default_factory=deque)
    _busy: set[Hashable] = field(default_factory=set)
    _lanes: set[asyncio.Task[None]] = field(default_factory=set)
    _open: int = 0

    async def take(self, asked: Asked, marks: frozenset[Hashable], serve: Serve[Asked, Given]) -> Given:
        """What `serve` gives for this one. An exception it gives is raised; one it raises is everybody's.

        No two that share a mark are served at the same time. Who goes away before their turn is passed over.
        """
        waiting = _Waiting[Asked, Given](asked, marks, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._open < self.groups_max:
            self._open += 1
            lane = asyncio.create_task(self._serve(serve))
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await waiting.done

    async def _serve(self, serve: Serve[Asked, Given]) -> None:
        try:
            await self._serve_groups(serve)
        finally:
            # In the same step as the look that found nobody: who comes next opens a lane of their own.
            self._open -= 1

    async def _serve_groups(self, serve: Serve[Asked, Given]) -> None:
        while members := self._next():
            try:
                given = await serve([member.asked for member in members])
            except Exception as error:  # noqa: BLE001 - whatever it is, each of them is told
                given = [error for _ in members]
            finally:
                # Who was left in the queue for one of these is found by this lane's next look.
                self._busy.difference_update(*(member.marks for member in members))
            for member, one in zip(members, given, strict=True):
                if member.done.done():
                    continue  # its caller has gone away
                if isinstance(one, Exception):
                    member.done.set_exception(one)
                else:
                    member.done.set_result(one)

    def _next(self) -> list[_Waiting[Asked, Given]]:
        """The next group, in order of arrival, of those whom nobody under way forbids."""
        members: list[_Waiting[Asked, Given]] = []
        left: list[_Waiting[Asked, Given]] = []
        for _ in range(min(len(self._queue), LOOKED_AT_MAX)):
            one = self._queue.popleft()
            if one.done.done():
                continue
            if self._busy.isdisjoint(one.marks):
                self._busy |= one.marks
                members.append(one)
                if len(members) == self.group_size_max:
                    break
            else:
                left.append(one)
        self._queue.extendleft(reversed(left))
        return members
