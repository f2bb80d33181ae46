"""Whether a PDF needs a password to be read, or is only protected against changes (ISO 32000-2, 7.6)."""

from __future__ import annotations

import re
from hashlib import md5, sha256, sha384, sha512
from struct import pack

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

_NAMED = re.compile(rb"/Encrypt\s*(?:(\d{1,10})\s+(\d{1,5})\s+R|<<)")
_NUMBER = rb"\s*(-?\d{1,11})"
_STRING = rb"\s*(\((?:[^\\()]|\\.|\((?:[^\\()]|\\.){0,256}\)){0,1024}\)|<[0-9A-Fa-f\s]{0,2048}>)"
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_ESCAPED = re.compile(rb"\\(\r\n|[0-7]{1,3}|.)", re.DOTALL)
DICTIONARY_BYTES_MAX = 4096
TRAILERS_MAX = 100
# What stands for the rest of a password that is too short; the whole of an empty one.
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def is_pdf_locked(content: bytes) -> bool:
    """Whether the empty password does not open it. What cannot be told counts as locked."""
    named, at = None, len(content)
    # The last trailer is the one in force; a few names in texts behind it may stand in the way.
    for _ in range(TRAILERS_MAX):
        at = content.rfind(b"/Encrypt", 0, at)
        if at < 0 or (named := _NAMED.match(content, at)):
            break
    if named is None:
        return at >= 0
    start = named.end()
    if named[1] is not None:
        wanted = rb"(?<!\d)" + named[1] + rb"\s+" + named[2] + rb"\s+obj"
        found = re.search(wanted, content)
        if found is None:
            return True
        start = found.end()
    return not _opens_empty(content[start : start + DICTIONARY_BYTES_MAX], content)


def _opens_empty(dictionary: bytes, content: bytes) -> bool:
    revision, permits = _number(dictionary, b"R"), _number(dictionary, b"P")
    user, owner = _string(dictionary, b"U"), _string(dictionary, b"O")
    if revision is None or permits is None or user is None or owner is None:
        return False
    if revision >= 5:
        salt, wanted = user[32:40], user[:32]
        found = sha256(salt).digest() if revision == 5 else _hardened(salt)
        return len(user) >= 40 and found == wanted
    identity = re.search(rb"/ID\s*\[" + _STRING, content)
    first = b"" if identity is None else _value(identity[1])
    length = (_number(dictionary, b"Length") or 40) // 8 if revision >= 3 else 5
    if not 5 <= length <= 16:
        length = 16
    spoken = b"" if revision < 4 or b"/EncryptMetadata false" not in dictionary else b"\xff" * 4
    key = _md5(_PADDING + owner[:32] + pack("<I", permits & 0xFFFFFFFF) + first + spoken)
    if revision == 2:
        return _rc4(key[:5], _PADDING) == user[:32]
    for _ in range(50):
        key = _md5(key[:length])
    proof = _md5(_PADDING + first)
    for turn in range(20):
        proof = _rc4(bytes(byte ^ turn for byte in key[:length]), proof)
    return proof == user[:16]


def _number(dictionary: bytes, name: bytes) -> int | None:
    """A number of the dictionary; of two of the same name, the largest: filters repeat /Length in bytes."""
    found = [int(one) for one in re.findall(rb"/" + name + rb"(?![A-Za-z])" + _NUMBER, dictionary)]
    return max(found) if found and name == b"Length" else next(iter(found), None)


def _string(dictionary: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"/" + name + rb"(?![A-Za-z])" + _STRING, dictionary, re.DOTALL)
    return None if found is None else _value(found[1])


def _value(written: bytes) -> bytes:
    if written.startswith(b"<"):
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", written)
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return _ESCAPED.sub(_unescaped, written[1:-1])


def _unescaped(sign: re.Match[bytes]) -> bytes:
    said = sign[1]
    if said[:1] in b"01234567":
        return bytes([int(said, 8) & 255])
    return b"" if said in {b"\r\n", b"\n", b"\r"} else _ESCAPES.get(said, said)


def _hardened(salt: bytes) -> bytes:
    """The hash of revision 6 for the empty password (ISO 32000-2, algorithm 2.B)."""
    key = sha256(salt).digest()
    turn = 0
    while True:
        cipher = Cipher(AES(key[:16]), CBC(key[16:32])).encryptor()
        mixed = cipher.update(key * 64) + cipher.finalize()
        kind = (sha256, sha384, sha512)[sum(mixed[:16]) % 3]
        key = kind(mixed).digest()
        turn += 1
        if turn >= 64 and mixed[-1] <= turn - 32:
            return key[:32]


def _md5(content: bytes) -> bytes:
    return md5(content, usedforsecurity=False).digest()


def _rc4(key: bytes, content: bytes) -> bytes:
    state = list(range(256))
    place = 0
    for at in range(256):
        place = (place + state[at] + key[at % len(key)]) % 256
        state[at], state[place] = state[place], state[at]
    out = bytearray()
    at = place = 0
    for byte in content:
        at = (at + 1) % 256
        place = (place + state[at]) % 256
        state[at], state[place] = state[place], state[at]
        out.append(byte ^ state[(state[at] + state[place]) % 256])
    return bytes(out)
