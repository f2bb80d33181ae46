"""`countermand cases`: list and search them, bring those of another desk in, take them out, measure."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from countermand.app import open_desk, read_triage_taxonomies, reception_beside
from countermand.cases.imports import ImportMapping, read_import_mapping
from countermand.flows.case_desk import CaseDesk
from countermand.flows.desk_measures import desk_measures
from countermand.flows.export_cases import CFPB_COLUMNS, cfpb_row, export_cases, json_row, note_export
from countermand.flows.find_cases import filter_of, list_cases, list_queues, search_cases
from countermand.flows.import_cases import Imported, import_cases
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.case_rows import rows_of
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech

FORMS = ("json", "cfpb")


@group("cases", en="Find cases; bring them in and out.", zh="检索案件；导入与导出。")
def cases() -> None:
    """Everything is in the subcommands."""


@command(cases, "list", en="List cases by their nearest clock.", zh="按最近期限列出案件。")
@option("--queue", default="all", en="Which queue (default: all open ones).", zh="队列名称（默认全部未结）。")
@option(
    "--as", "me", default=ACTOR, en="Whose queues; @me in a filter is this person.", zh="以谁的身份查看队列。"
)
@option("--after", default="", en="The page behind this place.", zh="从该游标之后继续。")
@data_dir_option
@in_event_loop
async def list_all(queue: str, me: str, after: str, data_dir: Path | None) -> None:
    """A page of up to 50."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        house = desk.case_desk
        found = await list_cases(house, await filter_of(house, queue, me), me, after)
    _print_cases(found, found["cases"])


@command(cases, "queues", en="List the queues with their counts.", zh="列出队列及数量。")
@option("--as", "me", default=ACTOR, en="Whose queues.", zh="以谁的身份查看队列。")
@data_dir_option
@in_event_loop
async def list_every_queue(me: str, data_dir: Path | None) -> None:
    """Shipped ones, shared ones, and those of one person."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await list_queues(desk.case_desk, me)
    language = current_speech().language
    answer_table(
        found,
        [
            Text(en="queue", zh="队列"),
            Text(en="title", zh="名称"),
            Text(en="cases", zh="数量"),
            Text(en="whose", zh="归属"),
        ],
        [(one["name"], one["title"][language], one["count"], one["whose"]) for one in found["queues"]],
        Text(en="There are no queues.", zh="没有队列。"),
    )


@command(
    cases,
    "search",
    en="Search cases by number, tag, words of masked messages, or a whole phone or card number.",
    zh="按编号、标签、脱敏消息中的词语，或完整的手机号、卡号检索案件。",
)
@click.argument("search")
@option("--as", "me", default=ACTOR, en="Who searches.", zh="检索人。")
@option("--after", default="", en="The page behind this place.", zh="从该游标之后继续。")
@data_dir_option
@in_event_loop
async def search(search: str, me: str, after: str, data_dir: Path | None) -> None:
    """A page of up to 50 messages, newest first."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await search_cases(desk.case_desk, search, me, after)
    if found["cases"]:
        _print_cases(found, found["cases"])
        if current_speech().as_json:
            return
    answer_table(
        found,
        [
            Text(en="case", zh="案件"),
            Text(en="at", zh="时间"),
            Text(en="stage", zh="阶段"),
            Text(en="text", zh="内容"),
        ],
        [(one["case"], one["at"], one["stage"], one["text"]) for one in found["messages"]],
        Text(en="No message was found.", zh="没有找到消息。"),
    )


@command(
    cases,
    "import",
    en="Bring in the cases of another desk (CSV, JSON lines or a JSON array).",
    zh="导入其他客服系统的案件（CSV、JSON Lines 或 JSON 数组）。",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    en="What its columns are called here (YAML).",
    zh="列名映射文件（YAML）。",
)
@option("--dry-run", is_flag=True, en="Read and check every row, write nothing.", zh="只读取并校验，不写入。")
@data_dir_option
@in_event_loop
async def bring_in(file: Path, mapping: Path, dry_run: bool, data_dir: Path | None) -> None:
    """Row by row; bad rows are told and the rest is taken. Given again, nothing happens twice."""
    quiet_logs()
    settings = settings_with(data_dir)
    read = _mapping(mapping)
    async with open_desk(settings) as desk:
        reception = reception_beside(settings, desk.case_desk)
        done = await import_cases(reception, rows_of(file, read.encoding), read, ACTOR, dry_run=dry_run)
    _print_imported(done, dry_run=dry_run)


@command(
    cases,
    "export",
    en="Take cases out, masked: whole as JSON lines, or in the columns of the CFPB's complaint file.",
    zh="导出脱敏案件：完整 JSON Lines，或 CFPB 投诉数据列格式。",
)
@option("--format", "form", type=click.Choice(FORMS), default="json", en="Which form.", zh="格式。")
@option(
    "--from",
    "since",
    default="",
    en="First heard from this time on (RFC 3339).",
    zh="首次受理起始时间（RFC 3339）。",
)
@option("--to", "until", default="", en="And before this time.", zh="首次受理截止时间（不含）。")
@option("--out", type=click.Path(dir_okay=False, path_type=Path), en="Into this file.", zh="输出文件。")
@data_dir_option
@in_event_loop
async def take_out(form: str, since: str, until: str, out: Path | None, data_dir: Path | None) -> None:
    """One after the other, in the order in which they were heard; that they left is noted."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        end = _instant(until, "--to") if until else desk.clock.now() + 1
        begin = _instant(since, "--from") if since else 0
        with _file(out) as file:
            count = await _write(desk.case_desk, form, begin, end, file)
        await note_export(desk.case_desk, form, begin, end, count, ACTOR)
    if out is not None:
        answer({"cases": count, "file": str(out)}, Text(en=f"{count} cases.", zh=f"共 {count} 个案件。"))


@command(cases, "measures", en="Tell how the desk does.", zh="统计客服台运行情况。")
@option(
    "--from",
    "since",
    default="",
    en="Cases heard from this time on (default: 30 days ago).",
    zh="起始时间（默认 30 天前）。",
)
@option("--to", "until", default="", en="And before this time (default: now).", zh="截止时间（默认当前）。")
@data_dir_option
@in_event_loop
async def measures(since: str, until: str, data_dir: Path | None) -> None:
    """From events and clocks only."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        begin = _instant(since, "--from") if since else None
        end = _instant(until, "--to") if until else None
        found = await desk_measures(desk.case_desk, begin, end)
    contact = found["human_contact"]
    share = contact["share_within_day"]
    said = "-" if share is None else f"{share:.1%}"
    stages = ", ".join(f"{one['stage']} {one['median_seconds'] / 3600:.1f} h" for one in found["stages"])
    answer(
        found,
        Text(
            en=f"Heard {found['heard']}, open {found['open']}, overdue {found['overdue']}.",
            zh=f"受理 {found['heard']} 个，未结 {found['open']} 个，逾期 {found['overdue']} 个。",
        ),
        Text(
            en=f"First contact by a person within 24 hours: {said} "
            f"(missed {contact['missed']}, waiting {contact['waiting']}).",
            zh=f"24小时内人工联系：{said}（未达 {contact['missed']}，等待中 {contact['waiting']}）。",
        ),
        Text(en=f"Median time by stage: {stages or '-'}.", zh=f"各阶段用时中位数：{stages or '-'}。"),
    )


def _mapping(path: Path) -> ImportMapping:
    return read_import_mapping(path.read_text(encoding="utf-8"))


async def _write(house: CaseDesk, form: str, since: int, until: int, file: IO[str]) -> int:
    places = read_triage_taxonomies().categories
    writer = csv.DictWriter(file, CFPB_COLUMNS, lineterminator="\n")
    if form == "cfpb":
        writer.writeheader()
    count = 0
    async for one in export_cases(house, since, until):
        if form == "json":
            file.write(msgspec.json.encode(json_row(one)).decode() + "\n")
            count += 1
        elif (row := cfpb_row(one, places)) is not None:
            writer.writerow(row)
            count += 1
    return count


@contextmanager
def _file(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file


def _print_cases(value: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    names = ("case", "risk", "stage", "ball", "category", "due_at", "owner")
    answer_table(
        value,
        [
            Text(en="case", zh="案件"),
            Text(en="risk", zh="风险"),
            Text(en="stage", zh="阶段"),
            Text(en="next", zh="下一步"),
            Text(en="category", zh="类别"),
            Text(en="due", zh="期限"),
            Text(en="owner", zh="负责人"),
        ],
        [[one[name] for name in names] for one in lines],
        Text(en="No case is here.", zh="没有案件。"),
    )
    if value.get("next") and not current_speech().as_json:
        click.echo(f"--after {value['next']}", err=True)


def _print_imported(done: Imported, *, dry_run: bool) -> None:
    refused = [
        {"line": one.line, "code": one.code, "text": {"en": one.text.en, "zh": one.text.zh}}
        for one in done.refusals
    ]
    tried = Text(en="Nothing was written. ", zh="未写入任何内容。") if dry_run else Text(en="", zh="")
    answer(
        {
            "taken": done.taken,
            "known": done.known,
            "closed": done.closed,
            "refused": done.refused,
            "refusals": refused,
            "dry_run": dry_run,
        },
        *(
            Text(en=f"line {one.line}: {one.text.en}", zh=f"第 {one.line} 行：{one.text.zh}")
            for one in done.refusals
        ),
        Text(
            en=f"{tried.en}Taken {done.taken} ({done.closed} closed), known before {done.known}, "
            f"refused {done.refused}.",
            zh=f"{tried.zh}导入 {done.taken} 个（已办结 {done.closed} 个），"
            f"此前已有 {done.known} 个，未导入 {done.refused} 个。",
        ),
    )


def _instant(text: str, name: str) -> int:
    try:
        return micros_of(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise BadRequest(
            "bad_time",
            f"{name} must be a time with an offset such as 2026-02-13T17:00+08:00.",
            f"{name} 应为带时区偏移的时间，如 2026-02-13T17:00+08:00。",
        ) from None
