"""Operations that arrive together are decided together: gather, decide, record, commit, answer.

What is decided is in the windows at once, and leaves them again if the commit fails: also because what stood
against an account, such as a freeze, has changed meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter_ns
from typing import Any

import msgspec
import structlog

from countermand.confirmation.holds import HoldTerms, hold_of
from countermand.containment.standing import asked_of, binding
from countermand.decisions.decide import Question, decide
from countermand.flows.arms import Arm, Arms, Canary, Mark
from countermand.flows.bind_decisions import DecisionBinder
from countermand.flows.record_labels import LabelBook, Past, PendingLabel
from countermand.flows.standing_met import Standing, orders_elsewhere
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import Clock, micros_of
from countermand.kernel.errors import BadRequest, Conflict, CountermandError
from countermand.kernel.ids import Ids
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.facts import OPERATION_DECIDED, Fact
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD
from countermand.vocabulary.parties import Account
from countermand.vocabulary.subject_keys import keys_of
from countermand.work.record import DecidedRow, Known, LabelRow, Recorded

log = structlog.get_logger(__name__)
_ANSWER = msgspec.json.Encoder()
_PACK = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Pending:
    """One operation on its way: its meaning as bytes, and what came of it."""

    operation: Operation
    at: int
    body: bytes
    body_digest: bytes
    trace: str | None
    keys: tuple[str, ...]
    result: bytes | CountermandError | None = None

    @property
    def id(self) -> str:
        return self.operation.id


def pending_of(operation: Operation, trace: str | None) -> Pending:
    """An operation in its canonical form."""
    body = canonical_bytes(operation)
    return Pending(operation, micros_of(operation.occurred_at), body, digest(body), trace, keys_of(operation))


@dataclass(slots=True)
class Outcome:
    """What a group decided: rows to record, their journal facts, and how to undo its mark on the windows.

    `labelled` holds what each label of the rows is about.
    """

    rows: list[DecidedRow | LabelRow] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    decided: list[Pending] = field(default_factory=list)
    labelled: dict[str, tuple[PendingLabel, Past]] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)


@dataclass(slots=True)
class Decider:
    """Decides groups, one after the other; `arms` may be replaced between two of them.

    Without `hold_terms` nothing is put on hold: for the past, which cannot wait. Without a `binder` the facts
    bind neither request nor answer: for a record that nobody else will read.
    """

    arms: Arms
    clock: Clock
    ids: Ids
    future_micros_max: int
    labels: LabelBook
    hold_terms: HoldTerms | None = None
    breached: list[Canary] = field(default_factory=list)
    binder: DecisionBinder | None = None

    @property
    def latest(self) -> int:
        """The latest instant that a sender may name now."""
        return self.clock.now() + self.future_micros_max

    def check_time(self, at: int, operation: Operation) -> None:
        """Raises BadRequest for an operation from too far ahead or too long ago."""
        now = self.clock.now()
        if at > self.latest:
            raise BadRequest(
                "occurred_in_the_future",
                "occurred_at lies in the future; check the sender's clock.",
                "occurred_at 在未来；请检查发送方的时钟。",
                field="occurred_at",
                operation=operation.id,
            )
        lateness_micros = self.arms.deciding(operation.account).program.plan.lateness_micros
        if at < now - lateness_micros:
            days = lateness_micros // (86400 * 10**6)
            raise BadRequest(
                "occurred_too_long_ago",
                f"occurred_at lies more than {days} days back, the policy's lateness: too late to decide.",
                f"occurred_at 早于策略允许的迟到期限（{days}天），无法再作决策。",
                field="occurred_at",
                operation=operation.id,
            )

    def decide_group(
        self,
        known: Known,
        accounts: Mapping[str, Account],
        members: Sequence[Pending | PendingLabel],
        recent: RecentAnswers,
    ) -> Outcome:
        """Decide every member in order; nothing is awaited, so the windows see them one by one.

        A member whose decision breaks leaves no mark on the windows and fails alone.
        """
        outcome = Outcome()
        arms = self.arms
        live, canary = arms.live, arms.canary
        others = arms.others(live) if arms.beside else ()
        now = self.clock.now()  # one instant for the group: they are decided together
        for member in members:
            if isinstance(member, PendingLabel):
                self._label_one(member, known, recent, now, outcome)
                continue
            operation = member.operation
            earlier = recent.get(operation.id) or known.recorded.get(operation.id)
            if earlier is not None:
                member.result = repeated(member, earlier)
                continue
            account = accounts[operation.account]
            if (elsewhere := orders_elsewhere(operation, accounts)) is not None:
                account = msgspec.structs.replace(account, orders=account.orders + elsewhere)
            marked = len(outcome.marks)
            try:
                row = None
                if canary is not None:
                    row = self._decided_by_canary(canary, member, account, now, outcome)
                if row is None:
                    row = self._decide_one(member, account, now, outcome, live, others)
            except Exception as error:  # a fact that cannot be computed must not take the others along
                log.exception("decision_failed", operation=operation.id)
                _take_out(outcome.marks, marked)
                member.result = broken(error)
                continue
            assert isinstance(member.result, bytes), "a decided member has its answer"
            recent.put(row)
        return outcome

    def _label_one(
        self, member: PendingLabel, known: Known, recent: RecentAnswers, now: int, outcome: Outcome
    ) -> None:
        past = known.past.get(member.id) or recent.get(member.id)  # else it may be on its way to the record
        try:
            recorded = self.labels.record(member, past, self.arms.labelled, now)
        except Exception as error:  # as with an operation: it fails alone
            log.exception("label_failed", operation=member.id)
            member.result = broken(error)
            return
        if recorded is not None:
            assert past is not None, "only what is known can be labelled"
            row, fact = recorded
            outcome.rows.append(row)
            outcome.facts.append(fact)
            outcome.labelled[row.id] = member, past

    def _decided_by_canary(
        self, canary: Canary, member: Pending, account: Account, now: int, outcome: Outcome
    ) -> DecidedRow | None:
        """The decision while a canary runs; None where it has ended or failed.

        What it fails to decide the live policy decides at once. Once a guardrail is broken it decides
        nothing more, also in the group that is being decided.
        """
        tally = canary.tally
        if tally.breach is not None:
            return None
        start = perf_counter_ns()
        if not canary.takes(member.operation.account):
            live = self.arms.live
            row = self._decide_one(member, account, now, outcome, live, self.arms.others(live))
            tally.count(tally.live, row.outcome, perf_counter_ns() - start)
            return row
        marked = len(outcome.marks)
        try:
            row = self._decide_one(member, account, now, outcome, canary.arm, self.arms.others(canary.arm))
        except Exception:
            log.exception("canary_failed", policy=canary.arm.program.label, operation=member.operation.id)
            _take_out(outcome.marks, marked)
            tally.errors += 1
            self._check(canary)
            return None
        tally.count(tally.canary, row.outcome, perf_counter_ns() - start)
        self._check(canary)
        return row

    def _check(self, canary: Canary) -> None:
        """A canary that breaks a guardrail loses its accounts now; its windows stay until it is let go."""
        if canary.tally.check() is not None and self.arms.canary is canary:
            log.warning("canary_paused", policy=canary.arm.program.label, **canary.tally.figures())
            self.arms = replace(self.arms, canary=None)
            self.breached.append(canary)

    def _decide_one(
        self,
        member: Pending,
        account: Account,
        now: int,
        outcome: Outcome,
        arm: Arm,
        others: Sequence[Arm],
    ) -> DecidedRow:
        operation, program, at = member.operation, arm.program, member.at
        circumstances = arm.surroundings.of(operation, account, at)
        given = program.given(circumstances)
        observation = program.observation(given)
        facts = program.complete(given, arm.features.read(observation))
        kind = operation.kind.value
        bound = binding(asked_of(operation), account.orders, now) if account.orders else ()
        question = Question(self.ids.new("dec", now), kind, facts, account.frozen, now, bound)
        decision = decide(question, program)
        observed = program.observed(given, observation, decision.outcome)
        answer = _ANSWER.encode(Answer(operation.id, decision))
        row = DecidedRow(
            operation.id,
            operation.account,
            kind,
            at,
            now,
            member.body_digest,
            member.body,
            decision.id,
            OUTCOME_OF_WORD[decision.outcome],
            arm.policy_id,
            _PACK.encode(facts),
            _PACK.encode(observed),
            _PACK.encode(Standing(account.guard, account.frozen, bound)),
            answer,
            member.trace,
        )
        body: dict[str, Any] = {
            "operation": operation.id,
            "decision": decision.id,
            "kind": kind,
            "outcome": decision.outcome,
            "policy": program.label,
            **(self.binder.bound(operation.id, member.body, answer) if self.binder else {}),
        }
        # The windows are touched last: whatever could fail has not, and the lists stay in step.
        outcome.marks.append(Mark(arm.features, arm.features.observe(observed), operation.id, observed))
        for other in others:
            self._observe_beside(
                other, member, dict(zip(program.index, facts, strict=True)), decision, outcome
            )
        outcome.decided.append(member)
        outcome.rows.append(row)
        if decision.outcome != "allow" and self.hold_terms is not None:
            hold = hold_of(operation, decision, now, self.hold_terms)
            if hold is not None:
                outcome.holds.append(hold)
        outcome.facts.append(Fact(now, OPERATION_DECIDED, body, None, member.trace))
        member.result = answer
        return row

    def _observe_beside(
        self, arm: Arm, member: Pending, facts: dict[str, Any], decision: Decision, outcome: Outcome
    ) -> None:
        """What an arm that did not decide an operation takes from it; one that cannot is let go."""
        operation = member.operation
        try:
            seen = arm.onlooker.observation(operation, member.at, facts, decision.outcome)
            outcome.marks.append(Mark(arm.features, arm.features.observe(seen), operation.id, seen))
        except Exception:
            if arm is self.arms.live:
                raise
            log.exception("arm_lost", policy=arm.program.label, operation=operation.id)
            self.arms = self.arms.without(arm)

    def undo(self, outcome: Outcome, recent: RecentAnswers) -> None:
        """Take a group that was not committed out of the windows, newest first."""
        windows = self.arms.labelled
        now = self.clock.now()
        for row in reversed(outcome.rows):
            if isinstance(row, LabelRow):
                asked, past = outcome.labelled[row.id]
                self.labels.undo(row, past, windows, now)
                asked.result = None
        for mark in reversed(outcome.marks):
            mark.features.retract(mark.ticket)
        for member in outcome.decided:
            recent.forget(member.operation.id)
            member.result = None

    def reinstate(self, outcome: Outcome, recorded: Mapping[str, Recorded]) -> None:
        """Put back what turned out to be recorded, in the order in which it was decided.

        Only with this very answer: the group may hold the repetition of an operation recorded long ago.
        """
        windows, now = self.arms.labelled, self.clock.now()
        ours = {
            row.id
            for row in outcome.rows
            if row.id in recorded and (isinstance(row, LabelRow) or recorded[row.id].answer == row.answer)
        }
        for mark in outcome.marks:
            if mark.operation_id in ours:
                mark.features.observe(mark.observation)
        for row in outcome.rows:
            if isinstance(row, LabelRow) and row.id in ours:
                self.labels.reinstate(row, outcome.labelled[row.id][1], windows, now)

    def settle(self, outcome: Outcome) -> None:
        """The group is recorded."""
        for row in outcome.rows:
            if isinstance(row, LabelRow):
                self.labels.settle(row)


def _take_out(marks: list[Mark], down_to: int) -> None:
    """Undo the newest marks until only `down_to` are left."""
    while len(marks) > down_to:
        mark = marks.pop()
        mark.features.retract(mark.ticket)


def repeated(member: Pending, known: Recorded | DecidedRow) -> bytes | CountermandError:
    """The first answer again for the same body; a refusal for another one under the same id."""
    if known.body_digest == member.body_digest:
        return known.answer

    return Conflict(
        "id_reused",
        f"The id {member.operation.id} was used for another operation; give every operation its own id.",
        f"标识 {member.operation.id} 已用于另一笔操作；请为每笔操作使用独立的标识。",
        operation=member.operation.id,
    )


def broken(error: BaseException) -> CountermandError:
    """The refusal for what should not have happened."""
    return CountermandError(
        "internal_error",
        f"Something broke that is not your fault ({type(error).__name__}); nothing was decided.",
        f"系统内部错误（{type(error).__name__}），与您的请求无关；没有作出任何决定。",
    )


class RecentAnswers:
    """The last operations decided, committed or about to be: retries and labels find them here.

    Bounded: at least as many as can be in flight, so that no repetition slips between a group's reading and
    another group's commit.
    """

    def __init__(self, count_max: int) -> None:
        self.count_max = count_max
        self._answers: dict[str, DecidedRow] = {}
        self._order: deque[str] = deque()

    def get(self, operation_id: str) -> DecidedRow | None:
        return self._answers.get(operation_id)

    def put(self, row: DecidedRow) -> None:
        self._answers[row.id] = row
        self._order.append(row.id)
        if len(self._order) > self.count_max:
            self._answers.pop(self._order.popleft(), None)

    def forget(self, operation_id: str) -> None:
        self._answers.pop(operation_id, None)
