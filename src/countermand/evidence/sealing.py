"""How evidence is sealed: data keys and what is derived from them, values, and streams in segments.

AES-256-GCM (NIST SP 800-38D) throughout; keys by HKDF-SHA256 (RFC 5869). Streams follow the STREAM
construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a segment's nonce is its number and whether it is the
last, so none can be dropped, repeated, exchanged or cut off unseen.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from countermand.kernel.errors import Conflict

KEY_BYTES = 32
SALT_BYTES = 32
SEGMENT_BYTES = 64 * 1024
TAG_BYTES = 16
_MAGIC = b"CMEX\x01"
HEADER_BYTES = len(_MAGIC) + SALT_BYTES
_VALUE_FORM = b"\x02"
_NONCE_BYTES = 12
SEGMENTS_MAX = 2**32


def derived(key: bytes, label: str, salt: bytes | None = None, length: int = KEY_BYTES) -> bytes:
    """A key of its own for one purpose, from a data key of 32 bytes."""
    return HKDF(SHA256(), length, salt, b"countermand/evidence/" + label.encode()).derive(key)


def seal_value(key: bytes, data_key: str, plain: bytes, nonce: bytes, context: str) -> bytes:
    """A small value under a data key; its name stands before it, so that the right key is found.

    `nonce`: 12 bytes or more of fresh chance, of which 12 are used. Opens only with the same context.
    """
    name = data_key.encode()
    head = _VALUE_FORM + bytes([len(name)]) + name
    used = nonce[:_NONCE_BYTES]
    sealed = AESGCM(derived(key, "value")).encrypt(used, plain, head + context.encode())
    return head + used + sealed


def data_key_of(sealed: bytes) -> str | None:
    """The name of the data key that opens a sealed value; None where the vault itself has sealed it."""
    if sealed[:1] != _VALUE_FORM or len(sealed) < 2:
        return None
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def open_value(key: bytes, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises Conflict (`evidence_altered`)."""
    end = 2 + sealed[1]
    nonce, rest = sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
    try:
        return AESGCM(derived(key, "value")).decrypt(nonce, rest, sealed[:end] + context.encode())
    except (InvalidTag, ValueError):
        raise altered() from None


class StreamSealer:
    """Seals one stream of bytes; `salt` is 32 bytes of fresh chance, so no two streams share a key.

    >>> one = StreamSealer(bytes(32), bytes(32), "exhibit x")
    >>> whole = one.header + one.seal(b"ab") + one.end()
    >>> other = StreamOpener(bytes(32), "exhibit x"); other.open(whole) + other.end()
    b'ab'
    """

    def __init__(self, key: bytes, salt: bytes, context: str) -> None:
        assert len(salt) == SALT_BYTES, "a salt is 32 bytes"
        self.header = _MAGIC + salt
        self._segments = _Segments(key, self.header, context)
        self._rest = b""

    def seal(self, piece: bytes) -> bytes:
        """What can be sealed by now: whole segments; the last one waits for `end`."""
        self._rest = self._rest + piece if self._rest else bytes(piece)
        found, begin = [], 0
        # One segment always stays back, for only the end knows which is the last.
        while len(self._rest) - begin > SEGMENT_BYTES:
            found.append(self._segments.seal(self._rest[begin : begin + SEGMENT_BYTES], last=False))
            begin += SEGMENT_BYTES
        if begin:
            self._rest = self._rest[begin:]
        return b"".join(found)

    def end(self) -> bytes:
        """The last segment, which may be empty."""
        return self._segments.seal(self._rest, last=True)


class StreamOpener:
    """Opens what StreamSealer sealed, piece by piece; nothing that was altered comes out of it."""

    def __init__(self, key: bytes, context: str) -> None:
        self._key, self._context = key, context
        self._segments: _Segments | None = None
        self._rest = b""

    def open(self, piece: bytes) -> bytes:
        """What can be opened by now. Raises Conflict (`evidence_altered`)."""
        self._rest = self._rest + piece if self._rest else bytes(piece)
        begin = 0
        if self._segments is None:
            if len(self._rest) < HEADER_BYTES:
                return b""
            header = self._rest[:HEADER_BYTES]
            if not header.startswith(_MAGIC):
                raise altered()
            self._segments, begin = _Segments(self._key, header, self._context), HEADER_BYTES
        found, step = [], SEGMENT_BYTES + TAG_BYTES
        while len(self._rest) - begin > step:
            found.append(self._segments.open(self._rest[begin : begin + step], last=False))
            begin += step
        if begin:
            self._rest = self._rest[begin:]
        return b"".join(found)

    def end(self) -> bytes:
        """What the last segment held. Raises Conflict (`evidence_altered`), also where the end is missing."""
        if self._segments is None:
            raise altered()
        return self._segments.open(self._rest, last=True)


class _Segments:
    """The numbered segments of one stream."""

    def __init__(self, key: bytes, header: bytes, context: str) -> None:
        salt = header[len(_MAGIC) :]
        material = derived(key, "stream", salt, KEY_BYTES + 7)
        self._cipher, self._prefix = AESGCM(material[:KEY_BYTES]), material[KEY_BYTES:]
        self._bound = header + context.encode()
        self._number = 0

    def seal(self, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last), plain, self._bound)

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(last), sealed, self._bound)
        except (InvalidTag, ValueError):
            raise altered() from None

    def _nonce(self, last: bool) -> bytes:
        assert self._number < SEGMENTS_MAX, "a stream has at most 2**32 segments"
        nonce = self._prefix + self._number.to_bytes(4) + bytes([last])
        self._number += 1
        return nonce


def altered() -> Conflict:
    """409 for evidence whose bytes are not those that were sealed."""
    return Conflict(
        "evidence_altered",
        "What is kept is not what was sealed: it was altered, cut off or exchanged. Nothing of it is shown.",
        "所存内容与封存时不一致（被篡改、截断或调换），不予展示。",
    )
