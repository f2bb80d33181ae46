"""The facts of what was decided live: as recorded, and for another policy as far as they were recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np

from countermand.flows.circumstances import FORGOTTEN, Surroundings, nowhere
from countermand.flows.facts_columns import (
    PART_ROWS,
    FactsFolder,
    PartBuilder,
    facts_columns,
    given_digest,
    same_meaning,
)
from countermand.policy.catalogue import FROM_OPERATION
from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import Account
from countermand.work.record import RecordedRow

_FACTS = msgspec.msgpack.Decoder(list[Any])
_OPERATION = msgspec.json.Decoder(Operation)
_WORDS = [outcome.word for outcome in Outcome]
_UNLABELLED = -1

Labels = tuple[Any, Any, Any]  # seq, label_seq and label (0, 1, or -1: taken back), one entry a label


class Record(Protocol):
    """Everything that was decided, as it is read for a facts table."""

    async def horizon(self) -> int:
        """The highest number below which nothing can still be recorded; what is there is there for good."""
        ...

    async def earliest(self) -> int | None:
        """When the first recorded operation occurred."""
        ...

    def rows(
        self, after: int, until: int, since: int | None, whole: Collection[int]
    ) -> AsyncIterator[list[RecordedRow]]:
        """Operations with `after < seq <= until` that occurred after `since`, in order, a chunk at a time.

        Those of the policies in `whole` come with their body.
        """
        ...

    async def labels(self, until: int) -> Labels:
        """Every label up to that number, in the order of its coming."""
        ...


@dataclass(slots=True)
class Past:
    """How the facts recorded under one policy become those of another.

    `common` mean the same in both; `lost` are the given facts that nobody recorded.
    """

    label: str
    same: bool
    common: frozenset[str]
    lost: tuple[str, ...]
    names: tuple[str, ...]
    live: bool

    @classmethod
    def of(cls, program: Program, then: Program) -> Past:
        """What `then` recorded, as `program` sees it."""
        common = same_meaning(program, then)
        attributes = program.package.head.attributes
        lost = tuple(
            name
            for name in program.package.given
            if name not in common
            and ((name not in FROM_OPERATION and name not in attributes) or name.startswith("local_"))
        )
        same = given_digest(program) == given_digest(then)
        return cls(then.label, same, common, lost, tuple(then.index), program.digest == then.digest)


@dataclass(slots=True)
class Exported:
    """How far the record has been read. Kept with each part, so that a killed run goes on.

    `lost` counts, for each fact that was not recorded, the operations that miss it.
    """

    seq: int = 0
    kept: int = 0
    earliest: int | None = None
    latest: int | None = None
    decided_by: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    labelled_until: int = 0

    @classmethod
    def of(cls, state: dict[str, Any] | None) -> Exported:
        """As it was kept."""
        found = {} if state is None else dict(state)
        for name in ("decided_by", "lost"):
            found[name] = Counter(found.get(name, {}))
        return cls(**found)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return named | {"decided_by": dict(self.decided_by), "lost": dict(self.lost)}


@dataclass(slots=True)
class FactsOfRecord:
    """One policy's facts table of the record since an instant; `sources` are the recorded policies' files.

    With `live` every other recorded fact comes along, for the operations that this policy decided.
    """

    program: Program
    sources: Mapping[int, Mapping[str, str]]
    folder: FactsFolder
    since: int | None = None
    live: bool = False
    read: Exported = field(init=False)
    builder: PartBuilder = field(init=False)
    surroundings: Surroundings = field(init=False)
    pasts: dict[int, Past] = field(init=False)

    def __post_init__(self) -> None:
        self.read = Exported.of(self.folder.summary() if self.folder.complete else self.folder.state)
        self.builder = PartBuilder(facts_columns(self.program, live=self.live))
        self.surroundings = Surroundings(self.program, nowhere, FORGOTTEN, FORGOTTEN)
        self.pasts = {
            number: Past.of(self.program, compile_recorded(files)) for number, files in self.sources.items()
        }

    @property
    def whole(self) -> set[int]:
        """The policies whose operations must be read again from their bodies."""
        return {number for number, past in self.pasts.items() if not past.same}

    def wanted(self, rows: Sequence[RecordedRow]) -> Sequence[RecordedRow]:
        """Those that this table still lacks."""
        begun, since = self.read.seq, self.since
        if rows[0].seq > begun and since is None:
            return rows
        return [row for row in rows if row.seq > begun and (since is None or row.occurred_at > since)]

    def take(self, rows: Sequence[RecordedRow]) -> None:
        """Take in the next operations; a part is written when there are enough."""
        if not rows:
            return
        read, pasts = self.read, self.pasts
        instants = [row.occurred_at for row in rows]
        unknown = [None] * len(rows)
        first = (
            [row.seq for row in rows],
            [row.id for row in rows],
            instants,
            [row.received_at for row in rows],
            [row.kind for row in rows],
            [row.account for row in rows],
            [_WORDS[row.outcome] for row in rows],
            [pasts[row.policy_id].label for row in rows],
            unknown,
            unknown,
        )
        self.builder.extend(first, [self._facts(row) for row in rows])
        read.seq = rows[-1].seq
        read.kept += len(rows)
        for policy_id, count in Counter(row.policy_id for row in rows).items():
            past = pasts[policy_id]
            read.decided_by[past.label] += count
            read.lost.update(dict.fromkeys(past.lost, count))
        read.earliest = min(instants) if read.earliest is None else min(*instants, read.earliest)
        read.latest = max(instants) if read.latest is None else max(*instants, read.latest)
        if self.builder.rows >= PART_ROWS:
            self._write()

    def _facts(self, row: RecordedRow) -> list[Any]:
        """The given facts, the thresholds, and where wanted the others as this policy recorded them."""
        past, program = self.pasts[row.policy_id], self.program
        count, end = program.given_count, program.thresholds_at
        facts = _FACTS.decode(row.facts)
        given = facts[:count] if past.same else self._given_again(row, past, facts)
        # Another policy's thresholds say nothing about this one's, whatever they are called.
        given = given + (facts[end:] if past.live else list(program.thresholds.values()))
        if not self.live:
            return given
        return given + (facts[count:end] if past.live else [None] * (end - count))

    def finish(self, labels: Labels | None, until: int) -> None:
        """Write what is left, and give each operation the last label that is known by `until`."""
        if self.builder.rows:
            self._write()
        if labels is not None:
            self._label(labels)
        self.read.labelled_until = until
        self.folder.finish(self.read.state())

    def _given_again(self, row: RecordedRow, past: Past, facts: list[Any]) -> list[Any]:
        assert row.body is not None, "rows of other policies come whole"
        operation = _OPERATION.decode(row.body)
        account = Account(id=operation.account)
        circumstances = self.surroundings.of(operation, account, row.occurred_at)
        named = zip(past.names, facts, strict=True)
        recorded = {name: value for name, value in named if name in past.common}
        return self.program.given_again(circumstances, recorded)

    def _write(self) -> None:
        self.folder.write(self.builder.take(), self.read.state())

    def _label(self, labels: Labels) -> None:
        seq, label_seq, label = labels
        order = np.lexsort((label_seq, seq))
        seq, label_seq, label = seq[order], label_seq[order], label[order]
        if not len(seq):
            return
        last = np.append(seq[1:] != seq[:-1], True)
        if not last.all():
            self.folder.correct([
                (one, number, None if said == _UNLABELLED else bool(said))
                for one, number, said in zip(seq.tolist(), label_seq.tolist(), label.tolist(), strict=True)
            ])  # fmt: skip
        seq, label_seq, label = seq[last], label_seq[last], label[last]
        for number in range(len(self.folder.parts)):
            part = self.folder.read(number, ["seq", "label_seq"])
            places = np.minimum(np.searchsorted(seq, part["seq"]), len(seq) - 1)
            known = seq[places] == part["seq"]
            if (np.where(known, label_seq[places], -(2**63)) == part["label_seq"]).all():
                continue
            said = np.where(known, label[places], _UNLABELLED).tolist()
            numbers = np.where(known, label_seq[places], -1).tolist()
            self.folder.relabel(
                number,
                [None if one == _UNLABELLED else bool(one) for one in said],
                [None if one < 0 else one for one in numbers],
            )


async def facts_of_record(record: Record, tasks: list[FactsOfRecord], told: Callable[[int], None]) -> int:
    """Bring the tables of several policies up to the record in one reading; up to which number that is.

    Each goes on where an earlier run ended, killed or done. Raises Unavailable, SetupError.
    """
    until = await record.horizon()
    behind = [task for task in tasks if task.read.seq < until or not task.folder.complete]
    if behind:
        after = min(task.read.seq for task in behind)
        whole = set().union(*(task.whole for task in behind))
        bounds = [task.since for task in behind]
        since = None if None in bounds else min(bound for bound in bounds if bound is not None)
        async for rows in record.rows(after, until, since, whole):
            for task in behind:
                task.take(task.wanted(rows))
            told(len(rows))
    late = [task for task in tasks if task.read.labelled_until < until]
    if late:
        labels = await record.labels(until)
        for task in late:
            newest = int(labels[1].max(initial=0))
            task.finish(labels if newest > task.read.labelled_until else None, until)
    return until
