"""Requests that arrive together share one transaction; two groups overlap so that no one waits for the disk.

A group is decided on the standing we remember, and the commit checks that it still holds. Groups are decided
and committed in the same order. If one fails, what was decided on top of it is undone too, and decided again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from countermand.flows.breaking_points import breaking_point
from countermand.flows.decide_operation import Decider, Outcome, Pending, RecentAnswers, broken, pending_of
from countermand.flows.record_labels import PendingLabel, pending_label
from countermand.kernel.errors import BadRequest, CountermandError, SetupError, Unavailable
from countermand.vocabulary.labels import Label
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.work.record import DecisionStore, Known, Outdated, RowRefused, database_away

log = structlog.get_logger(__name__)
ACCOUNTS_CACHED_MAX = 200_000
# A group is decided again when the one below it failed; each refused row below costs one attempt.
GROUP_ATTEMPTS_MAX = 10
# Who was overtaken so often (by changes of somebody's standing) is decided alone, and cannot be any more.
OVERTAKEN_MAX = 3
ALONE_SECONDS_MAX = 10.0
_NOTHING_NEW = Known({}, {}, {})


class Meter(Protocol):
    """Who wants to know how the groups go."""

    def group_done(self, decided: int, waiting: int) -> None:
        """A group of `decided` operations was committed while `waiting` more were queued."""
        ...


class _PredecessorFailed(Exception):
    """The group this one was decided on top of was not committed."""


@dataclass(slots=True)
class _Waiting:
    pending: Pending | PendingLabel
    done: asyncio.Future[bytes]
    attempts: int = 0


@dataclass(slots=True)
class GroupCommitter:
    """The queue before the decider, and the lanes that empty it.

    With `in_order` operations are decided in the order in which they were queued, as a replay needs it: a
    lane takes its group only when the one before it has been decided. Else the lane that opens first decides
    first. After a failure that order is not kept.
    """

    decider: Decider
    store: DecisionStore
    group_size_max: int
    lanes: int
    queue_length_max: int
    meter: Meter | None = None
    in_order: bool = False
    _queue: deque[_Waiting] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _last: asyncio.Future[bool] | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _doubtful: deque[Outcome] = field(default_factory=deque)
    _closed: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _turn_of: int | None = None
    _open: int = 0
    _held: asyncio.Event | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _holding: asyncio.Lock = field(default_factory=asyncio.Lock)
    _recent: RecentAnswers = field(init=False)

    def __post_init__(self) -> None:
        self._recent = RecentAnswers(max(20_000, 4 * self.lanes * self.group_size_max))

    # -- the doors' side ----------------------------------------------------------------------------

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        """The durable answer to one operation, as bytes.

        Raises BadRequest (its time, `unrecordable_operation`), Conflict (`id_reused`), Unavailable
        (`overloaded`, `database_away`).
        """
        return await self._enqueued(operation, trace)

    async def decide_many(
        self, operations: Sequence[Operation], trace: str | None
    ) -> list[bytes | CountermandError]:
        """Answers in order; what is refused is a value in its place."""
        return await self.in_turn(operations, "", trace)

    async def label_many(
        self, labels: Sequence[Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """Labels recorded in their order, among the operations; see `flows.record_labels`."""
        return await self.in_turn(labels, actor, trace)

    async def in_turn(
        self, asked: Sequence[Operation | Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """Operations and labels in one order: each knows those before it. Answers as from the two above."""
        waits: list[asyncio.Future[bytes] | CountermandError] = []
        for one in asked:
            try:
                if isinstance(one, Operation):
                    done = self._enqueued(one, trace)
                else:
                    done = self._queued(lambda: pending_label(one, actor, trace, self.decider.latest))  # noqa: B023 - called at once
            except CountermandError as refusal:
                waits.append(refusal)
                continue
            done.add_done_callback(_heard)
            waits.append(done)
        results: list[bytes | CountermandError] = []
        for wait in waits:
            if isinstance(wait, CountermandError):
                results.append(wait)
                continue
            try:
                results.append(await wait)
            except CountermandError as refusal:
                results.append(refusal)
        return results

    def _enqueued(self, operation: Operation, trace: str | None) -> asyncio.Future[bytes]:
        def pending() -> Pending:
            try:
                made = pending_of(operation, trace)
            except UnicodeEncodeError:
                raise _unrecordable(operation) from None
            self.decider.check_time(made.at, operation)
            return made

        return self._queued(pending)

    def _queued(self, pending: Callable[[], Pending | PendingLabel]) -> asyncio.Future[bytes]:
        if self._closed:
            raise Unavailable(
                "closing", "The server is shutting down; send it again.", "服务器正在关闭；请重新发送。"
            )
        if len(self._queue) >= self.queue_length_max:
            raise Unavailable(
                "overloaded",
                "Too many operations are waiting; send it again in a moment.",
                "等待中的操作过多；请稍后重新发送。",
            )
        waiting = _Waiting(pending(), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return waiting.done

    @property
    def waiting(self) -> int:
        """How many operations and labels are queued."""
        return len(self._queue)

    # -- the lanes ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the lanes."""
        self._tasks = [asyncio.create_task(self._lane(number)) for number in range(self.lanes)]

    async def close(self) -> None:
        """Answer what is queued, then stop."""
        self._closed = True
        self._wake.set()
        await asyncio.gather(*self._tasks)

    @asynccontextmanager
    async def between_groups(self, seconds_max: float) -> AsyncIterator[None]:
        """Hold the lanes: inside, the record and the windows hold the same, and neither changes.

        Operations wait in the queue meanwhile, so be short. Raises TimeoutError where the groups on their way
        do not end in `seconds_max`, Unavailable where the end of a lost commit cannot be found out.
        """
        async with self._holding:
            self._held = asyncio.Event()
            try:
                async with asyncio.timeout(seconds_max):
                    while self._open:
                        self._ended.clear()
                        await self._ended.wait()
                    await self._settle_doubts()
                yield
            finally:
                held, self._held = self._held, None
                held.set()

    async def _lane(self, number: int) -> None:
        while self._queue or not self._closed:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            if self.in_order:
                await self._turn.acquire()
                self._turn_of = number
            while self._held is not None:
                await self._held.wait()
            self._open += 1
            members = [self._queue.popleft() for _ in range(min(len(self._queue), self.group_size_max))]
            try:
                if any(member.attempts >= OVERTAKEN_MAX for member in members):
                    await self._alone(number, members)
                elif members:
                    await self._group(number, members)
            except Exception as error:  # a bug must not silence the lane: its members are told
                log.exception("group_failed")
                self._refuse(members, broken(error))
            finally:
                self._open -= 1
                self._ended.set()
                self._pass_turn(number)

    def _pass_turn(self, lane: int) -> None:
        """The next group may be taken."""
        if self._turn_of == lane:
            self._turn_of = None
            self._turn.release()

    async def _alone(self, lane: int, members: list[_Waiting]) -> None:
        """Decide a group behind its gates, while no other group is under way."""
        keys = {key for m in members if isinstance(m.pending, Pending) for key in m.pending.keys}
        keys |= {m.pending.id for m in members if isinstance(m.pending, PendingLabel)}
        self._pass_turn(lane)
        self._open -= 1
        self._ended.set()
        try:
            async with self.between_groups(ALONE_SECONDS_MAX), self.store.behind_gates(lane, keys):
                await self._group(lane, members)
        except TimeoutError:
            self._retry(members)
        except CountermandError as refusal:
            self._refuse(members, refusal)
        finally:
            self._open += 1

    async def _group(self, lane: int, members: list[_Waiting]) -> None:
        try:
            await self._settle_doubts()
            accounts, known = await self._look_up(lane, members)
        except RowRefused as refusal:
            await self._apart(lane, members, refusal)
            return
        except CountermandError as refusal:
            self._refuse(members, refusal)
            return
        if self._doubtful:  # a commit was lost while this group looked: its windows are not ours yet
            self._retry(members)
            return
        predecessor, mine = self._last, asyncio.get_running_loop().create_future()
        outcome = self.decider.decide_group(known, accounts, [m.pending for m in members], self._recent)
        self._last = mine
        self._pass_turn(lane)
        committing = False
        try:
            if predecessor is not None and not await predecessor:
                raise _PredecessorFailed
            if outcome.rows:
                guards = {key: accounts[key].guard for m in outcome.decided for key in m.keys}
                committing = True
                breaking_point("deciding.decided")
                await self.store.commit(lane, outcome.rows, guards, outcome.facts, outcome.holds)
                breaking_point("deciding.committed")
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing may stay in the windows
            certain = isinstance(error, Outdated | RowRefused | SetupError)
            self._undo(outcome, doubtful=committing and not certain)
            if self._last is mine:
                self._last = None
            mine.set_result(False)
            await self._after_failure(lane, members, error)
            return
        mine.set_result(True)
        self.decider.settle(outcome)
        self._answer(members)
        if self.meter is not None:
            self.meter.group_done(len(outcome.decided), len(self._queue))

    async def _look_up(self, lane: int, members: list[_Waiting]) -> tuple[dict[str, Account], Known]:
        """What stands under the members' keys, and what must be known beside; we ask what we do not remember.

        Who was decided on what had changed meanwhile asks for everything.
        """
        asking = [m.pending for m in members if isinstance(m.pending, Pending)]
        again = any(m.attempts for m in members)
        keys = {key for one in asking for key in one.keys}
        accounts = {key: self._accounts.get(key) or Account(id=key) for key in keys}
        guards = {key: one.guard for key, one in accounts.items() if again or key not in self._accounts}
        labelled = {m.pending.id for m in members if isinstance(m.pending, PendingLabel)}
        if not guards and not labelled:
            return accounts, _NOTHING_NEW
        known = await self.store.look_up(lane, guards, [one.id for one in asking] if again else [], labelled)
        accounts |= known.accounts
        if len(self._accounts) + len(accounts) > ACCOUNTS_CACHED_MAX:
            self._accounts.clear()
        self._accounts |= accounts
        return accounts, known

    def _undo(self, outcome: Outcome, *, doubtful: bool) -> None:
        self.decider.undo(outcome, self._recent)
        if doubtful and outcome.rows:
            self._doubtful.append(outcome)

    async def _settle_doubts(self) -> None:
        """After a commit whose end we did not see: what is recorded after all goes back into the windows."""
        while self._doubtful:
            outcome = self._doubtful[0]
            recorded = await self.store.recorded([row.id for row in outcome.rows])
            if self._doubtful and self._doubtful[0] is outcome:  # the other lane may have been faster
                self._doubtful.popleft()
                self.decider.reinstate(outcome, recorded)

    async def _after_failure(self, lane: int, members: list[_Waiting], error: Exception) -> None:
        if isinstance(error, _PredecessorFailed | Outdated):
            self._retry(members)
        elif isinstance(error, RowRefused):
            await self._apart(lane, members, error)
        else:
            if not isinstance(error, CountermandError):
                log.error("group_refused", error=repr(error))
            self._refuse(members, error if isinstance(error, CountermandError) else broken(error))

    async def _apart(self, lane: int, members: list[_Waiting], error: RowRefused) -> None:
        """One row's data is at fault: decided one by one, only that one fails."""
        if len(members) > 1:
            for member in members:
                await self._group(lane, [member])
            return
        refused = members[0].pending
        log.error("row_refused", error=str(error), operation=refused.id)
        self._refuse(members, _unrecordable(refused))

    def _retry(self, members: list[_Waiting]) -> None:
        for member in members:
            member.attempts += 1
        fresh = [member for member in members if member.attempts < GROUP_ATTEMPTS_MAX]
        self._refuse([m for m in members if m.attempts >= GROUP_ATTEMPTS_MAX], database_away())
        self._queue.extendleft(reversed(fresh))
        self._wake.set()

    def _refuse(self, members: Sequence[_Waiting], refusal: CountermandError) -> None:
        if isinstance(refusal, SetupError):
            log.error("cannot_decide", code=refusal.code)
            refusal = database_away()
        for member in members:
            if not member.done.done():
                member.done.set_exception(refusal)

    def _answer(self, members: Sequence[_Waiting]) -> None:
        for member in members:
            result, done = member.pending.result, member.done
            if done.done():
                continue  # its caller has gone away
            if isinstance(result, bytes):
                done.set_result(result)
            else:
                assert result is not None, "every member of a committed group has a result"
                done.set_exception(result)


def _heard(done: asyncio.Future[bytes]) -> None:
    """A caller that has gone away leaves no complaint about an answer nobody fetched."""
    if not done.cancelled():
        done.exception()


def _unrecordable(operation: Operation | Pending | PendingLabel) -> BadRequest:
    return BadRequest(
        "unrecordable_operation",
        "The operation holds data that cannot be recorded, so it was not decided; a retry is no help.",
        "该操作含有无法落库的数据，因此未作决策；重复发送也不会成功。",
        operation=operation.id.encode(errors="replace").decode(),
    )
