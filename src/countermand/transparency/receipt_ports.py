"""What receipts ask of whoever gathers cosignatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from countermand.transparency.notes import Note, Signature


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


class OwnNotes(Protocol):
    """Every checkpoint that our signer ever signed."""

    async def note_at(self, origin: str, size: int) -> tuple[str, Note] | None:
        """The label of the shard, and its note at a size; None: none was signed there. Raises Unavailable."""
        ...


class Cosignatures(Protocol):
    """What witnesses signed. Raises Unavailable."""

    async def sizes(self, origin: str) -> Mapping[str, int]:
        """The largest size of a log that each witness signed, by its name in the policy."""
        ...

    async def lines(self, origin: str, size: int) -> Mapping[str, tuple[Signature, ...]]:
        """What each witness signed at a size."""
        ...
