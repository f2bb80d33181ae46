"""The clients of the drill: what they send comes from the seed, what they are told goes into the history."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.drills.torture.history import Frozen, History, Sent
from countermand.drills.torture.wire import Broken, Connection
from countermand.kernel.clock import SystemClock, rfc3339

HOT_ACCOUNTS, COLD_ACCOUNTS, FROZEN_ACCOUNTS = 36, 20_000, 4
PAYEES, DEVICES = 40, 400
BATCH_ROWS_MAX = 40
REMEMBERED_MAX = 50
PAUSE_SECONDS = 0.02
KINDS = ("payment", "payment", "payment", "transfer", "withdrawal", "login", "deposit")
SECOND = 10**6


@dataclass(slots=True)
class Load:
    """What all clients share: where to send, how much, and what was seen."""

    seed: int
    port: int
    key: str
    operations: int
    history: History
    issued: int = 0
    stopped: bool = False
    clock: SystemClock = field(default_factory=SystemClock)

    def take(self, wanted: int) -> int:
        """How many more operations may be sent, of those wanted."""
        granted = 0 if self.stopped else min(wanted, self.operations - self.issued)
        self.issued += granted
        return granted


class Client:
    """One of many: sends, repeats, reuses, races itself, and insists until it is answered."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.number = load, number
        self.draw = random.Random(f"{load.seed}/{number}")
        self.lines = [Connection(load.port, load.key) for _ in range(2)]
        self.mine: list[tuple[str, bytes]] = []
        self.made = 0

    async def run(self) -> None:
        """Until all operations of the drill were sent and answered."""
        try:
            while await self._acted():
                pass
        finally:
            for line in self.lines:
                line.close()

    async def _acted(self) -> bool:
        """One act by chance; False when there is nothing left to send."""
        act = self.draw.random()
        if self.mine and act < 0.08:
            await self._repeat()
        elif self.mine and act < 0.11:
            await self._reuse()
        elif act < 0.14:
            return await self._race()
        else:
            return await (self._batch() if act < 0.19 else self._one())
        return True

    async def _one(self) -> bool:
        made = self._new(1)
        for name, body in made:
            status, answer = await self._insist("/v1/operations", body)
            self._heard(name, status, answer)
        return bool(made)

    async def _race(self) -> bool:
        """The same new operation on two connections at once: one decision, the same bytes twice."""
        made = self._new(1)
        for name, body in made:
            both = await asyncio.gather(
                self._insist("/v1/operations", body, 0), self._insist("/v1/operations", body, 1)
            )
            for status, answer in both:
                self._heard(name, status, answer)
            self.load.history.count("raced")
        return bool(made)

    async def _batch(self) -> bool:
        made = self._new(self.draw.randint(2, BATCH_ROWS_MAX))
        if not made:
            return False
        waiting = made
        while waiting:  # rows that were refused for now are sent again, as a batch
            body = b'{"operations":[%b]}' % b",".join(row for _, row in waiting)
            status, answer = await self._insist("/v1/operations/batch", body)
            if status != 200:
                self.load.history.violation(f"a batch was answered {status}: {answer[:200]!r}")
                break
            refused = []
            for (name, row), result in zip(waiting, _BATCH.decode(answer).results, strict=True):
                raw = bytes(result)
                if raw.startswith(b'{"error"'):
                    if b'"status":503' not in raw:
                        self.load.history.violation(f"{name}: refused in a batch: {raw[:200]!r}")
                    refused.append((name, row))
                else:
                    self._heard(name, 200, raw)
            waiting = refused
            if waiting:
                await asyncio.sleep(PAUSE_SECONDS)
        self.load.history.count("batches")
        return True

    async def _repeat(self) -> None:
        name, body = self.draw.choice(self.mine)
        self._heard(name, *await self._insist("/v1/operations", body))
        self.load.history.count("repeated")

    async def _reuse(self) -> None:
        """The id of an answered operation with another body."""
        name, body = self.draw.choice(self.mine)
        other = msgspec.json.decode(body)
        other["session"] = f"another-{self.draw.randrange(10**6)}"
        status, answer = await self._insist("/v1/operations", msgspec.json.encode(other))
        if status != 409 or b"id_reused" not in answer:
            self.load.history.violation(f"{name}: its id was reused and answered {status}")
        self.load.history.count("reused")

    async def _insist(self, path: str, body: bytes, line: int = 0) -> tuple[int, bytes]:
        while True:
            try:
                status, answer = await self.lines[line].ask("POST", path, body)
            except Broken:
                self.load.history.count("connections broken")
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if status != 503:
                return status, answer
            self.load.history.count("refused for now")
            await asyncio.sleep(PAUSE_SECONDS)

    def _heard(self, name: str, status: int, answer: bytes) -> None:
        if status != 200:
            self.load.history.violation(f"{name}: answered {status}: {answer[:200]!r}")
            return
        outcome = answer.partition(b'"outcome":"')[2].partition(b'"')[0].decode()
        self.load.history.answered(name, answer_digest(answer), outcome, time.monotonic_ns())

    def _new(self, wanted: int) -> list[tuple[str, bytes]]:
        made = [self._operation() for _ in range(self.load.take(wanted))]
        self.mine = (self.mine + made)[-REMEMBERED_MAX:]
        return made

    def _operation(self) -> tuple[str, bytes]:
        draw, self.made = self.draw, self.made + 1
        name = f"op-{self.load.seed}-{self.number}-{self.made}"
        what = draw.random()
        if what < 0.1:
            account = f"frozen-{draw.randrange(FROZEN_ACCOUNTS)}"
        elif what < 0.5:
            account = f"hot-{draw.randrange(HOT_ACCOUNTS)}"
        else:
            account = f"cold-{draw.randrange(COLD_ACCOUNTS)}"
        at = self.load.clock.now() - draw.choice((0, 0, 0, 0, 0, 1, 15, 70)) * draw.randrange(SECOND)
        if draw.random() < 0.3:
            at -= at % (SECOND // 10)  # many at the very same instant
        kind = draw.choice(KINDS)
        operation: dict[str, Any] = {"id": name, "kind": kind, "account": account, "occurred_at": rfc3339(at)}
        if kind != "login":
            minor = draw.randrange(1, 2000) if draw.random() < 0.95 else draw.randrange(2000, 60_000)
            operation["amount"] = {"minor": minor, "currency": "CNY"}
            if draw.random() < 0.9:
                operation["counterparty"] = {"id": f"payee-{draw.randrange(PAYEES)}"}
        if draw.random() < 0.8:
            operation["device"] = {"id": f"device-{draw.randrange(DEVICES)}"}
        self.load.history.sent[name] = Sent(account, kind, time.monotonic_ns())
        return name, msgspec.json.encode(operation)


class Desk:
    """Freezes one account and lifts the freeze, again and again; each is sent until it is acknowledged."""

    def __init__(self, load: Load, number: int) -> None:
        self.load, self.account = load, f"frozen-{number}"
        self.draw = random.Random(f"{load.seed}/desk/{number}")
        self.line = Connection(load.port, load.key)

    async def run(self) -> None:
        """Until it is cancelled."""
        path = f"/v1/accounts/{self.account}/freeze"
        try:
            while True:
                await self._insist("POST", path, b'{"reason":"drill"}')
                frozen = Frozen(self.account, time.monotonic_ns())
                self.load.history.frozen.append(frozen)
                await asyncio.sleep(self.draw.random() * 0.4)
                frozen.until = time.monotonic_ns()
                await self._insist("DELETE", path)
                await asyncio.sleep(self.draw.random() * 0.4)
        finally:
            self.line.close()

    async def _insist(self, method: str, path: str, body: bytes = b"") -> None:
        while True:
            try:
                status, answer = await self.line.ask(method, path, body)
            except Broken:
                status, answer = 503, b""
            if status == 200:
                return
            if status != 503:
                self.load.history.violation(f"{method} {path} was answered {status}: {answer[:200]!r}")
            await asyncio.sleep(PAUSE_SECONDS)


def answer_digest(answer: bytes) -> bytes:
    """16 bytes that stand for an answer, so that a long history fits into memory."""
    return hashlib.blake2b(answer, digest_size=16).digest()


class _Batch(msgspec.Struct):
    results: list[msgspec.Raw]


_BATCH = msgspec.json.Decoder(_Batch)
