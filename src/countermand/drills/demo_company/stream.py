"""The company goes on living: customers act at a steady rate, and whoever watches sees the last of it."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import msgspec

from countermand.drills.demo_world import World
from countermand.flows.keep_profiles import ProfileHouse, put_profile
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import AccountProfile

AskDecision = Callable[[Operation, str | None], Awaitable[bytes]]
ROWS_MAX = 12
CUSTOMERS_MAX = 2000
PER_SECOND = 2.0
AWAY_SHARE = 0.06
_ANSWER = msgspec.json.Decoder(Answer)


class Row(NamedTuple):
    """An operation, and what was decided on it."""

    operation: Operation
    decision: Decision


@dataclass(slots=True)
class Heard:
    """The last decisions, and how many of which kind there were."""

    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=ROWS_MAX))
    counts: Counter[str] = field(default_factory=lambda: Counter({one.word: 0 for one in Outcome}))

    def heard(self, operation: Operation, answer: bytes) -> None:
        """An operation was answered."""
        decision = _ANSWER.decode(answer).decision
        self.rows.appendleft(Row(operation, decision))
        self.counts[decision.outcome] += 1

    @property
    def total(self) -> int:
        """How many were decided."""
        return sum(self.counts.values())


@dataclass(slots=True)
class Stream:
    """Ordinary customers, each with a home and a phone; new ones open accounts until there are enough."""

    house: ProfileHouse
    world: World
    decide: AskDecision
    customers: int = 0

    async def flow(self) -> None:
        """Operations at a steady rate, until cancelled. What cannot be decided just now is let go."""
        chance = Random(self.world.seed + 1)
        while True:
            pause = asyncio.create_task(asyncio.sleep(1 / PER_SECOND))
            with suppress(CountermandError):
                await self.once(chance)
            await pause

    async def once(self, chance: Random) -> None:
        """One operation of one customer, now."""
        number = chance.randrange(CUSTOMERS_MAX)
        if number >= self.customers:
            number = self.customers
            await self._open_account(number)
            self.customers += 1
        world, name = self.world, f"walker-{number:04d}"
        account = world.named(f"acct-{name}")
        place = world.place(name, _home_of(number))
        if chance.random() < AWAY_SHARE:
            place = world.place(f"{name}-away", f"203.0.113.{10 + number % 200}")
        kind = chance.choices(("payment", "login", "transfer", "deposit"), (6, 2, 1, 1))[0]
        more: dict[str, Any] = {} if kind == "login" else {"yuan": chance.randrange(900, 26000) / 100}
        if kind == "payment":
            more["payee"] = world.named(f"shop-{chance.randrange(6)}")
        if kind == "transfer":
            more["payee"] = world.named(f"friend-of-{name}")
        if kind == "login":
            more["attributes"] = {"result": "ok"}
        step = world.step(kind, account, self.house.clock.now(), **more, **place)
        await self.decide(msgspec.convert(step.operation, Operation), None)

    async def _open_account(self, number: int) -> None:
        name = f"walker-{number:04d}"
        profile = self.world.profile(_home_of(number), self.world.named(f"phone-{name}"))
        account = self.world.named(f"acct-{name}")
        await put_profile(self.house, account, msgspec.convert(profile, AccountProfile), "demo")


def _home_of(number: int) -> str:
    """Addresses of homes; many live behind one."""
    return f"192.0.2.{1 + number % 62}"
