"""What a model learns from: every operation of a file with the facts it would have been decided by.

The facts are those of the moment: windows hold what had arrived, labels count from when they were known.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from countermand.decisions.decide import Question, judge
from countermand.flows.circumstances import Surroundings
from countermand.policy.facts import Facts
from countermand.policy.package import compile_recorded
from countermand.policy.plan import Observation
from countermand.policy.ports import FeatureStore
from countermand.policy.program import Program
from countermand.vocabulary.models import Rows
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.tables import FRAUD, UNLABELLED, OperationTable
from countermand.work.record import RecordedRow

_FACTS = msgspec.msgpack.Decoder(list[Any])

GROUPINGS = ("kind", "account_type")  # facts whose values are groups that a model must treat alike


@dataclass(slots=True)
class RowCollector:
    """Takes facts in, one operation after the other, and gives them back as columns.

    `inputs` name the facts of a row. `groups` are the operation's groups, such as `kind=payment`.
    """

    inputs: Sequence[str]
    _facts: array[float] = field(default_factory=lambda: array("d"))
    _fraud: array[int] = field(default_factory=lambda: array("b"))
    _at: array[int] = field(default_factory=lambda: array("q"))
    _accounts: array[int] = field(default_factory=lambda: array("q"))
    _numbers: dict[str, int] = field(default_factory=dict)
    _groups: dict[str, array[int]] = field(default_factory=dict)

    def add(self, facts: dict[str, Any], account: str, at: int, *, fraud: bool) -> None:
        """One labelled operation; a fact that is missing or unknown is NaN."""
        for name in self.inputs:
            value = facts.get(name)
            self._facts.append(math.nan if value is None else value)
        row = len(self._fraud)
        self._fraud.append(fraud)
        self._at.append(at)
        self._accounts.append(self._numbers.setdefault(account, len(self._numbers)))
        for name in GROUPINGS:
            if facts.get(name) is not None:
                self._groups.setdefault(f"{name}={facts[name]}", array("q")).append(row)

    def rows(self) -> Rows:
        """All rows, in the order in which they came."""
        table = np.frombuffer(self._facts, dtype=np.float64) if self._facts else np.zeros(0)
        return Rows(
            table.reshape(-1, len(self.inputs)),
            np.array(self._fraud, dtype=np.int8),
            np.array(self._at, dtype=np.int64),
            np.array(self._accounts, dtype=np.int64),
        )

    def groups(self) -> dict[str, NDArray[np.int64]]:
        """The places of the rows of each group."""
        return {name: np.array(places, dtype=np.int64) for name, places in sorted(self._groups.items())}


@dataclass(slots=True)
class _Waiting:
    """Labels on their way: each is known `delay` microseconds after its operation occurred."""

    program: Program
    features: FeatureStore
    delay: int
    _queue: deque[tuple[int, Facts, Observation, str, bool]] = field(default_factory=deque)

    def put(self, at: int, facts: Facts, observation: Observation, outcome: str, *, fraud: bool) -> None:
        if fraud in self.program.labels_that_enter:
            self._queue.append((at + self.delay, facts, observation, outcome, fraud))

    def arrive(self, now: int) -> None:
        """Those known by now enter the windows, before the operation that is decided now."""
        queue = self._queue
        while queue and queue[0][0] <= now:
            _, facts, observation, outcome, fraud = queue.popleft()
            seen = self.program.labelled(facts, observation, outcome, fraud=fraud)
            if seen is not None:
                self.features.amend(0, seen)


def rows_of_table(
    program: Program,
    inputs: Sequence[str],
    table: OperationTable,
    features: FeatureStore,
    surroundings: Surroundings,
    delay: int,
    until: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> RowCollector:
    """The labelled operations of a file, each with the facts of its moment, in the file's order.

    `delay` is how long a label takes, in microseconds. `until` ends the reading at an instant. Limits and
    filters that look at an outcome see the one that the policy's rules give.
    """
    collector = RowCollector(inputs)
    waiting = _Waiting(program, features, delay)
    for operation, at, label in _operations(table, progress):
        if until is not None and at >= until:
            break
        waiting.arrive(at)
        given = program.given(surroundings.of(operation, Account(id=operation.account), at))
        observation = program.observation(given)
        facts = program.complete(given, features.read(observation))
        question = Question("", operation.kind.value, facts, None, at)
        outcome = judge(question, facts, program).outcome.word
        features.observe(program.observed(given, observation, outcome))
        if label != UNLABELLED:
            named = dict(zip(program.index, facts, strict=True))
            collector.add(named, operation.account, at, fraud=label == FRAUD)
            waiting.put(at, given, observation, outcome, fraud=label == FRAUD)
    return collector


class Record(Protocol):
    """Everything that was decided, and every label; see `facts_of_record.Record`."""

    async def horizon(self) -> int: ...

    def rows(
        self, after: int, until: int, since: int | None, whole: Collection[int]
    ) -> AsyncIterator[list[RecordedRow]]: ...

    async def labels(self, until: int) -> tuple[Any, Any, Any]: ...


async def rows_of_record(
    record: Record, sources: Mapping[int, Mapping[str, str]], inputs: Sequence[str]
) -> RowCollector:
    """The labelled operations that were decided live, each with its recorded facts; the last label counts.

    An input that the policy of the time did not record is unknown. `sources` are those policies' files.
    """
    until = await record.horizon()
    seqs, _, labels = await record.labels(until)
    label = dict(zip((int(seq) for seq in seqs), (int(one) for one in labels), strict=True))
    names = {number: list(compile_recorded(files).index) for number, files in sources.items()}
    collector = RowCollector(inputs)
    async for chunk in record.rows(0, until, None, ()):
        for row in chunk:
            if label.get(row.seq, UNLABELLED) == UNLABELLED:
                continue
            facts = dict(zip(names[row.policy_id], _FACTS.decode(row.facts), strict=True))
            collector.add(facts, row.account, row.occurred_at, fraud=label[row.seq] == FRAUD)
    return collector


def _operations(
    table: OperationTable, progress: Callable[[int], None] | None
) -> Iterator[tuple[Operation, int, int]]:
    for batch in table.batches():
        labels = batch.labels or [UNLABELLED] * len(batch.operations)
        yield from zip(batch.operations, batch.instants, labels, strict=True)
        if progress is not None:
            progress(batch.size)
