"""The follower: candidates see every recorded operation once, in order, and what they say is kept.

It runs in a process of its own, decides nothing, and no answer waits for it. Results and position are one
transaction, and windows come from the record up to the position: killed at any moment, it goes on as if
nothing had happened. Candidates at one position go together; the one that is furthest behind goes first, so
all of them meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from countermand.flows.recorded_policies import RecordedPolicies
from countermand.flows.shadow_candidates import Candidate, evaluate
from countermand.flows.shadow_windows import WindowRoom
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, Clock
from countermand.kernel.errors import PolicyError, SetupError
from countermand.policy.package import compile_recorded
from countermand.policy.plan import FeaturePlan
from countermand.policy.ports import FeatureStore, Scorers
from countermand.policy.window_identity import windows_on_labels
from countermand.vocabulary.facts import SHADOW_PAUSED, Fact
from countermand.vocabulary.shadows import (
    BROKEN,
    NOT_UNDERSTOOD,
    OWN_LABELS,
    TOO_SLOW,
    Chunk,
    FollowedRow,
    PastRow,
    Shadow,
    Step,
)

log = structlog.get_logger(__name__)
BATCH_ROWS_MAX = 256
POLL_SECONDS = 1.0
# Between pieces of a batch: so many answers of candidates, then a pause.
PIECE_ANSWERS = 16
GIVE_WAY_SECONDS = 0.001
NOBODY_SECONDS = 1.0
PRUNE_MICROS = 3600 * MICROS_PER_SECOND
_LAST_SEQ = 2**63 - 1


class FollowerStore(Protocol):
    """Where the follower reads and writes; all methods but `history` raise Unavailable."""

    async def running(self) -> list[Shadow]:
        """The candidates that run."""
        ...

    async def source(self, shadow_id: int) -> dict[str, str]:
        """The files of a candidate; none where it was removed meanwhile."""
        ...

    async def policies(self) -> dict[int, dict[str, str]]:
        """The files of every recorded policy, by number."""
        ...

    async def last_chunk(self, shadow_id: int) -> Chunk | None:
        """The latest chunk of a candidate, to go on with."""
        ...

    async def rows(
        self, after: int, up_to: int, rows_max: int, same_windows: Collection[int]
    ) -> list[FollowedRow]:
        """Operations numbered above `after`, up to `up_to`, in order; no later call finds one in between."""
        ...

    def history(
        self, since: int, up_to: int, shadow_id: int, same_windows: Collection[int]
    ) -> AsyncIterator[list[PastRow]]:
        """Operations since an instant, numbered up to `up_to`, with the candidate's outcomes, in chunks."""
        ...

    async def received_up_to(self, seq: int) -> int | None:
        """When the operation with this number, or the last before it, reached us."""
        ...

    async def record(self, steps: Sequence[Step]) -> set[int]:
        """Write results and positions in one transaction; the ids of the candidates that still run."""
        ...

    async def pause(self, name: str, reason: str, detail: Mapping[str, Any], fact: Fact) -> None:
        """Stop a candidate for a reason that people can read."""
        ...

    async def prune(self, shadow_id: int, before: int) -> None:
        """Forget results that ended before an instant."""
        ...


@dataclass(slots=True)
class Follower:
    """One a database. `lag_seconds_max`: how far a candidate may fall back before it is paused.

    `scorers` open the models that candidates name.
    """

    store: FollowerStore
    make_store: Callable[[FeaturePlan], FeatureStore]
    clock: Clock
    lag_seconds_max: int
    days_kept: int
    scorers: Scorers | None = None
    batch_rows_max: int = BATCH_ROWS_MAX
    _policies: RecordedPolicies = field(default_factory=lambda: RecordedPolicies({}))
    _candidates: dict[int, Candidate] = field(default_factory=dict)
    _least_lag: dict[int, int] = field(default_factory=dict)
    _pruned_at: int = 0

    async def follow(self, stop: asyncio.Event) -> None:
        """Go on until told to stop. Raises Unavailable when the database goes away; start again then."""
        while not stop.is_set():
            await self.attend()
            worked = await self.advance()
            if worked < self.batch_rows_max:
                await _pause(stop, POLL_SECONDS if self._candidates else NOBODY_SECONDS)
            else:
                await asyncio.sleep(0)

    async def attend(self) -> None:
        """Take up candidates that were added or resumed, let go of those that were paused or removed."""
        running = {shadow.id: shadow for shadow in await self.store.running()}
        for number in self._candidates.keys() - running.keys():
            self._drop(number)
        for number in running.keys() - self._candidates.keys():
            await self._take_up(running[number])
        await self._prune()

    async def advance(self) -> int:
        """One batch for those who are furthest behind; how many operations it had."""
        if not self._candidates:
            return 0
        position = min(candidate.position for candidate in self._candidates.values())
        others = [one.position for one in self._candidates.values() if one.position > position]
        group = [one for one in self._candidates.values() if one.position == position]
        up_to = min(others, default=_LAST_SEQ)
        same = self._same_windows(group)
        rows = await self.store.rows(position, up_to, self.batch_rows_max, same)
        if any(row.policy_id not in self._policies.sources for row in rows):
            self._policies.sources = await self.store.policies()
        if not rows:
            return 0
        await self._fill_rooms(group, position, {row.policy_id for row in rows})
        group = [one for one in group if one.shadow.id in self._candidates]
        await self._evaluate(rows, group)
        await self._record(group, rows[-1].seq)
        await self._stop_the_slow(group, rows)
        return len(rows)

    # -- taking up and letting go --------------------------------------------------------------------

    async def _take_up(self, shadow: Shadow) -> None:
        source = await self.store.source(shadow.id)
        try:
            program = compile_recorded(source, self.scorers)
        except (PolicyError, SetupError) as error:
            await self._stop(shadow, NOT_UNDERSTOOD, {"code": error.code})
            return
        chunk = await self.store.last_chunk(shadow.id)
        room = WindowRoom(program, shadow.id, self._policies, self.make_store)
        self._candidates[shadow.id] = Candidate(
            shadow, program, room, Chunk() if chunk is None else chunk, shadow.position
        )
        log.info("shadow.taken_up", shadow=shadow.name, policy=shadow.policy, position=shadow.position)

    def _drop(self, number: int) -> None:
        del self._candidates[number]
        self._least_lag.pop(number, None)

    async def _stop(self, shadow: Shadow, reason: str, detail: Mapping[str, Any]) -> None:
        at = self.clock.now()
        body = {"shadow": shadow.name, "policy": shadow.policy, "reason": reason, **detail}
        await self.store.pause(shadow.name, reason, detail, Fact(at, SHADOW_PAUSED, body))
        log.warning("shadow.paused", shadow=shadow.name, reason=reason, **detail)

    # -- one batch -----------------------------------------------------------------------------------

    def _same_windows(self, group: Sequence[Candidate]) -> set[int]:
        """The policies met so far whose rows all of the group understand without the operation's body."""
        found = [self._policies.with_windows_of(candidate.program, met=True) for candidate in group]
        return set.intersection(*found) if found else set()

    async def _fill_rooms(self, group: Sequence[Candidate], position: int, policy_ids: set[int]) -> None:
        """Every room has the windows that these rows need, as of the group's position."""
        for candidate in group:
            room = candidate.room
            lacking = frozenset[int]().union(*(room.lacking(number) for number in policy_ids))
            if not lacking:
                continue
            on_labels = lacking & windows_on_labels(candidate.program.package)
            if on_labels:
                names = sorted(candidate.program.plan.windows[number].name for number in on_labels)
                await self._stop(candidate.shadow, OWN_LABELS, {"windows": ", ".join(names)})
                self._drop(candidate.shadow.id)
                continue
            own = room.own | lacking
            fresh = WindowRoom(candidate.program, candidate.shadow.id, self._policies, self.make_store, own)
            ready = {one.room.key: one.room for one in group if one.room.store is not None}
            if fresh.key in ready:
                candidate.room = ready[fresh.key]
                continue
            operations = await self._build(fresh, own, position)
            candidate.room = fresh
            log.info("shadow.windows_built", shadow=candidate.shadow.name, operations=operations)
        self._share([one for one in group if one.shadow.id in self._candidates])

    def _share(self, group: Sequence[Candidate]) -> None:
        """Rooms that hold the same at this position become one."""
        rooms: dict[Any, WindowRoom] = {}
        for candidate in group:
            candidate.room = rooms.setdefault(candidate.room.key, candidate.room)

    async def _build(self, room: WindowRoom, own: frozenset[int], position: int) -> int:
        received = await self.store.received_up_to(position)
        now = self.clock.now() if received is None else min(received, self.clock.now())
        same = self._policies.with_windows_of(room.program)
        return await room.build(own, lambda kept: self.store.history(now - kept, position, room.owner, same))

    async def _evaluate(self, rows: Sequence[FollowedRow], group: Sequence[Candidate]) -> None:
        """In pieces of less than a millisecond: whoever decides may be waiting for this very core.

        Linux lets a process that wakes up wait for the time slice of the one that runs, milliseconds, however
        low its priority; only who sleeps is out of the way at once.
        """
        piece_rows = max(1, PIECE_ANSWERS // max(1, len(group)))
        for start in range(0, len(rows), piece_rows):
            evaluate(rows[start : start + piece_rows], group, self._policies)
            await asyncio.sleep(GIVE_WAY_SECONDS)

    async def _record(self, group: Sequence[Candidate], last: int) -> None:
        """Results and positions at once; then those that broke are paused where they stopped."""
        steps: list[Step] = []
        chunks: dict[int, Chunk] = {}
        for candidate in group:
            pending = candidate.pending
            position = (
                last if candidate.failure is None else pending[-1].seq if pending else candidate.position
            )
            step, chunks[candidate.shadow.id] = candidate.step(position)
            steps.append(step)
        moved = await self.store.record(steps)
        for candidate, step in zip(group, steps, strict=True):
            number = candidate.shadow.id
            if number not in moved:
                self._drop(number)
            elif candidate.failure is not None:
                operation, error = candidate.failure
                detail = {"error": type(error).__name__, "operation": operation}
                await self._stop(candidate.shadow, BROKEN, detail)
                self._drop(number)
            else:
                candidate.position, candidate.chunk = step.position, chunks[number]
                candidate.pending.clear()

    async def _stop_the_slow(self, group: Sequence[Candidate], rows: Sequence[FollowedRow]) -> None:
        """Falling back further than allowed from the least lag since its start: the dearest of them goes.

        So one that starts far behind is left to catch up, and one that never would is not left to try for
        ever.
        """
        lag = self.clock.now() - rows[-1].received_at if len(rows) == self.batch_rows_max else 0
        late = []
        for candidate in group:
            number = candidate.shadow.id
            if number not in self._candidates:
                continue
            least = self._least_lag[number] = min(lag, self._least_lag.get(number, lag))
            if lag > least + self.lag_seconds_max * MICROS_PER_SECOND:
                late.append(candidate)
        if not late:
            return
        dearest = max(late, key=lambda candidate: candidate.spent_seconds)
        await self._stop(dearest.shadow, TOO_SLOW, {"lag_seconds": lag // MICROS_PER_SECOND})
        self._drop(dearest.shadow.id)
        for candidate in self._candidates.values():
            candidate.spent_seconds = 0.0
            self._least_lag[candidate.shadow.id] = lag

    async def _prune(self) -> None:
        """Once an hour: results that are too old, unless windows on outcomes may still look at them."""
        now = self.clock.now()
        if now < self._pruned_at + PRUNE_MICROS:
            return
        self._pruned_at = now
        for candidate in self._candidates.values():
            kept = max(self.days_kept * MICROS_PER_DAY, candidate.program.plan.kept_micros)
            await self.store.prune(candidate.shadow.id, now - kept)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not past the end."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
