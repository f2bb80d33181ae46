"""A hundred thousand open cases and a million messages: how long until a queue, a case, a search are there?

The tables are filled directly; what is asked goes through the product's own stories and the app's own role.
Recall is told against a scan of the masked texts themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app import open_database, open_desk
from countermand.cases.numbers import number_of, spoken
from countermand.flows.find_cases import list_cases, list_queues, search_cases
from countermand.flows.show_case import dossier_of
from countermand.intake.search_words import matches, parts_of, tsquery_of, tsvector_of
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, ManualClock, moment_of
from countermand.settings import Settings
from countermand.surfaces.web.desk.frame import rail_for
from countermand.surfaces.web.desk.short_times import left_said, urgency_of
from countermand.surfaces.web.rendering import render
from countermand.vocabulary.cases import Ball, Case, Contained, Stage
from countermand.vocabulary.queues import SHIPPED_QUEUES, QueueFilter
from countermand.vocabulary.triage import Category, LabelledMessage, Risk

NOW = 1_795_233_600_000_000  # 2026-11-21 04:00 UTC
AT_ONCE = 20_000
OPEN_STAGES = [stage for stage in Stage if stage is not Stage.CLOSED]
GOALS = {"queue": 50.0, "counts": None, "filtered": 50.0, "case": 100.0, "search": 150.0, "rail": 150.0}
SEARCHES = (
    "盗刷", "被盗", "不是我", "转账", "验证码", "冻结账户", "贷款", "征信", "骗", "密码", "客服电话", "催收",
    "身份证", "自动扣款", "利息太高", "银行卡丢了", "还款 利息", "转账 骗子", "手机", "投诉", "什么时候",
    "我的账户", "没有借过", "退款", "钱没了", "陌生", "短信", "app", "refund", "unauthorized", "loan",
    "刷单 返利", "盗刷 refund",
)  # fmt: skip
TRIAGE_DATA = Path(__file__).parent.parent / "src" / "countermand" / "triage_data"


def sentences() -> list[str]:
    """Real sentences in both languages: those that triage learns from."""
    files = sorted(TRIAGE_DATA.glob("*.jsonl"))
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    return [msgspec.json.decode(line, type=LabelledMessage).text for line in lines if line.strip()]


def drawn(chance: random.Random, number: int) -> Case:
    """An open case of the last twenty days."""
    at = NOW - chance.randrange(20 * MICROS_PER_DAY)
    return Case(
        id=f"case-{number:09}",
        number=number_of(f"{number:011}"),
        version=6,
        stage=chance.choice(OPEN_STAGES),
        ball=chance.choice(list(Ball)),
        contained=chance.choice(list(Contained)),
        risk=chance.choices(list(Risk), (1, 9, 40, 50))[0],
        category=chance.choice(list(Category)),
        channel=chance.choice(("app", "email", "wechat", "hotline")),
        standing=chance.choice(("proven", "claimed")),
        opened_at=at,
        first_at=at,
        updated_at=at,
        account=f"a-{number % 60_000}",
        owner=None if chance.random() < 0.3 else f"agent-{chance.randrange(200)}",
        team=f"team-{chance.randrange(8)}",
        snoozed_until=NOW + MICROS_PER_HOUR if chance.random() < 0.03 else None,
        tags=frozenset({f"tag-{chance.randrange(500)}"}) if chance.random() < 0.2 else frozenset(),
    )


def case_row(case: Case) -> tuple[Any, ...]:
    """The columns of `case_file`."""
    at = moment_of(case.opened_at)
    return (
        case.id, case.number, case.version, case.stage.value, case.ball.value, case.contained.value, None,
        case.risk.value, case.category.value, case.owner, case.team, case.account, case.person, at, at, None,
        None, json.dumps(msgspec.to_builtins(case)),
    )  # fmt: skip


async def fill(dsn: str, cases: int, messages: int, chance: random.Random) -> list[str]:
    """So many cases with five events and two clocks each, and so many messages; the texts, in order."""
    connection = await asyncpg.connect(dsn)
    copy = connection.copy_records_to_table
    texts, said = [], sentences()
    await set_triggers(connection, "DISABLE")
    await use_calendar(connection)
    for begin in range(0, cases, AT_ONCE):
        made = [drawn(chance, number) for number in range(begin, min(cases, begin + AT_ONCE))]
        await copy("case_file", records=map(case_row, made))
        kinds = ("opened", "message_added", "read", "promised", "assigned")
        events = [
            (one.id, seq, kind, moment_of(one.opened_at), "countermand", "{}", None)
            for one in made
            for seq, kind in enumerate(kinds, 1)
        ]
        await copy("case_event", records=events)
        await copy("clock", records=[row for one in made for row in clock_rows(chance, one)])
    indexes = await dropped(connection, "message_words", "message_at")
    for begin in range(0, messages, AT_ONCE):
        rows = []
        for number in range(begin, min(messages, begin + AT_ONCE)):
            text = "，".join(chance.sample(said, chance.choice((1, 1, 2, 3))))
            texts.append(text)
            at = moment_of(NOW - 20 * MICROS_PER_DAY * (messages - number) // messages)  # as they came in
            case = f"case-{chance.randrange(cases):09}"
            rows.append(
                (f"m-{number:09}", case, "in", "app", "customer", at, "zh", text, b"x", tsvector_of(text))
            )
        await write_messages(connection, rows)
    for definition in indexes:
        await connection.execute(definition)
    await set_triggers(connection, "ENABLE")
    await connection.execute("SELECT list_cases(ARRAY(SELECT id FROM case_file ORDER BY id))")
    for table in ("case_file", "case_listed", "case_event", "clock", "message"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()
    return texts


async def dropped(connection: Any, *names: str) -> list[str]:
    """The definitions of indexes, which are built again once the table is full."""
    found = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE indexname = ANY($1)", list(names))
    await connection.execute(f"DROP INDEX {', '.join(names)}")
    return [row["indexdef"] for row in found]


async def set_triggers(connection: Any, how: str) -> None:
    """While tables are filled at once, nobody follows row by row."""
    for table in ("case_file", "clock"):
        await connection.execute(f"ALTER TABLE {table} {how} TRIGGER USER")


async def write_messages(connection: Any, rows: list[tuple[Any, ...]]) -> None:
    """COPY knows no tsvector, so the words come as texts and are cast on the way."""
    await connection.execute(
        "INSERT INTO message (id, case_id, direction, channel, author, at, language, masked, sealed, words) "
        "SELECT a, b, c, d, e, f, g, h, i, j::tsvector FROM unnest($1::text[], $2::text[], $3::text[], "
        "$4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::bytea[], $10::text[]) "
        "AS new (a, b, c, d, e, f, g, h, i, j)",
        *map(list, zip(*rows, strict=True)),
    )


async def use_calendar(connection: Any) -> None:
    """The calendar that the clocks name."""
    await connection.execute(
        "INSERT INTO calendar (id, version, terms, source, is_current, recorded_at, recorded_by) "
        "VALUES ('bench', '0123456789abcdef', '{}', 'bench', false, now(), 'bench')"
    )


def clock_rows(chance: random.Random, case: Case) -> list[tuple[Any, ...]]:
    """Two clocks that run; one in fifty cases has missed a third."""
    rows = []
    policies = ["cn.complaint.decide", "service.next_reply"]
    if chance.random() < 0.02:
        policies.append("stage.human_contact")
    for policy in policies:
        missed = policy == "stage.human_contact"
        due = case.first_at + MICROS_PER_DAY if missed else NOW + chance.randrange(15 * MICROS_PER_DAY)
        rows.append(
            (
                f"{case.id}/{policy}", case.id, policy, "1", "bench", "0123456789abcdef", "stage", "desk",
                moment_of(case.first_at), "breached" if missed else "running", moment_of(due), [], 0, False,
                "[]", moment_of(due) if missed else None, [], None,
            )
        )  # fmt: skip
    return rows


async def timed(asks: list[Callable[[], Awaitable[Any]]]) -> list[float]:
    """Milliseconds of each, one after the other, after one round to warm up; sorted."""
    await asks[0]()
    taken = []
    for ask in asks:
        began = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def told(name: str, taken: list[float]) -> dict[str, Any]:
    """One line, and the figures."""
    p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    goal = GOALS.get(name)
    said = "" if goal is None else f"   goal {goal:.0f}: {'met' if p95 <= goal else 'MISSED'}"
    p50, most = statistics.median(taken), taken[-1]
    print(f"{name:<11} p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   max {most:8.1f} ms{said}")
    return {"p50": round(p50, 2), "p95": round(p95, 2), "max": round(most, 2)}


class Bench:
    """What is asked of a filled desk."""

    def __init__(self, works: PostgresWorks, vault: Any, cases: int, chance: random.Random) -> None:
        self.works, self.vault, self.clock = works, vault, ManualClock(NOW)
        self.cases, self.chance = cases, chance

    async def rail(self, queue: str) -> None:
        """The console's rail as the server makes it: queues with their counts, thirty cases, the page."""
        rail = await rail_for(self, "agent-1", queue, "")  # type: ignore[arg-type]
        left = partial(left_said, language="zh")
        render("desk/rail.html", "zh", "Asia/Shanghai", {"rail": rail, "left": left, "urgency": urgency_of})

    async def deep(self) -> None:
        """Three pages of all open cases, one behind the other."""
        after = ""
        for _ in range(3):
            after = (await list_cases(self, QueueFilter(), "agent-1", after))["next"]  # type: ignore[arg-type]

    def filters(self) -> QueueFilter:
        """One of what people filter by."""
        chance = self.chance
        return chance.choice(
            (
                QueueFilter(owner=f"agent-{chance.randrange(200)}"),
                QueueFilter(team=f"team-{chance.randrange(8)}", risk=(Risk.P0, Risk.P1)),
                QueueFilter(category=(chance.choice(list(Category)),), stage=(Stage.INVESTIGATE,)),
                QueueFilter(tag=f"tag-{chance.randrange(500)}"),
                QueueFilter(overdue=True),
                QueueFilter(risk=(Risk.P0,), unowned=True, channel=()),
                QueueFilter(account=f"a-{chance.randrange(60_000)}"),
            )
        )

    async def run(self, rounds: int) -> dict[str, Any]:
        """Every figure."""
        numbers = [spoken(number_of(f"{self.chance.randrange(self.cases):011}")) for _ in range(rounds)]
        wanted = [self.filters() for _ in range(rounds)]
        words = [self.chance.choice(SEARCHES) for _ in range(rounds)]
        house: Any = self
        figures = {}
        for name, asks in {
            "queue": [lambda: list_cases(house, QueueFilter(), "agent-1") for _ in range(rounds)],
            "filtered": [lambda one=one: list_cases(house, one, "agent-1") for one in wanted],
            "counts": [lambda: list_queues(house, "agent-1") for _ in range(min(rounds, 40))],
            "three pages": [self.deep for _ in range(rounds)],
            "case": [lambda one=one: dossier_of(house, one) for one in numbers],
            "rail": [lambda one=one: self.rail(one.name) for one in SHIPPED_QUEUES * (rounds // 10)],
            "search": [lambda one=one: search_cases(house, one, "agent-1") for one in words],
        }.items():
            figures[name] = told(name, await timed(asks))
        return figures


async def recall(dsn: str, texts: list[str]) -> float:
    """Of what a scan of every tenth message finds, the share that the index finds too."""
    found = expected = 0
    connection = await asyncpg.connect(dsn)
    for search in SEARCHES:
        parts = parts_of(search)
        true = {f"m-{number:09}" for number in range(0, len(texts), 10) if matches(texts[number], parts)}
        rows = await connection.fetch(
            "SELECT id FROM message WHERE words @@ $1::text::tsquery AND id LIKE '%0'", tsquery_of(parts)
        )
        hits = {row["id"] for row in rows}
        assert not hits - true, f"{search}: {len(hits - true)} found that are none"
        expected, found = expected + len(true), found + len(hits)
    await connection.close()
    print(f"recall     {found} of {expected} messages by a scan of every tenth: {found / expected:.4f}")
    return found / expected


async def sizes(dsn: str) -> dict[str, int]:
    """MiB of what finding costs."""
    connection = await asyncpg.connect(dsn)
    names = ("message", "message_words", "message_at", "case_listed", "case_listed_queue", "case_file")
    found = {
        name: await connection.fetchval("SELECT pg_relation_size($1::text::regclass) / 1048576", name)
        for name in names
    }
    await connection.close()
    print("size       " + ", ".join(f"{name} {size} MiB" for name, size in found.items()))
    return found


async def main(options: argparse.Namespace) -> dict[str, Any]:
    """Fill, ask, tell."""
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        async with open_database(settings) as dsn:
            await migrate(dsn)
            began = time.perf_counter()
            texts = await fill(dsn, options.cases, options.messages, chance)
            seconds = time.perf_counter() - began
            print(f"filled      {options.cases} cases, {options.messages} messages in {seconds:.0f} s")
            async with open_desk(settings) as desk:
                bench = Bench(desk.works, desk.case_desk.vault, options.cases, chance)
                figures: dict[str, Any] = await bench.run(options.rounds)
            figures["recall"] = await recall(dsn, texts)
            figures["sizes_mib"] = await sizes(dsn)
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    result = asyncio.run(main(chosen))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(result, indent=1))
