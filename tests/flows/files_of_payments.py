"""Small files of card payments, and their facts tables in a directory of the test's own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pa_parquet

from countermand.adapters.offline.facts_shelf import FactsShelf
from countermand.app import open_operation_table, read_policy
from countermand.flows.circumstances import nowhere
from countermand.flows.prepare_facts import FileSource, facts_from_file
from countermand.policy.package import compile_policy

MAPPING = """mapping: test
id: id
kind: {constant: payment}
account: account
occurred_at: at
amount: {column: amount, currency: {constant: EUR}}
counterparty: shop
label: {column: fraud, fraud: [1]}
"""
START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = 1_800_000_000_000_000
HOUR = 3600 * 10**6


def untold(_rows):
    """Nobody is watching."""


def at(hours):
    """A time as a CSV file has it."""
    return (START + timedelta(hours=hours)).isoformat()


def lines_of(count, step_hours=1):
    """The lines of a file: payments in order of time, every seventh a fraud."""
    return [
        f"p{row},card-{row % 5},{at(row * step_hours)},{10 + row % 31},shop-{row % 9},{int(row % 7 == 0)}"
        for row in range(count)
    ]


def csv_file(tmp_path: Path, lines) -> Path:
    """A file of these lines."""
    file = tmp_path / "payments.csv"
    file.write_text("\n".join(["id,account,at,amount,shop,fraud", *lines]) + "\n")
    return file


def source_of(tmp_path, lines, *, mapping=MAPPING, delay=None, rows=10, latest=NOW):
    """The file, ready to be prepared."""
    (tmp_path / "m.yaml").write_text(mapping)
    opened = open_operation_table(csv_file(tmp_path, lines), tmp_path / "m.yaml", rows)
    identity = {"lines": len(lines), "mapping": mapping}
    return FileSource(opened.table, identity, opened.table.labelled, delay, latest, nowhere, False)


def prepare(tmp_path, source, program=None, *, told=untold, limit=None, shelf="shelf"):
    """Its facts as rows, and what was counted."""
    chosen = program or handbook()
    with facts_from_file(source, FactsShelf(tmp_path / shelf), [chosen], limit, told) as prepared:
        return rows_of(prepared.tables[0]), prepared


def rows_of(table):
    """A facts table as dictionaries."""
    return [row for part in table.parts for row in pa_parquet.read_table(part).to_pylist()]


def handbook():
    """The policy of the card payments."""
    return compile_policy(read_policy("handbook-demo"))
