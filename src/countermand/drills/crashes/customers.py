"""The customers of the crash drill: they pay, consent, and some change their minds at the last moment."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from countermand.drills.crashes.world import World
from countermand.drills.torture.wire import Broken, Connection
from countermand.kernel.clock import SystemClock, rfc3339

HOLD_SECONDS = 2.0
REVOKING_SHARE = 0.4
PAUSE_SECONDS = 0.05
ACCOUNTS = 500
# Some revoke long before the end, most of them just around it.
EARLY_SHARE, AROUND_SECONDS = 0.3, 0.25

Consenting = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Seen:
    """What customers were told: answers decided, and revocations acknowledged as such."""

    held: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    asked_bank: set[str] = field(default_factory=set)
    too_late: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Customers:
    """So many customers at once, each one operation after the other, until they are stopped."""

    world: World
    seed: int
    seen: Seen
    consent: Consenting
    stopped: bool = False
    made: int = 0
    clock: SystemClock = field(default_factory=SystemClock)

    async def be(self, number: int) -> None:
        """One customer."""
        draw = random.Random(f"{self.seed}/customer/{number}")
        line = Connection(self.world.port, self.world.key)
        revoking: set[asyncio.Task[None]] = set()
        while not self.stopped:
            self.made += 1
            name = f"op-{number}-{self.made}"
            body = self._payment(name, draw)
            status, answer = await self._insist(line, "/v1/operations", body)
            assert status == 200, (status, answer)
            assert json.loads(answer)["decision"]["outcome"] == "hold", answer
            self.seen.held.add(name)
            await self.consent(name)
            if draw.random() < REVOKING_SHARE:
                around = draw.uniform(-AROUND_SECONDS, AROUND_SECONDS)
                early = draw.random() < EARLY_SHARE
                delay = draw.uniform(0, HOLD_SECONDS) if early else HOLD_SECONDS + around
                revoking.add(asyncio.create_task(self._revoke(name, delay)))
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.gather(*revoking)
        line.close()

    def _payment(self, name: str, draw: random.Random) -> bytes:
        made: dict[str, Any] = {
            "id": name,
            "kind": "payment",
            "account": f"a-{draw.randrange(ACCOUNTS)}",
            "occurred_at": rfc3339(self.clock.now()),
            "amount": {"minor": draw.randint(101, 10_000), "currency": "CNY"},
            "counterparty": {"id": "shop"},
        }
        return json.dumps(made).encode()

    async def _revoke(self, name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        line = Connection(self.world.port, self.world.key)
        status, answer = await self._insist(line, f"/v1/operations/{name}/revoke", b"{}")
        line.close()
        if status == 409:
            self.seen.too_late.add(name)
        else:
            assert status == 200, (status, answer)
            told = json.loads(answer)
            (self.seen.revoked if told["revoked"] else self.seen.asked_bank).add(name)

    async def _insist(self, line: Connection, path: str, body: bytes) -> tuple[int, bytes]:
        """Until there is an answer: whoever breaks off has said nothing."""
        while True:
            try:
                status, answer = await line.ask("POST", path, body)
            except Broken:
                status, answer = 503, b""
            if status != 503:
                return status, answer
            await asyncio.sleep(PAUSE_SECONDS)
