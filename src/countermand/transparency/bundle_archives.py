"""A bundle as a file that strangers hand in: read only if there is one way to read it, and within limits.

Exhibits may be gigabytes: what is long is read in pieces, never held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from countermand.transparency.archives import UNREADABLE, ArchiveError, leads_outside
from countermand.vocabulary.bundle_names import BUNDLE_MEDIA, MEMBERS_MAX, MIMETYPE, bytes_max

PIECE_BYTES = 1 << 18
# What is read into memory of all members together; exhibits are not.
MEMORY_BYTES_MAX = 1 << 30
_LOCAL = Struct("<4s5H3I2H")
_CENTRAL_BYTES, _END_BYTES, _FAR_END_BYTES = 46, 22, 56 + 20
_FAR, _FAR_SIZES = 0xFFFFFFFF, Struct("<2H2Q")  # of members that are longer than 32 bits say
_FLAGS_FREE = 0x800  # the name is UTF-8; anything else, such as encryption, is refused
_OBJECTS = "objects/"


@dataclass(frozen=True, slots=True)
class BundleArchive:
    """The members of a bundle by name; their bytes are read when they are asked for."""

    archive: ZipFile
    members: Mapping[str, ZipInfo]

    @classmethod
    def of(cls, file: BinaryIO) -> BundleArchive:
        """Open a file that can be searched.

        Raises ArchiveError: `archive_unreadable` (no zip, damaged, cut short, bytes that belong to no member,
        packed in another way), `archive_too_large`, `name_twice`, `name_leads_outside`, `member_unknown`,
        `not_a_bundle`.
        """
        try:
            length = file.seek(0, 2)
            archive = ZipFile(file)
            found = archive.infolist()
            if len(found) > MEMBERS_MAX:
                raise ArchiveError("archive_too_large", f"at most {MEMBERS_MAX} files, not {len(found)}")
            members: dict[str, ZipInfo] = {}
            for one in found:
                _check(one, members)
                members[one.filename] = one
            _check_gapless(file, archive, length)
            if sum(one.file_size for one in found if not is_object(one.filename)) > MEMORY_BYTES_MAX:
                raise ArchiveError("archive_too_large", "its documents are too long together")
        except ArchiveError:
            raise
        except UNREADABLE as error:
            raise ArchiveError("archive_unreadable", f"the zip cannot be read: {error}") from error
        made = cls(archive, members)
        first = min(found, key=lambda one: one.header_offset, default=None)
        stored = first is not None and first.compress_type == ZIP_STORED and not first.extra
        if (
            first is None
            or first.filename != MIMETYPE
            or not stored
            or made.read(MIMETYPE) != BUNDLE_MEDIA.encode()
        ):
            raise ArchiveError("not_a_bundle", f"it does not begin with the type {BUNDLE_MEDIA}")
        return made

    def read(self, name: str) -> bytes:
        """All of a member. Raises ArchiveError `archive_lacks`, `archive_unreadable`, `archive_too_large`."""
        if is_object(name):
            raise ArchiveError("archive_too_large", f"{name} is read in pieces", name)
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """A member in pieces. Raises as `read`, also in the middle."""
        if name not in self.members:
            raise ArchiveError("archive_lacks", f"{name} is missing", name)
        info, count = self.members[name], 0
        try:
            with self.archive.open(info) as file:
                while piece := file.read(PIECE_BYTES):
                    count += len(piece)
                    if count > info.file_size:
                        raise ArchiveError("archive_too_large", f"{name} is longer than it says", name)
                    yield piece
        except ArchiveError:
            raise
        except UNREADABLE as error:
            raise ArchiveError("archive_unreadable", f"{name} cannot be read: {error}", name) from error
        if count != info.file_size:
            raise ArchiveError("archive_unreadable", f"{name} is cut short", name)

    def digest(self, name: str) -> bytes:
        """The SHA-256 of a member. Raises as `read`."""
        taken = sha256()
        for piece in self.pieces(name):
            taken.update(piece)
        return taken.digest()


def is_object(name: str) -> bool:
    """Whether a member is an exhibit, whose length only the disk limits."""
    return name.startswith(_OBJECTS)


def _check(one: ZipInfo, before: Mapping[str, ZipInfo]) -> None:
    name = one.filename
    if name != one.orig_filename or leads_outside(name):
        raise ArchiveError("name_leads_outside", f"the name {name!r} leads outside", name)
    if name in before:
        raise ArchiveError("name_twice", f"{name} is in it twice", name)
    limit = bytes_max(name)
    if limit is None:
        raise ArchiveError("member_unknown", f"{name!r} has no place in it", name)
    if one.file_size > limit:
        raise ArchiveError("archive_too_large", f"{name} has at most {limit} bytes", name)
    # An exhibit is as long as it says before anything is unpacked: no bomb hides in what is not packed.
    plain = one.compress_type == ZIP_STORED and one.compress_size == one.file_size
    if one.flag_bits & ~_FLAGS_FREE or not (
        plain or (one.compress_type == ZIP_DEFLATED and not is_object(name))
    ):
        raise ArchiveError("archive_unreadable", f"{name} is encrypted, or packed in another way", name)


def _check_gapless(file: BinaryIO, archive: ZipFile, length: int) -> None:
    """Members lie one behind the other, and nothing else does: a reader of streams sees what others see."""
    at = directory = 0
    for one in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if one.header_offset != at:
            raise ArchiveError(
                "archive_unreadable", f"bytes that belong to nothing lie before {one.filename}"
            )
        file.seek(at)
        mark, _, flags, method, _, _, check, packed, size, name, more = _LOCAL.unpack(file.read(_LOCAL.size))
        if packed == size == _FAR and more == _FAR_SIZES.size:
            file.seek(at + _LOCAL.size + name)
            kind, bytes_said, size, packed = _FAR_SIZES.unpack(file.read(more))
            more = 0 if (kind, bytes_said) == (1, 16) else 1
            at += _FAR_SIZES.size
        told = (mark, flags, method, check, packed, size, more)
        meant = (one.flag_bits, one.compress_type, one.CRC, one.compress_size, one.file_size, 0)
        if told != (b"PK\x03\x04", *meant) or one.comment:
            raise ArchiveError(
                "archive_unreadable", f"{one.filename} says two things of itself", one.filename
            )
        at += _LOCAL.size + name + one.compress_size
        directory += _CENTRAL_BYTES + name + len(one.extra)
    behind = length - at - directory
    if archive.comment or archive.start_dir != at or behind not in (_END_BYTES, _END_BYTES + _FAR_END_BYTES):
        raise ArchiveError("archive_unreadable", "more is in the file than its members")
