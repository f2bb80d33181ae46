"""Writes a bundle: files one after the other into an ASiC-E container, then manifest, seal and time stamp.

ETSI EN 319 162-1: `mimetype` first and as it is; CAdES over `ASiCManifest001.xml`, RFC 3161 over
`ASiCManifest002.xml`, which names the first manifest and its signature.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import structlog
from pyhanko.sign import SimpleSigner

from countermand.adapters.bundles.spool import Spool
from countermand.kernel.errors import CountermandError
from countermand.transparency.asic import Listed, Manifest
from countermand.vocabulary.bundle_names import (
    BUNDLE_MEDIA,
    MIMETYPE,
    SEALED_MANIFEST,
    SIGNATURE,
    SIGNATURE_MEDIA,
    STAMP,
    STAMP_MEDIA,
    STAMPED_MANIFEST,
    bytes_max,
    media_of,
)

# Sizes beyond 32 bits take a longer header, which must be there before the first byte.
_LONG_BYTES = 1 << 31
_DIGEST = "sha256"

log = structlog.get_logger(__name__)


class Stamps(Protocol):
    """Somebody outside who says at what time a digest existed (RFC 3161)."""

    async def stamp(self, digest: bytes) -> bytes:
        """A token over a SHA-256 digest, in DER, fully checked. Raises CountermandError."""
        ...


class SealedContainer:
    """Implements `flows.bundle_ports.Container` over a spool; files are hashed as they pass."""

    def __init__(self, spool: Spool, seal: SimpleSigner, stamps: Stamps | None) -> None:
        self._zip = ZipFile(spool, "w", allowZip64=True)
        self._seal, self._stamps = seal, stamps
        self._listed: dict[str, Listed] = {}
        self._write(MIMETYPE, BUNDLE_MEDIA.encode(), ZIP_STORED)

    def add(self, name: str, content: bytes) -> None:
        """A file. Raises ValueError for a name that has no place, is there already, or is too long."""
        self._admit(name, len(content))
        self._write(name, content, ZIP_DEFLATED)
        self._listed[name] = Listed(media_of(name), sha256(content).digest())

    async def stream(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> bytes:
        """A long file of `size` bytes, as it is; its SHA-256. Raises as `add`, and what `pieces` raise."""
        self._admit(name, size)
        taken = sha256()
        with self._zip.open(_info(name, ZIP_STORED), "w", force_zip64=size >= _LONG_BYTES) as file:
            async for piece in pieces:
                taken.update(piece)
                file.write(piece)
        self._listed[name] = Listed(media_of(name), taken.digest())
        return taken.digest()

    async def seal(self) -> bytes:
        """Write manifest, signature and time stamp, and end the container; the manifest's SHA-256.

        Where the time cannot be stamped, the bundle goes without, which its reader sees.
        """
        manifest = bytes(Manifest(SIGNATURE, SIGNATURE_MEDIA, self._listed))
        signed: Any = await self._seal.async_sign_general_data(manifest, _DIGEST, use_cades=True)
        signature = bytes(signed.dump())
        self._write(SEALED_MANIFEST, manifest, ZIP_DEFLATED)
        self._write(SIGNATURE, signature, ZIP_DEFLATED)
        over = {
            name: Listed(media_of(name), sha256(data).digest())
            for name, data in ((SEALED_MANIFEST, manifest), (SIGNATURE, signature))
        }
        await self._stamp(bytes(Manifest(STAMP, STAMP_MEDIA, over)))
        self._zip.close()
        return sha256(manifest).digest()

    async def _stamp(self, manifest: bytes) -> None:
        if self._stamps is None:
            return
        try:
            token = await self._stamps.stamp(sha256(manifest).digest())
        except CountermandError as away:
            log.warning("bundle_not_stamped", code=away.code)
            return
        self._write(STAMPED_MANIFEST, manifest, ZIP_DEFLATED)
        self._write(STAMP, token, ZIP_DEFLATED)

    def _admit(self, name: str, size: int) -> None:
        limit = bytes_max(name)
        if limit is None or size > limit or name in self._listed:
            raise ValueError(f"{name!r} has no place in a bundle, is there already, or is too long")

    def _write(self, name: str, content: bytes, method: int) -> None:
        self._zip.writestr(_info(name, method), content, method)


def _info(name: str, method: int) -> ZipInfo:
    """The same files make the same bytes: no dates, no attributes."""
    info = ZipInfo(name)
    info.compress_type = method
    return info
