"""Goal: every decision knows the labels recorded before it and no other, whatever breaks or starts anew.

Method: crowds of operations and labels at once; then the tables alone say what each window had to be.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.label_history import label_history
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import ManualClock, rfc3339
from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from flows.labels_stage import (
    HOUR,
    assert_decided_on_what_was_known,
    label,
    labelled,
    labelled_policy,
    recorded_order,
)
from flows.stage import NOON, SECOND, break_store, facts_of, house_on, payment, windows_of
from flows.test_group_failures import BREAKS


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy whose features look at labels."""
    return labelled_policy(tmp_path / "labelled")


def crowd(draw: random.Random, count: int) -> list[Any]:
    """Payments of few accounts at few instants, many of them ties, some late."""
    return [
        payment(
            f"a-{draw.randrange(3)}",
            at=NOON - draw.choice([0, 0, 1, SECOND, HOUR, 25 * HOUR]),
            minor=draw.randrange(1, 2_000),
            counterparty={"id": f"c-{draw.randrange(2)}"},
        )
        for _ in range(count)
    ]


async def at_once(house: Any, draw: random.Random, operations: list[Any], insist: bool = False) -> None:
    """Decide all, and label most of them, also twice and differently, as soon as each is answered."""

    async def until_done(one: Any) -> None:
        while True:
            try:
                await one()
                return
            except CountermandError as refusal:
                if not insist or refusal.http_status < 500:
                    raise
                await asyncio.sleep(0.005)

    async def one_label(operation: Any, fraud: bool) -> None:
        (result,) = await labelled(house, label(operation.id, fraud))
        if isinstance(result, CountermandError):
            raise result

    async def story(operation: Any) -> None:
        await asyncio.sleep(draw.random() * 0.2)
        await until_done(lambda: house.decider.decide(operation, None))
        for _ in range(draw.choice((0, 1, 1, 2, 3))):
            fraud = draw.random() < 0.6
            await until_done(lambda fraud=fraud: one_label(operation, fraud))
            await asyncio.sleep(draw.random() * 0.1)

    await asyncio.gather(*map(story, operations))


async def all_windows(house: Any, tables: Any) -> list[Any]:
    """What the windows say to every operation of the record, at several instants."""
    program = house.program
    rows = [row for row in await recorded_order(tables) if "facts" in row.keys()]  # noqa: SIM118
    import msgspec

    asking = [
        program.observation(msgspec.msgpack.decode(row["facts"])[: program.given_count]) for row in rows
    ]
    return [windows_of(house, asking, at) for at in (NOON, NOON - HOUR, NOON + HOUR, NOON + 26 * HOUR)]


async def test_every_decision_saw_the_labels_recorded_before_it(
    database_dsn: str, tables: Any, policy: Path
) -> None:
    """Concurrent operations, labels, corrections, ties, late arrivals; then a restart, and more of them."""
    draw = random.Random(7)
    async with house_on(database_dsn, policy=policy, group_size_max=6) as house:
        operations = crowd(draw, 120)
        await at_once(house, draw, operations)
        assert await assert_decided_on_what_was_known(house, tables) == 120 * 8
        before = await all_windows(house, tables)
    async with house_on(database_dsn, policy=policy, group_size_max=6) as house:
        assert await all_windows(house, tables) == before
        await at_once(house, draw, crowd(draw, 40))
        await at_once(house, draw, [])
        await labelled(house, *(label(one.id, draw.random() < 0.5, "appeal") for one in operations))
        for one in crowd(draw, 20):
            await house.decider.decide(one, None)
        assert await assert_decided_on_what_was_known(house, tables) == 180 * 8
        for one in operations[:10]:
            assert (await replay_decision(house, one.id))["identical"]


async def test_labels_survive_whatever_breaks(database_dsn: str, tables: Any, policy: Path) -> None:
    """Steps fail before or after the fact; the windows equal those of a start from the record."""
    draw = random.Random(3)
    async with house_on(database_dsn, policy=policy, group_size_max=4) as house:
        plan: dict[tuple[str, int], Any] = {}
        for step, every in (("look_up", 9), ("commit", 8), ("committed", 7), ("recorded", 3)):
            plan |= {(step, n): BREAKS[0] for n in range(every, 900, every)}
        break_store(house, plan)
        # Each at an instant of its own: what is put back after a failed correction comes last among its ties.
        apart = [
            payment(f"a-{n % 3}", at=NOON - draw.choice([0, HOUR, 25 * HOUR]) - n, minor=n + 1)
            for n in range(80)
        ]
        await at_once(house, draw, apart, insist=True)
        assert await assert_decided_on_what_was_known(house, tables) == 80 * 8
        after = await all_windows(house, tables)
    async with house_on(database_dsn, policy=policy) as house:
        assert await all_windows(house, tables) == after


async def test_the_same_label_again_changes_nothing(database_dsn: str, tables: Any, policy: Path) -> None:
    """One row, one fact, the same answer; another source or verdict is a new label that corrects it."""
    async with house_on(database_dsn, policy=policy) as house:
        one = payment()
        await house.decider.decide(one, None)
        (first,) = await labelled(house, label(one.id, at=NOON - HOUR))
        again = await labelled(house, label(one.id, at=NOON - HOUR), label(one.id))
        assert first["changed"] is True
        assert again == [{**first, "changed": False}] * 2
        (corrected,) = await labelled(house, label(one.id, fraud=False))
        (other,) = await labelled(house, label(one.id, fraud=False, source="customer"))
        assert corrected["corrects"] == first["label"]
        assert other["corrects"] == corrected["label"]
        rows = await tables.fetch("SELECT * FROM label ORDER BY seq")
        assert [(row["fraud"], row["source"], row["recorded_by"]) for row in rows] == [
            (True, "chargeback", "tester"),
            (False, "chargeback", "tester"),
            (False, "customer", "tester"),
        ]
        facts = await tables.fetch(
            "SELECT body, kind FROM journal WHERE kind = 'operation.labelled' ORDER BY seq"
        )
        assert len(facts) == 3
    async with house_on(database_dsn, policy=policy) as house:
        (after_restart,) = await labelled(house, label(one.id, fraud=False, source="customer"))
        assert after_restart == {**other, "changed": False, "corrects": None}


async def test_a_label_in_the_middle_of_a_queue_is_known_to_what_follows(
    database_dsn: str, tables: Any, policy: Path
) -> None:
    """Operation, its label, operation: in one group the second sees the label, the first does not."""
    async with house_on(database_dsn, policy=policy) as house:
        first, second = payment(minor=5), payment(minor=6)
        answers = await asyncio.gather(
            house.decider.decide(first, None),
            labelled(house, label(first.id)),
            house.decider.decide(second, None),
        )
        assert answers[1][0]["changed"] is True
        assert (await facts_of(house, first.id))["fraud_seen"] == 0
        assert (await facts_of(house, second.id))["fraud_seen"] == 1
        assert (await facts_of(house, second.id))["last_fraud"] == 5


async def test_what_cannot_be_labelled_is_refused_alone(database_dsn: str, tables: Any, policy: Path) -> None:
    """An operation nobody decided, a verdict from the future, half a character; the others are recorded."""
    async with house_on(database_dsn, policy=policy) as house:
        one = payment()
        await house.decider.decide(one, None)
        unknown, future, torn, fine = await labelled(
            house,
            label("never-seen"),
            label(one.id, at=NOON + 24 * HOUR),
            label("\ud800"),
            label(one.id),
        )
        assert (unknown.code, unknown.http_status) == ("unknown_operation", 404)
        assert isinstance(unknown, NotFound)
        assert [refusal.code for refusal in (future, torn)] == ["label_known_in_the_future", "invalid_label"]
        assert isinstance(future, BadRequest)
        assert fine["fraud"] is True
        assert await tables.fetchval("SELECT count(*) FROM label") == 1


async def test_a_label_for_what_no_window_reaches_is_recorded_only(
    database_dsn: str, tables: Any, policy: Path
) -> None:
    """Twelve days later the operation is out of sight: the label is kept, and every window is as it was."""
    old = payment()
    async with house_on(database_dsn, policy=policy) as house:
        await house.decider.decide(old, None)
    clock = ManualClock(NOON + 12 * 24 * HOUR)
    async with house_on(database_dsn, clock, policy=policy) as house:
        (answer,) = await labelled(house, label(old.id))
        assert answer["changed"] is True
        later = payment(at=clock.now())
        await house.decider.decide(later, None)
        facts = await facts_of(house, later.id)
        assert (facts["fraud_seen"], facts["let_through"], facts["since_fraud"]) == (0, 0, None)
        assert await assert_decided_on_what_was_known(house, tables) == 2 * 8


async def test_labels_come_back_under_another_policy(
    database_dsn: str, tables: Any, policy: Path, tmp_path: Path
) -> None:
    """A policy with other windows finds the labels recorded before it, and labels what was decided then."""
    draw = random.Random(11)
    operations = crowd(draw, 30)
    async with house_on(database_dsn, policy=policy) as house:
        await at_once(house, draw, operations)
    changed = labelled_policy(
        tmp_path / "changed",
        **{
            'version: "1"': 'version: "2"',
            "fraud_seen: {count: operations, where: fraud, by: account, over: 7 days}": "fraud_seen: {count: "
            'operations, where: "fraud AND amount > cny(5)", by: account, over: 8 days}',
        },
    )
    async with house_on(database_dsn, policy=changed) as house:
        await labelled(house, *(label(one.id, True, "appeal") for one in operations))
        probe = payment("a-1")
        await house.decider.decide(probe, None)
        expected = sum(one.account == "a-1" and one.amount.minor > 500 for one in operations)
        assert (await facts_of(house, probe.id))["fraud_seen"] == expected
    async with house_on(database_dsn, policy=changed) as house:
        again = payment("a-1")
        await house.decider.decide(again, None)
        assert (await facts_of(house, again.id))["fraud_seen"] == expected


async def test_the_history_of_a_label_is_whole_and_in_order(database_dsn: str, policy: Path) -> None:
    """Labels, corrections and who sent them; what changed nothing is not there; page by page."""
    async with house_on(database_dsn, policy=policy) as house:
        one, other = payment("a-1"), payment("a-2")
        await house.decider.decide(one, None)
        assert (await label_history(house, one.id))["labels"] == []
        for fraud in (True, True, False, True):
            await labelled(house, label(one.id, fraud, at=NOON - HOUR))
        await house.decider.decide(other, None)
        await labelled(house, label(other.id, False))
        history = await label_history(house, one.id)
        lines = history["labels"]
        page = await label_history(house, one.id, lines[0]["label"])
        with pytest.raises(NotFound, match="unknown_operation"):
            await label_history(house, "nobody")
    assert history["operation"] == one.id
    assert [line["fraud"] for line in lines] == [True, False, True]
    assert [line["corrects"] for line in lines] == [None, lines[0]["label"], lines[1]["label"]]
    assert [line["seq"] for line in lines] == sorted({line["seq"] for line in lines})
    assert {line["recorded_by"] for line in lines} == {"tester"}
    assert {line["known_at"] for line in lines} == {rfc3339(NOON - HOUR)}
    assert page["labels"] == lines[1:]
