"""The facts of a file's rows, through the same reading and the same functions that serve live traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from countermand.flows.circumstances import Surroundings
from countermand.flows.facts_columns import PART_ROWS, FactsFolder, PartBuilder, facts_columns, label_seqs
from countermand.flows.seen_ids import SeenIds
from countermand.kernel.errors import BadRequest, CountermandError
from countermand.policy.program import Program
from countermand.vocabulary.parties import Account
from countermand.vocabulary.tables import FRAUD, HONEST, UNLABELLED, OperationBatch

REFUSED_SHOWN_MAX = 20
FIRST_SEQ, SEQ_STEP = 2, 2  # the odd numbers are for labels: they come between operations
_NEVER = -(2**63)
_KNOWN = {FRAUD: True, HONEST: False, UNLABELLED: None}


class SkippingTable(Protocol):
    """A file that can be read from any row on."""

    def batches(self, rows_done: int = 0) -> Iterator[OperationBatch]:
        """The rows after the first `rows_done`."""
        ...


@dataclass(slots=True)
class Read:
    """How far a file has been read, and what was found. Kept with each part, so that a killed run goes on."""

    rows: int = 0
    kept: int = 0
    clock: int = _NEVER
    late: int = 0
    duplicates: int = 0
    labelled: int = 0
    earliest: int | None = None
    latest: int | None = None
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, state: dict[str, Any] | None) -> Read:
        """As it was kept."""
        return cls() if state is None else cls(**{**state, "refused": Counter(state["refused"])})

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"refused": dict(self.refused)}

    def refuse(self, row: int, refusal: CountermandError) -> None:
        """Count a refused row, and keep the first ones to be shown."""
        self.refused[refusal.code] += 1
        if len(self.refused_rows) < REFUSED_SHOWN_MAX:
            en, zh = refusal.text.en, refusal.text.zh
            self.refused_rows.append({"row": row, "code": refusal.code, "text": {"en": en, "zh": zh}})


@dataclass(slots=True)
class FactsOfFile:
    """One policy's facts table of one file.

    `latest` is the real present: a row from after it is refused, as it would be live. `delay` is how long
    after an operation its label becomes known (microseconds); None where the mapping does not say.
    """

    program: Program
    surroundings: Surroundings
    folder: FactsFolder
    latest: int
    delay: int | None
    read: Read = field(init=False)
    seen: SeenIds = field(init=False)
    builder: PartBuilder = field(init=False)

    def __post_init__(self) -> None:
        self.read = Read.of(self.folder.state)
        self.seen = SeenIds(self.folder.known)
        self.builder = PartBuilder(facts_columns(self.program))
        for ids in self.folder.ids():
            self.seen.settle(ids)

    def take(self, batch: OperationBatch) -> None:
        """Take in the next rows; a part is written when there are enough."""
        read = self.read
        read.rows += batch.size
        for row, refusal in batch.refused:
            read.refuse(row, refusal)
        self._take_rows(batch, self._decided(batch))
        if self.builder.rows >= PART_ROWS:
            self._write()

    def finish(self) -> None:
        """Write what is left, and say when each label became known."""
        if self.builder.rows:
            self._write()
        if self.delay is not None and self.read.labelled:
            self._tell_labels(self.delay)
        self.folder.finish(self.read.state())

    def _decided(self, batch: OperationBatch) -> list[tuple[int, int]]:
        """The rows that would be decided live, in time and first of their id: place, and the data's time."""
        read, lateness, latest, add = self.read, self.program.plan.lateness_micros, self.latest, self.seen.add
        names = [operation.id for operation in batch.operations]
        settled = self.seen.settled(names)
        clock, late = read.clock, 0
        found: list[tuple[int, int]] = []
        for place, at in enumerate(batch.instants):
            if at > latest:
                read.refuse(batch.rows[place], _in_the_future())
                continue
            if at >= clock:
                clock = at
            elif at < clock - lateness:
                read.refuse(batch.rows[place], _too_late())
                continue
            if names[place] in settled or not add(names[place]):
                read.duplicates += 1
                continue
            late += at < clock
            found.append((place, clock))
        read.clock, read.late = clock, read.late + late
        return found

    def _take_rows(self, batch: OperationBatch, chosen: list[tuple[int, int]]) -> None:
        if not chosen:
            return
        read, given, of = self.read, self.program.given, self.surroundings.of
        operations = [batch.operations[place] for place, _ in chosen]
        instants = [batch.instants[place] for place, _ in chosen]
        labels: list[bool | None] = [None] * len(chosen)
        if batch.labels:
            labels = [_KNOWN[batch.labels[place]] for place, _ in chosen]
        declared = list(self.program.thresholds.values())
        facts = [
            given(of(one, Account(id=one.account), at)) + declared
            for one, at in zip(operations, instants, strict=True)
        ]
        unknown = [None] * len(chosen)
        first_seq = FIRST_SEQ + SEQ_STEP * read.kept
        first = (
            range(first_seq, first_seq + SEQ_STEP * len(chosen), SEQ_STEP),
            [one.id for one in operations],
            instants,
            [clock for _, clock in chosen],
            [one.kind.value for one in operations],
            [one.account for one in operations],
            unknown,
            unknown,
            labels,
            unknown,
        )
        self.builder.extend(first, facts)
        read.kept += len(chosen)
        read.labelled += len(chosen) - labels.count(None)
        read.earliest = min(instants) if read.earliest is None else min(*instants, read.earliest)
        read.latest = max(instants) if read.latest is None else max(*instants, read.latest)

    def _write(self) -> None:
        columns = self.builder.take()
        self.folder.write(columns, self.read.state())
        self.seen.settle(columns["id"])

    def _tell_labels(self, delay: int) -> None:
        numbers = range(len(self.folder.parts))
        arrived = np.concatenate([self.folder.read(n, ["received_at"])["received_at"] for n in numbers])
        for place in numbers:
            part = self.folder.read(place, ["seq", "at", "label"])
            found = label_seqs(part["seq"], part["at"] + delay, arrived, FIRST_SEQ)
            labels = [_KNOWN[one] for one in part["label"].tolist()]
            seqs = [
                number if number > 0 and known is not None else None
                for number, known in zip(found.tolist(), labels, strict=True)
            ]
            self.folder.relabel(place, labels, seqs)


def facts_of_file(
    table: SkippingTable, tasks: Sequence[FactsOfFile], rows_max: int | None, told: Callable[[int], None]
) -> None:
    """Prepare the tables of several policies in one reading; each goes on where an earlier run ended.

    Raises SetupError (`table_unreadable`, `facts_not_written`, `fact_out_of_range`).
    """
    waiting = [task for task in tasks if not task.folder.complete]
    if not waiting:
        return
    done = min(task.read.rows for task in waiting)
    told(done)
    for batch in table.batches(done):
        if rows_max is not None and done >= rows_max:
            break
        part = batch if rows_max is None else batch.head(rows_max - done)
        for task in waiting:
            if task.read.rows <= done:
                task.take(part)
            elif task.read.rows < done + part.size:
                task.take(part.after(task.read.rows))
        done += part.size
        told(part.size)
    for task in waiting:
        task.finish()


def _in_the_future() -> BadRequest:
    return BadRequest(
        "occurred_in_the_future",
        "The time lies after the present; it cannot have happened yet.",
        "时间晚于当前时刻，不可能已经发生。",
        field="occurred_at",
    )


def _too_late() -> BadRequest:
    return BadRequest(
        "occurred_too_long_ago",
        "The row lies further behind the rows before it than the policy's lateness allows.",
        "该行比前面的行晚到的时间超过策略允许的迟到期限。",
        field="occurred_at",
    )
