"""The deciding server's own part of publishing: prepare arms in the background, switch, pause, go back.

Preparing never stops the decisions: the windows are rebuilt from the record beside the live ones, and only
the last few operations are taken over between two groups. Switching is one assignment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from countermand.flows.arms import Arm, Arms, Canary, Workshop
from countermand.flows.canary import Tally
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.rebuild_features import Rebuilder
from countermand.flows.recall import Recall
from countermand.kernel.clock import Clock
from countermand.kernel.errors import Conflict, CountermandError, PolicyError, SetupError, Unavailable
from countermand.policy.package import compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.vocabulary.publishing import SERVER, CanaryRecord, PolicyState, PolicyStep, Publication
from countermand.work.record import database_away

log = structlog.get_logger(__name__)
# A start is kept to the second; looking at the clock this often costs nothing.
LOOK_SECONDS = 0.1
READ_AGAIN_SECONDS = 5.0
RETRY_SECONDS = 2.0
# Behind the record by no more than this, an arm takes over the rest while the lanes are held.
BEHIND_OPERATIONS_MAX = 500
CATCH_UPS_MAX = 20
HOLD_SECONDS_MAX = 2.0


class ArmBook(Protocol):
    """What shall decide, and what this server made of it."""

    async def publications(self) -> list[Publication]:
        """Where every policy stands."""
        ...

    async def canaries(self) -> list[CanaryRecord]:
        """The latest canaries, newest first."""
        ...

    async def list_sizes(self, at: int) -> dict[str, int]:
        """How many entries of each list count now."""
        ...

    async def go_live(self, policy_id: int, at: int, warm_until: int, epoch: int) -> bool:
        """Make a scheduled policy the one that decides; False where it may not any more."""
        ...

    async def refuse(self, policy_id: int, at: int, refusal: CountermandError) -> None:
        """A scheduled policy cannot be made ready: off the schedule, with the reason in its history."""
        ...

    async def end_canary(
        self,
        canary: CanaryRecord,
        step: PolicyStep,
        actor: str,
        reason: str,
        figures: Mapping[str, Any],
        at: int,
    ) -> bool:
        """End a running canary."""
        ...


class Sources(Protocol):
    """The files of the recorded policies."""

    async def sources(self, number: int | None = None) -> dict[int, dict[str, str]]:
        """Those of every policy that has decided, and of `number`, by number."""
        ...


@dataclass(slots=True)
class ArmKeeper:
    """Keeps the arms of one deciding server as the database says they shall be."""

    committer: GroupCommitter
    book: ArmBook
    shelf: Sources
    workshop: Workshop
    clock: Clock
    epoch: int
    warm_micros: int
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _preparing: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _not_before: dict[int, float] = field(default_factory=dict)
    _wanted: list[Publication] = field(default_factory=list)
    _canary: CanaryRecord | None = None
    _read_at: float | None = None

    # -- outside --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to keep the arms, in a task."""
        self._task = asyncio.create_task(self._keep(), name="countermand arms")

    async def close(self) -> None:
        """End the task and every preparation."""
        tasks = [task for task in (self._task, *self._preparing.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def changed(self, connection: Any = None, noticed: bool = True) -> None:
        """Somebody took a step: what shall be is read again."""
        if noticed:
            self._read_at = None
            self._wake.set()

    @property
    def arms(self) -> Arms:
        """The arms as they are."""
        return self.committer.decider.arms

    # -- the loop -------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                await self._look()
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:  # whatever it was, the live arm goes on deciding
                log.exception("arms_not_kept")
                await asyncio.sleep(RETRY_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    async def _look(self) -> None:
        await self._pause_breached()
        time = asyncio.get_running_loop().time()
        if self._read_at is None or time >= self._read_at + READ_AGAIN_SECONDS:
            self._read_at = time
            await self._read()
        now = self.clock.now()
        self._follow_the_record()
        for wanted in self._due(now):
            await self._switch(wanted, now)
        self._let_go(now)
        self._try_canary()
        for policy_id in self._to_prepare():
            if policy_id not in self._preparing and time >= self._not_before.get(policy_id, 0.0):
                self._preparing[policy_id] = asyncio.create_task(self._prepare(policy_id))

    async def _read(self) -> None:
        """What shall be: only what is live, to follow, or still warm matters here."""
        self._wanted = [
            one
            for one in await self.book.publications()
            if one.state in (PolicyState.SCHEDULED, PolicyState.LIVE) or one.warm_until is not None
        ]
        running = [one for one in await self.book.canaries() if one.state == "running"]
        breached = {canary.record.id for canary in self.committer.decider.breached}
        self._canary = next((one for one in running if one.id not in breached), None)

    def _due(self, now: int) -> list[Publication]:
        """What shall start and is ready to; going back comes before going on."""
        due = [one for one in self._wanted if one.start_at is not None and one.start_at <= now]
        return [
            one for one in sorted(due, key=lambda one: not one.going_back) if self.arms.arm_of(one.policy_id)
        ]

    def _to_prepare(self) -> list[int]:
        """The policies that need an arm and have none, the most urgent first."""
        scheduled = [one for one in self._wanted if one.state is PolicyState.SCHEDULED]
        scheduled.sort(key=lambda one: (not one.going_back, one.start_at or 0))
        live = self._recorded_live()
        needed = [] if live is None else [live]
        needed += [one.policy_id for one in scheduled]
        if self._canary is not None:
            needed.append(self._canary.policy_id)
        return [policy_id for policy_id in dict.fromkeys(needed) if self.arms.arm_of(policy_id) is None]

    # -- switching ------------------------------------------------------------------------------------

    async def _switch(self, wanted: Publication, now: int) -> None:
        """First the record says who decides, then it is so: from the next group on."""
        self._read_at = None
        if not await self._still_whole(wanted, now):
            return
        if not await self.book.go_live(wanted.policy_id, now, now + self.warm_micros, self.epoch):
            return
        arms = self.arms
        arm = arms.arm_of(wanted.policy_id)  # asked now: its thresholds may have moved meanwhile
        if arm is not None:  # else it was lost, and is made again
            self._decide_with(arm)
        if self._canary is not None:  # what it was compared with does not decide any more
            canary, self._canary = self._canary, None
            figures = arms.canary.tally.figures() if arms.canary is not None else {}
            same = canary.policy_id == wanted.policy_id
            step = PolicyStep.CANARY_PROMOTE if same else PolicyStep.CANARY_STOP
            await self.book.end_canary(canary, step, SERVER, "live_changed", figures, now)

    def _decide_with(self, arm: Arm) -> None:
        """From the next group on this arm decides; the one that did stays warm beside it."""
        arms = self.arms
        beside = tuple(one for one in (arms.live, *arms.beside) if one is not arm)
        self.committer.decider.arms = Arms(arm, beside)
        log.info("policy_live", policy=arm.program.label, before=arms.live.program.label)

    def _follow_the_record(self) -> None:
        """Where the record names another live policy: its commit happened, but the answer was lost."""
        live = self._recorded_live()
        arm = None if live is None else self.arms.arm_of(live)
        if arm is not None and arm is not self.arms.live:
            self._decide_with(arm)

    def _recorded_live(self) -> int | None:
        return next((one.policy_id for one in self._wanted if one.state is PolicyState.LIVE), None)

    async def _still_whole(self, wanted: Publication, now: int) -> bool:
        """A list that has vanished since the arm was made ready stops it at the last moment too."""
        arm = self.arms.arm_of(wanted.policy_id)
        assert arm is not None, "only what is ready is due"
        refusal = lists_gone(wanted, arm.program, await self.book.list_sizes(now))
        if refusal is not None:
            await self.book.refuse(wanted.policy_id, now, refusal)
        return refusal is None

    def _let_go(self, now: int) -> None:
        """Arms that nobody needs any more: neither scheduled, nor warm, nor the canary's."""
        wanted = {one.policy_id for one in self._wanted if one.start_at is not None}
        wanted |= {
            one.policy_id for one in self._wanted if one.warm_until is not None and now < one.warm_until
        }
        if self._canary is not None:
            wanted.add(self._canary.policy_id)
        arms = self.arms
        if self._read_at is None or all(arm.policy_id in wanted for arm in arms.beside):
            return  # a step was taken that has not been read yet: nothing is let go on old news
        for arm in arms.beside:
            if arm.policy_id not in wanted:
                arms = arms.without(arm)
        self.committer.decider.arms = arms

    # -- canaries -------------------------------------------------------------------------------------

    def _try_canary(self) -> None:
        """The running canary gets its accounts once its arm is ready; one that has ended loses them."""
        arms, wanted = self.arms, self._canary
        if wanted is None:
            if arms.canary is not None:
                self.committer.decider.arms = replace(arms, canary=None)
            return
        arm = arms.arm_of(wanted.policy_id)
        known = arms.canary is not None and arms.canary.record.id == wanted.id
        if arm is None or arm is arms.live or known:
            return
        self.committer.decider.arms = replace(arms, canary=Canary(arm, wanted, Tally(wanted.guardrails)))
        log.info("canary_decides", policy=arm.program.label, share_permille=wanted.share_permille)

    async def _pause_breached(self) -> None:
        """The traffic went back to the live policy at once; this writes it down."""
        breached = self.committer.decider.breached
        while breached:
            canary = breached[0]
            if self._canary is not None and self._canary.id == canary.record.id:
                self._canary = None
            figures = canary.tally.figures()
            reason = str(canary.tally.breach)
            now = self.clock.now()
            await self.book.end_canary(canary.record, PolicyStep.CANARY_PAUSE, SERVER, reason, figures, now)
            breached.pop(0)
            self._read_at = None

    # -- preparing ------------------------------------------------------------------------------------

    async def _prepare(self, policy_id: int) -> None:
        """An arm for a policy, in the background; what cannot become one is refused with the reason."""
        loop = asyncio.get_running_loop()
        try:
            await self._make(policy_id)
        except (PolicyError, Conflict, SetupError, ValueError) as error:
            refusal = error if isinstance(error, CountermandError) else _unkeepable(error)
            log.warning("policy_refused", policy_id=policy_id, code=refusal.code)
            self._not_before[policy_id] = loop.time() + RETRY_SECONDS
            await self._refuse(policy_id, refusal)
        except Exception as error:  # noqa: BLE001 - the database was away, or the lanes too busy: tried again
            log.warning(
                "policy_not_ready", policy_id=policy_id, error=f"{type(error).__name__}: {error}"[:300]
            )
            self._not_before[policy_id] = loop.time() + RETRY_SECONDS
        finally:
            self._preparing.pop(policy_id, None)
            self._wake.set()

    async def _refuse(self, policy_id: int, refusal: CountermandError) -> None:
        now = self.clock.now()
        await self.book.refuse(policy_id, now, refusal)
        if self._canary is not None and self._canary.policy_id == policy_id:
            canary, self._canary = self._canary, None
            await self.book.end_canary(canary, PolicyStep.CANARY_PAUSE, SERVER, refusal.code, {}, now)
        self._read_at = None

    async def _make(self, policy_id: int) -> None:
        sources = await self.shelf.sources(policy_id)
        source = sources[policy_id]
        found = next((one for one in self._wanted if one.policy_id == policy_id), None)
        # What has decided before is taken as it was; a newcomer must pass today's checks.
        newcomer = found is None or (found.state is PolicyState.SCHEDULED and not found.going_back)
        compiler = compile_policy if newcomer else compile_recorded
        program = await asyncio.to_thread(compiler, source, self.workshop.scorers)
        program = program.with_thresholds(await self.workshop.thresholds(policy_id))
        if found is not None and found.state is PolicyState.SCHEDULED:
            refusal = lists_gone(found, program, await self.book.list_sizes(self.clock.now()))
            if refusal is not None:
                raise refusal
        surroundings = await self.workshop.sense(program)
        sibling = self._sibling(program)
        if sibling is not None:
            self._join(Arm(program, policy_id, sibling.features, surroundings, source, sibling.labelled))
            return
        features = await asyncio.to_thread(self.workshop.windows, program.plan)
        rebuilder = Rebuilder(Recall(program, policy_id, sources), features, self.committer.store)
        arm = Arm(program, policy_id, features, surroundings, source, rebuilder.labelled)
        await self._rebuild(arm, rebuilder)
        log.info("policy_ready", policy=program.label)

    async def _rebuild(self, arm: Arm, rebuilder: Rebuilder) -> None:
        """The windows from the record: nearly all of it beside the decisions, the rest between two groups."""
        for attempt in range(CATCH_UPS_MAX):
            if (
                await rebuilder.catch_up(self.clock.now()) > BEHIND_OPERATIONS_MAX
                and attempt < CATCH_UPS_MAX - 1
            ):
                continue
            try:
                async with self.committer.between_groups(HOLD_SECONDS_MAX):
                    await rebuilder.catch_up(self.clock.now())
                    self._join(arm)
                    return
            except TimeoutError:  # a commit hangs: the decisions come first
                await asyncio.sleep(RETRY_SECONDS)
        raise database_away()

    def _sibling(self, program: Program) -> Arm | None:
        """An arm with the same windows: its store serves both."""
        arms = self.arms
        same = (
            arm for arm in (arms.live, *arms.beside) if arm.program.windows_digest == program.windows_digest
        )
        return next(same, None)

    def _join(self, arm: Arm) -> None:
        arms = self.arms
        self.committer.decider.arms = replace(arms, beside=(*arms.beside, arm))


def lists_gone(publication: Publication, program: Program, sizes: Mapping[str, int]) -> Conflict | None:
    """The refusal of a policy whose lists have lost every entry since they were last seen, or None.

    A rule that asks an empty list says nothing, silently; a list that was always empty is no loss.
    """
    gone = [
        name for name in sorted(program.lists) if publication.lists_seen.get(name) and not sizes.get(name)
    ]
    if not gone:
        return None
    names = ", ".join(gone)
    return Conflict(
        "policy_lists_gone",
        f"{publication.label} asks lists that had entries and have none now: {names}. Fill them first.",
        f"{publication.label} 所用的名单曾有条目而现已为空：{names}。请先恢复名单。",
        policy=publication.label,
        lists=gone,
    )


def _unkeepable(error: Exception) -> PolicyError:
    return PolicyError(
        "policy_not_keepable",
        f"This installation cannot keep the windows of the policy: {error}.",
        f"本安装无法保存该策略的窗口：{error}。",
    )
