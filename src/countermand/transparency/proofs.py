"""Proofs of inclusion in one file (C2SP tlog-proof): index, path and checkpoint. No server is asked."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, NoteError, decoded, parse_note
from countermand.transparency.tree import HASH_BYTES, root_by_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_PATH_MAX = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands, the path from it to the root, and the note that vouches for the root."""

    index: int
    path: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [HEADER, f"index {self.index}", *(b64encode(one).decode() for one in self.path)]
        return "\n".join([*lines, "", str(self.note)])

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint it leads to. Raises NoteError `checkpoint_malformed`."""
        return Checkpoint.of_note(self.note)

    def holds(self, leaf: bytes) -> bool:
        """Whether the path leads from this leaf to the checkpoint's root; who signed that is asked apart."""
        point = self.checkpoint
        return root_by_inclusion(leaf, self.index, point.size, self.path) == point.root

    @classmethod
    def parse(cls, data: bytes) -> LogProof:
        """The proof in a file. Raises NoteError `proof_malformed`, `note_malformed`.

        An `extra` line is read past: it is not covered by any signature, so nothing here believes it.
        """
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise NoteError("proof_malformed", "the proof is not ASCII") from error
        if not blank or lines[0] != HEADER:
            raise NoteError("proof_malformed", f"the file does not begin with {HEADER}")
        del lines[0]
        if lines and lines[0].startswith("extra "):
            decoded(lines.pop(0).removeprefix("extra "))
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None or len(lines) > _PATH_MAX:
            raise NoteError("proof_malformed", "the proof lacks its index, or its path is too long")
        path = tuple(decoded(line) for line in lines)
        if any(len(step) != HASH_BYTES for step in path):
            raise NoteError("proof_malformed", "a step of the path is not a SHA-256 hash")
        return cls(int(index[1]), path, parse_note(note))
