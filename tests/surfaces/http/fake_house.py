"""An honest house in memory: the same signatures and promises, without a database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec

from countermand.app import open_knowledge
from countermand.flows.group_commit import Meter
from countermand.flows.record_labels import LabelShown
from countermand.flows.settle_holds import Settlement
from countermand.flows.show_notices import Bell
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import ManualClock, micros_of, rfc3339
from countermand.kernel.errors import (
    BadRequest,
    Conflict,
    CountermandError,
    Forbidden,
    NotFound,
    Unauthenticated,
)
from countermand.kernel.ids import CountedIds
from countermand.policy.package import compile_policy
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.labels import Label
from countermand.vocabulary.lists import ListEntry
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account, Freeze, Lifted
from countermand.vocabulary.reading import body_digest
from countermand.vocabulary.staff import ALONE, STAFF_ROLES, Staff
from countermand.work.record import DecidedRow, LabelRow, PastLabel, StoredOperation
from surfaces.http.fake_holds import PERMIT_KEY, WORKER, FakeHolds, FakeWorks
from surfaces.http.fake_notices import FakeNoticeShelf, fake_post
from surfaces.http.fake_policies import NOW, FakePublications, FakeShadows, FakeThresholds

FUTURE_MICROS_MAX = 300 * 10**6
PAST_MICROS_MAX = 400 * 86_400 * 10**6

POLICY = {
    "policy.yaml": """
policy: fake
version: "1"
title: {en: Fake, zh: 示例}
features:
  payouts_24h:
    count: operations
    where: kind = 'withdrawal'
    by: account
    over: 24 hours
rules:
  - id: many-payouts
    when: payouts_24h > 3
    then: hold
    reason: {en: "Fourth payout in a day", zh: "24小时内第四次提款"}
"""
}


@cache
def program() -> Program:
    """The policy above, compiled once."""
    return compile_policy(POLICY)


class FakeKey(msgspec.Struct, frozen=True):
    name: str
    scopes: frozenset[str]
    holder: Staff | None = None


class FakeKeys:
    def __init__(self) -> None:
        self.known: dict[str, FakeKey] = {}

    def create(self, name: str, *scopes: str) -> str:
        secret = f"cm_{name}_{hashlib.sha256(name.encode()).hexdigest()}"
        # Keys of the desk are somebody's; these people may together do everything.
        holder = Staff(name=name, roles=frozenset(STAFF_ROLES) - ALONE) if "desk" in scopes else None
        self.known[secret] = FakeKey(name, frozenset(scopes), holder)
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

    def __init__(self, freezes: dict[str, Freeze]) -> None:
        self.freezes = freezes
        self.waiting = 0
        self.meter: Meter | None = None
        self.operations: dict[str, Operation] = {}
        self.answers: dict[str, tuple[bytes, asyncio.Future[bytes]]] = {}
        self.labels: dict[str, Label] = {}
        self.label_lines: dict[str, list[PastLabel]] = {}
        self.traces: list[str | None] = []
        self.failure: Exception | None = None
        self.pause_seconds = 0.0
        self.decided = 0

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        if self.failure is not None:
            raise self.failure
        at = micros_of(operation.occurred_at)
        if at > NOW + FUTURE_MICROS_MAX:
            raise BadRequest("occurred_in_the_future", "In the future.", "在未来。", field="occurred_at")
        if at < NOW - PAST_MICROS_MAX:
            raise BadRequest("occurred_too_long_ago", "Too old.", "过于久远。", field="occurred_at")
        digest = body_digest(operation)
        if operation.id in self.answers:
            before, answer = self.answers[operation.id]
            if before != digest:
                raise Conflict("id_reused", "Another operation has this id.", "该 id 已用于另一笔操作。")
            return await asyncio.shield(answer)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.answers[operation.id] = (digest, future)
        self.operations[operation.id] = operation
        self.traces.append(trace)
        await asyncio.sleep(self.pause_seconds)
        self.decided += 1
        future.set_result(self._answer(operation))
        return await future

    def _answer(self, operation: Operation) -> bytes:
        outcome = "deny" if operation.account in self.freezes else "allow"
        decision = Decision(
            f"dec-{self.decided}", outcome, 0, [], [], [], [], "fake@1", rfc3339(NOW + self.decided)
        )
        return msgspec.json.encode(Answer(operation.id, decision))

    async def decide_many(
        self, operations: Sequence[Operation], trace: str | None
    ) -> list[bytes | CountermandError]:
        results: list[bytes | CountermandError] = []
        for operation in operations:
            try:
                results.append(await self.decide(operation, trace))
            except CountermandError as refusal:
                results.append(refusal)
        return results

    async def label_many(
        self, labels: Sequence[Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        results: list[bytes | CountermandError] = []
        for label in labels:
            if label.operation not in self.operations:
                results.append(NotFound("unknown_operation", "Unknown.", "未知。"))
                continue
            before = self.labels.get(label.operation)
            self.labels[label.operation] = label
            if before != label:
                self._keep(label, actor, trace)
            at = rfc3339(NOW)
            shown = LabelShown(label.operation, "lab-1", label.fraud, label.source, at, at, before != label)
            results.append(msgspec.json.encode(shown))
        return results

    def _keep(self, label: Label, actor: str, trace: str | None) -> None:
        lines = self.label_lines.setdefault(label.operation, [])
        known_at = NOW if label.known_at is None else micros_of(label.known_at)
        row = LabelRow(
            f"lab-{len(lines) + 1}",
            label.operation,
            label.fraud,
            label.source,
            NOW,
            known_at,
            NOW,
            actor,
            trace,
        )
        lines.append(PastLabel(row, len(lines) + 2, lines[-1].row.id if lines else None))


class FakeOrders:
    def __init__(self) -> None:
        self.freezes: dict[str, Freeze] = {}
        self.facts: list[Fact] = []

    async def freeze(self, account: str, freeze: Freeze, actor: str, fact: Fact) -> Freeze:
        self.facts.append(fact)
        return self.freezes.setdefault(account, freeze)

    async def lift(self, account: str, at: int, actor: str, fact: Fact) -> Lifted:
        freeze = self.freezes.pop(account, None)
        return Lifted(None if freeze is None else freeze.order, None)


class FakeProfiles:
    def __init__(self) -> None:
        self.kept: dict[str, Account] = {}

    async def put(self, account: Account, fact: Fact) -> Account:
        before = self.kept.get(account.id)
        self.kept[account.id] = msgspec.structs.replace(account, guard=before.guard + 1 if before else 1)
        return self.kept[account.id]

    async def find(self, account_id: str) -> Account | None:
        return self.kept.get(account_id)


class FakeLists:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], ListEntry] = {}

    async def put(self, entry: ListEntry, fact: Fact) -> bool:
        replaced = (entry.list, entry.value) in self.kept
        self.kept[entry.list, entry.value] = entry
        return replaced

    async def remove(self, list_name: str, value: str, fact: Fact) -> bool:
        return self.kept.pop((list_name, value), None) is not None

    async def page(self, list_name: str, after: str, entries_max: int) -> list[ListEntry]:
        found = sorted(value for name, value in self.kept if name == list_name and value > after)
        return [self.kept[list_name, value] for value in found[:entries_max]]


class FakeArchive:
    def __init__(self, decider: FakeDecider, program: Program) -> None:
        self.decider = decider
        self.program = program
        self.facts = msgspec.msgpack.encode([None] * len(program.index))

    async def find(self, operation_or_decision: str) -> StoredOperation | None:
        operation = self.decider.operations.get(operation_or_decision)
        if operation is None:
            return None
        body_digest_, answer = self.decider.answers[operation.id]
        row = DecidedRow(
            id=operation.id, account=operation.account, kind=operation.kind.value,
            occurred_at=micros_of(operation.occurred_at), received_at=NOW, body_digest=body_digest_,
            body=canonical_bytes(operation), decision_id="dec-1", outcome=0, policy_id=1, facts=self.facts,
            observation=b"", standing=b"", answer=await asyncio.shield(answer), trace_id=None,
        )  # fmt: skip
        return StoredOperation(row, 1, self.program.label)

    async def labels(self, operation: str, after: str, count: int) -> list[PastLabel]:
        found = self.decider.label_lines.get(operation, [])
        places = {one.row.id: place for place, one in enumerate(found, 1)}
        return found[places.get(after, 0) :][:count]


class FakeShelf:
    async def source(self, number: int) -> dict[str, str]:
        return POLICY

    async def versions(self) -> list[dict[str, Any]]:
        return [
            {
                "id": 1,
                "name": "fake",
                "version": "1",
                "recorded_at": rfc3339(NOW),
                "live": True,
                "state": "live",
            }
        ]


class FakeJournal:
    def __init__(self) -> None:
        self.facts: list[Fact] = []

    async def append(self, facts: Sequence[Fact]) -> None:
        self.facts += facts


class FakeLog:
    """A log that nobody has begun."""

    entries_open = True

    async def latest(self, shard: str | None = None) -> None:
        return None

    async def published(self, label: str, *, cosigned: bool = False) -> None:
        return None

    async def tile(self, label: str, tile: object) -> None:
        return None

    async def entries(self, label: str, tile: object) -> None:
        return None


class FakeHouse:
    def __init__(self) -> None:
        self.journal = FakeJournal()
        self.keys = FakeKeys()
        self.program = program()
        self.orders = FakeOrders()
        self.decider = FakeDecider(self.orders.freezes)
        self.profiles = FakeProfiles()
        self.lists = FakeLists()
        self.shadows = FakeShadows()
        self.archive = FakeArchive(self.decider, self.program)
        self.policy_shelf = FakeShelf()
        self.publications = self.canaries = FakePublications()
        self.thresholds = FakeThresholds()
        self.effect_ports = frozenset({"notices", "banking", "sessions", "webhooks"})
        self.session_jwks: dict[str, Any] = {"keys": []}
        self.clock = ManualClock(NOW)
        self.ids = CountedIds()
        self.checks = {"database": True, "epoch": True, "clock": True}
        self.works = FakeWorks()
        self.post = fake_post(self.works, self.clock)
        self.notice_shelf = FakeNoticeShelf()
        self.knowledge = open_knowledge(Settings())
        self.bell = Bell()
        self.channels = SimpleNamespace(chat=SimpleNamespace(bell=Bell()))
        self.board = SimpleNamespace(bell=Bell())
        self.bell.close()  # streams end at once: nobody here waits for them
        self.holds = FakeHolds()
        self.worker = WORKER
        self.permit_keys = (PERMIT_KEY,)
        self.log = FakeLog()
        self.access: Any = SimpleNamespace(trusted=(), origins=frozenset(), address="http://localhost:8080")
        self.settlement = Settlement(
            key=PERMIT_KEY,
            ids=self.ids,
            clock=self.clock,
            banking=False,
            door_seconds=300,
            execution_seconds=86_400,
        )

    async def readiness(self) -> dict[str, bool]:
        return self.checks
