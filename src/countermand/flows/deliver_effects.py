"""Effects leave: leased, done by their port, ended with what came of it; at least once, lane by lane."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from countermand.flows.breaking_points import breaking_point
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.kernel.pauses import pause_seconds
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.facts import EFFECT_FAILED, EFFECT_LATE, Fact
from countermand.work import Schedule, Unit, Works

log = structlog.get_logger(__name__)

# Of each port: one that hangs keeps its own places, and nobody else's.
AT_ONCE_MAX = 32
# Whoever takes longer than this is tried again, also by others: a port's own time-out is far below it.
LEASE_SECONDS = 30
DELIVERY_SECONDS_MAX = 25.0
LOOK_SECONDS = 2.0
LATE_SECONDS = 1.0
LATE_EFFECTS_MAX = 500


class Port(Protocol):
    """Who does the effects of one port."""

    async def deliver(self, effect: Effect) -> Delivery:
        """Do it, with the effect's id as the idempotency key: the same at every attempt.

        What raises is tried again; Unavailable without a word in the log.
        """
        ...


class Follower(Protocol):
    """A story that goes on with what came of effects."""

    async def __call__(self, unit: Unit, effects: Sequence[Effect], now: int) -> None:
        """In the unit that ends them."""
        ...


@dataclass(slots=True)
class Deliverer:
    """Delivers for the ports it knows; several may deliver at once, in one process or in many.

    `followers` by port. `wake` may be set by whoever knows that there is something to deliver. A port with
    `at_once_max` deliveries under way is given no more; it may reach twice as many by one claim. `beat_at` is
    when it last looked, microseconds UTC; `failed_of` counts what was refused for good, by port.
    """

    works: Works
    schedule: Schedule
    ports: Mapping[str, Port]
    followers: Mapping[str, Follower]
    clock: Clock
    at_once_max: int = AT_ONCE_MAX
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    delivered: int = 0
    failed: int = 0
    late: int = 0
    failed_of: Counter[str] = field(default_factory=Counter)
    beat_at: int | None = None
    _running: dict[asyncio.Task[Effect], str] = field(default_factory=dict)
    _late_at: float = float("-inf")

    async def run(self) -> None:
        """Until cancelled; what is under way then is tried again when its lease is over."""
        try:
            while True:
                try:
                    pause = await self.turn()
                except Exception:  # a bug must not silence the outbox
                    log.exception("effects_not_delivered")
                    pause = LOOK_SECONDS
                await self._wait(pause)
        finally:
            running, self._running = self._running, {}
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def turn(self) -> float | None:
        """Claim, start, and write what has ended; seconds to wait, None: until a delivery ends."""
        try:
            await self._end([task for task in self._running if task.done()])
            await self._tell_late()
            self.beat_at = self.clock.now()
            free = self._free()
            claimed = await self._claim(free) if free else []
            for effect in claimed:
                self._running[asyncio.create_task(self._deliver(effect))] = effect.port
            if len(claimed) == self.at_once_max and self._free():
                return 0.0  # there may be more, and for a port that this claim did not fill
            if self._running:
                return None
            now = self.clock.now()
            due = await self.schedule.effect_due(self.ports.keys(), now)
        except Unavailable:
            return LOOK_SECONDS / 4
        if due is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, (due - now) / MICROS_PER_SECOND)

    async def settle(self) -> None:
        """Deliver until nothing is due and nothing under way: for drills and tests."""
        while True:
            pause = await self.turn()
            if pause is not None and pause > 0 and not self._running:
                return
            if self._running and pause != 0.0:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _wait(self, pause: float | None) -> None:
        woken = asyncio.create_task(self.wake.wait())
        seconds = LOOK_SECONDS if pause is None else pause
        try:
            await asyncio.wait({woken, *self._running}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        self.wake.clear()

    def _free(self) -> list[str]:
        """The ports that may be given more."""
        busy = Counter(self._running.values())
        return [port for port in self.ports if busy[port] < self.at_once_max]

    async def _claim(self, ports: list[str]) -> list[Effect]:
        now = self.clock.now()
        async with self.works.open() as unit:
            claimed = await unit.effects.claim(
                ports, now, now + LEASE_SECONDS * MICROS_PER_SECOND, self.at_once_max
            )
        breaking_point("effects.claimed")
        return claimed

    async def _deliver(self, effect: Effect) -> Effect:
        """One attempt; never raises but to be cancelled. The effect as it is to be written."""
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                delivery = await self.ports[effect.port].deliver(effect)
        except Unavailable as error:
            delivery = Delivery(state=EffectState.PENDING, answer={"away": error.code})
        except CountermandError as error:
            log.warning("delivery_failed", port=effect.port, action=effect.action, code=error.code)
            delivery = Delivery(state=EffectState.PENDING, answer={"error": error.code})
        except Exception as error:
            log.exception("delivery_failed", port=effect.port, action=effect.action)
            delivery = Delivery(state=EffectState.PENDING, answer={"error": type(error).__name__})
        breaking_point("effects.delivered")
        now = self.clock.now()
        if delivery.state is EffectState.PENDING:
            again = now + int(pause_seconds(effect.attempts, effect.id) * MICROS_PER_SECOND)
            return msgspec.structs.replace(effect, answer=delivery.answer, due_at=again)
        return msgspec.structs.replace(effect, state=delivery.state, answer=delivery.answer, ended_at=now)

    async def _end(self, tasks: Sequence[asyncio.Task[Effect]]) -> None:
        """Write what came of deliveries, together; where that fails, one by one.

        What cannot be written at all is tried again when its lease has run out.
        """
        if not tasks:
            return
        for task in tasks:
            del self._running[task]
        effects = sorted((task.result() for task in tasks), key=lambda effect: effect.placed_at)
        try:
            await self._write(effects)
            return
        except Unavailable:
            raise
        except Exception:
            log.exception("effects_not_written", effects=len(effects))
        for effect in effects if len(effects) > 1 else ():
            try:
                await self._write([effect])
            except Unavailable:
                raise
            except Exception:
                log.exception("effect_not_written", port=effect.port, action=effect.action)

    async def _write(self, effects: Sequence[Effect]) -> None:
        """What came of these deliveries, with what follows from it, in one unit."""
        now = self.clock.now()
        over = [effect for effect in effects if effect.state is not EffectState.PENDING]
        failed = [effect for effect in over if effect.state is EffectState.FAILED]
        async with self.works.open() as unit:
            await unit.effects.end(effects)
            for port, follow in self.followers.items():
                mine = [effect for effect in over if effect.port == port]
                if mine:
                    await follow(unit, mine, now)
            await unit.note([_fact(EFFECT_FAILED, effect, now) for effect in failed])
            breaking_point("effects.written")
        breaking_point("effects.committed")
        self.delivered += len(over) - len(failed)
        self.failed += len(failed)
        self.failed_of.update(effect.port for effect in failed)

    async def _tell_late(self) -> None:
        """About once a second: whoever waits for too long is an alarm, once."""
        loop_now = asyncio.get_running_loop().time()
        if loop_now - self._late_at < LATE_SECONDS:
            return
        self._late_at = loop_now
        now = self.clock.now()
        async with self.works.open() as unit:
            late = await unit.effects.late(list(self.ports), now, LATE_EFFECTS_MAX)
            await unit.note([_fact(EFFECT_LATE, effect, now) for effect in late])
        self.late += len(late)
        for effect in late:
            log.error("effect_late", port=effect.port, action=effect.action, attempts=effect.attempts)


def _fact(kind: str, effect: Effect, now: int) -> Fact:
    """What a port answered stands in its effect: in another house's words it may name people."""
    body = {
        "effect": effect.id,
        "port": effect.port,
        "action": effect.action,
        "attempts": effect.attempts,
        "answered": sorted(effect.answer or ()),
    }
    return Fact(now, kind, body, effect.subject, effect.trace)
