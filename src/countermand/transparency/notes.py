"""Signed notes (C2SP signed-note): a text, and under it lines that each say who signed it.

A line from a key that is known must verify, or the whole note is refused; one from a stranger is passed over.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

ED25519 = 0x01
COSIGNED_ED25519 = 0x04
COSIGNED_ML_DSA_44 = 0x06
KEY_BYTES = {ED25519: 32, COSIGNED_ED25519: 32, COSIGNED_ML_DSA_44: 1312}
SIGNATURES_MAX = 64
NOTE_BYTES_MAX = 400_000
_DASH = "\N{EM DASH} "
_ID_BYTES = 4
_TIME_BYTES = 8
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+\x00-\x1f]+")


class NoteError(ValueError):
    """What is no note, or one that is not to be believed; `code` says which check failed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Signature(NamedTuple):
    """One line under a note: whose it says it is, the id of the key, and what that key made."""

    name: str
    key_id: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line, with its end."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.data).decode()}\n"


class Note(NamedTuple):
    """A text, ending with a line's end, and the signatures under it, in order."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}"

    def signed_by(self, name: str, key_id: bytes) -> Signature | None:
        """The first signature that says it is of this key."""
        for one in self.signatures:
            if (one.name, one.key_id) == (name, key_id):
                return one
        return None


def parse_note(data: bytes) -> Note:
    """The note in these bytes; nothing of it is verified. Raises NoteError `note_malformed`."""
    if len(data) > NOTE_BYTES_MAX:
        raise NoteError("note_malformed", f"a note has at most {NOTE_BYTES_MAX} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteError("note_malformed", "the note is not UTF-8") from error
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or _CONTROL.search(whole):
        raise NoteError("note_malformed", "no empty line, no end of a line, or a control character")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > SIGNATURES_MAX:
        raise NoteError("note_malformed", f"a note has at most {SIGNATURES_MAX} signatures")
    return Note(f"{text}\n", signatures)


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
        raise NoteError("note_malformed", "a line under the note is no signature")
    data = decoded(encoded)
    if len(data) <= _ID_BYTES:
        raise NoteError("note_malformed", "a signature under the note is too short")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def decoded(text: str) -> bytes:
    """Standard base 64 (RFC 4648 section 4) in its one spelling. Raises NoteError `note_malformed`."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteError("note_malformed", "what should be base 64 is not") from error
    if b64encode(data).decode() != text:
        raise NoteError("note_malformed", "base 64 in another spelling than its own")
    return data


class VerifierKey(NamedTuple):
    """A key whose signatures are known: name, kind of signature, public key in its raw form."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key in a vkey. Raises NoteError `key_malformed`."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise NoteError("key_malformed", "a verifier key has three parts: name+id+key")
        try:
            material = decoded(parts[2])
        except NoteError as error:
            raise NoteError("key_malformed", "the key is not base 64") from error
        key = cls(parts[0], material[0] if material else 0, material[1:])
        if key.kind not in KEY_BYTES:
            raise NoteError("key_malformed", f"keys of kind {key.kind:#04x} are not known here")
        if len(key.public) != KEY_BYTES[key.kind]:
            raise NoteError("key_malformed", f"a key of kind {key.kind:#04x} has {KEY_BYTES[key.kind]} bytes")
        if key.id.hex() != parts[1]:
            raise NoteError("key_malformed", "the id is not that of this key")
        return key

    def verifies(self, text: str, data: bytes) -> bool:
        """Whether this key made a signature under a text; the text of a cosignature is a checkpoint."""
        if self.kind == ED25519:
            return _verified(Ed25519PublicKey.from_public_bytes(self.public).verify, data, text.encode())
        seconds = time_of(data)
        if seconds is None:
            return False
        signature = data[_TIME_BYTES:]
        if self.kind == COSIGNED_ED25519:
            public = Ed25519PublicKey.from_public_bytes(self.public)
            return _verified(public.verify, signature, cosigned(text, seconds))
        message = subtree_message(self.name, text, seconds)
        if message is None:
            return False
        return _verified(MLDSA44PublicKey.from_public_bytes(self.public).verify, signature, message)


def _verified(verify: Callable[[bytes, bytes], object], signature: bytes, message: bytes) -> bool:
    try:
        verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_note(note: Note, keys: Collection[VerifierKey]) -> list[VerifierKey]:
    """The keys, of those that are known, that signed the note.

    Raises NoteError `signature_wrong` where a known key is named and did not, `nobody_known` where none did.
    """
    known = {(key.name, key.id): key for key in keys}
    found = []
    for one in note.signatures:
        key = known.get((one.name, one.key_id))
        if key is None:
            continue
        if not key.verifies(note.text, one.data):
            raise NoteError("signature_wrong", f"the signature of {key.name} is not of this text")
        if key not in found:
            found.append(key)
    if not found:
        raise NoteError("nobody_known", "no key that is known here signed this")
    return found


def time_of(cosignature: bytes) -> int | None:
    """The POSIX time, in seconds, that a cosignature says; None where it is too short, or out of range."""
    seconds = int.from_bytes(cosignature[:_TIME_BYTES], "big")
    return seconds if len(cosignature) > _TIME_BYTES and seconds < 1 << 63 else None


def timed(seconds: int, signature: bytes) -> bytes:
    """A cosignature: the time and what the key made (`timestamped_signature` of C2SP tlog-cosignature)."""
    return seconds.to_bytes(_TIME_BYTES, "big") + signature


def cosigned(text: str, seconds: int) -> bytes:
    """What an Ed25519 cosigner of a checkpoint signs."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def subtree_message(cosigner: str, text: str, seconds: int) -> bytes | None:
    """What an ML-DSA-44 cosigner of a checkpoint signs; None where the text is none."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].isascii() or not lines[1].isdigit():
        return None
    name, origin, size = cosigner.encode(), lines[0].encode(), int(lines[1])
    try:
        root = decoded(lines[2])
    except NoteError:
        return None
    if not (0 < len(name) < 256 and 0 < len(origin) < 256 and size < 1 << 64 and len(root) == 32):
        return None
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(name)]), name,
            seconds.to_bytes(8, "big"),
            bytes([len(origin)]), origin,
            (0).to_bytes(8, "big"),
            size.to_bytes(8, "big"),
            root,
        )
    )  # fmt: skip
