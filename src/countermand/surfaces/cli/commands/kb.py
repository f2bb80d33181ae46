"""`countermand kb`: check, list and search a knowledge base; tell how many answers settled the matter."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, open_knowledge
from countermand.flows.answer_message import rate_of_answers
from countermand.flows.keep_knowledge import search_knowledge
from countermand.intake.confirmed_rate import ConfirmedRate
from countermand.kernel.clock import MICROS_PER_DAY, SystemClock
from countermand.kernel.shares import Interval
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.knowledge import Article

ENDING_SOON_DAYS = 30

folder_option = option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    en="A knowledge base of your own (default: COUNTERMAND_KNOWLEDGE, else the one that is shipped).",
    zh="自有知识库文件夹（默认取 COUNTERMAND_KNOWLEDGE，否则为内置知识库）。",
)


@group("kb", en="Check and search the knowledge base.", zh="检查与检索知识库。")
def kb() -> None:
    """Everything is in the subcommands."""


@command(
    kb,
    "check",
    en="Check every article: both languages, sources, days, plain words, no links, no secrets, no blame.",
    zh="检查每篇文章：双语、依据、有效期、通俗、无链接、不索要验证码、不责怪客户。",
)
@folder_option
def check(folder: Path | None) -> None:
    """Refused where one rule is broken, naming the file."""
    knowledge = open_knowledge(_settings(folder))
    day = knowledge.shelf(SystemClock().now()).day
    ending = _ending_soon(knowledge.library.articles, day)
    in_force = len(knowledge.shelf(SystemClock().now()).articles)
    versions = len(knowledge.library.articles)
    answer(
        {"versions": versions, "in_force": in_force, "ending_soon": ending},
        Text(
            en=f"{versions} versions, {in_force} articles in force; nothing wrong with any.",
            zh=f"共 {versions} 个版本，{in_force} 篇有效；未发现问题。",
        ),
        *(Text(en=f"Ends within 30 days: {one}", zh=f"30 天内到期：{one}") for one in ending),
    )


@command(kb, "list", en="List the articles that are in force today.", zh="列出今天有效的文章。")
@folder_option
def list_all(folder: Path | None) -> None:
    """By id."""
    _print(search_knowledge(open_knowledge(_settings(folder)), SystemClock(), ""))


@command(kb, "search", en="Find the articles that answer a question.", zh="按问题查找文章。")
@click.argument("question")
@folder_option
def search(question: str, folder: Path | None) -> None:
    """Best first; the same search that answers customers."""
    found = search_knowledge(open_knowledge(_settings(folder)), SystemClock(), question)
    _print(found)


@command(
    kb,
    "rate",
    en="Tell how many answers settled the matter, counted from what is recorded.",
    zh="按记录统计：多少答复真正解决了问题。",
)
@option(
    "--days", type=click.IntRange(1, 3650), default=30, en="Answers of so many days.", zh="最近多少天的答复。"
)
@data_dir_option
@in_event_loop
async def rate(days: int, data_dir: Path | None) -> None:
    """Answers of the last week are still waiting: nobody knows yet."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        now = desk.clock.now()
        found = await rate_of_answers(desk, now - days * MICROS_PER_DAY, now + 1)
    counts = found.outcomes
    answer(
        {"counts": counts._asdict(), "target": found.target, "reached": found.reached, **_intervals(found)},
        Text(
            en=f"Settled and said so: {_told(found.confirmed)} (target {found.target:.0%}).",
            zh=f"已解决并经客户确认：{_told(found.confirmed)}（目标 {found.target:.0%}）。",
        ),
        Text(
            en=f"Of those who said anything: {_told(found.confirmed_of_heard)}.",
            zh=f"仅计有回应者：{_told(found.confirmed_of_heard)}。",
        ),
        Text(en=f"Silent: {_told(found.silent)}.", zh=f"未回应：{_told(found.silent)}。"),
        Text(
            en=f"Read again {counts.checked}, wrong {counts.wrong}; still waiting {counts.waiting}; "
            f"held out {counts.held_out}.",
            zh=f"复核 {counts.checked} 条，错误 {counts.wrong} 条；尚在等待 {counts.waiting} 条；"
            f"抽样直接转人工 {counts.held_out} 条。",
        ),
    )


def _settings(folder: Path | None) -> Settings:
    return settings_with(None).with_values(knowledge=folder)


def _ending_soon(articles: tuple[Article, ...], day: date) -> list[str]:
    return [
        f"{one.id} {one.valid_to.isoformat()}"
        for one in articles
        if one.valid_to is not None and 0 <= (one.valid_to - day).days <= ENDING_SOON_DAYS
    ]


def _print(found: list[dict[str, Any]]) -> None:
    language = current_speech().language
    rows = [
        (
            one["article"],
            one["version"],
            one["category"],
            one["words"][language]["title"],
            one.get("score", ""),
        )
        for one in found
    ]
    titles = [
        Text(en="article", zh="文章"),
        Text(en="version", zh="版本"),
        Text(en="category", zh="类别"),
        Text(en="title", zh="标题"),
        Text(en="score", zh="得分"),
    ]
    answer_table({"articles": found}, titles, rows, Text(en="Nothing fits.", zh="没有合适的文章。"))


def _intervals(found: ConfirmedRate) -> dict[str, object]:
    names = ("confirmed", "confirmed_of_heard", "silent", "wrong_of_checked")
    values = {name: getattr(found, name) for name in names}
    return {name: None if one is None else one._asdict() for name, one in values.items()}


def _told(one: Interval | None) -> str:
    return "-" if one is None else f"{one.value:.1%} ({one.low:.1%}-{one.high:.1%})"
