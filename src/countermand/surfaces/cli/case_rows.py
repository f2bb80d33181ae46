"""Rows of a file with cases, one after the other: CSV with a head, JSON lines, or one JSON array."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from countermand.cases.imports import bad_row
from countermand.flows.import_cases import Row

FIELD_CHARACTERS_MAX = 1_000_000
CHUNK_CHARACTERS = 1 << 16
ROW_CHARACTERS_MAX = 4_000_000


def rows_of(path: Path, encoding: str = "utf-8") -> Iterator[Row]:
    """The rows with the lines they begin on; what cannot be read as one has its fault. Raises OSError.

    What is not in the encoding comes as U+FFFD, which no row is taken with.
    """
    with path.open(
        encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline=""
    ) as file:
        if path.suffix.lower() == ".csv":
            yield from _csv(file)
        elif path.suffix.lower() == ".json":
            yield from _array(file)
        else:
            yield from _lines(file)


def _csv(file: IO[str]) -> Iterator[Row]:
    csv.field_size_limit(FIELD_CHARACTERS_MAX)
    reader = csv.DictReader(file, strict=True)
    if reader.fieldnames is None:  # asking for the head reads it
        return
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Row(line, {}, bad_row("it is no CSV row", "不是有效的 CSV 行"))
            continue
        if None in values:
            yield Row(line, {}, bad_row("it has more fields than the head has columns", "字段数多于表头"))
        else:
            yield Row(line, values)


def _lines(file: IO[str]) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, text: str) -> Row:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return Row(number, {}, bad_row("it is no JSON object", "不是有效的 JSON 对象"))
    return Row(number, values)


def _array(file: IO[str]) -> Iterator[Row]:
    """The objects of one array, without holding more than one of them and a chunk."""
    decoder, text, line = json.JSONDecoder(), "", 1
    while True:
        rest = text.lstrip("[, \t\r\n") if line == 1 else text.lstrip(", \t\r\n")
        line += text[: len(text) - len(rest)].count("\n")
        text = rest
        if text.startswith("]"):
            return
        try:
            values, end = decoder.raw_decode(text)
            if end == len(text) and not text.endswith("}"):
                raise json.JSONDecodeError("it may go on", text, end)
        except json.JSONDecodeError:
            more = file.read(CHUNK_CHARACTERS)
            if more and len(text) < ROW_CHARACTERS_MAX:
                text += more
                continue
            if text:
                yield Row(line, {}, bad_row("the array does not go on as JSON", "JSON 数组自此处起无法解析"))
            return
        if isinstance(values, dict):
            yield Row(line, values)
        else:
            yield Row(line, {}, bad_row("it is no JSON object", "不是有效的 JSON 对象"))
        line += text[:end].count("\n")
        text = text[end:]
