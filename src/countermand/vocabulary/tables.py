"""A file of operations, as a replay reads it: batches of operations, and the rows that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from countermand.kernel.errors import CountermandError
from countermand.vocabulary.operations import Operation

FRAUD, HONEST, UNLABELLED = 1, 0, -1


@dataclass(slots=True)
class OperationBatch:
    """Consecutive rows of a file; the lists but the last two run in step, one entry for each operation.

    `rows` counts from 1 (a header is no row), `instants` are microseconds UTC, `days` are whole days since
    1970 in the mapping's time zone, `labels` are FRAUD, HONEST or UNLABELLED (empty where no column says).
    `refused` holds each row that is no operation, with the reason.
    """

    operations: list[Operation] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    instants: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    refused: list[tuple[int, CountermandError]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many rows of the file this was."""
        return len(self.operations) + len(self.refused)

    def only(self, places: Sequence[int]) -> OperationBatch:
        """The operations at these places, without the refused rows."""
        return OperationBatch(
            [self.operations[place] for place in places],
            [self.rows[place] for place in places],
            [self.instants[place] for place in places],
            [self.days[place] for place in places],
            [self.labels[place] for place in places] if self.labels else [],
        )

    def head(self, count: int) -> OperationBatch:
        """The first `count` rows, with the refused ones among them."""
        if count >= self.size:
            return self
        last = sorted([*self.rows, *(row for row, _ in self.refused)])[count - 1]
        found = self.only(range(sum(row <= last for row in self.rows)))
        found.refused = [one for one in self.refused if one[0] <= last]
        return found

    def after(self, row: int) -> OperationBatch:
        """The rows behind this one, with the refused ones among them."""
        found = self.only([place for place, one in enumerate(self.rows) if one > row])
        found.refused = [one for one in self.refused if one[0] > row]
        return found


class OperationTable(Protocol):
    """A file that was opened and fits its mapping."""

    @property
    def rows_total(self) -> int | None:
        """How many rows there are, where the file says so."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether a column says which operations were fraud."""
        ...

    @property
    def label_delay_micros(self) -> int | None:
        """How long after its operation a label became known; None where labels are not fed to the policy."""
        ...

    def batches(self, rows_done: int = 0) -> Iterator[OperationBatch]:
        """The rows in the file's order, after the first `rows_done`.

        Raises SetupError `table_unreadable` where the file is broken.
        """
        ...
