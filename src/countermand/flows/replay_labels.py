"""The labels of a file, fed when its own clock reaches them: so late as they would have come."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from countermand.kernel.clock import moment_of
from countermand.vocabulary.labels import Label
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.tables import FRAUD, UNLABELLED, OperationBatch

SOURCE = "replay"


@dataclass(slots=True)
class LabelFeed:
    """Labels that wait for their time, earliest first; `delay` in microseconds, None where none are fed."""

    delay: int | None
    _waiting: list[tuple[int, int, str, bool]] = field(default_factory=list)
    _count: int = 0

    def woven(self, batch: OperationBatch, clock: int) -> list[Operation | Label]:
        """The operations of a batch with the labels that fall due among them; the clock stands at `clock`.

        A label comes when the clock passes its operation's time and the delay, before the first operation
        at or after that instant.
        """
        if self.delay is None or not batch.labels:
            return [*batch.operations]
        woven: list[Operation | Label] = []
        for operation, instant, told in zip(batch.operations, batch.instants, batch.labels, strict=True):
            clock = max(clock, instant)
            while self._waiting and self._waiting[0][0] <= clock:
                due, _, waiting, fraud = heappop(self._waiting)
                woven.append(Label(fraud, SOURCE, moment_of(due), operation=waiting))
            woven.append(operation)
            if told != UNLABELLED:
                self._count += 1
                heappush(self._waiting, (instant + self.delay, self._count, operation.id, told == FRAUD))
        return woven
