"""Operations that were decided here, as later stories find them again."""

from __future__ import annotations

from typing import Protocol

import msgspec

from countermand.kernel.errors import NotFound
from countermand.vocabulary.operations import Operation
from countermand.work.record import StoredOperation

_OPERATION = msgspec.json.Decoder(Operation)


class Archive(Protocol):
    """Recorded operations."""

    async def find(self, operation_or_decision: str) -> StoredOperation | None:
        """One operation by its own id or its decision's."""
        ...


async def recorded_operation(archive: Archive, operation_or_decision: str) -> StoredOperation:
    """One operation by its own id or its decision's. Raises NotFound (`unknown_operation`), Unavailable."""
    stored = await archive.find(operation_or_decision)
    if stored is None:
        raise NotFound(
            "unknown_operation",
            f"No operation or decision {operation_or_decision} is recorded here.",
            f"没有操作或决策 {operation_or_decision} 的记录。",
            operation=operation_or_decision,
        )
    return stored


async def decided_operation(archive: Archive, operation_id: str) -> tuple[Operation, StoredOperation]:
    """An operation by its own id, as it was sent. Raises NotFound (`unknown_operation`), Unavailable."""
    stored = await archive.find(operation_id)
    if stored is None or stored.row.id != operation_id:
        raise NotFound(
            "unknown_operation",
            "No operation with this id was decided here.",
            "此处没有裁决过该 id 的操作。",
            operation=operation_id,
        )
    return _OPERATION.decode(stored.row.body), stored
