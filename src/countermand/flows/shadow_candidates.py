"""Candidates answer recorded operations: the same facts, the same standing, and their own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import msgspec

from countermand.decisions.decide import Question, judge
from countermand.decisions.spoken import spoken
from countermand.flows.recorded_policies import RecordedPolicies
from countermand.flows.shadow_windows import WindowRoom
from countermand.flows.standing_met import Standing
from countermand.policy.facts import Facts
from countermand.policy.program import Program
from countermand.vocabulary.shadows import Chunk, Compared, FollowedRow, Shadow, Step, Verdict


class _Reason(msgspec.Struct, gc=False):
    rule: str


class _Decision(msgspec.Struct, gc=False):
    score: int
    reasons: list[_Reason]


class _Answer(msgspec.Struct, gc=False):
    """As much of a recorded answer as is compared."""

    decision: _Decision


_FACTS = msgspec.msgpack.Decoder(list[Any])
_STANDING = msgspec.msgpack.Decoder(Standing)
_ANSWER = msgspec.json.Decoder(_Answer)


@dataclass(slots=True)
class Candidate:
    """One running candidate. `chunk` is the one that its next results join; `spent_seconds` is its own time.

    pending: what was answered since the last commit. failure: what stopped it, with the operation's id.
    """

    shadow: Shadow
    program: Program
    room: WindowRoom
    chunk: Chunk
    position: int
    spent_seconds: float = 0.0
    pending: list[Compared] = field(default_factory=list)
    failure: tuple[str, Exception] | None = None

    def answer(self, question: Question, windows: list[Any], given: Facts) -> Verdict:
        """The verdict of this policy over what was recorded."""
        began = perf_counter()
        facts = self.program.complete(given, windows)
        verdict = judge(question, facts, self.program)
        rules = spoken(verdict, self.program)
        self.spent_seconds += perf_counter() - began
        return Verdict(verdict.outcome.value, verdict.score, rules)

    def step(self, position: int) -> tuple[Step, Chunk]:
        """What there is to write after the pending answers, and the chunk that stays open."""
        chunk = self.chunk
        touched: list[Chunk] = []
        for one in self.pending:
            if chunk.full:
                chunk = Chunk()
            if not touched or touched[-1] is not chunk:
                touched.append(chunk)
            chunk.add(one)
        differences = [
            (one.seq, one.live.outcome, one.candidate.outcome)
            for one in self.pending
            if one.live.outcome != one.candidate.outcome
        ]
        count = len(self.pending)
        return Step(self.shadow.id, self.position, position, count, touched, differences), chunk


def evaluate(
    rows: Sequence[FollowedRow], candidates: Sequence[Candidate], policies: RecordedPolicies
) -> None:
    """Every candidate answers every row, in order; what breaks stops its own candidate there, no other."""
    for row in rows:
        going = [candidate for candidate in candidates if candidate.failure is None]
        if not going:
            return
        try:
            then = policies.of(row.policy_id)
            recorded = _FACTS.decode(row.facts)
            standing = _STANDING.decode(row.standing)
            live = _live_verdict(row)
        except Exception as error:  # noqa: BLE001 - a record nobody can read stops all of them at this place
            for candidate in going:
                candidate.failure = (row.id, error)
            return
        question = Question("", row.kind, recorded, standing.freeze, row.received_at, standing.bound)
        for room in {id(candidate.room): candidate.room for candidate in going}.values():
            members = [candidate for candidate in going if candidate.room is room]
            try:
                _in_room(row, room, members, then, recorded, question, live)
            except Exception as error:  # noqa: BLE001 - a fact that cannot be computed stops those who need it
                for member in members:
                    member.failure = (row.id, error)


def _in_room(
    row: FollowedRow,
    room: WindowRoom,
    members: Sequence[Candidate],
    then: Program,
    recorded: Facts,
    question: Question,
    live: Verdict,
) -> None:
    """Candidates that share windows: given facts and windows once, rules each for itself."""
    began = perf_counter()
    given = room.onlooker.recalled(then, recorded, row.body)
    observation, windows = room.windows(row.policy_id, recorded, given)
    shared_seconds = perf_counter() - began
    outcome = row.outcome
    answered: list[tuple[Candidate, Compared]] = []
    for member in members:
        try:
            verdict = member.answer(question, windows, given)
        except Exception as error:  # noqa: BLE001 - as above
            member.failure = (row.id, error)
            continue
        amount = member.program.amount_of(given)
        if amount is None and then.currency == member.program.currency:
            amount = then.amount_of(recorded)  # the candidate need not name the amount to be measured by it
        answered.append((member, Compared(row.seq, row.received_at, live, verdict, amount)))
        outcome = verdict.outcome  # only a room with one owner looks at it
    began = perf_counter()
    room.observe(given, observation, outcome)
    shared_seconds += perf_counter() - began
    for member, compared in answered:
        member.pending.append(compared)
        member.spent_seconds += shared_seconds / len(answered)


def _live_verdict(row: FollowedRow) -> Verdict:
    decision = _ANSWER.decode(row.answer).decision
    return Verdict(row.outcome, decision.score, tuple(sorted(reason.rule for reason in decision.reasons)))
