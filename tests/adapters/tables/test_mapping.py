"""Goal: a mapping that does not fit is refused before anything is decided, with what and where.

Method: a table of broken mappings, each with the code and the place it must name.
"""

from pathlib import Path

import pytest

from countermand.adapters.tables.mapping import columns_of, read_mapping
from countermand.app import MAPPINGS, open_operation_table
from countermand.kernel.errors import SetupError

GOOD = """
mapping: test
id: id
kind: {constant: payment}
account: account
occurred_at: {column: at, timezone: Asia/Shanghai}
"""
CSV = "id,account,at,amount,kind\n1,a-1,2026-11-16 09:00:00,1.00,pay\n"

BROKEN = [
    ("no YAML", GOOD + "id: [", "mapping_unreadable", "m.yaml:7:"),
    ("no mapping at all", "[]", "mapping_refused", "object"),
    ("a field is missing", GOOD.replace("account: account\n", ""), "mapping_refused", "account"),
    ("an unknown key", GOOD + "acount: account\n", "mapping_refused", "acount"),
    ("an unknown key inside", GOOD + "device: {id: d, signal: {}}\n", "mapping_refused", "device"),
    ("a column that is not there", GOOD + "ip: address\n", "mapping_column_missing", "address"),
    ("a column inside", GOOD + "attributes: {x: {column: nope}}\n", "mapping_column_missing", "attributes.x"),
    ("a label column", GOOD + "label: fraud\n", "mapping_column_missing", "label"),
    ("an unknown kind", GOOD.replace("constant: payment", "constant: pay"), "mapping_refused", "kind"),
    (
        "an unknown kind in values",
        GOOD.replace("{constant: payment}", "{column: kind, values: {pay: paid}}"),
        "mapping_refused",
        "paid",
    ),
    (
        "an unknown currency",
        GOOD + "amount: {column: amount, currency: {constant: RMB}}\n",
        "mapping_refused",
        "amount.currency",
    ),
    (
        "an unknown unit",
        GOOD + "amount: {column: amount, currency: {constant: CNY}, unit: fen}\n",
        "mapping_refused",
        "amount.unit",
    ),
    ("neither column nor constant", GOOD + "ip: {prefix: x}\n", "mapping_refused", "ip"),
    ("column and constant", GOOD + "ip: {column: id, constant: x}\n", "mapping_refused", "ip"),
    ("an unknown signal", GOOD + "device: {id: id, signals: {haunted: id}}\n", "mapping_refused", "haunted"),
    ("no time zone", GOOD.replace("Asia/Shanghai", "Asia/Nowhere"), "mapping_refused", "Asia/Nowhere"),
    ("a path as time zone", GOOD.replace("Asia/Shanghai", "../etc/passwd"), "mapping_refused", "timezone"),
    ("a long delimiter", GOOD + "csv: {delimiter: ';;'}\n", "mapping_refused", "csv.delimiter"),
    ("an unknown encoding", GOOD + "csv: {encoding: klingon}\n", "table_unreadable", "klingon"),
]


@pytest.mark.parametrize(
    ("text", "code", "named"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_mapping_that_does_not_fit_is_refused(tmp_path, text, code, named):
    """The refusal has a stable code, both languages, and names what is wrong."""
    mapping, table = tmp_path / "m.yaml", tmp_path / "t.csv"
    mapping.write_text(text, encoding="utf-8")
    table.write_text(CSV, encoding="utf-8")
    with pytest.raises(SetupError) as refused:
        open_operation_table(table, mapping, 10)
    assert refused.value.code == code
    assert named in refused.value.text.en
    assert refused.value.text.zh != refused.value.text.en


def test_the_good_mapping_of_the_table_is_accepted(tmp_path):
    """What the broken mappings were made from is no broken one itself."""
    mapping, table = tmp_path / "m.yaml", tmp_path / "t.csv"
    mapping.write_text(GOOD, encoding="utf-8")
    table.write_text(CSV, encoding="utf-8")
    opened = open_operation_table(table, mapping, 10)
    assert [batch.size for batch in opened.table.batches()] == [1]
    assert not opened.table.labelled


@pytest.mark.parametrize("shipped", sorted(path.stem for path in MAPPINGS.glob("*.yaml")))
def test_every_shipped_mapping_is_sound(shipped):
    """The mappings that come with the product pass their own checks, and have both titles."""
    path = MAPPINGS / f"{shipped}.yaml"
    mapping = read_mapping(path.read_text(encoding="utf-8"), path)
    assert mapping.mapping == shipped
    assert mapping.title is not None
    assert len(list(columns_of(mapping))) > 4


@pytest.mark.parametrize(
    ("file", "mapping", "code"),
    [
        ("t.csv", "no-such-mapping", "unknown_mapping"),
        ("missing.csv", "plain", "table_unreadable"),
        ("empty.csv", "plain", "table_unreadable"),
        ("broken.parquet", "plain", "table_unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, file, mapping, code):
    """A missing, empty or broken file, and a mapping nobody knows."""
    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SetupError) as refused:
        open_operation_table(tmp_path / file, mapping, 10)
    assert refused.value.code == code


def test_without_the_extra_the_remedy_is_named(tmp_path, monkeypatch):
    """Whoever installed the product without pyarrow is told what to install."""
    import sys

    for module in [name for name in sys.modules if name.startswith("countermand.adapters.tables")]:
        monkeypatch.delitem(sys.modules, module)
    for module in ("pyarrow", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupError) as refused:
        open_operation_table(Path("any.csv"), "plain", 10)
    assert refused.value.code == "replay_extra_missing"
    assert "countermand[replay]" in refused.value.text.zh
