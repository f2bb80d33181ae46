"""An honest house in memory: the same signatures and promises, without a database."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import msgspec

from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden, NotFound, Unauthenticated
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import ListEntryRequest, LivePolicy, PolicySummary, RecordedOperation, RuleRow
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.reading import body_digest, refuse_time

NOW = 1_795_000_000_000_000  # 2026-11-18, in microseconds
FUTURE_MICROS_MAX = 300 * 10**6
PAST_MICROS_MAX = 400 * 86_400 * 10**6


class FakeKey(msgspec.Struct, frozen=True):
    name: str
    scopes: frozenset[str]


class FakeKeys:
    def __init__(self) -> None:
        self.known: dict[str, FakeKey] = {}

    def create(self, name: str, *scopes: str) -> str:
        secret = f"cm_{name}_{hashlib.sha256(name.encode()).hexdigest()}"
        self.known[secret] = FakeKey(name, frozenset(scopes))
        return secret

    def revoke(self, secret: str) -> None:
        del self.known[secret]

    def check(self, presented: str, scope: str) -> FakeKey:
        key = self.known.get(presented)
        if key is None:
            raise Unauthenticated("unknown_key", "This key is unknown or revoked.", "密钥未知或已被吊销。")
        if scope not in key.scopes:
            raise Forbidden("missing_scope", f"This key lacks the scope {scope}.", f"密钥缺少权限 {scope}。")
        return key


class FakeDecider:
    """Decides in one pause of the loop; the same id and body: the same bytes."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[bytes, asyncio.Future[bytes]]] = {}
        self.traces: list[str | None] = []
        self.frozen: set[str] = set()
        self.failure: Exception | None = None
        self.pause_seconds = 0.0
        self.decided = 0

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        if self.failure is not None:
            raise self.failure
        at = micros_of(operation.occurred_at)
        if at > NOW + FUTURE_MICROS_MAX:
            raise refuse_time(operation, "occurred_at lies in the future.", "occurred_at 在未来。", "time_in_future")
        if at < NOW - PAST_MICROS_MAX:
            raise refuse_time(operation, "occurred_at is too old.", "occurred_at 过于久远。", "time_too_old")
        digest = body_digest(operation)
        if operation.id in self.answers:
            before, answer = self.answers[operation.id]
            if before != digest:
                raise Conflict("id_reused", "Another operation has this id.", "该 id 已用于另一笔操作。")
            return await asyncio.shield(answer)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.answers[operation.id] = (digest, future)
        self.traces.append(trace)
        await asyncio.sleep(self.pause_seconds)
        self.decided += 1
        future.set_result(self._answer(operation))
        return await future

    def _answer(self, operation: Operation) -> bytes:
        outcome = "deny" if operation.account in self.frozen else "allow"
        decision = Decision(
            f"dec-{self.decided}", outcome, 0, [], [], [], [], "fake@1", rfc3339(NOW + self.decided)
        )
        return msgspec.json.encode(Answer(operation.id, decision))

    async def decide_many(
        self, operations: list[Operation], trace: str | None
    ) -> list[bytes | CountermandError]:
        results: list[bytes | CountermandError] = []
        for operation in operations:
            try:
                results.append(await self.decide(operation, trace))
            except CountermandError as refusal:
                results.append(refusal)
        return results


class FakeStories:
    def __init__(self, decider: FakeDecider) -> None:
        self.decider = decider
        self.told: list[tuple[Any, ...]] = []
        self.profiles: dict[str, dict[str, Any]] = {}
        self.listed: dict[str, dict[str, dict[str, Any]]] = {"mules": {}}
        self.checks = {"database": True, "features": True, "epoch": True}

    async def freeze(self, account: str, reason: str, actor: str, trace: str) -> dict[str, Any]:
        self.decider.frozen.add(account)
        self.told.append(("freeze", account, reason, actor, trace))
        return {"account": account, "frozen": True, "reason": reason}

    async def lift(self, account: str, actor: str, trace: str) -> dict[str, Any]:
        self.decider.frozen.discard(account)
        self.told.append(("lift", account, actor, trace))
        return {"account": account, "frozen": False}

    async def put_profile(self, account: str, body: bytes, actor: str, trace: str) -> dict[str, Any]:
        try:
            self.profiles[account] = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadRequest("malformed_json", "Not JSON.", "不是 JSON。") from None
        return {"account": account, "profile": self.profiles[account]}

    async def profile(self, account: str) -> dict[str, Any]:
        if account not in self.profiles:
            raise NotFound("unknown_account", "This account is unknown.", "未知账户。")
        return {"account": account, "profile": self.profiles[account]}

    def _list(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.listed:
            raise NotFound("unknown_list", "There is no such list.", "没有该名单。")
        return self.listed[name]

    async def add_entry(
        self, list_name: str, entry: ListEntryRequest, actor: str, trace: str
    ) -> dict[str, Any]:
        row = {"value": entry.value, "source": entry.source, "reason": entry.reason, "added_by": actor}
        self._list(list_name)[entry.value] = row
        return row

    async def remove_entry(
        self, list_name: str, value: str, reason: str, actor: str, trace: str
    ) -> dict[str, Any]:
        row = self._list(list_name).pop(value, None)
        if row is None:
            raise NotFound("unknown_entry", "The value is not on the list.", "名单中没有该值。")
        return row

    async def entries(self, list_name: str) -> list[dict[str, Any]]:
        return list(self._list(list_name).values())

    async def find(self, operation: str) -> RecordedOperation | None:
        stored = self.decider.answers.get(operation)
        if stored is None:
            return None
        answer = msgspec.json.decode(await asyncio.shield(stored[1]))
        return RecordedOperation(operation, {"id": operation}, {}, answer, "fake@1", rfc3339(NOW), 1, None)

    def live_policy(self) -> LivePolicy:
        rule = RuleRow("freeze", "deny", 0, Text(en="Frozen", zh="已冻结"), [])
        return LivePolicy("fake", "1", Text(en="Fake", zh="示例"), "00" * 32, [rule])

    async def policies(self) -> list[PolicySummary]:
        return [PolicySummary("fake", "1", Text(en="Fake", zh="示例"), live=True)]

    async def readiness(self) -> dict[str, bool]:
        return self.checks


class FakeHouse:
    def __init__(self) -> None:
        self.keys = FakeKeys()
        self.decider = FakeDecider()
        self.stories = FakeStories(self.decider)
