"""A file of operations replayed through the very path that serves live traffic, on the clock of its data."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np

from countermand.flows.group_commit import Meter
from countermand.flows.replay_labels import LabelFeed
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, CountermandError, Unavailable
from countermand.oversight.measures import auc_roc, average_precision, card_precision
from countermand.vocabulary.labels import Label
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.tables import UNLABELLED, OperationBatch, OperationTable

BATCH_ROWS = 1000
BATCHES_IN_FLIGHT = 3  # one is committed, one decided, one read
REFUSED_SHOWN_MAX = 20
ATTEMPTS_MAX = 3
PAUSE_SECONDS = 0.5
ACTOR = "replay"

Progress = Callable[[int], None]


class _Scored(msgspec.Struct):
    outcome: str
    score: int


class _Answer(msgspec.Struct):
    decision: _Scored


_ANSWER = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Span:
    """Which times a row may have, in microseconds UTC.

    `latest` is the real present: a row from after it is refused and does not move the clock. `lateness` is
    the policy's: a row further behind the latest one before it is refused.
    """

    latest: int
    lateness: int


class BatchDecider(Protocol):
    """What a replay needs of the decider."""

    meter: Meter | None
    in_order: bool

    async def in_turn(
        self, asked: Sequence[Operation | Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """Durable answers in order; what is refused is a value in its place."""
        ...


@dataclass(slots=True)
class Replayed:
    """What came of a replay.

    `latencies` holds (microseconds from hand-over to durable answer, operations); the columns run in step,
    one entry for each answered operation that has a label.
    """

    rows: int = 0
    answered: int = 0
    recorded: int = 0
    labelled: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=lambda: Counter({one.word: 0 for one in Outcome}))
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[tuple[int, CountermandError]] = field(default_factory=list)
    latencies: list[tuple[int, int]] = field(default_factory=list)
    scores: array[int] = field(default_factory=lambda: array("i"))
    labels: array[int] = field(default_factory=lambda: array("b"))
    days: array[int] = field(default_factory=lambda: array("i"))
    cards: array[int] = field(default_factory=lambda: array("I"))
    _cards: dict[str, int] = field(default_factory=dict)

    def group_done(self, decided: int, waiting: int) -> None:
        """Count what was decided now; the rest of the answers are repetitions."""
        self.recorded += decided

    def refuse(self, row: int, refusal: CountermandError) -> None:
        """Count a refused row, and keep the first ones to be shown."""
        self.refused[refusal.code] += 1
        if len(self.refused_rows) < REFUSED_SHOWN_MAX:
            self.refused_rows.append((row, refusal))

    def take(self, batch: OperationBatch, results: list[bytes | CountermandError], micros: int) -> None:
        """Count the answers to a batch."""
        decode, outcomes = _ANSWER.decode, self.outcomes
        answered = 0
        for number, result in enumerate(results):
            if isinstance(result, CountermandError):
                self.refuse(batch.rows[number], result)
                continue
            answered += 1
            decision = decode(result).decision
            outcomes[decision.outcome] += 1
            if batch.labels and batch.labels[number] != UNLABELLED:
                self.scores.append(decision.score)
                self.labels.append(batch.labels[number])
                self.days.append(batch.days[number])
                account = batch.operations[number].account
                self.cards.append(self._cards.setdefault(account, len(self._cards)))
        self.answered += answered
        if answered:
            self.latencies.append((micros, answered))

    def report(self) -> dict[str, Any]:
        """The counts and measures as JSON values."""
        return {
            "operations": self.answered,
            "outcomes": dict(self.outcomes),
            "operations_per_second": round(self.answered / self.seconds, 1) if self.seconds else 0.0,
            "latency_ms": {"p50": self._latency_ms(0.50), "p99": self._latency_ms(0.99)},
            "rows": self.rows,
            "repeated": max(0, self.answered - self.recorded),
            "labels": self.labelled,
            "refused": dict(sorted(self.refused.items())),
            "seconds": round(self.seconds, 3),
        }

    def quality(self) -> dict[str, float | None]:
        """How well the score found the labelled fraud."""
        scores, fraud = np.asarray(self.scores), np.asarray(self.labels)
        return {
            "auc_roc": auc_roc(scores, fraud),
            "average_precision": average_precision(scores, fraud),
            "card_precision_at_100": card_precision(
                scores, fraud, np.asarray(self.days), np.asarray(self.cards).astype(np.int64)
            ),
        }

    def _latency_ms(self, share: float) -> float | None:
        """The latency that this share of the operations did not exceed."""
        wanted = share * self.answered
        seen = 0
        for micros, operations in sorted(self.latencies):
            seen += operations
            if seen >= wanted:
                return round(micros / 1000, 3)
        return None


async def replay_operations(
    decider: BatchDecider,
    table: OperationTable,
    clock: ManualClock,
    span: Span,
    rows_max: int | None = None,
    progress: Progress | None = None,
) -> Replayed:
    """Decide every row of a file durably, in order, with some batches on their way at once.

    The clock follows the data: it stands at the latest time seen so far. A file may be replayed again, also
    after an interruption: what was decided is answered with the same bytes.

    Raises Unavailable where the database stays away; everything answered until then stays decided.
    """
    replayed = Replayed()
    decider.meter = replayed
    decider.in_order = True
    told, feed = progress or _untold, LabelFeed(table.label_delay_micros)
    flying: deque[tuple[OperationBatch, asyncio.Task[tuple[list[bytes | CountermandError], int]]]] = deque()
    start = time.perf_counter()

    async def land() -> None:
        batch, task = flying[0]
        results, micros = await task
        flying.popleft()
        replayed.take(batch, results, micros)
        told(batch.size)

    try:
        for batch in limited(table.batches(), rows_max):
            replayed.rows += batch.size
            for row, refusal in batch.refused:
                replayed.refuse(row, refusal)
            past = _without_future(batch, span.latest, replayed)
            told(batch.size - past.size)
            for part in parts(past, clock.at, span.lateness):
                woven = feed.woven(part, clock.at)
                replayed.labelled += len(woven) - len(part.operations)
                clock.at = max(clock.at, *part.instants)
                flying.append((part, asyncio.create_task(_decided(decider, woven))))
                await asyncio.sleep(0)  # hand it over before the clock moves on
                while len(flying) >= BATCHES_IN_FLIGHT:
                    await land()
        while flying:
            await land()
    finally:
        for _, task in flying:
            task.cancel()
        replayed.seconds = time.perf_counter() - start
    return replayed


def parts(batch: OperationBatch, at: int, lateness: int) -> Iterator[OperationBatch]:
    """The batch in as few parts as keep each row on time that is on time when its turn comes.

    The clock, now `at`, moves to the end of a part before the part is decided. In a file with few rows a day
    it would leave the first rows of a batch behind by more than the policy's lateness (microseconds).
    """
    instants = batch.instants
    if not instants:
        return
    if min(instants) >= max(at, *instants) - lateness:
        yield batch.only(range(len(instants)))
        return
    start, oldest = 0, None
    for place, instant in enumerate(instants):
        if oldest is not None and instant - lateness > oldest:
            yield batch.only(range(start, place))
            start, oldest = place, None
        at = max(at, instant)
        if instant >= at - lateness:
            oldest = instant if oldest is None else min(oldest, instant)
    yield batch.only(range(start, len(instants)))


def limited(batches: Iterator[OperationBatch], rows_max: int | None) -> Iterator[OperationBatch]:
    """The first rows only."""
    left = rows_max
    for batch in batches:
        if left is None:
            yield batch
            continue
        if left <= 0:
            return
        yield batch.head(left)
        left -= batch.size


async def _decided(
    decider: BatchDecider, asked: list[Operation | Label]
) -> tuple[list[bytes | CountermandError], int]:
    """The operations' durable answers, and the microseconds until all were there.

    What was unavailable is sent again. A refused operation's label is refused with it, and nobody asks.
    """
    start = time.perf_counter()
    results = await decider.in_turn(asked, ACTOR, None)
    for _ in range(ATTEMPTS_MAX):
        if not any(isinstance(result, Unavailable) for result in results):
            break
        await asyncio.sleep(PAUSE_SECONDS)
        results = await decider.in_turn(asked, ACTOR, None)
    for result in results:
        if isinstance(result, Unavailable):
            raise result
    results = [result for one, result in zip(asked, results, strict=True) if isinstance(one, Operation)]
    return results, round((time.perf_counter() - start) * 1e6)


def _without_future(batch: OperationBatch, latest: int, replayed: Replayed) -> OperationBatch:
    """One row with a wrong year must not carry the clock away, or every other row would be too late."""
    kept = [place for place, instant in enumerate(batch.instants) if instant <= latest]
    for place in sorted(set(range(len(batch.instants))) - set(kept)):
        refusal = BadRequest(
            "occurred_in_the_future",
            "The time lies after the present; it cannot have happened yet.",
            "时间晚于当前时刻，不可能已经发生。",
            field="occurred_at",
        )
        replayed.refuse(batch.rows[place], refusal)
    return batch.only(kept)


def _untold(_rows: int) -> None:
    """Nobody is watching."""
