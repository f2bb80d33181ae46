"""The type of a file by its first bytes, never by its name or by what its sender says."""

from __future__ import annotations

UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"\x02#!SILK", "audio/silk"),
)


def media_type_of(content: bytes) -> str:
    """The media type, or that of anything.

    >>> media_type_of(b"%PDF-1.7"), media_type_of(b"?")
    ('application/pdf', 'application/octet-stream')
    """
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), UNKNOWN)
