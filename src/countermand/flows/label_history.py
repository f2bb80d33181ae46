"""What an operation was said to be, by whom and when: every label and correction, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from countermand.flows.decided_operations import Archive, recorded_operation
from countermand.kernel.clock import rfc3339
from countermand.work.record import PastLabel

PAGE_LABELS_MAX = 1000


class LabelArchive(Archive, Protocol):
    """Recorded operations and their labels."""

    async def labels(self, operation: str, after: str, count: int) -> Sequence[PastLabel]:
        """The first `count` labels behind the one with id `after`, in the order of their coming.

        With an empty `after` from the beginning. Raises Unavailable.
        """
        ...


class LabelDesk(Protocol):
    """What this story needs of the house."""

    @property
    def archive(self) -> LabelArchive: ...


async def label_history(house: LabelDesk, operation: str, after: str = "") -> dict[str, Any]:
    """Up to 1,000 labels of one operation, named by its own id or its decision's, the oldest first.

    The last of all is the one that counts. Raises NotFound (`unknown_operation`) and Unavailable.
    """
    found = await recorded_operation(house.archive, operation)
    labels = await house.archive.labels(found.row.id, after, PAGE_LABELS_MAX)
    return {"operation": found.row.id, "labels": [_shown(one) for one in labels]}


def _shown(label: PastLabel) -> dict[str, Any]:
    row = label.row
    return {
        "label": row.id,
        "fraud": row.fraud,
        "source": row.source,
        "known_at": rfc3339(row.known_at),
        "recorded_at": rfc3339(row.recorded_at),
        "recorded_by": row.recorded_by,
        "seq": label.seq,
        "corrects": label.corrects,
        "trace": row.trace_id,
    }
