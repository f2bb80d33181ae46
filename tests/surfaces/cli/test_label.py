"""`countermand label`, and a replay that tells the policy its labels, through the real flow."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import numpy as np
import pyarrow.parquet as pa_parquet
import pytest
from click.testing import CliRunner

from countermand.app import open_operation_table
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from countermand.surfaces.cli.replay import replayed_file
from policies.handbook_features import published
from policies.stories import load_pack
from surfaces.cli.test_replay import payments  # noqa: F401 - a fixture

OPERATION = {
    "id": "op-1",
    "kind": "payment",
    "account": "a-1",
    "occurred_at": "2026-11-18T10:00:00Z",
    "amount": {"minor": 5, "currency": "EUR"},
}


def told(dsn: str, *arguments: str, stdin: str = "") -> tuple[int, Any, str]:
    """Exit code, the JSON answer, and what was said beside it."""
    place = {"COUNTERMAND_DATABASE_URL": dsn, "COUNTERMAND_POLICY": "handbook-published"}
    ran = CliRunner().invoke(main, [*arguments, "--json"], env=place, input=stdin)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    return ran.exit_code, json.loads(lines[-1]) if lines else None, ran.stderr


def fetched(dsn: str, query: str) -> list[Any]:
    """Rows of the owner's."""

    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


@pytest.fixture
def decided(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which op-1 was decided, at its own time."""
    import countermand.app.house
    from countermand.kernel.clock import ManualClock

    monkeypatch.setattr(countermand.app.house, "SystemClock", lambda: ManualClock(1_795_000_000_000_000))
    code, answer, said = told(database_dsn, "decide", "-", stdin=json.dumps(OPERATION))
    assert (code, answer["operation"]) == (0, "op-1"), said
    return database_dsn


def test_a_label_is_added_once(decided: str) -> None:
    """Added, the same again, corrected; unknown operations and bad words are refused with exit code 1."""
    add = ("label", "add", "op-1", "--verdict", "fraud", "--source", "chargeback")
    assert [told(decided, *add)[1]["changed"] for _ in range(2)] == [True, False]
    assert (
        told(decided, "label", "add", "op-1", "--verdict", "genuine", "--source", "appeal")[1]["fraud"]
        is False
    )
    assert len(fetched(decided, "SELECT * FROM label WHERE recorded_by = 'cli'")) == 2
    lines = told(decided, "label", "history", "op-1")[1]["labels"]
    assert [(line["fraud"], line["source"]) for line in lines] == [(True, "chargeback"), (False, "appeal")]
    for arguments, code in (
        (("op-9", "--verdict", "fraud", "--source", "s"), "unknown_operation"),
        (("op-1", "--verdict", "fraud", "--source", ""), "invalid_label"),
        (("op-1", "--verdict", "fraud", "--source", "s", "--known-at", "yesterday"), "invalid_label"),
        (
            ("op-1", "--verdict", "fraud", "--source", "s", "--known-at", "2036-01-01T00:00:00Z"),
            "label_known_in_the_future",
        ),
    ):
        exit_code, _, said = told(decided, "label", "add", *arguments)
        assert (exit_code, json.loads(said)["error"]["code"]) == (1, code)
    assert told(decided, "label", "add", "op-1", "--source", "s")[0] == 2


def test_a_file_of_labels_is_imported_once(decided: str, tmp_path: Path) -> None:
    """Good rows are recorded, bad ones counted; again it changes nothing; a strange file is refused."""
    file = tmp_path / "labels.csv"
    file.write_text(
        "operation,fraud,source,known_at\nop-1,true,chargeback,2026-11-18T10:30:00+00:00\n"
        "op-9,true,chargeback,\nop-1,perhaps,chargeback,\n,true,chargeback,\n", "utf-8",
    )  # fmt: skip
    assert told(decided, "label", "import", str(file))[1] == {"recorded": 1, "unchanged": 0, "refused": 3}
    assert told(decided, "label", "import", str(file))[1] == {"recorded": 0, "unchanged": 1, "refused": 3}
    assert len(fetched(decided, "SELECT * FROM label")) == 1
    for text, code in (("id,fraud\n1,true\n", "invalid_label"), (b"\xff\xfe\x00", "unreadable_file")):
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        exit_code, _, said = told(decided, "label", "import", str(file))
        assert (exit_code, json.loads(said)["error"]["code"]) == (1, code)
    assert told(decided, "label", "import", str(tmp_path / "none.csv"))[0] == 1


async def test_a_replay_tells_the_policy_its_labels(database_dsn: str, payments: Path) -> None:  # noqa: F811
    """What was recorded equals the published definition; the same replay again tells nothing new."""
    opened = open_operation_table(payments, "handbook-published", 700)
    settings = Settings(database_url=database_dsn, policy="handbook-published", group_size_max=300)
    replayed, _ = await replayed_file(settings, opened, None)
    again, _ = await replayed_file(settings, opened, None)
    assert (replayed.recorded, again.recorded, again.answered) == (4000, 0, 4000)
    connection = await asyncpg.connect(database_dsn)
    rows = await connection.fetch("SELECT facts FROM operation ORDER BY seq")
    labels = await connection.fetchval("SELECT count(*) FROM label")
    order = await connection.fetch(
        "SELECT count(*) FROM label l JOIN operation o ON o.id = l.operation_id"
        " WHERE l.known_at <> o.occurred_at + interval '7 days'"
        " OR l.seq < (SELECT max(seq) FROM operation p WHERE p.occurred_at < l.known_at)"
        " OR l.seq > (SELECT min(seq) FROM operation p WHERE p.occurred_at >= l.known_at)"
    )
    await connection.close()
    assert labels == replayed.labelled == 4000 - 7 * 1440 // 14
    assert order[0]["count"] == 0
    table = pa_parquet.read_table(payments)
    at = table["TX_DATETIME"].cast("timestamp[us]").cast("int64").to_numpy()
    columns = [table[name].to_numpy().astype(np.int64) for name in ("CUSTOMER_ID", "TERMINAL_ID", "TX_FRAUD")]
    cents = np.rint(table["TX_AMOUNT"].to_numpy() * 100).astype(np.int64)
    index = load_pack("handbook-published").index
    facts = [msgspec.msgpack.decode(row["facts"]) for row in rows]
    for name, values in published(columns[0], columns[1], at, cents, columns[2]).items():
        assert [row[index[name]] for row in facts] == values.tolist(), name
