"""`countermand backtest`: what a policy would have answered to a file's operations, or to those here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from countermand.app import (
    OpenedRecord,
    file_identity,
    open_engine,
    open_operation_table,
    open_places,
    open_record,
    open_shelf,
    read_policy,
)
from countermand.flows.backtest import Backtested, OfflineEngine, Period
from countermand.flows.backtest import backtest as run_backtest
from countermand.flows.prepare_facts import FileSource, facts_from_file, facts_from_record
from countermand.kernel.clock import SystemClock, micros_of
from countermand.kernel.errors import BadRequest, NotFound, SetupError
from countermand.kernel.text import Text
from countermand.policy.package import compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.surfaces.cli.grammar import command, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, notice
from countermand.surfaces.cli.progress import watched

LIVE = "live"
BATCH_ROWS = 10_000


@command(
    None,
    "backtest",
    en="Decide again what already happened: the rows of a Parquet or CSV FILE, or `live`, everything that "
    "was decided here. What a policy would have answered, and with --against what would change.",
    zh="对已发生的操作重新决策：Parquet 或 CSV 文件（FILE）中的行，或 live（此处决策过的全部操作）。"
    "给出某策略会如何答复；加 --against 则比较两套策略的差别。",
)
@click.argument("source", metavar="FILE|live")
@option(
    "--policy",
    required=True,
    en="A policy folder or pack; with `live` also NAME@VERSION of one that decided here.",
    zh="策略文件夹或策略包；用 live 时也可以是在此决策过的 名称@版本。",
)
@option("--against", en="A second policy, compared with the first.", zh="用于对比的第二套策略。")
@option(
    "--mapping",
    en="The file's mapping: handbook, plain, or a file.",
    zh="文件的映射：handbook、plain 或映射文件。",
)
@option(
    "--from",
    "since",
    en="Count operations from this time on (ISO 8601; without an offset in the policy's zone).",
    zh="只统计此时刻及以后的操作（ISO 8601；无偏移时按策略时区）。",
)
@option("--to", "until", en="Count operations before this time.", zh="只统计此时刻之前的操作。")
@option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    en="What computes: DuckDB in this process, or Spark.",
    zh="计算引擎：本进程内的 DuckDB，或 Spark。",
)
@option(
    "--spark-master",
    en="Where Spark runs (setting spark_master).",
    zh="Spark 的运行位置（设置 spark_master）。",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    en="Read the first rows of the file only.",
    zh="只读取文件的前若干行。",
)
@option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    en="Write the report as one page to this file.",
    zh="将报告写成单个网页文件。",
)
@option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    en="Keep the prepared facts (and, for `live`, find the private database) here.",
    zh="预备数据保存于此（用 live 时也在此查找内置数据库）。",
)
def backtest(source: str, policy: str, html: Path | None, engine: str, **asked: Any) -> None:
    """Facts first, then the policies over them, then the report."""
    quiet_logs()
    settings = settings_with(asked.pop("data_dir"), spark_master=asked.pop("spark_master"))
    runs_on = open_engine(settings, engine)
    names = [policy, *([asked["against"]] if asked["against"] else [])]
    start = time.perf_counter()
    if source == LIVE:
        done, words = _on_record(settings, names, asked, runs_on)
    else:
        done, words = _on_file(settings, Path(source), names, asked, runs_on)
    done.seconds["all"] = time.perf_counter() - start
    _tell(done, words, html)


def _on_file(
    settings: Settings, file: Path, names: list[str], asked: dict[str, Any], engine: OfflineEngine
) -> tuple[Backtested, Text]:
    if asked["mapping"] is None:
        raise BadRequest(
            "mapping_needed",
            "A file needs --mapping, which says which column is what.",
            "文件需要 --mapping 指明各列的含义。",
        )
    programs = [compile_policy(read_policy(name)) for name in names]
    period = _period(asked, programs[0])
    opened = open_operation_table(file, asked["mapping"], BATCH_ROWS)
    locate, places_known = open_places(settings)
    source = FileSource(
        opened.table,
        file_identity(settings, file, asked["mapping"]),
        opened.table.labelled,
        opened.label_delay,
        SystemClock().now(),
        locate,
        places_known,
    )
    words = Text(en=f"{file.name}, mapping {opened.mapping}", zh=f"{file.name}，映射 {opened.mapping}")
    total, limit = opened.table.rows_total, asked["limit"]
    start = time.perf_counter()
    with ExitStack() as stack:
        shelf = open_shelf(settings)
        with watched(limit if total is None else min(total, limit or total), _PREPARING) as told:
            prepared = stack.enter_context(facts_from_file(source, shelf, programs, limit, told))
        seconds = time.perf_counter() - start
        done = run_backtest(prepared, programs, engine, period)
    done.seconds = {"facts": seconds, **done.seconds}
    return done, words


def _on_record(
    settings: Settings, names: list[str], asked: dict[str, Any], engine: OfflineEngine
) -> tuple[Backtested, Text]:
    for name in ("mapping", "limit"):
        if asked[name] is not None:
            raise BadRequest(
                "option_of_files",
                f"--{name} is for files; the record needs none.",
                f"--{name} 只用于文件；记录不需要它。",
                option=name,
            )
    shelf = open_shelf(settings)
    start = time.perf_counter()
    with ExitStack() as stack:

        async def prepare() -> Any:
            async with open_record(settings) as opened:
                programs = [await _program(opened, name) for name in names]
                period = _period(asked, programs[0])
                with watched(None, _PREPARING) as told:
                    prepared = await facts_from_record(
                        opened.record,
                        await opened.policies.sources(),
                        opened.identity,
                        shelf,
                        programs,
                        period.since,
                        told,
                        stack,
                    )
                return programs, period, prepared

        programs, period, prepared = asyncio.run(prepare())
        seconds = time.perf_counter() - start
        done = run_backtest(prepared, programs, engine, period)
    done.seconds = {"facts": seconds, **done.seconds}
    return done, Text(en="the operations decided here", zh="在此决策过的操作")


async def _program(opened: OpenedRecord, name: str) -> Program:
    """A folder, a pack, or a policy that decided here. Raises SetupError, PolicyError, NotFound."""
    if "@" not in name:
        return compile_policy(read_policy(name))
    for one in await opened.policies.versions():
        if f"{one['name']}@{one['version']}" == name:
            return compile_recorded(await opened.policies.source(one["id"]))
    raise NotFound(
        "unknown_policy_version",
        f"No policy {name} has decided here; `countermand policy show` lists those that have.",
        f"策略 {name} 未在此决策过；可用 `countermand policy show` 查看列表。",
        policy=name,
    )


def _period(asked: dict[str, Any], program: Program) -> Period:
    since = _instant(asked["since"], program, "--from")
    until = _instant(asked["until"], program, "--to")
    if since is not None and until is not None and since >= until:
        raise _bad_time("--from", "lies not before --to", "不早于 --to")
    return Period(since, until)


def _instant(text: str | None, program: Program, name: str) -> int | None:
    """A day or a time; an offset is honoured, and without one the policy's zone is meant."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_time(
            name, f"{text!r} is no time such as 2026-05-31", f"{text!r} 不是形如 2026-05-31 的时间"
        ) from None
    return micros_of(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(program.timezone)))


def _bad_time(name: str, en: str, zh: str) -> BadRequest:
    return BadRequest("bad_period", f"{name}: {en}.", f"{name}：{zh}。", option=name)


_PREPARING = Text(en="Preparing facts", zh="准备数据")


def _tell(done: Backtested, words: Text, html: Path | None) -> None:
    """The report to whoever asked, as JSON or as lines, and as a page where that was asked for."""
    from countermand.flows.assess_backtest import assess

    report = assess(
        done.results[0],
        done.programs[0],
        *((done.results[1], done.programs[1]) if len(done.results) == 2 else ()),
        source=words,
        made_at=SystemClock().now(),
    )
    if html is not None:
        from countermand.surfaces.reports import render_html

        _write(html, render_html(report))
    summary = done.summary()
    for one in done.prepared.refused_rows:
        row, code, text = one["row"], one["code"], one["text"]
        notice(Text(en=f"row {row}: {text['en']} [{code}]", zh=f"第{row}行：{text['zh']} [{code}]"))
    for remark in done.prepared.remarks:
        notice(Text(en=f"{remark.text.en} [{remark.code}]", zh=f"{remark.text.zh} [{remark.code}]"))
    answer({**summary, "report": msgspec.to_builtins(report)}, *lines_of(summary, html))


def lines_of(summary: dict[str, Any], html: Path | None) -> Iterator[Text]:
    """The counts for people, line by line."""
    source = summary["source"]
    if "rows" in source:
        yield _line("Rows read", "读取行数", f"{source['rows']:,}")
        yield _line("  late, decided at their own time", "  迟到（按自身时间决策）", f"{source['late']:,}")
        yield _line(
            "  repeated ids, of which the first counts",
            "  重复标识（以首次为准）",
            f"{source['duplicates']:,}",
        )
        for code, count in source["refused"].items():
            yield _line(f"  refused, {code}", f"  被拒绝，{code}", f"{count:,}")
    for place, label in enumerate(summary["policies"]):
        yield _line("Policy", "策略", label)
        yield _line("  operations", "  操作数", f"{summary['operations'][place]:,}")
        for outcome, count in sorted(summary["outcomes"][place].items()):
            yield _line(f"  {outcome}", f"  {outcome}", f"{count:,}")
    if "changed" in summary:
        yield _line("Answered differently", "答复不同的操作", f"{summary['changed']:,}")
    for name, seconds in summary["seconds"].items():
        yield _line(f"Seconds, {name}", f"用时（秒），{name}", f"{seconds:.1f}")
    if html is not None:
        yield _line("Report", "报告", str(html))


def _line(en: str, zh: str, value: str) -> Text:
    return Text(en=f"{en}: {value}", zh=f"{zh}：{value}")


def _write(file: Path, page: str) -> None:
    """The page whole or not at all."""
    temporary = file.with_name(file.name + ".tmp")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise SetupError(
            "report_not_written",
            f"The report cannot be written to {file}: {error.strerror}.",
            f"无法将报告写入 {file}：{error.strerror}。",
            file=str(file),
        ) from None
