"""A file that is being made: it has no name, and nothing of it can be read from the disk it lies on.

Evidence passes through it in plain; whatever reaches the disk is encrypted under a key that only this object
ever had (AES-256-CTR), so that a disk that is lost, or blocks that were freed, tell nothing.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from countermand.kernel.ids import new_nonce

PIECE_BYTES = 1 << 18
_BLOCK_BYTES = 16


class Spool(io.RawIOBase):
    """Written and read as any file that can be searched; gone when it is closed. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        # Unbuffered: what was sought back to and written anew is read as it was written last.
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed in `close`
        self._key = algorithms.AES(new_nonce())
        self._at = self._length = 0

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._length

    def readable(self) -> bool:
        """Yes."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read or written."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there; beyond the end there is nothing."""
        place = offset + (0, self._at, self._length)[whence]
        if not 0 <= place <= self._length:
            raise OSError(f"no place {place} in {self._length} bytes")
        self._at = place
        return place

    def write(self, data: object) -> int:
        """All of it. What was given up takes the last words of whoever still writes, and keeps nothing."""
        plain = bytes(memoryview(data))  # type: ignore[arg-type]  # whatever has bytes, as of any file
        if self.closed:
            return len(plain)
        sealed = memoryview(self._turned(plain))
        self._file.seek(self._at)
        while sealed:
            sealed = sealed[self._file.write(sealed) :]
        self._at += len(plain)
        self._length = max(self._length, self._at)
        return len(plain)

    def flush(self) -> None:
        """Nothing waits here; and whoever still has what was given up may say so."""

    def readinto(self, buffer: object) -> int:
        """So many bytes as there are, and as there is room for."""
        room = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # as above
        self._file.seek(self._at)
        plain = self._turned(self._file.read(min(len(room), self._length - self._at)))
        room[: len(plain)] = plain
        self._at += len(plain)
        return len(plain)

    def pieces(self) -> Iterator[bytes]:
        """All of it from the beginning, in pieces."""
        self.seek(0)
        while piece := self.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        """Give it up."""
        if not self.closed:
            self._file.close()
        super().close()

    def _turned(self, data: bytes) -> bytes:
        """The same step seals and opens: the key stream of this place in the file."""
        block, within = divmod(self._at, _BLOCK_BYTES)
        stream = Cipher(self._key, modes.CTR(block.to_bytes(_BLOCK_BYTES, "big"))).encryptor()
        stream.update(bytes(within))
        return stream.update(data)
