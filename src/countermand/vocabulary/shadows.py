"""Shadow policies: candidates that follow the record and decide nothing, and what they would answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

RUNNING, PAUSED = "running", "paused"

# Why a candidate does not run.
BY_HAND = "by_hand"
BROKEN = "broken"
NOT_UNDERSTOOD = "not_understood"
TOO_SLOW = "too_slow"
OWN_LABELS = "own_windows_on_labels"


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate. `policy` is name@version; instants are microseconds UTC.

    It follows the operations numbered above `seq_first` and has seen those up to `position`.
    """

    id: int
    name: str
    policy: str
    currency: str
    digest: bytes
    added_at: int
    added_by: str
    state: str
    reason: str | None
    detail: dict[str, Any] | None
    seq_first: int
    position: int
    operations: int


class Verdict(NamedTuple):
    """What one policy says about one operation; `rules` are the ids of all that spoke, sorted."""

    outcome: int
    score: int
    rules: tuple[str, ...]


class Compared(NamedTuple):
    """One operation with both answers; `amount_minor` in the candidate's currency, None where unknown."""

    seq: int
    received_at: int
    live: Verdict
    candidate: Verdict
    amount_minor: int | None


@dataclass(slots=True)
class Tally:
    """Counts over compared operations.

    outcomes: (live, candidate) -> operations, those with an amount, sum of the amounts in minor units.
    rules: rule id -> fired in the live policy only, in both, in the candidate only.
    """

    outcomes: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    rules: dict[str, list[int]] = field(default_factory=dict)

    def add(self, one: Compared) -> None:
        """Count one operation."""
        cell = self.outcomes.setdefault((one.live.outcome, one.candidate.outcome), [0, 0, 0])
        cell[0] += 1
        if one.amount_minor is not None:
            cell[1] += 1
            cell[2] += one.amount_minor
        if one.live.rules == one.candidate.rules:
            for rule in one.live.rules:
                self.rules.setdefault(rule, [0, 0, 0])[1] += 1
            return
        live, candidate = set(one.live.rules), set(one.candidate.rules)
        for rule in live | candidate:
            place = 1 if rule in live and rule in candidate else 0 if rule in live else 2
            self.rules.setdefault(rule, [0, 0, 0])[place] += 1


CHUNK_OPERATIONS_MAX = 1_000


@dataclass(slots=True)
class Chunk:
    """Consecutive operations as one candidate answers them; a verdict of None is the live one's.

    received: the earliest and the latest instant at which they reached us, microseconds UTC.
    """

    seqs: list[int] = field(default_factory=list)
    verdicts: list[Verdict | None] = field(default_factory=list)
    received: tuple[int, int] = (0, 0)
    tally: Tally = field(default_factory=Tally)

    def add(self, one: Compared) -> None:
        """Append one operation."""
        first, last = self.received if self.seqs else (one.received_at, one.received_at)
        self.received = (min(first, one.received_at), max(last, one.received_at))
        self.seqs.append(one.seq)
        self.verdicts.append(None if one.candidate == one.live else one.candidate)
        self.tally.add(one)

    @property
    def full(self) -> bool:
        """Whether the next operation begins another chunk."""
        return len(self.seqs) >= CHUNK_OPERATIONS_MAX


class Example(NamedTuple):
    """One operation to which the candidate would have given another outcome; the instant in microseconds."""

    live: int
    candidate: int
    operation: str
    kind: str
    received_at: int


class Labelled(NamedTuple):
    """How many operations with these two answers turned out to be fraud, or genuine."""

    live: int
    candidate: int
    fraud: bool
    operations: int


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """Sums over what a candidate has seen.

    received: from when to when, microseconds UTC, None where it has seen nothing. seqs: the first and the
    last number. labelled: its operations whose label is known. stored_bytes: what its results take, without
    their indexes.
    """

    tally: Tally
    received: tuple[int, int] | None
    seqs: tuple[int, int]
    labelled: list[Labelled]
    examples: list[Example]
    stored_bytes: int


class FollowedRow(NamedTuple):
    """A recorded operation as the follower reads it; `body` is None where nothing needs it."""

    seq: int
    id: str
    kind: str
    received_at: int
    policy_id: int
    outcome: int
    facts: bytes
    standing: bytes
    answer: bytes
    body: bytes | None


class PastRow(NamedTuple):
    """A recorded operation as it enters the windows of a candidate; `outcome` is the candidate's own."""

    policy_id: int
    facts: bytes
    body: bytes | None
    outcome: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one candidate has to write: it moves from `before` to `position` by `operations`.

    differences: number, live outcome, own outcome of those answered otherwise.
    """

    shadow_id: int
    before: int
    position: int
    operations: int
    chunks: list[Chunk]
    differences: list[tuple[int, int, int]]
