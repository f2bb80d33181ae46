"""Goal: a shadow answers as its policy would have. Method: the same story decided for real, on PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.flows.keep_shadows import (
    compare_shadow,
    list_shadows,
    pause_shadow,
    remove_shadow,
    resume_shadow,
)
from countermand.flows.record_labels import label_operation
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.labels import Label
from countermand.work import ALL_GATES
from flows.shadow_stage import (
    HOUR,
    add,
    catch_up,
    changed,
    decided,
    following,
    play,
    shadowed,
    story,
)
from flows.stage import NOON, POLICY, SECOND, house_on, payment


async def test_a_shadow_of_the_live_policy_says_the_same(
    database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """Outcomes, scores and rules of every operation, with late arrivals, retries, freezes and two lanes."""
    async with house_on(database_dsn, clock, group_size_max=7) as house, following(database_dsn, clock) as f:
        await play(house, story(1, 150), clock)
        last = max(await decided(tables))
        await add(house, POLICY, "same")
        await play(house, story(2, 250), clock)
        crowd = [what for step, what in story(3, 300) if step == "decide"]
        clock.advance(100 * SECOND)
        await house.decider.decide_many(crowd, None)
        await catch_up(f)
        live = await decided(tables, last)
        assert len(live) > 400
        assert {outcome for outcome, _, _ in live.values()} >= {"allow", "challenge", "deny"}
        assert await shadowed(tables, "same") == live
        assert await tables.fetchval("SELECT count(*) FROM shadow_difference") == 0
        found = await compare_shadow(house, "same")
        assert found["operations"] == len(live)
        assert all(one["difference"]["value"] == 0 for one in found["shares"])
        assert {one["change"] for one in found["rules"]} == {"same"}


HURRY = ("payments_10s > 5 AND since_payment < INTERVAL '1 second'", "payments_10s > 1")
CHANGES = {
    "a-threshold": [HURRY],
    "a-longer-window": [("by: device, over: 20 seconds", "by: device, over: 8 hours")],
    "another-key-and-filter": [
        (
            "where: \"kind = 'payment'\", by: account, over: 10 seconds, own: excluded",
            "where: \"kind = 'payment' AND amount > cny(3)\", by: counterparty, over: 1 day",
        )
    ],
    "another-filter": [
        HURRY,
        (
            "count: operations, where: \"kind = 'payment'\", by: account, over: 10 seconds",
            "count: operations, where: \"kind <> 'payment'\", by: account, over: 10 seconds",
        ),
    ],
    "another-limit": [("per_day: cny(5000)", "per_day: cny(900)")],
    "more-facts": [("when: payees_1m > 3", "when: channel IS NULL AND payees_1m > 1")],
    "refusals-counted-longer": [
        (
            "where: \"outcome = 'deny'\", by: account, over: 1 minute",
            "where: \"outcome <> 'allow'\", by: account, over: 5 hours",
        ),
        ("AND refused_1m > 0 AND", "AND refused_1m > 4 AND"),
        ("last_payee = counterparty AND paid_1m > cny(100)", "paid_1m > cny(1)"),
    ],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_shadow_says_what_its_policy_would_have_decided(
    database_dsn: str, empty_database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path, change: str
) -> None:
    """The story is decided for real, restarted where the shadow began; the follower begins anew twice."""
    folder = changed(tmp_path / "changed", **dict(CHANGES[change]))
    before, after = story(5, 100), story(6, 320)
    async with house_on(database_dsn, clock, groups_in_flight_max=1) as house:
        await play(house, before, clock)
        last = max(await decided(tables))
        await add(house, folder, "candidate")
        for begin, end in ((0, 190), (190, 250), (250, 320)):
            async with following(database_dsn, clock) as follower:
                await play(house, after[begin:end], clock)
                await catch_up(follower)
        said = await shadowed(tables, "candidate")
        live = await decided(tables, last)
    again = ManualClock(NOON)
    async with house_on(empty_database_dsn, again, groups_in_flight_max=1) as house:
        await play(house, before, again)
    async with house_on(empty_database_dsn, again, policy=folder, groups_in_flight_max=1) as house:
        await play(house, after, again)
    connection = await asyncpg.connect(empty_database_dsn)
    expected = await decided(connection, last)
    await connection.close()
    assert said.keys() == live.keys() == expected.keys()
    assert said == expected
    assert live != expected, "the change must show"


async def test_what_a_group_in_flight_will_fill_is_waited_for(
    database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """A visible operation behind a gap waits for the group that is open; then both come, in order."""
    async with house_on(database_dsn, clock) as house:
        await add(house, POLICY, "same")
        await house.decider.decide_many([payment(f"b-{number}") for number in range(6)], None)
    writer = await asyncpg.connect(database_dsn)
    columns = (
        "id, account, kind, occurred_at, received_at, body_digest, body, decision_id, outcome, policy_id,"
        " facts, observation, standing, answer, trace_id"
    )
    copied = columns.replace("id,", "id || '-late',", 1).replace("decision_id", "decision_id || '-late'")
    insert = (
        f"INSERT INTO operation (seq, {columns}) OVERRIDING SYSTEM VALUE SELECT $1, {copied} FROM operation"
    )
    async with following(database_dsn, clock) as follower:
        late = writer.transaction()
        await late.start()
        await writer.execute("SELECT pg_advisory_xact_lock_shared($1)", ALL_GATES[3])
        await writer.execute(f"{insert} WHERE seq = 3", 7)
        await tables.execute(f"{insert} WHERE seq = 4", 8)  # number 8 is visible, number 7 is not
        catching = asyncio.create_task(catch_up(follower))
        await asyncio.sleep(0.3)
        assert not catching.done()
        await late.commit()
        assert await catching == 8
        assert list(await shadowed(tables, "same")) == [1, 2, 3, 4, 5, 6, 7, 8]
        late = writer.transaction()
        await late.start()
        await writer.execute("SELECT pg_advisory_xact_lock_shared($1)", ALL_GATES[5])
        await writer.execute(f"{insert.replace('-late', '-lost')} WHERE seq = 3", 9)
        await tables.execute(f"{insert.replace('-late', '-seen')} WHERE seq = 4", 10)
        catching = asyncio.create_task(catch_up(follower))
        await asyncio.sleep(0.1)
        await late.rollback()
        assert await catching == 1
        assert list(await shadowed(tables, "same"))[-2:] == [8, 10]
    await writer.close()


async def test_candidates_that_break_stop_alone(
    database_dsn: str, tables: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken one stops before the operation that broke it, with its reason; the other goes on."""
    async with house_on(database_dsn, clock) as house, following(database_dsn, clock) as follower:
        await add(house, POLICY, "good")
        await add(house, POLICY, "bad")
        await follower.attend()
        bad = next(one for one in follower._candidates.values() if one.shadow.name == "bad")
        evaluate = bad.program.evaluate

        def breaks(kind: str, facts: Any) -> Any:
            if facts[bad.program.index["amount"]] == 666:
                raise ZeroDivisionError("a value that must not be told")
            return evaluate(kind, facts)

        monkeypatch.setattr(bad.program, "evaluate", breaks)
        told = [payment(minor=minor) for minor in (1, 2, 666, 3)]
        for one in told:
            await house.decider.decide(one, None)
        assert await catch_up(follower) == 4
        assert list(await shadowed(tables, "good")) == [1, 2, 3, 4]
        assert list(await shadowed(tables, "bad")) == [1, 2]
        stopped, good = await list_shadows(house)
        assert (good["state"], good["position"], good["operations"]) == ("running", 4, 4)
        assert (stopped["state"], stopped["position"], stopped["operations"]) == ("paused", 2, 2)
        assert stopped["reason"]["code"] == "broken"
        assert told[2].id in stopped["reason"]["text"].en
        assert "ZeroDivisionError" in stopped["reason"]["text"].zh
        facts = await tables.fetch("SELECT body FROM journal WHERE kind = 'shadow.paused'")
        assert len(facts) == 1
        assert "must not be told" not in facts[0]["body"]
        await resume_shadow(house, "bad", "test")
        monkeypatch.undo()
        assert await catch_up(follower) == 2
        assert await shadowed(tables, "bad") == await shadowed(tables, "good") == await decided(tables)


async def test_a_candidate_that_falls_behind_is_paused_and_the_others_go_on(
    database_dsn: str, tables: Any, clock: ManualClock
) -> None:
    """The dearest one stops; who only begins far behind is left to catch up."""
    async with house_on(database_dsn, clock) as house:
        for name in ("cheap", "dear"):
            await add(house, POLICY, name)
        async with following(database_dsn, clock, shadow_lag_seconds_max=60) as follower:
            follower.batch_rows_max = 5
            await follower.attend()
            dear = next(one for one in follower._candidates.values() if one.shadow.name == "dear")
            for _ in range(4):
                await house.decider.decide_many([payment() for _ in range(5)], None)
                clock.advance(40 * SECOND)
            # Far behind at first (160 s), and catching up: nothing is wrong with that.
            assert [await follower.advance() for _ in range(2)] == [5, 5]
            assert len(follower._candidates) == 2
            dear.spent_seconds += 1000.0
            clock.advance(300 * SECOND)
            assert await follower.advance() == 5
            assert [one.shadow.name for one in follower._candidates.values()] == ["cheap"]
            await catch_up(follower)
        cheap, dear_one = await list_shadows(house)
        assert cheap["operations"] == 20
        assert dear_one["reason"]["code"] == "too_slow"
        assert dear_one["operations"] == 15


async def test_windows_on_labels_are_borrowed_or_refused(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """A candidate with such a window of its own stops with a reason, before it says anything."""
    frauds = '  frauds_1d: {count: operations, where: "fraud", by: device, over: 1 day, own: excluded}\n'
    rule = "  - {id: burnt, when: frauds_1d > 0, then: deny, if_unknown: skip, reason: {en: B, zh: 坏}}\n"
    folder = changed(tmp_path / "changed", **{"\nlimits:": f"{frauds}\nlimits:", "bands:": f"{rule}bands:"})
    async with house_on(database_dsn, clock) as house, following(database_dsn, clock) as follower:
        await add(house, folder, "labels")
        await add(house, POLICY, "same")
        await house.decider.decide(payment(), None)
        assert await catch_up(follower) == 1
        refused, same = await list_shadows(house)
        assert (refused["operations"], refused["reason"]["code"]) == (0, "own_windows_on_labels")
        assert "frauds_1d" in refused["reason"]["text"].en
        assert (same["operations"], same["state"]) == (1, "running")


async def test_labels_tell_the_precision_of_both(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """The last label of an operation counts, also one that came after the shadow had seen it."""
    folder = changed(tmp_path / "changed", **{"per_operation: cny(500)": "per_operation: cny(5)"})
    async with house_on(database_dsn, clock) as house, following(database_dsn, clock) as follower:
        await add(house, folder, "stricter")
        told = [payment(f"l-{n}", minor=minor) for n, minor in enumerate((100, 900, 900, 60_000))]
        for one in told:
            await house.decider.decide(one, None)
        clock.advance(SECOND)
        for number, fraud in ((0, True), (1, False), (1, True), (2, False), (3, True)):
            label = Label(fraud, "test", operation=told[number].id)
            await label_operation(house, label, "test")
        await house.decider.decide(payment("l-9"), None)
        assert await catch_up(follower) == 5
        found = await compare_shadow(house, "stricter")
        assert (found["operations"], found["labelled"]) == (5, 4)
        live, candidate = found["live_catch"], found["candidate_catch"]
        assert (live["fraud"], live["stopped"], live["fraud_stopped"]) == (3, 1, 1)
        assert (candidate["fraud"], candidate["stopped"], candidate["fraud_stopped"]) == (3, 3, 2)
        assert [one["operation"] for one in found["examples"]] == [told[2].id, told[1].id]


async def test_candidates_at_different_places_meet_and_share_their_windows(
    database_dsn: str, tables: Any, clock: ManualClock, tmp_path: Path
) -> None:
    """One that was paused catches up with the other; a removed one leaves nothing behind."""
    longer = changed(tmp_path / "longer", **dict(CHANGES["a-longer-window"]))
    async with house_on(database_dsn, clock) as house, following(database_dsn, clock) as follower:
        await add(house, longer, "one")
        await play(house, story(7, 40), clock)
        await add(house, longer, "two")
        await catch_up(follower)
        await pause_shadow(house, "one", "somebody")
        await play(house, story(8, 40), clock)
        await catch_up(follower)
        assert [one["state"] for one in await list_shadows(house)] == ["paused", "running"]
        await resume_shadow(house, "one", "somebody")
        await catch_up(follower)
        one, two = await shadowed(tables, "one"), await shadowed(tables, "two")
        assert len(one) > len(two) > 20
        await play(house, story(9, 10), clock)
        await catch_up(follower)
        assert {found.position for found in follower._candidates.values()} == {max(await decided(tables))}
        await remove_shadow(house, "one", "somebody")
        await follower.attend()
        assert await shadowed(tables, "one") == {}
        assert await tables.fetchval("SELECT count(DISTINCT shadow_id) FROM shadow_difference") <= 1


async def test_old_results_go(database_dsn: str, tables: Any, clock: ManualClock) -> None:
    """After the days that are kept, and not before the windows have forgotten them."""
    async with house_on(database_dsn, clock) as house:
        await add(house, POLICY, "same")
        await house.decider.decide_many([payment() for _ in range(3)], None)
        async with following(database_dsn, clock, shadow_days_kept=10) as follower:
            await catch_up(follower)
            for days, left in ((9, 1), (2, 0)):
                clock.advance(days * 24 * HOUR)
                await follower.attend()
                assert await tables.fetchval("SELECT count(*) FROM shadow_chunk") == left
