"""Goal: the promises of the decision path, one at a time, on a real database."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
import pytest

from countermand.flows.house import House
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Unavailable
from flows.stage import (
    NOON,
    SECOND,
    answer_of,
    assert_windows_equal_the_record,
    break_store,
    facts_of,
    house_on,
    outcome_of,
    payment,
    until,
)

DAY = 86400 * SECOND


async def test_the_answer_comes_after_the_commit(house: House, tables: Any) -> None:
    """While the commit has not ended there is no answer; with the answer, the row and its fact are there."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    break_store(house, {("commit", 1): wait})
    operation = payment()
    deciding = asyncio.create_task(house.decider.decide(operation, "trace-1"))
    await until(lambda: house.decider.store.calls.get("commit") == 1)
    await asyncio.sleep(0.01)
    assert not deciding.done()
    assert await tables.fetchval("SELECT count(*) FROM operation") == 0
    gate.set()
    answer = await deciding
    row = await tables.fetchrow("SELECT * FROM operation")
    assert (row["id"], row["answer"], row["trace_id"]) == (operation.id, answer, "trace-1")
    facts = await tables.fetch("SELECT body, trace_id FROM journal WHERE kind = 'operation.decided'")
    assert [(msgspec.json.decode(f["body"])["operation"], f["trace_id"]) for f in facts] == [
        (operation.id, "trace-1")
    ]


@pytest.mark.parametrize("lanes", [1, 2])
async def test_the_same_request_gets_the_same_bytes_however_it_comes(database_dsn: str, lanes: int) -> None:
    """At once fifty times, later, in a batch, and after a restart: one decision, the same bytes."""
    operation = payment()
    async with house_on(database_dsn, groups_in_flight_max=lanes, group_size_max=4) as house:
        answers = await asyncio.gather(*(house.decider.decide(operation, None) for _ in range(50)))
        answers.append(await house.decider.decide(operation, None))
        answers += await house.decider.decide_many([operation, operation], None)
    async with house_on(database_dsn, ManualClock(NOON + SECOND)) as house:
        answers.append(await house.decider.decide(operation, None))
        assert house.rebuilt == 1
        assert (await facts_of(house, operation.id))["operations_1m"] == 1
    assert len(set(answers)) == 1


async def test_another_body_under_the_same_id_is_refused_wherever_they_meet(database_dsn: str) -> None:
    """In one group, in the neighbouring group in flight, later, and after a restart."""
    first, other = payment(minor=100), payment(minor=101)
    other = msgspec.structs.replace(other, id=first.id)
    async with house_on(database_dsn) as house:
        answer, refusal = await house.decider.decide_many([first, other], None)
        assert isinstance(answer, bytes)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "id_reused"
        gate = asyncio.Event()

        async def wait() -> None:
            await gate.wait()

        faults = break_store(house, {("commit", 1): wait})
        third, fourth = payment(minor=100), payment(minor=101)
        fourth = msgspec.structs.replace(fourth, id=third.id)
        deciding = asyncio.create_task(house.decider.decide(third, None))
        await until(lambda: faults.calls.get("commit") == 1)
        conflicting = asyncio.create_task(house.decider.decide(fourth, None))
        await until(lambda: not house.decider.waiting)
        await asyncio.sleep(0.02)
        assert not conflicting.done(), "what it conflicts with is not recorded yet"
        gate.set()
        assert isinstance(await deciding, bytes)
        with pytest.raises(Conflict):
            await conflicting
        with pytest.raises(Conflict):
            await house.decider.decide(other, None)
    async with house_on(database_dsn) as house:
        with pytest.raises(Conflict):
            await house.decider.decide(other, None)
        assert await house.decider.decide(first, None) == answer


@pytest.mark.parametrize("clients", [10, 100])
async def test_a_limit_holds_against_a_race(house: House, tables: Any, clients: int) -> None:
    """Payments of 500 yuan at once under a limit of 5,000 a day: ten pass, the limit is used up exactly."""
    answers = await asyncio.gather(
        *(
            house.decider.decide(payment(minor=50_000, device={"id": f"d-{n}"}), None)
            for n in range(clients + 10)
        )
    )
    outcomes = [outcome_of(answer) for answer in answers]
    assert outcomes.count("deny") == clients
    refused = next(answer_of(answer) for answer in answers if outcome_of(answer) == "deny")
    assert refused["reasons"][0]["rule"] == "limit.daily"
    assert await assert_windows_equal_the_record(house, tables) == clients + 10


async def test_every_window_is_exact_in_a_crowd(database_dsn: str, tables: Any) -> None:
    """Hundreds of operations with equal and disordered instants, in small groups, then a restart."""
    draw = random.Random(7)
    clock = ManualClock(NOON)
    operations = [
        payment(
            f"a-{draw.randrange(4)}",
            at=NOON - draw.randrange(5) * draw.choice([0, SECOND, 30 * SECOND]),
            minor=draw.randrange(1, 60_000),
            counterparty={"id": f"c-{draw.randrange(5)}"},
            device={"id": f"d-{draw.randrange(3)}"},
        )
        for _ in range(400)
    ]
    async with house_on(database_dsn, clock, group_size_max=7) as house:
        answers = await asyncio.gather(*(house.decider.decide(operation, None) for operation in operations))
        assert all(isinstance(answer, bytes) for answer in answers)
        assert await assert_windows_equal_the_record(house, tables) == 400
    async with house_on(database_dsn, clock) as house:
        assert house.rebuilt == 400
        assert await assert_windows_equal_the_record(house, tables) == 400
        assert await assert_windows_equal_the_record(house, tables, NOON + 59 * SECOND) == 400


async def test_the_order_of_the_record_is_the_order_of_deciding(database_dsn: str, tables: Any) -> None:
    """Two lanes write at the same time, yet each operation counts exactly those recorded before it."""
    async with house_on(database_dsn, group_size_max=3) as house:
        await asyncio.gather(*(house.decider.decide(payment("hot"), None) for _ in range(200)))
        rows = await tables.fetch("SELECT id FROM operation ORDER BY seq")
        counts = [(await facts_of(house, row["id"]))["operations_1m"] for row in rows]
    assert counts == list(range(1, 201))


async def test_every_decision_replays_to_the_same_bytes(house: House, tables: Any) -> None:
    """Reasons, unknowns and counterfactuals included."""
    draw = random.Random(3)
    more: list[dict[str, Any]] = [{}, {"device": None}, {"amount": None}, {"counterparty": None}]
    operations = [
        payment(f"a-{n % 3}", minor=draw.randrange(1, 90_000), **draw.choice(more)) for n in range(60)
    ]
    await house.decider.decide_many(operations, None)
    outcomes = set()
    for row in await tables.fetch("SELECT id, outcome FROM operation"):
        outcomes.add(row["outcome"])
        replayed = await replay_decision(house, row["id"])
        assert replayed["identical"], row["id"]
    assert {0, 4} <= outcomes


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON + 301 * SECOND, "occurred_in_the_future"),
        (253_402_300_799 * SECOND, "occurred_in_the_future"),
        (NOON - DAY - 1, "occurred_too_long_ago"),
        (-62_135_596_800 * SECOND, "occurred_too_long_ago"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_alone(house: House, at: int, code: str) -> None:
    """The refused row says why; its neighbours in the batch are decided."""
    before, refusal, after = await house.decider.decide_many([payment(), payment(at=at), payment()], None)
    assert isinstance(refusal, BadRequest)
    assert refusal.code == code
    assert (outcome_of(before), outcome_of(after)) == ("allow", "allow")


@pytest.mark.parametrize("at", [NOON + 300 * SECOND, NOON - DAY])
async def test_the_edges_of_time_are_decided(house: House, at: int) -> None:
    """Five minutes ahead and a day late are still answered."""
    assert outcome_of(await house.decider.decide(payment(at=at), None)) == "allow"


async def test_a_full_queue_refuses_at_once_and_the_retry_is_answered(database_dsn: str) -> None:
    """What does not fit is told 503; what was queued is answered; the refused one succeeds later."""
    async with house_on(database_dsn, queue_length_max=20, group_size_max=5) as house:
        gate = asyncio.Event()

        async def wait() -> None:
            await gate.wait()

        break_store(house, {("look_up", 1): wait, ("look_up", 2): wait})
        operations = [payment(minor=1) for _ in range(60)]
        waiting = [asyncio.create_task(house.decider.decide(operation, None)) for operation in operations]
        await until(lambda: sum(task.done() for task in waiting) >= 30)
        gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        refused = [
            operation
            for operation, result in zip(operations, results, strict=True)
            if isinstance(result, Unavailable) and result.code == "overloaded"
        ]
        assert len(refused) + sum(isinstance(result, bytes) for result in results) == 60
        assert len(refused) >= 30
        assert isinstance(await house.decider.decide(refused[0], None), bytes)


async def test_a_caller_who_goes_away_leaves_a_recorded_decision(house: House, tables: Any) -> None:
    """Cancelled while waiting: the operation is decided all the same, and the retry gets that answer."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    faults = break_store(house, {("commit", 1): wait})
    operation, neighbour = payment(), payment()
    leaving = asyncio.create_task(house.decider.decide(operation, None))
    staying = asyncio.create_task(house.decider.decide(neighbour, None))
    batch = asyncio.create_task(house.decider.decide_many([payment(), payment(at=0), payment()], None))
    await until(lambda: faults.calls.get("commit") == 1)
    leaving.cancel()
    batch.cancel()
    gate.set()
    assert isinstance(await staying, bytes)
    answer = await house.decider.decide(operation, None)
    assert answer == await tables.fetchval("SELECT answer FROM operation WHERE id = $1", operation.id)
    assert await assert_windows_equal_the_record(house, tables) == 4


async def test_closing_answers_what_was_queued(database_dsn: str) -> None:
    """The house ends with every accepted operation answered, and refuses those that come after."""
    async with house_on(database_dsn, group_size_max=2) as house:
        waiting = [asyncio.create_task(house.decider.decide(payment(), None)) for _ in range(20)]
        await asyncio.sleep(0)
        await house.decider.close()
        assert all(isinstance(answer, bytes) for answer in await asyncio.gather(*waiting))
        with pytest.raises(Unavailable) as refusal:
            await house.decider.decide(payment(), None)
        assert refusal.value.code == "closing"


async def test_text_that_no_database_keeps_fails_alone(house: House, tables: Any) -> None:
    """NUL and half characters cannot come through a door; from inside they fail alone, as a bad request."""
    poisons = [
        msgspec.structs.replace(payment(), id="nul\0"),
        msgspec.structs.replace(payment(), account="nul\0"),
        msgspec.structs.replace(payment(), id="half\ud800"),
    ]
    good = [payment(minor=1) for _ in range(4)]
    results = await house.decider.decide_many(
        [good[0], poisons[0], good[1], poisons[1], good[2], poisons[2]], None
    )
    for refusal in (results[1], results[3], results[5]):
        assert isinstance(refusal, CountermandError)
        assert (refusal.code, refusal.http_status) == ("unrecordable_operation", 400)
    assert [outcome_of(results[n]) for n in (0, 2, 4)] == ["allow"] * 3
    assert await assert_windows_equal_the_record(house, tables) == 3


async def test_a_decision_that_breaks_fails_alone(
    house: House, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in one operation's rules refuses that one and leaves no mark; its neighbours are decided."""
    bad = payment(minor=77)
    real = house.program.complete

    def complete(given: Any, windows: Any) -> Any:
        if 77 in given:
            raise ZeroDivisionError
        return real(given, windows)

    monkeypatch.setattr(house.program, "complete", complete)
    before, refusal, after = await house.decider.decide_many([payment(), bad, payment()], None)
    assert isinstance(refusal, CountermandError)
    assert (refusal.code, refusal.http_status) == ("internal_error", 500)
    assert (outcome_of(before), outcome_of(after)) == ("allow", "allow")
    assert await assert_windows_equal_the_record(house, tables) == 2
    monkeypatch.undo()
    assert outcome_of(await house.decider.decide(bad, None)) == "allow", "its id was not used up"
