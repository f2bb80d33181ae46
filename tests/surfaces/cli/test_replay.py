"""Goal: a replay decides every row of a file exactly once, however often it is run, and reports what it did.

Method: small files through the real flow on real PostgreSQL; one run is killed and run again.
"""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from click.testing import CliRunner

from countermand.app import open_operation_table
from countermand.settings import Settings
from countermand.surfaces.cli.replay import lines_of, replay, replayed_file
from countermand.surfaces.cli.speech import Speech

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "operations.csv"
ROWS = 4000


@pytest.fixture(scope="module")
def payments(tmp_path_factory) -> Path:
    """Card payments in the handbook's columns: 40 days, 50 cards, some of them fraud."""
    file = tmp_path_factory.mktemp("payments") / "payments.parquet"
    start = datetime(2018, 4, 1)  # noqa: DTZ001  # the file has no zone: its mapping does
    rows = range(ROWS)
    table = pa.table(
        {
            "TRANSACTION_ID": pa.array(rows, pa.int32()),
            "TX_DATETIME": pa.array(
                [start + timedelta(minutes=14 * row) for row in rows], pa.timestamp("ms")
            ),
            "CUSTOMER_ID": pa.array([row * 7 % 50 for row in rows], pa.int32()),
            "TERMINAL_ID": pa.array([row * 13 % 90 for row in rows], pa.int32()),
            "TX_AMOUNT": [260.0 if row % 97 == 0 else 10 + row % 31 for row in rows],
            "TX_FRAUD": pa.array([int(row % 97 == 0 or row % 301 == 0) for row in rows], pa.int8()),
        }
    )
    pa_parquet.write_table(table, file)
    return file


def settings_on(dsn: str, policy: str = "handbook-demo") -> Settings:
    """A replay's settings on a database of the test's own."""
    return Settings(database_url=dsn, policy=policy, group_size_max=1000)


async def run(dsn, file, mapping="handbook", limit=None, policy="handbook-demo", batch_rows=1000):
    """Replay a file as the command does."""
    opened = open_operation_table(file, mapping, batch_rows)
    replayed, _ = await replayed_file(settings_on(dsn, policy), opened, limit)
    return replayed


async def recorded(dsn) -> dict[str, bytes]:
    """Every recorded answer, by operation."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT id, answer FROM operation")
    finally:
        await connection.close()
    return {row["id"]: bytes(row["answer"]) for row in rows}


async def test_every_row_is_decided_and_counted(database_dsn, payments):
    """Counts, measures and the database agree; the large frauds are held."""
    replayed = await run(database_dsn, payments)
    report = replayed.report() | replayed.quality()
    assert report["rows"] == report["operations"] == sum(report["outcomes"].values()) == ROWS
    assert report["repeated"] == 0
    assert report["refused"] == {}
    assert report["outcomes"]["hold"] >= ROWS // 97
    assert 0.5 < report["auc_roc"] <= 1
    assert 0 < report["average_precision"] <= 1
    assert 0 < report["card_precision_at_100"] < 0.1
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p99"]
    assert len(await recorded(database_dsn)) == ROWS


async def test_the_clock_is_that_of_the_data(database_dsn, payments):
    """A decision on a payment of 2018 is dated 2018, not before the payment."""
    await run(database_dsn, payments, limit=1500)
    for answer in (await recorded(database_dsn)).values():
        decided = json.loads(answer)["decision"]["decided_at"]
        assert "2018-04-01" <= decided < "2018-05-12"


async def test_a_second_replay_gets_the_same_answers(database_dsn, payments):
    """Nothing is decided twice: the answers are the same bytes, counted as repetitions."""
    first = await run(database_dsn, payments, limit=2500)
    before = await recorded(database_dsn)
    again = await run(database_dsn, payments, limit=2500)
    assert again.report()["repeated"] == 2500
    assert again.outcomes == first.outcomes
    assert again.quality() == first.quality()
    assert await recorded(database_dsn) == before


async def test_batches_of_any_size_decide_alike(database_dsn, empty_database_dsn, payments):
    """How rows are grouped changes no outcome and no score."""
    large = await run(database_dsn, payments, limit=1500)
    small = await run(empty_database_dsn, payments, limit=1500, batch_rows=37)
    assert (small.outcomes, small.scores) == (large.outcomes, large.scores)


async def test_the_limit_counts_rows(database_dsn, payments):
    """A limit within a batch stops right there."""
    replayed = await run(database_dsn, payments, limit=1234)
    assert replayed.rows == replayed.answered == 1234
    assert max(int(name.removeprefix("handbook-")) for name in await recorded(database_dsn)) == 1233


async def test_late_rows_are_exact_and_too_late_ones_are_reported(database_dsn, tmp_path):
    """Late rows are decided, those beyond the lateness are refused, and the future never moves the clock."""
    lines = ["id,account,at,amount"]
    lines += [f"{day},a-1,2026-03-{day:02d}T12:00:00Z,10.00" for day in (20, 19, 14, 12, 21)]
    lines += ["99,a-1,2099-01-01T00:00:00Z,10.00", "22,a-1,2026-03-22T12:00:00Z,10.00"]
    file, mapping = tmp_path / "late.csv", tmp_path / "m.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    mapping.write_text(
        "mapping: late\nid: id\nkind: {constant: payment}\naccount: account\noccurred_at: at\n"
        "amount: {column: amount, currency: {constant: EUR}}\n",
        encoding="utf-8",
    )
    replayed = await run(database_dsn, file, mapping, batch_rows=1)
    assert replayed.report()["refused"] == {"occurred_in_the_future": 1, "occurred_too_long_ago": 1}
    refused = {row: error.code for row, error in replayed.refused_rows}
    assert refused == {4: "occurred_too_long_ago", 6: "occurred_in_the_future"}
    assert sorted(await recorded(database_dsn)) == ["14", "19", "20", "21", "22"]


async def test_one_id_for_two_operations_is_reported(database_dsn, tmp_path, payments):
    """A file that uses an id twice: the same row again is a repetition, another one is refused."""
    table = pa_parquet.read_table(payments).slice(0, 3)
    ids = pa.array([5, 5, 6], pa.int32())
    first, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pa_parquet.write_table(table.set_column(0, "TRANSACTION_ID", ids), first)
    pa_parquet.write_table(pa.concat_tables([table.slice(0, 1), table.slice(0, 1)]), other)
    replayed = await run(database_dsn, first)
    assert replayed.report()["refused"] == {"id_reused": 1}
    assert replayed.refused_rows[0][0] == 2
    assert (await run(database_dsn, other)).report()["repeated"] == 1


async def test_the_example_file_is_replayed(database_dsn):
    """The shipped example has many kinds of operation, and each is decided under the consumer policy."""
    replayed = await run(database_dsn, EXAMPLE, "plain", policy="cn-consumer-finance")
    report = replayed.report()
    assert report["operations"] == 30
    assert report["refused"] == {}
    assert report["outcomes"]["hold"] + report["outcomes"]["deny"] >= 3


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from countermand.surfaces.cli import replay as command

@contextmanager
def killing(total, words):
    done = 0
    def advance(rows):
        nonlocal done
        done += rows
        if done >= 2000:
            os.kill(os.getpid(), signal.SIGKILL)
    yield advance

command.watched = killing
command.replay(sys.argv[1:])
"""


def test_a_killed_replay_goes_on(server_directory, payments, tmp_path):
    """After kill -9 the same command again decides the rest: every row once, and nothing lost."""
    arguments = [str(payments), "--mapping", "handbook", "--data-dir", str(server_directory), "--json"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True)
    assert killed.returncode == -9
    again = CliRunner().invoke(replay, arguments, obj=Speech())
    assert again.exit_code == 0, again.output
    report = json.loads(again.stdout.splitlines()[-1])
    assert report["operations"] == sum(report["outcomes"].values()) == ROWS
    assert 2000 <= report["repeated"] < ROWS
    assert report["policy"].startswith("handbook-demo@")
    assert report["peak_memory_bytes"] > 0


def test_the_report_is_told_in_both_languages():
    """Every line for people exists twice and shows the same value."""
    report = {
        "policy": "p@1", "rows": 3,
        "operations": 2, "repeated": 1, "outcomes": {"allow": 2}, "refused": {"x": 1},
        "latency_ms": {"p50": 1.0, "p99": 2.0}, "operations_per_second": 5.0, "peak_memory_bytes": 2**20,
        "labels": 2, "auc_roc": 0.5, "average_precision": None, "card_precision_at_100": 0.25,
    }  # fmt: skip
    lines = list(lines_of(report))
    assert len(lines) == 13
    assert all(line.en.split(": ")[1] == line.zh.split("：")[1] for line in lines)


def test_settings_of_a_replay_leave_the_institutions_database_alone(monkeypatch, tmp_path, payments):
    """COUNTERMAND_DATABASE_URL is never written to by a replay."""
    seen = []

    async def no_replay(settings, opened, limit):
        seen.append(replace(settings))
        raise KeyboardInterrupt

    monkeypatch.setenv("COUNTERMAND_DATABASE_URL", "postgresql://bank/production")
    monkeypatch.setattr("countermand.surfaces.cli.replay.replayed_file", no_replay)
    CliRunner().invoke(replay, [str(payments), "--mapping", "handbook", "--data-dir", str(tmp_path)])
    assert [(one.database_url, one.policy, one.data_dir) for one in seen] == [
        (None, "handbook-demo", tmp_path)
    ]
