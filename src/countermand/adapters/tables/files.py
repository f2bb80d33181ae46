"""A Parquet or CSV file, opened against its mapping and read in batches of constant memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from countermand.adapters.tables import columns
from countermand.adapters.tables.mapping import (
    Mapping,
    Payee,
    Phone,
    Trait,
    columns_of,
    delay_of,
    instant_of,
    label_of,
    payee_of,
    phone_of,
    trait_of,
    words_of,
)
from countermand.kernel.errors import BadRequest, CountermandError, SetupError
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.reading import operation_of
from countermand.vocabulary.tables import OperationBatch

_Value = TypeVar("_Value")
_TEXT_FIELDS = ("id", "kind", "account", "person", "channel", "ip", "session")


@dataclass(slots=True)
class _Broken:
    """Lines of a CSV file that do not have the header's number of columns, by their row."""

    lines: dict[int, BadRequest] = field(default_factory=dict)

    def note(self, line: Any) -> str:
        # pyarrow counts the header as line 1
        row = line.number - 1
        self.lines[row] = BadRequest(
            "row_malformed",
            f"The line has {line.actual_columns} columns, the header {line.expected_columns}.",
            f"该行有{line.actual_columns}列，而表头有{line.expected_columns}列。",
        )
        return "skip"


@dataclass(slots=True)
class TableFile:
    """An opened file that has every column its mapping names; pyarrow reads it as batches are asked for."""

    path: Path
    mapping: Mapping
    batch_rows: int
    rows_total: int | None

    @property
    def labelled(self) -> bool:
        return self.mapping.label is not None

    @property
    def label_delay_micros(self) -> int | None:
        part = self.mapping.label
        return None if part is None else delay_of(label_of(part))

    def batches(self, rows_done: int = 0) -> Iterator[OperationBatch]:
        broken = _Broken()
        row = 0
        with _readable(self.path):
            for piece in self._pieces(broken):
                for start in range(0, piece.num_rows, self.batch_rows):
                    part = piece.slice(start, self.batch_rows)
                    rows: list[int] = []
                    skipped: list[tuple[int, CountermandError]] = []
                    while len(rows) < part.num_rows:
                        row += 1
                        fault = broken.lines.pop(row, None)
                        if fault is None:
                            rows.append(row)
                        else:
                            skipped.append((row, fault))
                    if row <= rows_done:
                        continue
                    if rows and rows[0] <= rows_done:
                        begun = bisect_right(rows, rows_done)
                        part, rows = part.slice(begun), rows[begun:]
                    skipped = [one for one in skipped if one[0] > rows_done]
                    batch = self._converted(part, rows)
                    batch.refused[:0] = skipped
                    yield batch
        if broken.lines:
            yield OperationBatch(refused=list(broken.lines.items()))

    def _pieces(self, broken: _Broken) -> Iterator[pa.RecordBatch]:
        wanted = sorted({column for _, column in columns_of(self.mapping)})
        if _is_parquet(self.path):
            with pa_parquet.ParquetFile(self.path) as file:
                yield from file.iter_batches(batch_size=self.batch_rows, columns=wanted)
            return
        with _open_csv(self.path, self.mapping, broken, wanted) as reader:
            yield from reader

    def _converted(self, piece: pa.RecordBatch, rows: list[int]) -> OperationBatch:
        """One operation a row; a row that is none is refused, with its number."""
        mapping, faults = self.mapping, columns.Faults()
        when = instant_of(mapping.occurred_at)
        instants = columns.instants(piece, when, faults)
        fields = self._fields(piece, columns.moments(instants, when, faults), faults)
        names = tuple(fields)
        operations: list[Operation | None] = []
        refused: list[tuple[int, CountermandError]] = []
        for row, values in enumerate(zip(*fields.values(), strict=True)):
            fault: CountermandError | None = faults.get(row) if faults else None
            if fault is None:
                named = dict(zip(names, values, strict=True))
                if None in values:
                    named = {name: value for name, value in named.items() if value is not None}
                try:
                    operations.append(operation_of(named))
                    continue
                except BadRequest as refusal:
                    fault = refusal
            refused.append((rows[row], fault))
            operations.append(None)
        days = columns.day_numbers(instants, when.zone)
        labels = [] if mapping.label is None else columns.labels(piece, label_of(mapping.label))
        if refused:
            kept = [row for row, operation in enumerate(operations) if operation is not None]
            operations, rows, days = _at(operations, kept), _at(rows, kept), _at(days, kept)
            instants, labels = _at(instants, kept), _at(labels, kept) if labels else []
        return OperationBatch(
            cast("list[Operation]", operations), rows, cast("list[int]", instants), days, labels, refused
        )

    def _fields(
        self, piece: pa.RecordBatch, moments: list[Any], faults: columns.Faults
    ) -> dict[str, list[Any]]:
        """Every field that the mapping names, as a column of plain values."""
        mapping = self.mapping
        fields: dict[str, list[Any]] = {"occurred_at": moments}
        for name in _TEXT_FIELDS:
            part = getattr(mapping, name)
            if part is not None:
                fields[name] = columns.texts(piece, words_of(part), name, faults)
        if mapping.amount is not None:
            fields["amount"] = columns.sums(piece, mapping.amount, faults)
        if mapping.counterparty is not None:
            fields["counterparty"] = _payees(piece, payee_of(mapping.counterparty), faults)
        if mapping.device is not None:
            fields["device"] = _phones(piece, phone_of(mapping.device), faults)
        if mapping.attributes:
            found = {
                name: columns.traits(piece, trait_of(part), f"attributes.{name}", faults)
                for name, part in mapping.attributes.items()
            }
            fields["attributes"] = _known(found)
        return fields


def _at(values: list[_Value], places: list[int]) -> list[_Value]:
    return [values[place] for place in places]


def _payees(piece: pa.RecordBatch, payee: Payee, faults: columns.Faults) -> list[Any]:
    ids = columns.texts(piece, words_of(payee.id), "counterparty.id", faults)
    if payee.institution is None:
        return [None if one is None else {"id": one} for one in ids]
    homes = columns.texts(piece, words_of(payee.institution), "counterparty.institution", faults)
    return [
        None if one is None else {"id": one, "institution": home}
        for one, home in zip(ids, homes, strict=True)
    ]


def _phones(piece: pa.RecordBatch, phone: Phone, faults: columns.Faults) -> list[Any]:
    ids = columns.texts(piece, words_of(phone.id), "device.id", faults)
    if not phone.signals:
        return [None if one is None else {"id": one} for one in ids]
    seen = _known({
        name: columns.traits(piece, Trait(column=column, type="boolean"), f"device.signals.{name}", faults)
        for name, column in phone.signals.items()
    })  # fmt: skip
    return [
        None if one is None else {"id": one} if signals is None else {"id": one, "signals": signals}
        for one, signals in zip(ids, seen, strict=True)
    ]


def _known(found: dict[str, list[Any]]) -> list[dict[str, Any] | None]:
    """Columns side by side, without what is not known; nothing known at all is None."""
    names = tuple(found)
    rows = zip(*found.values(), strict=True)
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} or None for row in rows]


def open_table(path: Path, mapping: Mapping, mapping_file: Path, batch_rows: int) -> TableFile:
    """A file that fits its mapping; nothing of its rows is read yet.

    Raises SetupError: `table_unreadable`, `mapping_column_missing` (field, column, and what there is).
    """
    with _readable(path):
        total: int | None = None
        if _is_parquet(path):
            with pa_parquet.ParquetFile(path) as file:
                present, total = list(file.schema_arrow.names), int(file.metadata.num_rows)
        else:
            with _open_csv(path, mapping, _Broken(), None) as reader:
                present = list(reader.schema.names)
    for name, column in columns_of(mapping):
        if column not in present:
            raise SetupError(
                "mapping_column_missing",
                f"{mapping_file}: {name}: {path.name} has no column {column}; it has {', '.join(present)}.",
                f"{mapping_file}：{name}：{path.name} 中没有列 {column}；现有的列：{'、'.join(present)}。",
                file=str(mapping_file),
                field=name,
                column=column,
            )
    return TableFile(path, mapping, batch_rows, total)


def _open_csv(path: Path, mapping: Mapping, broken: _Broken, wanted: list[str] | None) -> Any:
    """Every value as its text: 007 stays 007, and 0.10 is exactly that."""
    with path.open("rb") as file:
        header = file.readline().decode(mapping.csv.encoding, "replace").strip("\r\n\ufeff")
    names = [name.strip('"') for name in header.split(mapping.csv.delimiter)]
    return pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(use_threads=False, encoding=mapping.csv.encoding),
        parse_options=pa_csv.ParseOptions(
            delimiter=mapping.csv.delimiter, newlines_in_values=False, invalid_row_handler=broken.note
        ),
        convert_options=pa_csv.ConvertOptions(
            include_columns=wanted or [],
            column_types=dict.fromkeys([*names, *(wanted or [])], pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException, LookupError) as error:
        raise SetupError(
            "table_unreadable",
            f"{path} cannot be read: {error}.",
            f"无法读取 {path}：{error}。",
            file=str(path),
        ) from error
