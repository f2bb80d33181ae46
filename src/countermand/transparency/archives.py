"""Files that strangers hand in: a zip is read only if there is one way to read it, and within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from struct import error as StructError  # noqa: N812  # it is an exception, under a name that says so
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as DeflateError  # noqa: N812  # likewise

_BEGIN, _END = b"PK\x03\x04", b"PK\x05\x06"
_END_BYTES = 22
_ENCRYPTED = 0x1
# What the library raises at files that are none.
UNREADABLE = (
    BadZipFile,
    DeflateError,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    StructError,
    UnicodeDecodeError,
    ValueError,
    KeyError,
    IndexError,
    OSError,
)


class ArchiveError(ValueError):
    """A file that is not to be read; `code` says which check failed, `member` in which part."""

    def __init__(self, code: str, detail: str, member: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.member = member


class Archive(NamedTuple):
    """The files of a zip, by name."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, data: bytes, bytes_max: Callable[[str], int | None], count_max: int) -> Archive:
        """Read a zip of at most `count_max` files; `bytes_max` is a name's limit, None for an unknown one.

        Raises ArchiveError: `archive_unreadable` (no zip, damaged, cut short, bytes before or after it),
        `archive_too_large`, `name_twice`, `name_leads_outside`, `member_unknown`.
        """
        if data[:4] != _BEGIN or data[-_END_BYTES:][:4] != _END:
            raise ArchiveError(
                "archive_unreadable", "this is no zip, it is cut short, or more is in the file"
            )
        try:
            with ZipFile(BytesIO(data)) as archive:
                members = archive.infolist()
                if len(members) > count_max:
                    raise ArchiveError("archive_too_large", f"at most {count_max} files, not {len(members)}")
                files: dict[str, bytes] = {}
                for member in members:
                    _check(member, files, bytes_max)
                    files[member.filename] = _read(archive, member, bytes_max(member.filename) or 0)
                return cls(files)
        except ArchiveError:
            raise
        except UNREADABLE as error:
            raise ArchiveError("archive_unreadable", f"the zip cannot be read: {error}") from error


def _check(member: ZipInfo, before: Mapping[str, bytes], bytes_max: Callable[[str], int | None]) -> None:
    name = member.filename
    if name != member.orig_filename or leads_outside(name):
        raise ArchiveError("name_leads_outside", f"the name {name!r} leads outside", name)
    if name in before:
        raise ArchiveError("name_twice", f"{name} is in it twice", name)
    limit = bytes_max(name)
    if limit is None:
        raise ArchiveError("member_unknown", f"{name!r} has no place in it", name)
    if member.file_size > limit:
        raise ArchiveError("archive_too_large", f"{name} has at most {limit} bytes", name)
    if member.flag_bits & _ENCRYPTED or member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ArchiveError("archive_unreadable", f"{name} is encrypted, or packed in another way", name)


def leads_outside(name: str) -> bool:
    """Whether a name is more than a place within the archive.

    >>> leads_outside("../a.txt"), leads_outside("a/b.txt")
    (True, False)
    """
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _read(archive: ZipFile, member: ZipInfo, limit: int) -> bytes:
    """What a header says of its size is not believed: no more is unpacked than is allowed."""
    with archive.open(member) as file:
        data = file.read(limit + 1)
        if len(data) > limit or file.read(1):
            raise ArchiveError("archive_too_large", f"{member.filename} has at most {limit} bytes")
    if len(data) != member.file_size:
        raise ArchiveError("archive_unreadable", f"{member.filename} is cut short", member.filename)
    return data
