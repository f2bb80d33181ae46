"""What making a bundle asks of others: where its file is made, and what outsiders saw of the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from countermand.transparency.notes import Note
from countermand.transparency.witness_ports import KeptAnchor, KeptStamp


class Container(Protocol):
    """A bundle that is being written, file after file."""

    def add(self, name: str, content: bytes) -> None:
        """A file. Raises ValueError for a name that has no place, is there already, or is too long."""
        ...

    async def stream(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> bytes:
        """A long file of `size` bytes; its SHA-256. Raises as `add`, and what `pieces` raise."""
        ...

    async def seal(self) -> bytes:
        """Sign, stamp and end it: the SHA-256 of what was signed. Raises SetupError (`seal_unusable`)."""
        ...


class Made(Protocol):
    """A file that was made: nothing of it can be read from the disk, and it is gone when it is closed."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces."""
        ...

    def close(self) -> None:
        """Give it up."""
        ...


class Bindery(Protocol):
    """Where bundles are made."""

    def check_recipient(self, key: str) -> str:
        """A public key of age as it is written. Raises BadRequest (`age_key_unusable`)."""
        ...

    def begin(self) -> Made:
        """A file to write into; whoever has it closes it. Raises Unavailable (`bundle_unwritable`)."""
        ...

    async def container(self, file: Made) -> Container:
        """A container in a file. Raises SetupError (`seal_unusable`, `bad_timestamp_authorities`)."""
        ...

    async def encrypted(self, file: Made, recipient: str) -> Made:
        """The same for nobody but the holder of a key; the file in plain is closed. Raises as `begin`."""
        ...


class NoteHistory(Protocol):
    """Every checkpoint that was signed. Raises Unavailable."""

    async def first_note(self, origin: str, size: int) -> Note | None:
        """The first checkpoint that a log signed over its first `size` entries."""
        ...

    async def note_at(self, origin: str, size: int) -> tuple[str, Note] | None:
        """The label of the shard, and its note at a size."""
        ...


class StampHistory(Protocol):
    """Time-stamp tokens over checkpoints. Raises Unavailable."""

    async def covering(self, origin: str, size: int) -> KeptStamp | None:
        """The token of the smallest tree with the first `size` entries."""
        ...


class AnchorHistory(Protocol):
    """Anchors of checkpoints. Raises Unavailable."""

    async def covering(self, origin: str, size: int) -> KeptAnchor | None:
        """The anchor of the smallest tree with the first `size` entries, once a block holds it."""
        ...


@dataclass(frozen=True, slots=True)
class LogHistory:
    """The past of the log, as far as outsiders saw it."""

    notes: NoteHistory
    stamps: StampHistory
    anchors: AnchorHistory
