"""Goal: what was decided live comes back exactly as recorded, also for another policy, also in pieces.

Method: a house on real PostgreSQL decides; the record is exported, killed, extended and labelled.
"""

import asyncio
from contextlib import ExitStack

import asyncpg
import numpy as np
import pytest

from countermand.adapters.offline.facts_shelf import FactsShelf
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.record import PostgresRecord
from countermand.app import read_policy
from countermand.flows import facts_of_record
from countermand.flows.prepare_facts import facts_from_record
from countermand.kernel.errors import SetupError
from countermand.policy.package import compile_policy
from countermand.work import gate_of
from flows.files_of_payments import rows_of, untold
from flows.stage import NOON, POLICY, SECOND, facts_of, payment

DAY = 86400 * SECOND


@pytest.fixture
async def record(database_dsn):
    """The record of the test's database."""
    pool = await connect_pool(database_dsn, size_max=2)
    yield PostgresRecord(pool, database_dsn)
    await pool.close()


@pytest.fixture
def chunks(monkeypatch):
    """Small parts."""
    monkeypatch.setattr(facts_of_record, "PART_ROWS", 10)
    monkeypatch.setattr("countermand.adapters.postgres.record.CHUNK_ROWS", 7)


async def export(record, house, tmp_path, program, *, since=None, live=False, told=untold):
    """The facts table of a policy as rows, and what was said about it."""
    with ExitStack() as stack:
        prepared = await facts_from_record(
            record,
            await house.policy_shelf.sources(),
            {"record": await record.identity()},
            FactsShelf(tmp_path / "shelf"),
            [program],
            since,
            told,
            stack,
            live=live,
        )
        return rows_of(prepared.tables[0]), prepared


async def decide(house, count, first=0):
    """Some payments of several accounts, a few of them late."""
    made = []
    for number in range(first, first + count):
        late = 40 * SECOND if number % 9 == 4 else 0
        made.append(payment(f"a-{number % 4}", at=NOON - 10**9 + number * SECOND - late, minor=100 + number))
        await house.decider.decide(made[-1], None)
    return made


def torture():
    """The policy that decides on the stage."""
    return compile_policy(read_policy(POLICY))


async def test_facts_come_back_as_recorded(house, record, tmp_path, chunks):
    """Every given fact and, where they are asked for, every window; in the order of the record."""
    made = await decide(house, 33)
    program = torture()
    rows, prepared = await export(record, house, tmp_path, program, live=True)
    assert [row["id"] for row in rows] == [one.id for one in made]
    assert prepared.counts["decided_by"] == {program.label: 33}
    for row in rows:
        recorded = await facts_of(house, row["id"])
        told = {name.partition(".")[2]: value for name, value in row.items() if "." in name}
        assert told == recorded
        assert row["policy"] == program.label
        assert row["outcome"] in {"allow", "challenge", "hold", "approve", "deny"}


async def test_another_policy_gets_what_was_recorded_and_the_rest_is_named(house, record, tmp_path):
    """Fields of the operation are read again; profile, place and local time that nobody kept are told."""
    await decide(house, 5)
    files = dict(read_policy(POLICY))
    files["more.yaml"] = (
        "rules:\n  - {id: abroad, on: [payment], when: NOT home_ip AND local_hour < 6 AND session IS NULL, "
        "score: 5, if_unknown: skip, reason: {en: Abroad, zh: 异地}}\n"
    )
    program = compile_policy(files)
    rows, prepared = await export(record, house, tmp_path, program)
    for row in rows:
        recorded = await facts_of(house, row["id"])
        assert row["given.amount"] == recorded["amount"]
        assert (row["given.home_ip"], row["given.session"]) == (None, None)
    (lost,) = [one for one in prepared.remarks if one.code == "facts_not_recorded"]
    assert "home_ip (5)" in lost.text.en
    assert "home_ip (5)" in lost.text.zh


async def test_a_killed_export_goes_on_and_a_grown_record_is_extended(house, record, tmp_path, chunks):
    """Finished parts stay; new operations follow them; nothing is read twice or missed."""
    made = await decide(house, 40)
    program, seen = torture(), []

    def told(rows):
        seen.append(rows)
        if sum(seen) >= 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export(record, house, tmp_path, program, told=told)
    seen.clear()
    rows, _ = await export(record, house, tmp_path, program, told=seen.append)
    assert [row["id"] for row in rows] == [one.id for one in made]
    assert sum(seen) < 40
    seen.clear()
    made += await decide(house, 5, first=40)
    rows, prepared = await export(record, house, tmp_path, program, told=seen.append)
    assert [row["id"] for row in rows] == [one.id for one in made]
    assert (sum(seen), prepared.counts["kept"]) == (5, 45)


async def test_history_before_the_period_comes_along_as_far_as_windows_look(house, record, tmp_path):
    """What no window of the period can see is left out; what it would have liked to see is told."""
    program = torture()
    await decide(house, 4)
    rows, prepared = await export(
        record, house, tmp_path, program, since=NOON + program.plan.history_micros + 2 * DAY
    )
    assert rows == []
    rows, prepared = await export(record, house, tmp_path, program, since=NOON)
    assert len(rows) == 4
    assert "history_not_kept" in [one.code for one in prepared.remarks]


async def test_nothing_recorded_is_refused(house, record, tmp_path):
    """There is nothing to backtest on."""
    with pytest.raises(SetupError, match="nothing_recorded"):
        await export(record, house, tmp_path, torture())


async def test_the_horizon_waits_for_groups_that_are_still_committing(house, record, database_dsn):
    """A number below the highest one seen may still be on its way while its group holds its gates."""
    await decide(house, 3)
    connection = await asyncpg.connect(database_dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", gate_of("a-1"))
    waiting = asyncio.create_task(record.horizon())
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    await transaction.rollback()
    assert await asyncio.wait_for(waiting, 10) == 3
    await connection.close()


class Labelled:
    """The record with labels of the test's own."""

    def __init__(self, record, labels):
        self.record, self.told = record, labels

    def __getattr__(self, name):
        return getattr(self.record, name)

    async def horizon(self):
        return 1000

    async def labels(self, until):
        seq, label_seq, label = zip(*self.told, strict=True)
        return np.array(seq), np.array(label_seq), np.array(label, np.int8)


async def test_the_last_label_counts_and_corrections_are_kept(house, record, tmp_path, chunks):
    """A corrected label stands with its own number; every label is kept where one was corrected."""
    await decide(house, 25)
    told = [(3, 100, 1), (20, 101, 0), (3, 102, 0), (24, 103, 1), (24, 104, -1)]
    rows, prepared = await export(Labelled(record, told), house, tmp_path, torture())
    assert {row["seq"]: (row["label"], row["label_seq"]) for row in rows if row["label_seq"] is not None} == {
        3: (False, 102),
        20: (False, 101),
        24: (None, 104),
    }
    assert prepared.tables[0].corrections is not None


async def test_labels_of_the_database_stand_in_one_order_with_operations(
    house, record, tmp_path, database_dsn, chunks
):
    """A label recorded after the last operation belongs to what the export takes in."""
    made = await decide(house, 12)
    connection = await asyncpg.connect(database_dsn)
    await connection.execute(
        "INSERT INTO label (seq, id, operation_id, fraud, source, occurred_at, known_at, recorded_at, "
        "recorded_by) SELECT max(seq) + 1, 'lab-1', $1, true, 'test', now(), now(), now(), 'test' "
        "FROM operation",
        made[4].id,
    )
    await connection.close()
    rows, prepared = await export(record, house, tmp_path, torture())
    (labelled,) = [row for row in rows if row["label"] is not None]
    assert (labelled["id"], labelled["label"]) == (made[4].id, True)
    assert labelled["label_seq"] == max(row["seq"] for row in rows) + 1 == await record.horizon()
    assert prepared.tables[0].corrections is None
