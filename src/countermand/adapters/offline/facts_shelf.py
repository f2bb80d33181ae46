"""Facts tables on disk: Parquet parts that are there whole or not at all, kept for the next backtest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pa_parquet

from countermand.kernel.errors import Conflict, SetupError
from countermand.vocabulary.facts_table import FactColumn, FactsTable

FOLDERS_MAX = 12  # the tables used longest ago make room
_DONE, _CORRECTIONS, _LOCK = "done.json", "corrections.parquet", "lock"
_STATE = b"countermand"
_TYPES = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "text": pa.string()}
_NEVER_UNKNOWN = {"seq", "id", "at", "kind", "account"}


@dataclass(slots=True)
class PartsFolder:
    """One facts table, being written or read; the folder is this process' own while it is open."""

    path: Path
    schema: pa.Schema
    lock: int
    owned: bool = True
    parts: list[Path] = field(default_factory=list)
    state: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Take up what an earlier run left whole; what it left in the middle goes."""
        for left in self.path.glob("*.tmp") if self.owned else ():
            left.unlink()
        for number in range(1, 1 + len(list(self.path.glob("part-*.parquet")))):
            part = self._part(number)
            found = _state_of(part, self.schema)
            if found is None:
                break
            self.parts.append(part)
            self.state = found

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more."""
        return (self.path / _DONE).is_file()

    def write(self, columns: Mapping[str, Sequence[Any]], state: Mapping[str, Any]) -> None:
        """One more part, and how far its source has been read. Raises SetupError (`facts_not_written`)."""
        with self._writing():
            (self.path / _DONE).unlink(missing_ok=True)
        arrays = [_array(name, columns[name], self.schema) for name in self.schema.names]
        part = self._part(len(self.parts) + 1)
        self._store(pa.Table.from_arrays(arrays, schema=self.schema), part, state)
        self.parts.append(part)
        self.state = dict(state)

    def read(self, number: int, names: Sequence[str]) -> dict[str, Any]:
        """Some columns of the part of that number, from 0, as NumPy arrays (unknown integers are lowest)."""
        table = pa_parquet.read_table(self.parts[number], columns=list(names), memory_map=True)
        return {name: _plain(table[name]) for name in names}

    def ids(self) -> Iterator[list[str]]:
        """The ids of every part."""
        for part in self.parts:
            yield pa_parquet.read_table(part, columns=["id"])["id"].to_pylist()

    def known(self, number: int, ids: Sequence[str]) -> set[str]:
        """Which of these ids are in the part of that number."""
        column = pa_parquet.read_table(self.parts[number], columns=["id"])["id"]
        return set(column.filter(pc.is_in(column, pa.array(ids, pa.string()))).to_pylist())

    def relabel(self, number: int, labels: Sequence[Any], label_seqs: Sequence[Any]) -> None:
        """Give a part other labels; None where none is known, or where it never became known."""
        table = pa_parquet.read_table(self.parts[number])
        for name, values in (("label", labels), ("label_seq", label_seqs)):
            place = self.schema.get_field_index(name)
            table = table.set_column(place, self.schema.field(name), _array(name, values, self.schema))
        state = _state_of(self.parts[number], self.schema)
        assert state is not None, "a part that was taken up says how far it goes"
        self._store(table, self.parts[number], state)

    def correct(self, rows: Sequence[tuple[int, int, bool | None]]) -> None:
        """Keep every label in the order of its coming: (seq, label_seq, label); none for an empty list."""
        if not rows:
            (self.path / _CORRECTIONS).unlink(missing_ok=True)
            return
        names = ("seq", "label_seq", "label")
        types = (pa.int64(), pa.int64(), pa.bool_())
        arrays = [
            pa.array(values, type_) for values, type_ in zip(zip(*rows, strict=True), types, strict=True)
        ]
        self._store(pa.table(arrays, names), self.path / _CORRECTIONS, {})

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Nothing is missing any more; `summary` is told again when the table is used again."""
        with self._writing():
            self._replace(_DONE, json.dumps(summary, ensure_ascii=False).encode())

    def summary(self) -> dict[str, Any]:
        """What was said when the table was finished."""
        found: dict[str, Any] = json.loads((self.path / _DONE).read_bytes())
        return found

    def share(self) -> None:
        """Others may read it too from now on; nobody writes to it while anybody reads."""
        fcntl.flock(self.lock, fcntl.LOCK_SH)
        self.owned = False

    def table(self) -> FactsTable:
        """The table as engines read it."""
        rows = sum(pa_parquet.read_metadata(part).num_rows for part in self.parts)
        corrections = self.path / _CORRECTIONS
        return FactsTable(tuple(self.parts), rows, corrections if corrections.is_file() else None)

    def _part(self, number: int) -> Path:
        return self.path / f"part-{number:05}.parquet"

    def _store(self, table: pa.Table, file: Path, state: Mapping[str, Any]) -> None:
        stated = table.replace_schema_metadata({_STATE: json.dumps(state).encode()})
        temporary = file.with_suffix(".tmp")
        with self._writing():
            pa_parquet.write_table(stated, temporary, compression="lz4")
            self._publish(temporary, file)

    def _replace(self, name: str, data: bytes) -> None:
        temporary = (self.path / name).with_suffix(".tmp")
        temporary.write_bytes(data)
        self._publish(temporary, self.path / name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if not self.owned:
            raise in_use(self.path)
        with _writing(self.path):
            yield

    def _publish(self, temporary: Path, file: Path) -> None:
        """Only what is whole on the disk gets its name."""
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(file)


@dataclass(frozen=True, slots=True)
class FactsShelf:
    """All facts tables under one directory, each in a folder named by what it was made from."""

    directory: Path

    @contextmanager
    def folder(self, key: str, columns: Sequence[FactColumn]) -> Iterator[PartsFolder]:
        """The table of that key, for this process alone; one that others read can only be read.

        Raises Conflict (`facts_in_use`) while another process writes it, SetupError (`facts_not_written`).
        """
        path = self.directory / key
        with _writing(path):
            path.mkdir(parents=True, exist_ok=True)
            self._make_room(key)
            lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            owned = _lock(lock, path)
            os.utime(path)
            schema = pa.schema([_field(one) for one in columns])
            yield PartsFolder(path, schema, lock, owned)
        finally:
            os.close(lock)

    def _make_room(self, key: str) -> None:
        folders = [one for one in self.directory.iterdir() if one.is_dir() and one.name != key]
        folders.sort(key=lambda one: one.stat().st_mtime)
        excess = len(folders) + 1 - FOLDERS_MAX
        for old in folders:
            if excess <= 0:
                return
            lock = os.open(old / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            with suppress(Conflict):
                if _lock(lock, old):
                    shutil.rmtree(old, ignore_errors=True)
                    excess -= 1
            os.close(lock)


def _field(column: FactColumn) -> pa.Field:
    return pa.field(column.name, _TYPES[column.type], nullable=column.name not in _NEVER_UNKNOWN)


def _lock(lock: int, path: Path) -> bool:
    """Whether the folder is ours alone; else we read it beside others. Raises Conflict."""
    for how in (fcntl.LOCK_EX, fcntl.LOCK_SH):
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return how == fcntl.LOCK_EX
    raise in_use(path)


def in_use(path: Path) -> Conflict:
    """Another process works on the same table."""
    return Conflict(
        "facts_in_use",
        f"Another backtest is at work on the same facts in {path}; wait until it ends.",
        f"另一个回测正在使用 {path} 中的相同数据；请等它结束。",
        folder=str(path),
    )


def _array(name: str, values: Sequence[Any], schema: pa.Schema) -> pa.Array:
    try:
        return pa.array(values, schema.field(name).type)
    except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SetupError(
            "fact_out_of_range",
            f"A value of {name} does not fit a column of 64 bits: {error}.",
            f"{name} 的某个值超出 64 位的范围：{error}。",
            fact=name,
        ) from error


def _plain(column: pa.ChunkedArray) -> Any:
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    lowest = -1 if pa.types.is_int8(column.type) else -(2**63)
    return pc.fill_null(column, pa.scalar(lowest, column.type)).to_numpy()


def _state_of(part: Path, schema: pa.Schema) -> dict[str, Any] | None:
    """How far the source was read with this part; None where it is not a whole part of this table."""
    try:
        found = pa_parquet.read_schema(part)
    except (OSError, pa.ArrowException):
        return None
    metadata = found.metadata or {}
    if _STATE not in metadata or not found.equals(schema):
        return None
    state: dict[str, Any] = json.loads(metadata[_STATE])
    return state


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            "facts_not_written",
            f"The facts of the backtest cannot be kept in {path}: {error.strerror or error}. "
            "Give another folder with --data-dir.",
            f"无法在 {path} 保存回测数据：{error.strerror or error}。可用 --data-dir 指定其他文件夹。",
            folder=str(path),
        ) from error
