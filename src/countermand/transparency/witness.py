"""What a witness checks before it cosigns a checkpoint (C2SP tlog-witness), and what it then signs.

A witness remembers one thing of each log, the last checkpoint it cosigned, and cosigns only what adds to it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import NamedTuple

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    NOTE_BYTES_MAX,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    cosigned,
    decoded,
    parse_note,
    subtree_message,
    timed,
    verify_note,
)
from countermand.transparency.tree import EMPTY_ROOT, HASH_BYTES, consistent

PROOF_LINES_MAX = 63
REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 64 * 64
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class AddCheckpoint(NamedTuple):
    """A request to cosign: the size the witness is thought to be at, the proof from there, the new note."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [f"old {self.old}", *(b64encode(step).decode() for step in self.proof)]
        return "\n".join([*lines, "", str(self.note)])

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The request in a body. Raises NoteError: `request_malformed`, `note_malformed`."""
        head, blank, note = body.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise NoteError("request_malformed", "the head of the request is not ASCII") from error
        old = _OLD.fullmatch(lines[0])
        if not blank or old is None or len(lines) > 1 + PROOF_LINES_MAX:
            raise NoteError(
                "request_malformed", "a request is an old size, a proof, an empty line and a note"
            )
        proof = tuple(decoded(line) for line in lines[1:])
        if any(len(step) != HASH_BYTES for step in proof):
            raise NoteError("request_malformed", "a step of the proof is not a SHA-256 hash")
        return cls(int(old[1]), proof, parse_note(note))


class Refused(NamedTuple):
    """Why nothing is cosigned: the protocol's HTTP status, a stable code, a sentence, and at 409 the size."""

    status: int
    code: str
    detail: str
    size: int | None = None


def judge(
    request: AddCheckpoint, logs: Mapping[str, Collection[VerifierKey]], last: Checkpoint | None
) -> Checkpoint | Refused:
    """The checkpoint, if it may be cosigned after `last`; in the order of the protocol, why not.

    `logs` are the keys of each known origin, `last` is what was cosigned last for the request's origin.
    """
    try:
        new = Checkpoint.of_note(request.note)
    except NoteError as error:
        return Refused(400, error.code, str(error))
    if new.origin not in logs:
        return Refused(404, "log_unknown", "no log of this origin is witnessed here")
    try:
        verify_note(request.note, logs[new.origin])
    except NoteError as error:
        return Refused(403, error.code, str(error))
    if request.old > new.size:
        return Refused(400, "old_beyond_new", "the old size is beyond that of the checkpoint")
    size = 0 if last is None else last.size
    if request.old != size:
        return Refused(409, "old_not_last", f"the last checkpoint cosigned here has size {size}", size)
    if new.size == 0 and new.root != EMPTY_ROOT:
        return Refused(422, "root_wrong", "an empty tree has the hash of nothing as its root")
    if last is None or last.size == 0:
        if request.proof:
            return Refused(422, "proof_wrong", "from nothing no proof is needed, and none may be sent")
        return new
    if not consistent(last.size, last.root, new.size, new.root, request.proof):
        return Refused(422, "inconsistent", f"this tree does not add to the one of size {size} cosigned here")
    return new


class Cosigner(NamedTuple):
    """A key that cosigns: what others verify it with, and what signs (raw signature of a message)."""

    key: VerifierKey
    sign: Callable[[bytes], bytes]

    def cosign(self, text: str, seconds: int) -> Signature:
        """Its line under a checkpoint's text, at a POSIX time that is not 0."""
        assert 0 < seconds < 1 << 63, "a cosignature says when"
        message = cosigned(text, seconds)
        if self.key.kind != COSIGNED_ED25519:
            subtree = subtree_message(self.key.name, text, seconds)
            assert subtree is not None, "only what was parsed as a checkpoint is cosigned"
            message = subtree
        made = Signature(self.key.name, self.key.id, timed(seconds, self.sign(message)))
        assert self.key.verifies(text, made.data), "a witness never sends what others cannot verify"
        return made


def cosigned_note(
    note: Note, logs: Collection[VerifierKey], cosigners: Collection[Cosigner], seconds: int
) -> tuple[Note, tuple[Signature, ...]]:
    """What a witness keeps and shows, the log's verified lines and its own, and its own lines alone."""
    known = {(key.name, key.id) for key in logs}
    of_log = tuple(one for one in note.signatures if (one.name, one.key_id) in known)
    own = tuple(cosigner.cosign(note.text, seconds) for cosigner in cosigners)
    return Note(note.text, of_log + own), own


def origin_hash(origin: str) -> str:
    """How a log is named in a witness's addresses.

    >>> origin_hash("example.com/behind-the-sofa")[:8]
    '5fd2dc0b'
    """
    return sha256(origin.encode()).hexdigest()


def cosignatures_in(answer: bytes, text: str, keys: Collection[VerifierKey]) -> tuple[Signature, ...]:
    """The lines of a witness's answer that its known keys made under this text; others are passed over.

    Raises NoteError: `note_malformed`, `signature_wrong` (a known key is named and did not sign),
    `nobody_known` (none is there).
    """
    note = parse_note(f"{text}\n".encode() + answer)
    if note.text != text:
        raise NoteError("note_malformed", "the answer is more than signature lines")
    found = {(key.name, key.id) for key in verify_note(note, keys)}
    return tuple(one for one in note.signatures if (one.name, one.key_id) in found)
