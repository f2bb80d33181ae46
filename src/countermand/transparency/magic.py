"""Whether the first bytes of a file contradict what it was declared to be; only what is certain counts."""

from __future__ import annotations

_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
    "application/zip": (b"PK\x03\x04", b"PK\x05\x06"),
}
_SAME = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
}
_PROGRAMS = (b"MZ", b"\x7fELF")


def contradicts(declared: str, head: bytes) -> bool:
    """Whether a file that begins like this is surely not what it was declared to be.

    >>> contradicts("image/png", b"<html>"), contradicts("text/plain", b"hello")
    (True, False)
    """
    essence = declared.partition(";")[0].strip().lower()
    wanted = _BEGINNINGS.get(_SAME.get(essence, essence))
    if wanted is not None:
        # Some PDF readers forgive what stands before the mark, and so do those who capture them.
        return not (head.startswith(wanted) or (wanted[0] == b"%PDF-" and wanted[0] in head))
    return essence.startswith(("image/", "text/")) and head.startswith(_PROGRAMS)
