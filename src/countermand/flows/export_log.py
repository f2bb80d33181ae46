"""The log as files, for any web server: what is new since the last time, and the checkpoint last of all."""

from __future__ import annotations

from typing import Protocol

from countermand.flows.log_ports import LogDesk
from countermand.flows.log_refusals import damaged
from countermand.kernel.errors import SetupError
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import NoteError, parse_note
from countermand.transparency.ports import SignedCheckpoint
from countermand.transparency.tile_proofs import read_from, tiles_for
from countermand.transparency.tiles import WIDTH, Tile, tiles_of

CHECKPOINT = "checkpoint"


class LogFolder(Protocol):
    """The files of one shard, by path. Every method raises OSError."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace a file, all or nothing."""
        ...

    def settle(self) -> None:
        """Return when everything that was written is durable."""
        ...

    def remove_partials(self, path: str) -> None:
        """Remove the narrower forms of a tile that is full."""
        ...


async def export_log(shelf: LogDesk, label: str, folder: LogFolder) -> int:
    """Bring the files of a shard up to its latest checkpoint; how many files were written.

    A crash leaves the old checkpoint and files that are right already; the next run goes on.
    Raises SetupError `log_export_differs` where the files hold another history, `log_damaged`; Unavailable.
    """
    latest = await shelf.latest(label)
    if latest is None:
        return 0
    old = _exported(folder)
    since = 0 if old is None else old.size
    if old is not None:
        await _check_same(shelf, label, old, latest)
        if old.size == latest.size:
            return 0
    written = 0
    full: list[str] = []
    for tile in tiles_of(latest.size, since):
        paths = {tile.path: await shelf.tile(label, tile)}
        if tile.level == 0:
            paths[tile.entries_path] = await shelf.entries(label, tile)
        for path, data in paths.items():
            if data is None:
                raise damaged(latest.origin, path)
            folder.write(path, data)
            written += 1
            if tile.width == WIDTH:
                full.append(path)
    folder.settle()
    folder.write(CHECKPOINT, latest.note.encode())
    folder.settle()
    for path in full:
        folder.remove_partials(path)
    return written + 1


def _exported(folder: LogFolder) -> Checkpoint | None:
    data = folder.read(CHECKPOINT)
    if data is None:
        return None
    try:
        return Checkpoint.of_note(parse_note(data))
    except NoteError:
        return None  # everything is written again


async def _check_same(shelf: LogDesk, label: str, old: Checkpoint, latest: SignedCheckpoint) -> None:
    same = old.origin == latest.origin and old.size <= latest.size
    if same:
        span = [(0, old.size)]
        tiles: dict[Tile, bytes] = {}
        for tile in tiles_for(span, old.size):
            data = await shelf.tile(label, tile)
            if data is None:
                raise damaged(latest.origin, tile.path)
            tiles[tile] = data
        same = read_from(tiles, span, old.size) == [old.root]
    if not same:
        raise SetupError(
            "log_export_differs",
            f"The folder holds {old.origin} at {old.size} entries, which {latest.origin} at {latest.size} "
            "does not add to. Nothing was written: keep the folder, it is evidence.",
            f"该文件夹中的 {old.origin}（{old.size} 条）并非 {latest.origin}（{latest.size} 条）的前身。"
            "未写入任何内容：请保留该文件夹，它是证据。",
        )
