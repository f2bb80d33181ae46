"""What a file is by its bytes, and whether a password closes it. Nothing is ever opened or expanded."""

from __future__ import annotations

import re
from io import BytesIO
from struct import unpack_from

import puremagic

from countermand.intake.mail.pdf_locks import is_pdf_locked

SNIFFED_BYTES = 65_536
ENTRIES_MAX = 2_000
OCTETS, TEXT, PDF, ZIP = "application/octet-stream", "text/plain", "application/pdf", "application/zip"
_OFFICE = "application/vnd.openxmlformats-officedocument"
# Told by the first bytes alone; puremagic decides about everything else.
_MAGIC = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"\x1f\x8b", "application/gzip"),
    (b"#!AMR", "audio/amr"),
)
_BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"qt  ": "video/quicktime",
           b"M4A ": "audio/mp4", b"avif": "image/avif"}  # fmt: skip
_OLE_LOCK = "EncryptedPackage".encode("utf-16-le")
_SEVEN_LOCK = b"\x06\xf1\x07\x01"
_PLAIN = re.compile(rb"^[\t\n\r\x20-\x7e\x80-\xff]*$")


def sniffed(content: bytes) -> str:
    """The media type that the bytes show, whatever the sender called it.

    >>> sniffed(b"%PDF-1.7 ..."), sniffed("见附件".encode())
    ('application/pdf', 'text/plain')
    """
    head = content[:SNIFFED_BYTES]
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(content)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in head[:1024]:
        return PDF
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if not head or _PLAIN.match(head):
        return TEXT if _reads(head) else OCTETS
    return _by_library(head)


def is_locked(content: bytes, media_type: str) -> bool:
    """Whether somebody must give a password before it can be read: PDF, ZIP, Office, RAR and 7z."""
    if media_type == PDF:
        return is_pdf_locked(content)
    if content.startswith(b"PK\x03\x04"):
        return any(flags & 1 for flags, _ in _entries(content))
    if media_type == "application/x-ole-storage":
        return _OLE_LOCK in content
    if media_type == "application/x-7z-compressed":
        return _SEVEN_LOCK in content[-4096:]
    if media_type == "application/vnd.rar":
        return _rar_locked(content)
    return False


def _of_zip(content: bytes) -> str:
    """What kind of zip: by the names of its parts, read in its directory."""
    names = [name for _, name in _entries(content)]
    for folder, kind in ((b"word/", "wordprocessingml.document"), (b"xl/", "spreadsheetml.sheet"),
                         (b"ppt/", "presentationml.presentation")):  # fmt: skip
        if b"[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return f"{_OFFICE}.{kind}"
    return "application/vnd.android.package-archive" if b"AndroidManifest.xml" in names else ZIP


def _entries(content: bytes) -> list[tuple[int, bytes]]:
    """Flags and names of a zip's central directory, up to 2,000 of them; empty where there is none."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    found: list[tuple[int, bytes]] = []
    if end < 0 or end + 20 > len(content):
        return [(unpack_from("<H", content, 6)[0], b"")] if len(content) > 30 else []
    at = int(unpack_from("<I", content, end + 16)[0])
    while len(found) < ENTRIES_MAX and content[at : at + 4] == b"PK\x01\x02" and at + 46 <= len(content):
        flags = unpack_from("<H", content, at + 8)[0]
        name, extra, comment = unpack_from("<HHH", content, at + 28)
        found.append((flags, content[at + 46 : at + 46 + name]))
        at += 46 + name + extra + comment
    return found or [(unpack_from("<H", content, 6)[0], b"")]


def _rar_locked(content: bytes) -> bool:
    if content.startswith(b"Rar!\x1a\x07\x01\x00"):
        # RAR 5: after its checksum and size (one byte here), header type 4 is the encryption header; a file's
        # own encryption stands in its extra record, whose type is 1.
        return content[13:14] == b"\x04" or b"\x30\x01\x00" in content[:512]
    flags = unpack_from("<H", content, 10)[0] if len(content) > 23 else 0
    first_file = unpack_from("<H", content, 23)[0] if len(content) > 26 else 0
    return bool(flags & 0x0080 or first_file & 0x0004)


def _reads(head: bytes) -> bool:
    for name in ("utf-8", "gb18030"):
        try:
            head[: len(head) - 4 if len(head) == SNIFFED_BYTES else None].decode(name)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _by_library(head: bytes) -> str:
    try:
        found = puremagic.magic_stream(BytesIO(head))
    except (puremagic.PureError, ValueError, IndexError):
        return OCTETS
    best = max(found, key=lambda one: one.confidence, default=None)
    return OCTETS if best is None or "/" not in best.mime_type else str(best.mime_type)
