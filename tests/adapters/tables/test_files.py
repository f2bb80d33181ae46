"""Goal: a row becomes the operation it means, or is refused with its number; nothing is guessed.

Method: small files in both formats, and what each row must become.
"""

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from countermand.app import open_operation_table
from countermand.kernel.clock import micros_of
from countermand.vocabulary.operations import Amount, Counterparty, Device, Kind, Signals
from countermand.vocabulary.tables import FRAUD, HONEST, UNLABELLED

HEAD = "mapping: test\nid: id\nkind: {constant: payment}\naccount: account\n"


def read(tmp_path, mapping, *, csv=None, table=None, rows=100, encoding="utf-8"):
    """Read a table through a mapping; all its batches in one."""
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    path = tmp_path / "t.bin"
    if csv is not None:
        path.write_bytes(csv.encode(encoding))
    else:
        pa_parquet.write_table(table, path)
    opened = open_operation_table(path, tmp_path / "m.yaml", rows)
    return list(opened.table.batches())


TIMES = [
    ("2026-11-16T09:00:00Z", "iso", "UTC", "2026-11-16T09:00:00Z"),
    ("2026-11-16T09:00:00.123456+08:00", "iso", "UTC", "2026-11-16T01:00:00.123456Z"),
    ("2026-11-16 09:00:00", "iso", "Asia/Shanghai", "2026-11-16T01:00:00Z"),
    ("2026-11-16", "iso", "Asia/Shanghai", "2026-11-15T16:00:00Z"),
    ("16.11.2026 09:00", "%d.%m.%Y %H:%M", "Asia/Shanghai", "2026-11-16T01:00:00Z"),
    ("1763276400", "epoch_seconds", "UTC", "2025-11-16T07:00:00Z"),
    ("1763276400.25", "epoch_seconds", "UTC", "2025-11-16T07:00:00.25Z"),
    ("1763276400250", "epoch_millis", "UTC", "2025-11-16T07:00:00.25Z"),
    ("1763276400250001", "epoch_micros", "UTC", "2025-11-16T07:00:00.250001Z"),
    ("2018-10-28 02:30:00", "iso", "Europe/Brussels", "2018-10-28T00:30:00Z"),
    ("yesterday", "iso", "UTC", None),
    ("1e99", "epoch_seconds", "UTC", None),
    ("NaN", "epoch_seconds", "UTC", None),
    ("2026-11-16", "%d.%m.%Y", "UTC", None),
]


@pytest.mark.parametrize(("text", "pattern", "zone", "expected"), TIMES)
def test_times_as_text(tmp_path, text, pattern, zone, expected):
    """Each form of time, its zone, and what is no time."""
    mapping = HEAD + f"occurred_at: {{column: at, format: '{pattern}', timezone: {zone}}}\n"
    (batch,) = read(tmp_path, mapping, csv=f"id,account,at\n1,a,{text}\n")
    if expected is None:
        assert [(row, error.code) for row, error in batch.refused] == [(1, "row_time_unreadable")]
        return
    assert batch.operations[0].occurred_at == datetime.fromisoformat(expected)
    assert batch.instants == [micros_of(batch.operations[0].occurred_at)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1522540831000], pa.timestamp("ms")), "2018-03-31T22:00:31Z"),
        (pa.array([1522540831000000000], pa.timestamp("ns")), "2018-03-31T22:00:31Z"),
        (pa.array([datetime(2018, 4, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")), "2018-04-01T00:00:00Z"),
        (pa.array([date(2018, 4, 1)], pa.date32()), "2018-03-31T22:00:00Z"),
        (pa.array(["2018-04-01T00:00:00+05:30"]), "2018-03-31T18:30:00Z"),
    ],
)
def test_times_of_parquet(tmp_path, column, expected):
    """A stamp without a zone is one of the mapping's; one with a zone is what it says."""
    table = pa.table({"id": [7], "account": ["a"], "at": column})
    mapping = HEAD + "occurred_at: {column: at, timezone: Europe/Brussels}\n"
    (batch,) = read(tmp_path, mapping, table=table)
    assert batch.operations[0].id == "7"
    assert batch.operations[0].occurred_at == datetime.fromisoformat(expected)


AMOUNTS = [
    (pa.array([57.16]), "EUR", "major", 5716),
    (pa.array([0.1 + 0.2]), "EUR", "major", 30),
    (pa.array([57.165]), "EUR", "major", None),
    (pa.array([float("nan")]), "EUR", "major", None),
    (pa.array([12]), "EUR", "major", 1200),
    (pa.array([1250]), "EUR", "minor", 1250),
    (pa.array([1250.5]), "EUR", "minor", None),
    (pa.array(["12.50"]), "CNY", "major", 1250),
    (pa.array(["12.505"]), "CNY", "major", None),
    (pa.array(["1,250.00"]), "CNY", "major", None),
    (pa.array(["300"]), "JPY", "major", 300),
    (pa.array(["1.5"]), "KWD", "major", 1500),
    (pa.array(["12"]), "CNY", "minor", 12),
    (pa.array(["12.0"]), "CNY", "minor", None),
]


@pytest.mark.parametrize(("column", "currency", "unit", "minor"), AMOUNTS)
def test_amounts(tmp_path, column, currency, unit, minor):
    """Whole minor units or a refusal; a float's own noise is forgiven, a text's digits are not."""
    table = pa.table({"id": [1], "account": ["a"], "at": ["2026-11-16T09:00:00Z"], "amount": column})
    mapping = HEAD + (
        f"occurred_at: at\namount: {{column: amount, currency: {{constant: {currency}}}, unit: {unit}}}\n"
    )
    (batch,) = read(tmp_path, mapping, table=table)
    if minor is None:
        assert [(row, error.code) for row, error in batch.refused] == [(1, "row_amount_unreadable")]
    else:
        assert batch.operations[0].amount == Amount(minor=minor, currency=currency)


def test_every_field_and_what_is_empty(tmp_path):
    """Every part of a mapping at once; an empty cell is unknown, never an empty text."""
    mapping = """
mapping: test
id: {column: n, prefix: op-}
kind: {column: type, values: {P: payment, 2: transfer}}
account: account
person: person
occurred_at: at
channel: {constant: app}
amount: {column: sum, currency: cur, unit: minor}
counterparty: {id: payee, institution: bank}
device: {id: phone, signals: {rooted: root}}
ip: ip
session: session
attributes:
  shop: shop
  items: {column: items, type: integer}
  gift: {column: gift, type: boolean}
  src: {constant: x}
label: {column: bad, fraud: [Y]}
"""
    csv = (
        "n,type,account,person,at,sum,cur,payee,bank,phone,root,ip,session,shop,items,gift,bad\n"
        "007,P,a,p,2026-11-16T09:00:00Z,5,CNY,c,b,d,1,192.0.2.1,s,x y,3,yes,Y\n"
        "8,2,a,,2026-11-16T09:00:00Z,,,,,,,,,,,,\n"
        "9,P,a,,2026-11-16T09:00:00Z,,,,,,,,,,,,N\n"
    )
    (batch,) = read(tmp_path, mapping, csv=csv)
    full, bare, _ = batch.operations
    assert (full.id, full.kind, full.person, full.ip) == ("op-007", Kind.PAYMENT, "p", "192.0.2.1")
    assert full.counterparty == Counterparty("c", "b")
    assert full.device == Device("d", Signals(rooted=True))
    assert full.attributes == {"shop": "x y", "items": 3, "gift": True, "src": "x"}
    assert (bare.kind, bare.person, bare.amount, bare.device) == (Kind.TRANSFER, None, None, None)
    assert bare.attributes == {"src": "x"}
    assert batch.labels == [FRAUD, UNLABELLED, HONEST]


BAD_ROWS = [
    ("", "a", "2026-11-16T09:00:00Z", "1", "P", "invalid_operation", "id"),
    ("1", "", "2026-11-16T09:00:00Z", "1", "P", "invalid_operation", "account"),
    ("1", "a", "", "1", "P", "invalid_operation", "occurred_at"),
    ("1", "a", "soon", "1", "P", "row_time_unreadable", "occurred_at"),
    ("1", "a", "2026-11-16T09:00:00Z", "-1", "P", "invalid_operation", "amount.minor"),
    ("1", "a", "2026-11-16T09:00:00Z", "0.001", "P", "row_amount_unreadable", "amount"),
    ("1", "a", "2026-11-16T09:00:00Z", "1", "Q", "row_value_unmapped", "kind"),
    ("x" * 129, "a", "2026-11-16T09:00:00Z", "1", "P", "invalid_operation", "id"),
]


@pytest.mark.parametrize(("number", "account", "at", "amount", "kind", "code", "field"), BAD_ROWS)
def test_a_bad_row_is_refused_and_the_rest_is_read(tmp_path, number, account, at, amount, kind, code, field):
    """The refusal has the row's number and names the field; its neighbours are operations."""
    mapping = (
        "mapping: test\nid: id\nkind: {column: kind, values: {P: payment}}\n"
        "account: account\noccurred_at: at\n"
        "amount: {column: amount, currency: {constant: CNY}}\n"
    )
    good = "n{},b,2026-11-16T09:00:00Z,1.00,P"
    bad = f"{number},{account},{at},{amount},{kind}"
    csv = "\n".join(["id,account,at,amount,kind", good.format(1), bad, good.format(2)]) + "\n"
    (batch,) = read(tmp_path, mapping, csv=csv)
    assert [operation.id for operation in batch.operations] == ["n1", "n2"]
    assert batch.rows == [1, 3]
    ((row, refusal),) = batch.refused
    assert (row, refusal.code, refusal.details["field"]) == (2, code, field)


def test_lines_with_a_wrong_number_of_columns_keep_their_numbers(tmp_path):
    """Broken lines anywhere are reported, and the rows behind them keep the numbers they have in the file."""
    csv = "id,account,at\n" + "".join(
        f"{row},a\n" if row in {1, 4, 9} else f"{row},a,2026-11-16T09:00:00Z\n" for row in range(1, 10)
    )
    batches = read(tmp_path, HEAD + "occurred_at: at\n", csv=csv, rows=2)
    read_rows = [
        (row, operation.id) for b in batches for row, operation in zip(b.rows, b.operations, strict=True)
    ]
    assert read_rows == [(row, str(row)) for row in (2, 3, 5, 6, 7, 8)]
    refused = sorted((row, error.code) for batch in batches for row, error in batch.refused)
    assert refused == [(row, "row_malformed") for row in (1, 4, 9)]


def test_chinese_files_are_read_in_their_own_encoding(tmp_path):
    """GBK and a semicolon, as a spreadsheet writes them."""
    mapping = HEAD + "occurred_at: 时间\nattributes: {shop: 商户}\ncsv: {encoding: gbk, delimiter: ';'}\n"
    csv = "id;account;时间;商户\n1;a;2026-11-16T09:00:00Z;面馆\n"
    (batch,) = read(tmp_path, mapping, csv=csv, encoding="gbk")
    assert batch.operations[0].attributes == {"shop": "面馆"}


def test_days_are_those_of_the_mappings_time_zone(tmp_path):
    """Midnight is where the customers live."""
    shanghai = timezone(timedelta(hours=8))
    times = [datetime(2026, 11, 16, hour, 30, tzinfo=shanghai).isoformat() for hour in (0, 23)]
    csv = "id,account,at\n" + "".join(f"{number},a,{at}\n" for number, at in enumerate(times))
    (batch,) = read(tmp_path, HEAD + "occurred_at: {column: at, timezone: Asia/Shanghai}\n", csv=csv)
    assert batch.days == [(date(2026, 11, 16) - date(1970, 1, 1)).days] * 2
