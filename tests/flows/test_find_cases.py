"""Goal: the desk finds the next case and any case, and nobody learns more than they may.

Method: a house on a database of its own, reports heard as people make them, the manual clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.app import read_triage_taxonomies
from countermand.cases.imports import ImportMapping, read_import_mapping
from countermand.flows.case_events import Happenings
from countermand.flows.desk_measures import desk_measures
from countermand.flows.export_cases import CFPB_COLUMNS, cfpb_row, export_cases, json_row
from countermand.flows.find_cases import (
    drop_queue,
    filter_of,
    list_cases,
    list_queues,
    save_queue,
    search_cases,
)
from countermand.flows.house import House
from countermand.flows.import_cases import Row, import_cases
from countermand.flows.manage_keys import create_key
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.flows.wake_clocks import wake_clocks
from countermand.kernel.clock import MICROS_PER_DAY, ManualClock
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.clocks import CLOCK_TIMER
from countermand.vocabulary.queues import QueueFilter
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.staff import Member, Role
from countermand.vocabulary.triage import Risk
from flows.report_stage import reporting_house, said
from flows.stage import NOON, SECOND

STOLEN = "我的银行卡被盗刷了三笔，请尽快处理"
QUESTION = "请问怎么修改登录密码？"


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as opened:
        yield opened


async def hear(house: House, text: str = STOLEN, **more: Any) -> str:
    """Somebody says something; the number of the case as it is shown."""
    received = await receive_report(house.reception, said(text, **more), "app")
    return str(received.answer["number"])


async def happen(house: House, number: str, kind: EventKind, body: dict[str, Any]) -> None:
    """Somebody at the desk does something to a case."""
    case = (await dossier_of(house.reception, number)).case
    async with house.works.open() as unit:
        (locked,) = await unit.cases.lock([case.id])
        now = Happenings(locked, house.clock.now())
        now.happen(kind, body, "li")
        await now.write(unit, house.reception)


async def wake(house: House) -> None:
    """What is due by now happens to the clocks, as the worker does it."""
    async with house.works.open() as unit:
        timers = await unit.timers.claim(CLOCK_TIMER, house.clock.now(), 100)
        await wake_clocks(house.reception.clocks.house, unit, timers)


async def order(house: House, **wanted: Any) -> list[str]:
    """The numbers of a list."""
    return [one["case"] for one in (await list_cases(house.reception, QueueFilter(**wanted), "li"))["cases"]]


async def test_the_nearest_clock_goes_first_then_risk_then_who_has_proven_it(
    house: House, clock: ManualClock
) -> None:
    """Cases heard within a quarter of an hour: the graver first, and of two alike the proven one."""
    question = await hear(house, QUESTION, account="a-1")
    claimed = await hear(house, account="a-2", sender=said("", Standing.CLAIMED).sender)
    clock.advance(SECOND)
    proven = await hear(house, account="a-3", received_at=clock.now())
    clock.advance(20 * 60 * SECOND)
    later = await hear(house, account="a-4", received_at=clock.now())
    first = await order(house)
    # Who was robbed is called within hours, who asked something within a day.
    assert first == [proven, claimed, later, question]
    lines = (await list_cases(house.reception, QueueFilter(), "li"))["cases"]
    assert lines[0]["proven"]
    assert lines[0]["clock"] is not None
    assert lines[0]["seconds_left"] > 0


async def test_pages_follow_one_another_and_end(house: House) -> None:
    """Five cases in pages of two: each once, in the order of the whole; a place that is none is refused."""
    for number in range(5):
        await hear(house, QUESTION, account=f"a-{number}")
    whole = await order(house)
    seen, after = list[str](), ""
    while True:
        page = await list_cases(house.reception, QueueFilter(), "li", after, 2)
        seen += [one["case"] for one in page["cases"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == whole
    assert len(whole) == 5
    with pytest.raises(BadRequest, match="bad_cursor"):
        await list_cases(house.reception, QueueFilter(), "li", "bm9wZQ")


async def test_filters_and_counts_agree(house: House, clock: ManualClock) -> None:
    """Whoever sleeps, is owned, tagged, or overdue is in the queue that says so, and counted there."""
    mine = await hear(house, account="a-1")
    asleep = await hear(house, QUESTION, account="a-2")
    tagged = await hear(house, QUESTION, account="a-3")
    await happen(house, mine, EventKind.ASSIGNED, {"owner": "li", "team": "loss"})
    await happen(house, asleep, EventKind.SNOOZED, {"until": clock.now() + MICROS_PER_DAY})
    await happen(house, tagged, EventKind.TAGGED, {"tag": "press", "on": True})
    assert await order(house, owner="@me") == [mine]
    assert await order(house, unowned=True) == [tagged]
    assert await order(house, snoozed=True) == [asleep]
    assert await order(house, tag="press", team="loss") == []
    assert await order(house, risk=(Risk.P0, Risk.P1), account="a-1") == [mine]
    await save_queue(house.reception, "press", QueueFilter(tag="press"), "li", shared=True)
    await save_queue(house.reception, "loss", QueueFilter(team="loss"), "wang", shared=False)
    counts = {one["name"]: one["count"] for one in (await list_queues(house.reception, "li"))["queues"]}
    assert counts["all"] == 2
    assert (counts["mine"], counts["asleep"], counts["press"], counts["overdue"]) == (1, 1, 1, 0)
    assert "loss" not in counts
    clock.advance(MICROS_PER_DAY)
    assert len(await order(house)) == 3
    with pytest.raises(Conflict, match="queue_shipped"):
        await save_queue(house.reception, "mine", QueueFilter(), "li", shared=False)
    await drop_queue(house.reception, "press", "wang", shared=True)
    with pytest.raises(NotFound, match="unknown_queue"):
        await filter_of(house.reception, "press", "li")


async def test_an_overdue_case_is_first_until_it_is_made_good(
    house: House, clock: ManualClock, tables: asyncpg.Connection[Any]
) -> None:
    """A clock that was missed keeps its case in front; what closes the case takes it off the list."""
    late = await hear(house, QUESTION, account="a-1")
    clock.advance(2 * MICROS_PER_DAY)
    await wake(house)
    await hear(house, account="a-2", received_at=clock.now())
    assert (await order(house, overdue=True), (await order(house))[0]) == ([late], late)
    await happen(house, late, EventKind.MESSAGE_ADDED, {"message": "m", "direction": "out", "channel": "app"})
    assert await order(house, overdue=True) == []
    await happen(house, late, EventKind.OUTCOME_SET, {"outcome": "answered"})
    await happen(house, late, EventKind.CLOSED, {"root_cause": "no_fault"})
    assert late not in await order(house)
    # Every row says what the fold says, whatever was written in which order.
    wrong = await tables.fetchval(
        "SELECT count(*) FROM case_listed AS l JOIN case_file AS c ON c.id = l.case_id "
        "WHERE (l.stage, l.risk, l.ball, l.owner) IS DISTINCT FROM (c.stage, c.risk, c.ball, c.owner)"
    )
    assert wrong == 0


async def test_words_are_found_in_both_languages_and_highlighted(house: House) -> None:
    """Two characters, one character, words of two languages together; nothing where one part is missing."""
    theft = await hear(house, "My card was 盗刷 twice, I want a refund", account="a-1")
    await hear(house, QUESTION, account="a-2")
    for search in ("盗刷", "刷", "refun", "盗刷 REFUND", "ｒｅｆｕｎｄ"):
        found = (await search_cases(house.reception, search, "li"))["messages"]
        assert [one["case"] for one in found] == [theft], search
        assert found[0]["highlights"], search
    (hit,) = (await search_cases(house.reception, "盗刷", "li"))["messages"]
    start, end = hit["highlights"][0]
    assert hit["text"][start:end] == "盗刷"
    for search in ("盗刷 密码", "刷盗", "und"):
        assert (await search_cases(house.reception, search, "li"))["messages"] == [], search
    with pytest.raises(BadRequest, match="nothing_to_find"):
        await search_cases(house.reception, " ，。 ", "li")


async def test_a_case_is_found_by_a_whole_number_that_nobody_keeps(
    house: House, tables: asyncpg.Connection[Any]
) -> None:
    """A phone however written, a card, both at once; a part of it finds nothing; no table holds it."""
    number = await hear(house, "手机13800138000，卡号6222021234567890128，不是我转的", account="a-1")
    other = await hear(house, "我的手机是13800138000，怎么改密码", account="a-2")
    for search, count in (
        ("138-0013-8000", 2),
        ("+86 13800138000", 2),
        ("6222 0212 3456 7890 128", 1),
        ("13800138000 6222021234567890128", 1),
        ("13800138000 密码", 1),
        ("1380013", 0),
    ):
        found = await search_cases(house.reception, search, "li")
        assert len(found["messages"]) == count, search
        assert "13800138000" not in str(found)
    by_number = await search_cases(house.reception, number, "li")
    assert [one["case"] for one in by_number["cases"]] == [number]
    kept = await tables.fetch("SELECT kind, octet_length(digest) AS bytes, t::text FROM message_value AS t")
    assert {row["kind"] for row in kept} == {"phone", "bank_card"}
    assert not any("13800138000" in row["t"] for row in kept)
    # And of a case about oneself or one's kin nobody finds a message.
    roles = frozenset({Role.AGENT})
    await create_key(house, "lis-key", ["desk"], "admin", staff="li", roles=sorted(roles))
    member = Member(name="li", roles=roles, own=frozenset({"a-1"}))
    async with house.works.open() as unit:
        await unit.desk.put_member(member, house.clock.now(), "admin")
    found = await search_cases(house.reception, "手机", "li")
    assert [one["case"] for one in found["messages"]] == [other]


MAPPING = """
source: oldesk
timezone: Asia/Shanghai
columns:
  {id: Ticket, text: Description, received: Created, closed: Solved, status: Status, account: Account,
   owner: Agent}
closed_statuses: [solved]
"""


def mapping() -> ImportMapping:
    """Of the desk before."""
    return read_import_mapping(MAPPING)


def row(line: int, ticket: str, **more: str) -> Row:
    """A ticket of the desk before, still open."""
    plain = {
        "Ticket": ticket,
        "Description": STOLEN,
        "Created": "2026-01-05 09:00",
        "Status": "open",
        "Account": "a-1",
    }
    return Row(line, {**plain, **more})


async def test_an_old_desk_comes_in_once_and_stops_nothing(
    house: House, tables: asyncpg.Connection[Any]
) -> None:
    """Closed cases arrive closed, bad rows are told with their line, and nobody is frozen or written to."""
    rows = [
        row(2, "T-1", Status="solved", Solved="2026-01-09 12:00", Agent="wang"),
        row(3, "T-2"),
        row(4, ""),
        row(5, "T-4", Created="yesterday"),
        row(6, "T-2"),
        row(7, "T-2", Description="别的内容"),
    ]
    dry = await import_cases(house.reception, rows, mapping(), "cli", dry_run=True)
    assert (dry.taken, dry.refused) == (4, 2)
    done = await import_cases(house.reception, rows, mapping(), "cli")
    assert (done.taken, done.known, done.closed, done.refused) == (2, 1, 1, 3)
    assert [(one.line, one.code) for one in done.refusals] == [
        (4, "bad_row"), (5, "bad_row"), (7, "key_reused"),
    ]  # fmt: skip
    again = await import_cases(house.reception, rows, mapping(), "cli")
    assert (again.taken, again.known) == (0, 3)
    (old,) = (await search_cases(house.reception, "old:T-1", "li"))["cases"]
    case = (await dossier_of(house.reception, old["case"])).case
    assert (case.stage.value, case.contained.value, case.owner) == ("closed", "none", "wang")
    assert case.first_at < NOON - 100 * MICROS_PER_DAY
    for table in ("standing_order", "promise", "clock", "effect"):
        assert await tables.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    # A young one keeps the clocks that still run: the first contact of a day is over and not made up.
    created = "2026-11-19 12:00"
    await import_cases(house.reception, [row(2, "T-9", Created=created)], mapping(), "cli")
    clocks = await tables.fetch(
        "SELECT policy, state, due_at > now_is AS ahead FROM clock, "
        "(SELECT to_timestamp($1::float8 / 1000000) AS now_is) AS n",
        NOON,
    )
    assert clocks
    assert all((one["state"], one["ahead"]) == ("running", True) for one in clocks)
    assert "stage.human_contact" not in {one["policy"] for one in clocks}


async def test_what_leaves_is_masked_and_in_the_columns_of_the_cfpb(house: House) -> None:
    """A complaint is a row without a digit of a number; a question is none; the JSON has all of a case."""
    number = await hear(
        house, "My phone is 13800138000. Somebody stole money: an unauthorized transfer", account="a-1"
    )
    await hear(house, QUESTION, account="a-2")
    cases = [one async for one in export_cases(house.reception, 0, NOON + 1)]
    assert len(cases) == 2
    places = read_triage_taxonomies().categories
    rows = [found for one in cases if (found := cfpb_row(one, places)) is not None]
    assert [one["Complaint ID"] for one in rows] == [number.replace(" ", "")]
    assert tuple(rows[0]) == CFPB_COLUMNS
    assert "XXXX" in rows[0]["Consumer complaint narrative"]
    assert "8000" not in str(rows)
    assert "13800138000" not in str([json_row(one) for one in cases])


async def test_the_clocks_of_a_case_under_somebodys_hands_wake_after_them(
    house: House, clock: ManualClock
) -> None:
    """Cases are locked before their clocks by everybody, so that no two wait for each other."""
    number = await hear(house, QUESTION, account="a-1")
    case = (await dossier_of(house.reception, number)).case
    clock.advance(2 * MICROS_PER_DAY)
    async with house.works.open() as unit:
        await unit.cases.lock([case.id])
        async with asyncio.timeout(30):
            await wake(house)
    assert await order(house, overdue=True) == []
    clock.advance(SECOND)
    await wake(house)
    assert await order(house, overdue=True) == [number]


async def test_the_measures_of_a_small_desk_are_exact(house: House, clock: ManualClock) -> None:
    """One reached in an hour, one missed; an hour before it was stopped; the report half an hour late."""
    early = await hear(house, QUESTION, account="a-1")
    late = await hear(house, QUESTION, account="a-2")
    clock.advance(3600 * SECOND)
    await happen(
        house, early, EventKind.MESSAGE_ADDED, {"message": "m", "direction": "out", "channel": "app"}
    )
    await happen(house, early, EventKind.STAGE_MOVED, {"stage": "investigate"})
    clock.advance(2 * MICROS_PER_DAY)
    await wake(house)
    shown = await desk_measures(house.reception)
    contact = shown["human_contact"]
    assert (contact["reached"], contact["within_day"], contact["missed"], contact["share_within_day"]) == (
        1,
        1,
        1,
        0.5,
    )
    assert contact["median_seconds"] == 3600.0
    assert [(one["stage"], one["median_seconds"]) for one in shown["stages"]] == [("intake", 3600.0)]
    assert (shown["heard"], shown["open"], shown["overdue"]) == (2, 2, 1)
    assert shown["earliness"]["reports"] == 0
    assert late
    with pytest.raises(BadRequest, match="bad_span"):
        await desk_measures(house.reception, NOON, NOON)
