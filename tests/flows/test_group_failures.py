"""Goal: whatever breaks, nobody is decided on something that was not recorded, and every retry is safe."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from countermand.adapters.postgres.availability import unavailable
from countermand.flows.house import House
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.work.record import RowRefused
from flows.stage import (
    Faults,
    answer_of,
    assert_windows_equal_the_record,
    break_store,
    commits_held,
    facts_of,
    house_on,
    outcome_of,
    payment,
    until,
)

LOST = Unavailable("database_away", "lost", "丢失")
BREAKS = [LOST, asyncpg.DiskFullError("no space left on device"), RuntimeError("a bug")]


async def decided_or_refused(house: House, operations: list[Any]) -> list[Any]:
    """What each operation got, refusals as values."""
    return list(
        await asyncio.gather(
            *(house.decider.decide(operation, None) for operation in operations), return_exceptions=True
        )
    )


@pytest.mark.parametrize("step", ["look_up", "commit", "committed"])
@pytest.mark.parametrize("error", BREAKS, ids=["lost", "disk-full", "bug"])
async def test_a_group_that_fails_leaves_no_trace(
    house: House, tables: Any, step: str, error: Exception
) -> None:
    """The refused retry the same request, and every window equals the record before and after."""
    first = payment()
    await house.decider.decide(first, None)
    house.decider._accounts.clear()  # what it remembers it need not look up
    break_store(house, {(step, 1): error})
    lost = [payment() for _ in range(5)]
    results = await house.decider.decide_many(lost, None)
    assert all(isinstance(result, CountermandError) for result in results)
    kept = 5 if step == "committed" else 0
    assert await tables.fetchval("SELECT count(*) FROM operation") == 1 + kept
    again = await house.decider.decide_many(lost, None)
    assert [outcome_of(answer) for answer in again] == ["allow"] * 5
    assert [
        await tables.fetchval("SELECT answer FROM operation WHERE id = $1", operation.id)
        for operation in lost
    ] == again
    assert await assert_windows_equal_the_record(house, tables) == 6
    assert [(await facts_of(house, operation.id))["operations_1m"] for operation in lost] == [2, 3, 4, 5, 6]
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'operation.decided'") == 6


@pytest.mark.parametrize("step", ["commit", "committed"])
async def test_a_neighbour_decided_on_top_is_decided_again(house: House, tables: Any, step: str) -> None:
    """The second group saw the first in the windows; the first fails; the second is decided anew.

    Without the first, or with it where the lost commit had happened after all.
    """
    gate = asyncio.Event()

    async def fail_when_told() -> None:
        await gate.wait()
        raise LOST

    faults = break_store(house, {(step, 1): fail_when_told})
    below, above = payment(minor=11), payment(minor=22)
    first = asyncio.create_task(house.decider.decide(below, None))
    await until(lambda: faults.calls.get(step) == 1)
    second = asyncio.create_task(house.decider.decide(above, None))
    await until(lambda: house.decider._recent.get(above.id) is not None)
    gate.set()
    with pytest.raises(Unavailable):
        await first
    assert outcome_of(await second) == "allow"
    kept = step == "committed"
    assert (await facts_of(house, above.id))["paid_1m"] == (33 if kept else 22)
    assert await assert_windows_equal_the_record(house, tables) == (2 if kept else 1)
    await house.decider.decide(below, None)
    assert (await facts_of(house, below.id))["paid_1m"] == (11 if kept else 33)
    assert await assert_windows_equal_the_record(house, tables) == 2


async def test_the_settling_of_a_lost_commit_waits_for_the_database(house: House, tables: Any) -> None:
    """While nobody can say whether the commit happened, nothing is decided; then the windows take it in."""
    break_store(house, {("committed", 1): LOST, ("recorded", 1): LOST, ("recorded", 2): LOST})
    lost, later = payment(), payment()
    for operation in (lost, later, later):
        with pytest.raises(Unavailable):
            await house.decider.decide(operation, None)
    await house.decider.decide(later, None)
    assert (await facts_of(house, later.id))["operations_1m"] == 2
    assert await assert_windows_equal_the_record(house, tables) == 2


async def test_one_refused_row_fails_alone_between_overlapping_groups(database_dsn: str, tables: Any) -> None:
    """The database refuses one row's data: all neighbours are decided, in its group and in others."""
    poison = payment(minor=13)

    class Refusing(Faults):
        async def commit(self, lane: int, rows: Any, guards: Any, facts: Any, holds: Any) -> None:
            if any(row.id == poison.id for row in rows):
                raise RowRefused("as if its data could not be kept")
            await super().commit(lane, rows, guards, facts, holds)

    async with house_on(database_dsn, group_size_max=4) as house:
        house.decider.store = Refusing(house.decider.store, {})
        good = [payment() for _ in range(30)]
        results = await decided_or_refused(house, [*good[:9], poison, *good[9:]])
        assert all(isinstance(result, bytes) for n, result in enumerate(results) if n != 9)
        assert (results[9].code, results[9].http_status) == ("unrecordable_operation", 400)
        assert await assert_windows_equal_the_record(house, tables) == 30


async def test_a_storm_of_failures_never_shows(database_dsn: str, tables: Any) -> None:
    """Steps break again and again, before or after the fact, under clients that retry until they succeed."""
    async with house_on(database_dsn, group_size_max=5) as house:
        plan: dict[tuple[str, int], Any] = {}
        for step, every in (("look_up", 3), ("commit", 7), ("committed", 5), ("recorded", 3)):
            plan |= {(step, n): BREAKS[n % 3] for n in range(every, 400, every)}
        break_store(house, plan)
        operations = [payment(f"a-{n % 3}", minor=n + 1) for n in range(150)]

        async def insist(operation: Any) -> bytes:
            while True:
                try:
                    return await house.decider.decide(operation, None)
                except CountermandError:
                    await asyncio.sleep(0.005)

        answers = await asyncio.gather(*map(insist, operations))
        assert await assert_windows_equal_the_record(house, tables) == 150
        rows = await tables.fetch("SELECT id, answer FROM operation ORDER BY seq")
        assert {row["id"]: row["answer"] for row in rows} == {
            operation.id: answer for operation, answer in zip(operations, answers, strict=True)
        }
        counts: dict[str, int] = {}
        for row in rows:
            facts = await facts_of(house, row["id"])
            counts[facts["account"]] = counts.get(facts["account"], 0) + 1
            assert facts["operations_1m"] == counts[facts["account"]]


async def test_killed_backends_cost_a_retry_and_nothing_else(house: House, tables: Any) -> None:
    """The database ends our connections at any moment; the clients insist; every window equals the record."""
    operations = [payment(f"a-{n % 5}") for n in range(1800)]
    refused = 0

    async def insist(operation: Any) -> bytes:
        nonlocal refused
        while True:
            try:
                return await house.decider.decide(operation, None)
            except Unavailable:
                refused += 1
                await asyncio.sleep(0.005)

    async def clients(part: list[Any]) -> list[bytes]:
        return [await insist(operation) for operation in part]

    load = asyncio.gather(*(clients(operations[n::30]) for n in range(30)))
    killed = 0
    while not load.done():
        killed += await tables.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'countermand'"
        )
        await asyncio.sleep(0.03)
    answers = [answer for part in await load for answer in part]
    assert killed > 0
    assert refused > 0
    assert len({answer_of(answer)["id"] for answer in answers}) == 1800
    assert await assert_windows_equal_the_record(house, tables) == 1800


async def test_a_fenced_server_stops_deciding(house: House, tables: Any) -> None:
    """Another server has taken over: nothing more is decided here, and it says so when asked."""
    await house.decider.decide(payment(), None)
    await tables.execute("UPDATE server_epoch SET epoch = epoch + 1")
    with pytest.raises(Unavailable):
        await house.decider.decide(payment(), None)
    assert await tables.fetchval("SELECT count(*) FROM operation") == 1
    assert await house.readiness() == {"database": True, "epoch": False, "clock": True}


async def test_a_second_server_is_refused_with_reason_and_remedy(house: House, database_dsn: str) -> None:
    """The refusal names what is wrong and what to do, in both languages."""
    with pytest.raises(CountermandError) as refusal:
        async with house_on(database_dsn):
            pass
    assert refusal.value.code == "database_in_use"
    assert "stop the other server" in refusal.value.text.en
    assert "停止另一台" in refusal.value.text.zh
    await house.decider.decide(payment(), None)


async def test_taking_over_waits_for_a_commit_in_flight(database_dsn: str, tables: Any) -> None:
    """The old server lost its seat while it committed a group: the new one counts that group."""
    async with house_on(database_dsn) as old:
        async with commits_held(tables) as one_waits:
            deciding = asyncio.create_task(old.decider.decide(payment(), None))
            await one_waits()
            await tables.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'countermand seat' AND datname = current_database()"
            )
            taking = asyncio.create_task(_take_over(database_dsn, tables))
            await asyncio.sleep(0.3)
            assert not taking.done(), "it must not read the record before the commit has ended"
        assert isinstance(await deciding, bytes)
        assert await taking == 1
        with pytest.raises(Unavailable):
            await old.decider.decide(payment(), None)


async def _take_over(dsn: str, tables: Any) -> int:
    async with house_on(dsn) as new:
        await new.decider.decide(payment(), None)
        await assert_windows_equal_the_record(new, tables)
        return new.rebuilt


async def test_a_commit_nobody_waits_for_is_waited_for(house: House, tables: Any) -> None:
    """Our end of the connection breaks while the database still works on the group.

    Nothing is decided before it has ended; then the windows take in what was recorded.
    """
    lost = payment()
    async with commits_held(tables) as one_waits:
        deciding = asyncio.create_task(house.decider.decide(lost, None))
        await one_waits()
        for connection in house.decider.store._connections:
            if connection is not None:
                connection.terminate()
        with pytest.raises(Unavailable):
            await deciding
        later = asyncio.create_task(house.decider.decide_many([lost, payment()], None))
        await asyncio.sleep(0.3)
        assert not later.done(), "whether the first is recorded cannot be known yet"
    results = await later
    assert results[0] == await tables.fetchval("SELECT answer FROM operation WHERE id = $1", lost.id)
    assert isinstance(results[1], bytes)
    assert await assert_windows_equal_the_record(house, tables) == 2


def test_what_a_database_in_trouble_says_is_a_503() -> None:
    """A full disk and a lost connection are the same to the caller: not now, and the retry is safe."""
    refusal = unavailable(asyncpg.DiskFullError("no space left on device"))
    assert (refusal.code, refusal.http_status) == ("database_away", 503)
