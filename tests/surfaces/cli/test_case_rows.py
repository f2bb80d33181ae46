"""Goal: a file of cases is read row by row, and a bad row hinders no other. Method: small files."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pa_parquet
import pytest

from countermand.cases.imports import old_case, read_import_mapping
from countermand.flows.export_cases import CFPB_COLUMNS
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import BadRequest, SetupError
from countermand.surfaces.cli.case_rows import CHUNK_CHARACTERS, rows_of

CFPB = os.environ.get("COUNTERMAND_CFPB", "")
NOW = 1_795_233_600_000_000  # 2026-11-21 04:00 UTC
MAPPING = """
source: oldesk
timezone: Asia/Shanghai
columns: {id: number, text: said, received: at, closed: done}
outcomes: {paid: unauthorised_confirmed}
"""


def read(folder: Path, name: str, content: str) -> list[tuple[int, object]]:
    """The lines and values of a file, `None` for a row that could not be read."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return [(one.line, None if one.fault else dict(one.values)) for one in rows_of(path)]


def test_a_table_tells_the_line_of_each_row(tmp_path: Path) -> None:
    """A field with a line break, a row with too many fields, a mark of byte order: each told rightly."""
    found = read(tmp_path, "old.csv", '\ufeffno,said\n1,"钱\n没了"\n2,x,y\n3,还好\n')
    assert found == [(2, {"no": "1", "said": "钱\n没了"}), (4, None), (5, {"no": "3", "said": "还好"})]


def test_lines_and_arrays_hold_the_same(tmp_path: Path) -> None:
    """JSON lines with a broken one among them; an array over several chunks, cut short in the end."""
    lines = read(tmp_path, "old.jsonl", '{"no": 1}\n\n[]\n{"no": \n{"no": 3}\n')
    assert lines == [(1, {"no": 1}), (3, None), (4, None), (5, {"no": 3})]
    long = "钱" * CHUNK_CHARACTERS
    array = read(tmp_path, "old.json", f'[\n {{"no": 1, "said": "{long}"}},\n {{"no": 2}}, 7\n]\n')
    assert array == [(2, {"no": 1, "said": long}), (3, {"no": 2}), (3, None)]
    assert read(tmp_path, "old.json", '[{"no": 1}, {"no"') == [(1, {"no": 1}), (1, None)]
    assert read(tmp_path, "old.json", "[]") == []


def test_a_row_becomes_an_old_case_or_says_why_not() -> None:
    """Times without an offset are the desk's own; what is missing, in the future or out of order is told."""
    mapping = read_import_mapping(MAPPING)
    row = {
        "number": "7",
        "said": "我的卡被盗刷",
        "at": "2026-11-20 12:00",
        "done": "2026-11-20T05:00:00+00:00",
    }
    old = old_case(row, mapping, NOW)
    assert moment_of(old.received_at).isoformat() == "2026-11-20T04:00:00+00:00"
    assert old.closed
    assert old.outcome is not None
    for bad in (
        {"number": ""},
        {"said": None},
        {"at": "2027-01-01"},
        {"at": "20.11."},
        {"done": "2026-11-19"},
    ):
        with pytest.raises(BadRequest, match="bad_row"):
            old_case({**row, **bad}, mapping, NOW)
    with pytest.raises(BadRequest, match="not in utf-8"):
        old_case({**row, "said": "钱没了".encode("gb18030").decode("utf-8", "replace")}, mapping, NOW)
    with pytest.raises(SetupError, match="import_mapping_refused"):
        read_import_mapping(MAPPING.replace("Asia/Shanghai", "Beijing"))
    assert micros_of(moment_of(NOW)) == NOW


@pytest.mark.skipif(not CFPB, reason="COUNTERMAND_CFPB names no parquet file of the CFPB's complaints")
def test_the_columns_are_those_of_the_published_file() -> None:
    """What leaves in the CFPB's form has its columns, in its order."""
    assert tuple(pa_parquet.read_schema(CFPB).names) == CFPB_COLUMNS
