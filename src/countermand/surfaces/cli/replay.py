"""`countermand replay`: a file of operations through the real flow; counts, speed, how well it decided."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from countermand.app import OpenedTable, open_house, open_operation_table
from countermand.flows.replay_operations import BATCH_ROWS, Replayed, Span, replay_operations
from countermand.kernel.clock import ManualClock, SystemClock
from countermand.kernel.text import Text
from countermand.settings import Settings, from_environment
from countermand.surfaces.cli.grammar import command, option
from countermand.surfaces.cli.place import quiet_logs
from countermand.surfaces.cli.printing import answer, notice
from countermand.surfaces.cli.progress import watched
from countermand.surfaces.collector import collector_off_the_path

BYTES_PER_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024
_QUALITY = {
    "auc_roc": Text(en="AUC ROC of the score", zh="评分的 AUC ROC"),
    "average_precision": Text(en="Average precision", zh="平均精确率"),
    "card_precision_at_100": Text(en="Card precision@100", zh="卡片精确率@100"),
}


@command(
    None,
    "replay",
    en="Replay a Parquet or CSV file of operations through the real flow. Every row is decided durably, on "
    "the clock of the data, in a private database: the one under --data-dir, or a temporary one.",
    zh="用真实流程回放 Parquet 或 CSV 操作文件。每一行都按数据自身的时间作出决策并落库，"
    "使用内置数据库：--data-dir 指定的，或临时的。",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@option(
    "--mapping",
    required=True,
    en="A mapping file, or one that comes with the product: handbook, handbook-published, plain.",
    zh="映射文件，或内置映射：handbook、handbook-published、plain。",
)
@option(
    "--policy",
    en="A policy folder or pack (default: the one the mapping names, else the setting).",
    zh="策略文件夹或策略包（默认取映射所指定的，否则取设置）。",
)
@option("--limit", type=click.IntRange(min=1), en="Replay the first rows only.", zh="只回放前若干行。")
@option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    en="Keep the database here; a replay that was interrupted goes on when it is run again.",
    zh="数据库保存于此；中断后再次运行即可继续。",
)
def replay(file: Path, mapping: str, policy: str | None, limit: int | None, data_dir: Path | None) -> None:
    """A file through the real flow, and what came of it."""
    import uvloop

    quiet_logs()
    opened = open_operation_table(file, mapping, BATCH_ROWS)
    with _data_directory(data_dir) as directory:
        given = from_environment()
        settings = replace(
            given,
            data_dir=directory,
            database_url=None,
            policy=policy or opened.policy or given.policy,
            policy_start="replace",  # a replay is a trial in a database of its own
            group_size_max=BATCH_ROWS,
        )
        replayed, label = uvloop.run(replayed_file(settings, opened, limit))
    report = replayed.report() | {"policy": label, "mapping": opened.mapping}
    if opened.table.labelled:
        report |= replayed.quality()
    report["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RUSAGE_UNIT
    for row, refusal in replayed.refused_rows:
        notice(
            Text(
                en=f"row {row}: {refusal.text.en} [{refusal.code}]",
                zh=f"第{row}行：{refusal.text.zh} [{refusal.code}]",
            )
        )
    answer(report, *lines_of(report))


async def replayed_file(settings: Settings, opened: OpenedTable, limit: int | None) -> tuple[Replayed, str]:
    """Open a house on the clock of the data, and replay into it; also the label of the policy."""
    first = next((batch.instants[0] for batch in opened.table.batches() if batch.instants), 0)
    clock = ManualClock(first)
    total = opened.table.rows_total
    shown = limit if total is None else min(total, limit or total)
    async with open_house(settings, clock, holding=False) as house, collector_off_the_path():
        with watched(shown, Text(en="Replaying", zh="回放中")) as advance:
            span = Span(SystemClock().now(), house.program.plan.lateness_micros)
            replayed = await replay_operations(house.decider, opened.table, clock, span, limit, advance)
        return replayed, house.program.label


def lines_of(report: dict[str, Any]) -> Iterator[Text]:
    """The report for people, line by line."""
    yield _line("Policy", "策略", report["policy"])
    yield _line("Rows read", "读取行数", f"{report['rows']:,}")
    yield _line("Operations decided", "已决策操作", f"{report['operations']:,}")
    if report["repeated"]:
        yield _line("  of them decided before", "  其中此前已决策", f"{report['repeated']:,}")
    for outcome, count in report["outcomes"].items():
        yield _line(f"  {outcome}", f"  {outcome}", f"{count:,}")
    if report["refused"]:
        yield _line("Rows refused", "被拒绝的行", f"{sum(report['refused'].values()):,}")
        for code, count in report["refused"].items():
            yield _line(f"  {code}", f"  {code}", f"{count:,}")
    if report["labels"]:
        yield _line("Labels told to the policy", "告知策略的标签", f"{report['labels']:,}")
    latency = report["latency_ms"]
    yield _line("Operations per second", "每秒操作数", f"{report['operations_per_second']:,}")
    yield _line(
        "Milliseconds to the durable answer, median and 99th percentile",
        "到落库答复的毫秒数，中位数与99百分位",
        f"{latency['p50']}, {latency['p99']}",
    )
    yield _line("Peak memory, MiB", "内存峰值，MiB", f"{report['peak_memory_bytes'] / 2**20:,.0f}")
    for name, words in _QUALITY.items():
        if report.get(name) is not None:
            yield _line(words.en, words.zh, f"{report[name]:.4f}")


def _line(en: str, zh: str, value: str) -> Text:
    return Text(en=f"{en}: {value}", zh=f"{zh}：{value}")


@contextmanager
def _data_directory(given: Path | None) -> Iterator[Path]:
    """The directory that was asked for, or a temporary one."""
    if given is not None:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="countermand-replay-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
