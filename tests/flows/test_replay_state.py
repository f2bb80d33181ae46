"""Goal: stored state is what the journal tells, and a row that was changed by hand is named, with the fact.

Method: a case and an account through their lives, then one change with all rights; the commands as typed.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from countermand.app import open_replay
from countermand.flows.contain_now import contain_now
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.house import House
from countermand.flows.keep_own_limits import put_limit
from countermand.flows.shred_subjects import shred_case
from countermand.kernel.clock import ManualClock, moment_of
from countermand.kernel.errors import NotFound
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from countermand.transparency.replaying import Difference, Line, Thing, rebuilt
from countermand.vocabulary.acts import Promise, Take
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.incidents import ContainRequest, Preset
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.staff import Role
from countermand.work.tellings import Telling, bound, joined
from flows.case_stage import acted, case_at, opened, somebody
from flows.evidence_stage import brought, closed
from flows.stage import NOON, SECOND, house_on


@pytest.fixture
async def house(database_dsn: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house whose keys are in the test's own folder."""
    async with house_on(database_dsn, ManualClock(NOON), data_dir=tmp_path) as made:
        yield made


async def lived(house: House) -> str:
    """A case with an exhibit and a promise, and an account with a freeze, a containment and a limit."""
    number = await opened(house)
    agent = await somebody(house, "li", Role.AGENT)
    due_at = (await case_at(house, number)).opened_at + 10**10
    await acted(house, number, agent, Take(), Promise(what="answer", due_at=moment_of(due_at)))
    await brought(house, number)
    await freeze_account(house, "a-1", "stolen phone", "bank")
    await lift_freeze(house, "a-1", "bank")
    wanted = ContainRequest(reason="不是本人操作", account="a-1", preset=Preset.LIMITED)
    await contain_now(house, wanted, "key-1", "bank")
    await put_limit(house.holders, "a-1", Amount(5_000, "CNY"), None, "app")
    return number


async def differences(dsn: str, folder: Path, number: str) -> list[Difference]:
    """Of this case and of account a-1."""
    async with open_replay(Settings(database_url=dsn, data_dir=folder)) as replayer:
        found = (await replayer.case(number)).differences + (await replayer.account("a-1")).differences
        return found + await replayer.exhibits(number)


CHANGES = [
    ("UPDATE case_file SET owner = 'chen'", "case_file", "owner"),
    ('UPDATE case_file SET state = state || \'{"risk": "P3"}\'', "case_file", "state.risk"),
    ("UPDATE case_event SET body = body || '{\"x\": 1}' WHERE seq = 2", "case_event", "body"),
    ("UPDATE case_event SET actor = 'wang' WHERE seq = 2", "case_event", "actor"),
    ("UPDATE clock SET due_at = due_at + interval '1 day' WHERE kind = 'legal'", "clock", "due_at"),
    ("DELETE FROM promise WHERE code = 'answer'", "promise", "the row"),
    ("UPDATE inbound SET answer = to_jsonb('{\"incident\":null}'::text)", "inbound", "answer"),
    ("UPDATE exhibit SET name = 'another.png'", "exhibit", "what is not shown"),
    (
        "UPDATE standing_order SET reason = 'why not' WHERE incident IS NULL",
        "standing_order",
        "what is not shown",
    ),
    (
        "UPDATE standing_order SET lifted_at = NULL, lifted_by = NULL WHERE code = 'desk'",
        "standing_order",
        "lifted_at",
    ),
    ("DELETE FROM standing_order WHERE code = 'own_limit'", "standing_order", "the row"),
    ("UPDATE incident SET grade = 2 WHERE state = 'contained'", "incident", "grade"),
]


COLUMNS = """
SELECT quote_ident(column_name) FROM information_schema.columns
WHERE table_name = $1 AND is_generated = 'NEVER'
"""
KEYS = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = $1::text::regclass AND i.indisprimary
"""


async def test_what_was_changed_by_hand_is_named(
    house: House, tables: Any, database_dsn: str, tmp_path: Path
) -> None:
    """Nothing is found before; each change is found by table and field, and undone nothing is found again."""
    number = await lived(house)
    assert await differences(database_dsn, tmp_path, number) == []
    for table in ("case_event", "exhibit", "custody_event"):
        await tables.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for change, table, field in CHANGES:
        saved = await tables.fetchval(f"SELECT json_agg(x) FROM {table} AS x")
        assert int((await tables.execute(change)).rpartition(" ")[2]) > 0, change
        found = await differences(database_dsn, tmp_path, number)
        assert (table, field) in {(one.table, one.field) for one in found}, (change, found)
        assert all(one.fact is not None for one in found if one.table == table), found
        await undone(tables, table, saved)
    assert await differences(database_dsn, tmp_path, number) == []


async def undone(tables: Any, table: str, saved: str) -> None:
    """The rows as they were."""
    columns = [row[0] for row in await tables.fetch(COLUMNS, table)]
    names = ", ".join(columns)
    keys = ", ".join(row[0] for row in await tables.fetch(KEYS, table))
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
    await tables.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, $1) "
        f"ON CONFLICT ({keys}) DO UPDATE SET {sets}",
        saved,
    )


async def test_an_erased_case_is_compared_as_far_as_it_goes(
    house: House, database_dsn: str, tmp_path: Path
) -> None:
    """With its key gone, what facts bind does not open; that it was erased stands in the journal."""
    number = await opened(house, "请问怎么修改登录密码？", account=None)
    await closed(house, number)
    house.clock.advance(400 * 86400 * SECOND)  # type: ignore[attr-defined] - a clock that is moved by hand
    await shred_case(house.room, number, "privacy", "request")
    async with open_replay(Settings(database_url=database_dsn, data_dir=tmp_path)) as replayer:
        replay = await replayer.case(number)
        with pytest.raises(NotFound, match="unknown_case"):
            await replayer.case("123")
    assert replay.differences == []
    assert replay.erased > 0


async def test_the_commands_say_how_much_and_what(
    house: House, tables: Any, database_dsn: str, tmp_path: Path
) -> None:
    """Exit code 0 where all is as told; 1 with row, field, both values and the fact where it is not."""
    number = await lived(house)
    well = [await run(tmp_path, database_dsn, *words) for words in (
        ("case", "replay", number, "--objects"), ("case", "replay", "--all"),
        ("account", "replay", "a-1"), ("account", "replay", "--all"),
    )]  # fmt: skip
    assert [one.exit_code for one in well] == [0, 0, 0, 0]
    assert json.loads(well[0].stdout)["rebuilt"]["events"] > 3
    await tables.execute("UPDATE clock SET warned = warned + 1 WHERE kind = 'legal'")
    ran = await run(tmp_path, database_dsn, "case", "replay", number)
    assert ran.exit_code == 1
    (found,) = [one for one in json.loads(ran.stdout)["differences"] if one["field"] == "warned"]
    assert (found["table"], found["stored"] - found["rebuilt"]) == ("clock", 1)
    assert found["fact"] is not None
    for words in (("case", "replay"), ("account", "replay", "a-1", "--all")):
        ran = await run(tmp_path, database_dsn, *words)
        assert json.loads(ran.stderr)["error"]["code"] == "one_or_all"


async def run(folder: Path, dsn: str, *words: str) -> Any:
    """One command, as somebody types it."""
    given = {**os.environ, "COUNTERMAND_DATABASE_URL": dsn, "COUNTERMAND_DATA_DIR": str(folder)}
    return await asyncio.to_thread(CliRunner(env=given).invoke, main, [*words, "--json"])


def told(number: int, thing: Thing, **says: Any) -> Line:
    """A fact that tells of one row."""
    return Line(number, number, "x", {"became": [{"is": thing.value, "id": "one", **says}]})


@pytest.mark.parametrize(
    ("thing", "path", "faults"),
    [
        (Thing.HOLD, ["open", "released", "executed"], 0),
        (Thing.HOLD, ["open", "revoked", "released"], 1),
        (Thing.CLOCK, ["running", "paused", "running", "met"], 0),
        (Thing.CLOCK, ["running", "breached", "running"], 1),
        (Thing.RAISE, ["waiting", "bound", "cancelled"], 1),
        (Thing.INCIDENT, ["contained", "lifting", "closed"], 0),
        (Thing.INCIDENT, ["closed", "contained"], 1),
    ],
)
def test_a_step_that_no_row_can_take_is_a_fault_of_the_facts(
    thing: Thing, path: list[str], faults: int
) -> None:
    """Each fact may be well sealed and the path still impossible."""
    lines = [told(number, thing, state=state) for number, state in enumerate(path, 1)]
    assert len(rebuilt(lines)[1]) == faults


def test_each_row_is_told_in_the_fact_that_names_it() -> None:
    """Else in one about the same; a clock that no fact names gets one of its own, a promise does not."""
    clock = Telling(Thing.CLOCK, "clk-2", ("case", "c-1"), "clock", {"state": "met"})
    promise = Telling(Thing.PROMISE, "p-1", ("case", "c-1"), "promise", {"code": "answer"}, {"x": "y"})
    moved = Telling(Thing.CLOCK, "clk-1", ("case", "c-1"), "clock", {"warned": 1})
    named = Fact(5, "clock.warned", {"case": "c-1", "clock": "clk-1"})
    about = Fact(5, "case.changed", {"case": "c-1", "seq": 2})
    facts = joined([named, about], [moved, clock, promise], bytes(32), 9)
    told = [[one["id"] for one in fact.body.get("became", ())] for fact in facts]
    assert told == [["clk-1"], [], ["clk-2", "p-1"]]
    assert (facts[2].kind, facts[2].at) == ("state.told", 5)
    assert joined([], [moved], bytes(32), 9)[0].at == 9
    rows, faults = rebuilt(Line(n, fact.at, fact.kind, fact.body) for n, fact in enumerate(facts))
    assert faults == []
    assert rows[Thing.PROMISE, "p-1"].hidden == bound(bytes(32), "promise", "p-1", {"x": "y"})
