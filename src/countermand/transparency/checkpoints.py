"""Checkpoints (C2SP tlog-checkpoint): what a log says of itself at one moment: its origin, size and root."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

from countermand.transparency.notes import Note, NoteError, decoded
from countermand.transparency.tree import HASH_BYTES

SIZE_MAX = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """The tree of a log at one size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed: three lines, and no more."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def of_text(cls, text: str) -> Checkpoint:
        """The checkpoint in a note's text. Raises NoteError `checkpoint_malformed`.

        Lines beyond the third are refused: an ML-DSA-44 cosignature does not cover them.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise NoteError("checkpoint_malformed", "a checkpoint is three lines: origin, size, root")
        if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > SIZE_MAX:
            raise NoteError("checkpoint_malformed", "the size of the tree is not a decimal number")
        try:
            root = decoded(lines[2])
        except NoteError as error:
            raise NoteError("checkpoint_malformed", "the root is not base 64") from error
        if len(root) != HASH_BYTES:
            raise NoteError("checkpoint_malformed", f"the root has {len(root)} bytes, not {HASH_BYTES}")
        return cls(lines[0], int(lines[1]), root)

    @classmethod
    def of_note(cls, note: Note) -> Checkpoint:
        """The checkpoint of a note; see `of_text`."""
        return cls.of_text(note.text)
