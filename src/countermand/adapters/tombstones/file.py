"""Tombstones in a file beside the database: one JSON text a line, synced; it is never rewritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from countermand.evidence.ports import Tombstone
from countermand.kernel.canonical import digest
from countermand.kernel.errors import SetupError, Unavailable


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tombstone; `sum` are eight hex digits of the SHA-256 of the rest, so that a torn line is seen."""

    data_key: str
    case: str
    subject: str
    at: int
    actor: str
    reason: str
    sum: str


class StoneFile:
    """Appended by several processes at once: each writes whole lines in one write, under O_APPEND."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, stones: Sequence[Tombstone]) -> None:
        """Write more of them, durably. Raises Unavailable (`tombstones_unwritable`)."""
        lines = b"".join(_line(stone) for stone in stones)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = not self._path.exists()
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # A line that was torn by a crash ends here, so that the next one stands alone.
                os.write(number, lines if new else b"\n" + lines)
                os.fsync(number)
            finally:
                os.close(number)
            if new:
                folder = os.open(self._path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            raise Unavailable(
                "tombstones_unwritable",
                f"The data is gone, but its tombstone cannot be written to {self._path}: {error.strerror}. "
                "Put that right and start anew, or a restored backup would bring the data back.",
                f"数据已销毁，但无法写入销毁记录文件 {self._path}：{error.strerror}。"
                "请修复后重新启动，否则恢复备份会使数据重现。",
            ) from error

    def read(self) -> list[Tombstone]:
        """All of them; a last line that was torn is left out. Raises SetupError (`tombstones_unreadable`)."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self._path, str(error.strerror)) from error
        found = []
        for place, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                one = msgspec.json.decode(line, type=_Line)
                stone = Tombstone(one.data_key, one.case, one.subject, one.at, one.actor, one.reason)
                good = one.sum == _sum(stone)
            except msgspec.MsgspecError:
                good = False
            if good:
                found.append(stone)
            elif line.endswith(b"}"):
                # Torn lines lack their end; one that has it was altered.
                raise _unreadable(self._path, f"line {place}")
        return found


def _line(stone: Tombstone) -> bytes:
    one = _Line(**stone._asdict(), sum=_sum(stone))
    return msgspec.json.encode(one) + b"\n"


def _sum(stone: Tombstone) -> str:
    return digest(msgspec.json.encode(tuple(stone))).hex()[:8]


def _unreadable(path: Path, what: str) -> SetupError:
    return SetupError(
        "tombstones_unreadable",
        f"The tombstone file {path} cannot be read ({what}); restore it, or erased data may come back.",
        f"无法读取销毁记录文件 {path}（{what}）；请恢复该文件，否则已销毁的数据可能重现。",
    )
