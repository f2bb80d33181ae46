"""What receipts ask of whoever gathers cosignatures."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from countermand.transparency.notes import Note


class WitnessedPoint(NamedTuple):
    """A checkpoint that witnesses signed: the label of its shard, its size, the note with their lines."""

    label: str
    size: int
    note: Note


class WitnessedNotes(Protocol):
    """Checkpoints of our log as others signed them."""

    async def covering(self, origin: str, size: int) -> WitnessedPoint | None:
        """The newest checkpoint of a log with at least `size` entries that witnesses signed; None: none yet.

        Raises Unavailable.
        """
        ...


class NoWitnesses:
    """Nobody was asked to witness: receipts bear the log's own signatures."""

    async def covering(self, origin: str, size: int) -> WitnessedPoint | None:
        """None."""
        return None
