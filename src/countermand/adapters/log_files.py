"""The log as files (C2SP tlog-tiles): written so that a crash leaves no half file, and read for its audit."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import NoteError, parse_note
from countermand.transparency.tiles import WIDTH, Tile, unbundled
from countermand.transparency.tree import HASH_BYTES
from countermand.vocabulary.auditing import Finding, Wrong
from countermand.vocabulary.sealing import AuditPoint, AuditRow, AuditShard

CHECKPOINT = "checkpoint"
# So many files are made durable one by one; of more the whole file system is asked at once.
FILES_ONE_BY_ONE_MAX = 64


class LogFiles:
    """Implements `flows.export_log.LogFolder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unsettled: list[Path] = []

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, data: bytes) -> None:
        """Replace a file, all or nothing."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            if len(self._unsettled) < FILES_ONE_BY_ONE_MAX:
                os.fsync(file.fileno())
        beside.replace(target)
        self._unsettled.append(target)

    def settle(self) -> None:
        """Return when everything that was written is durable."""
        if len(self._unsettled) >= FILES_ONE_BY_ONE_MAX:
            os.sync()
        else:
            for folder in {above for path in self._unsettled for above in self._above(path)}:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        self._unsettled.clear()

    def remove_partials(self, path: str) -> None:
        """Remove the narrower forms of a tile that is full."""
        shutil.rmtree(self._folder / f"{path}.p", ignore_errors=True)

    def _above(self, path: Path) -> list[Path]:
        return [one for one in path.parents if one == self._folder or self._folder in one.parents]


class LogFilesAudit:
    """Implements `flows.audit_log.AuditSource` on a folder with a folder for each shard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def shards(self) -> list[AuditShard]:
        """The shards, in order of their labels."""
        found = []
        for number, path in enumerate(sorted(self._folder.glob(f"*/{CHECKPOINT}")), 1):
            try:
                point = Checkpoint.of_note(parse_note(path.read_bytes()))
            except NoteError as error:
                raise _wrong(path.relative_to(self._folder), "text", f"{error}") from error
            label = path.parent.name
            found.append(AuditShard(number, point.origin, label, point.size, point.size, ""))
        return found

    async def rows(self, shard: AuditShard, count: int) -> AsyncIterator[Sequence[AuditRow]]:
        """The entries in order, about `count` at a time."""
        rows: list[AuditRow] = []
        for first in range(0, shard.size, WIDTH):
            tile = Tile(0, first // WIDTH, min(WIDTH, shard.size - first))
            path = self._file(shard, tile.entries_path)
            data = self._read(path)
            if data is None:
                raise _wrong(path, "file", "it is missing")
            try:
                entries = unbundled(data)
            except ValueError as error:
                raise _wrong(path, "end of the file", f"{error}") from error
            if len(entries) != tile.width:
                raise _wrong(path, "file", f"it has {len(entries)} entries, not {tile.width}")
            rows += [AuditRow(first + place, entry) for place, entry in enumerate(entries)]
            if len(rows) >= count:
                yield rows
                rows = []
        if rows:
            yield rows

    async def points(self, shard: AuditShard, above: int, count: int) -> Sequence[AuditPoint]:
        """The one checkpoint that there is."""
        note = self._read(self._file(shard, CHECKPOINT))
        return (
            []
            if note is None or above >= shard.size
            else [AuditPoint(shard.size, None, note.decode(errors="replace"))]
        )

    async def tiles(self, shard: AuditShard, wanted: Collection[Tile]) -> dict[Tile, bytes | None]:
        """The bytes of tiles as they are stored, so wide as that; cut from wider ones at need."""
        return {tile: self._tile(shard, tile) for tile in wanted}

    def named(self, shard: AuditShard, what: str, where: object) -> tuple[str, str]:
        """The file, and the bytes in it."""
        if isinstance(where, Tile):
            return str(self._file(shard, where.path)), f"{where.width} hashes"
        if what in ("checkpoint", "shard") or not isinstance(where, int):
            return str(self._file(shard, CHECKPOINT)), f"{where}"
        tile = Tile(0, where // WIDTH, min(WIDTH, shard.size - where // WIDTH * WIDTH))
        path = self._file(shard, tile.entries_path)
        entries = unbundled(self._read(path) or b"")
        start = sum(len(entry) + 2 for entry in entries[: where % WIDTH]) + 2
        return str(path), f"bytes {start}-{start + len(entries[where % WIDTH]) - 1}, entry {where}"

    async def keys(self, shard: AuditShard) -> None:
        """Files name no keys."""
        return

    async def left_out(self) -> Finding | None:
        """Files alone cannot tell."""
        return None

    def _tile(self, shard: AuditShard, tile: Tile) -> bytes | None:
        widest = min(WIDTH, (shard.size >> 8 * tile.level) - tile.number * WIDTH)
        for width in (tile.width, widest):
            data = self._read(self._file(shard, Tile(tile.level, tile.number, width).path))
            if data is not None:
                return data if width == tile.width else data[: HASH_BYTES * tile.width]
        return None

    def _file(self, shard: AuditShard, path: str) -> Path:
        return Path(shard.label) / path

    def _read(self, path: Path) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None


def _wrong(path: Path, part: str, detail: str) -> Wrong:
    return Wrong(Finding.of((str(path), part), detail, detail))
