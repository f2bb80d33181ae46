"""Reading the two IP tables: every row is checked, and a bad one is named by file and line."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import NoReturn

import zstandard

from countermand.adapters.places.ranges import Ranges32, Ranges128
from countermand.kernel.errors import SetupError

ROWS_MAX = 20_000_000
ASN_MAX = 2**32 - 2
_UNKNOWN_COUNTRIES = frozenset({"", "-", "ZZ"})  # how public tables write "nobody knows"

Cities = dict[str, tuple[float, float]]
PlaceRow = tuple[str | None, float | None, float | None]


@dataclass(slots=True)
class TableRows:
    """The rows of one table in flat arrays, IPv4 and IPv6 apart; `places` are what country rows point at."""

    starts32: array[int] = field(default_factory=lambda: array("I"))
    ends32: array[int] = field(default_factory=lambda: array("I"))
    values32: array[int] = field(default_factory=lambda: array("I"))
    starts128: list[int] = field(default_factory=list)
    ends128: list[int] = field(default_factory=list)
    values128: list[int] = field(default_factory=list)
    places: list[PlaceRow] = field(default_factory=list)

    def add(self, version: int, start: int, end: int, value: int) -> None:
        if version == 4:  # the protocol's own number
            self.starts32.append(start)
            self.ends32.append(end)
            self.values32.append(value)
        else:
            self.starts128.append(start)
            self.ends128.append(end)
            self.values128.append(value)

    def ranges(self) -> tuple[Ranges32, Ranges128]:
        """Both searchable forms."""
        return (
            Ranges32(self.starts32, self.ends32, self.values32),
            Ranges128(self.starts128, self.ends128, self.values128),
        )


def read_country_table(file: Path, main_cities: Cities) -> TableRows:
    """Rows of `start,end,ISO country[,latitude,longitude]`. Raises SetupError (`bad_ip_table`)."""
    rows = TableRows()
    known: dict[tuple[str, ...], int] = {}
    for line, cells in _rows(file):
        if len(cells) not in {3, 5}:
            _refuse(file, line, "a country row has 3 or 5 columns", "国家行应有3列或5列")
        key = tuple(cells[2:])
        value = known.get(key)
        if value is None:
            value = known[key] = len(rows.places)
            rows.places.append(_place(file, line, key, main_cities))
        rows.add(*_ends(file, line, cells), value)
    return rows


def read_network_table(file: Path) -> TableRows:
    """Rows of `start,end,ASN[,organisation]`; the organisation is not kept. Raises SetupError."""
    rows = TableRows()
    for line, cells in _rows(file):
        if len(cells) not in {3, 4}:
            _refuse(file, line, "a network row has 3 or 4 columns", "网络行应有3列或4列")
        number = cells[2].removeprefix("AS")
        if not (number.isascii() and number.isdigit()) or int(number) > ASN_MAX:
            _refuse(file, line, f"{cells[2]!r} is not an AS number", f"{cells[2]!r} 不是AS号")
        rows.add(*_ends(file, line, cells), int(number))
    return rows


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_text(file).splitlines(), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse(file, reader.line_num, f"the line is not CSV ({error})", f"该行不是有效的CSV（{error}）")
        if not cells or cells[0].startswith("#") or (reader.line_num == 1 and cells[0] == "start"):
            continue
        if reader.line_num > ROWS_MAX:
            _refuse(file, reader.line_num, f"more than {ROWS_MAX:,} lines", f"超过{ROWS_MAX:,}行")
        yield reader.line_num, cells


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SetupError(
            "ip_table_missing",
            f"The IP table {file} cannot be read: {error.strerror}. Correct the path in the setting "
            "geo_country_file or geo_asn_file, or leave the setting out.",
            f"无法读取IP表 {file}：{error.strerror}。请更正设置 geo_country_file 或 geo_asn_file 中的路径，"
            "或不设置该项。",
            file=str(file),
        ) from None
    try:
        return (_decompressed(data) if file.suffix == ".zst" else data).decode("utf-8-sig")
    except (zstandard.ZstdError, EOFError):
        _refuse(file, 0, "the file is not complete Zstandard data", "文件不是完整的Zstandard数据")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1 if file.suffix != ".zst" else 0
        _refuse(file, line, "the text is not UTF-8", "文本不是UTF-8编码")


def _decompressed(data: bytes) -> bytes:
    """Every frame of the file; EOFError where the last one is cut short."""
    parts: list[bytes] = []
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts.append(frame.decompress(data))
        if not frame.eof:
            raise EOFError
        data = frame.unused_data
    return b"".join(parts)


def _ends(file: Path, line: int, cells: list[str]) -> tuple[int, int, int]:
    """IP version, first and last address of a row."""
    try:
        family, version = (AF_INET6, 6) if ":" in cells[0] else (AF_INET, 4)
        start, end = int.from_bytes(inet_pton(family, cells[0])), int.from_bytes(inet_pton(family, cells[1]))
    except (OSError, ValueError):
        _refuse(
            file,
            line,
            f"{cells[0]!r} and {cells[1]!r} are not two addresses of one kind",
            f"{cells[0]!r} 与 {cells[1]!r} 不是同一类的两个IP地址",
        )
    if end < start:
        _refuse(file, line, "the range ends before it starts", "范围的结束地址早于起始地址")
    return version, start, end


def _place(file: Path, line: int, cells: tuple[str, ...], main_cities: Cities) -> PlaceRow:
    code = cells[0].upper()
    country = None if code in _UNKNOWN_COUNTRIES else code
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):
        _refuse(file, line, f"{cells[0]!r} is not a two-letter country", f"{cells[0]!r} 不是两字母国家代码")
    if len(cells) == 1 or cells[1:] == ("", ""):
        latitude, longitude = main_cities.get(code, (None, None))
        return country, latitude, longitude
    try:
        latitude, longitude = float(cells[1]), float(cells[2])
    except ValueError:
        latitude, longitude = float("nan"), 0.0
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # degrees
        _refuse(file, line, "latitude and longitude are not degrees", "经纬度不是有效的度数")
    return country, latitude, longitude


def _refuse(file: Path, line: int, en: str, zh: str) -> NoReturn:
    where_en, where_zh = (f", line {line}", f"第{line}行") if line else ("", "")
    raise SetupError(
        "bad_ip_table",
        f"The IP table {file}{where_en}: {en}.",
        f"IP表 {file} {where_zh}：{zh}。",
        file=str(file),
        line=line,
    )
