"""`countermand replay`: a file of operations through the real flow, with counts, speed and how well it decided."""

from __future__ import annotations

import asyncio
import json
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
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from countermand.app import OpenedTable, open_house, open_operation_table
from countermand.flows.replay_operations import BATCH_ROWS, Replayed, replay_operations
from countermand.kernel.clock import ManualClock, SystemClock
from countermand.kernel.text import Text
from countermand.settings import Settings, from_environment
from countermand.surfaces.cli.language import spoken

BYTES_PER_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024

_LABELS = {
    "rows": Text(en="Rows read", zh="读取行数"),
    "operations": Text(en="Operations decided", zh="已决策操作"),
    "repeated": Text(en="of them decided before", zh="其中此前已决策"),
    "refused": Text(en="Rows refused", zh="被拒绝的行"),
    "row": Text(en="row", zh="第"),
    "speed": Text(en="Operations per second", zh="每秒操作数"),
    "latency": Text(en="Latency to the durable answer, ms (p50, p99)", zh="到落库答复的时延，毫秒（p50、p99）"),
    "memory": Text(en="Peak memory of this process, MiB", zh="本进程内存峰值，MiB"),
    "policy": Text(en="Policy", zh="策略"),
    "auc_roc": Text(en="AUC ROC of the score", zh="评分的 AUC ROC"),
    "average_precision": Text(en="Average precision", zh="平均精确率"),
    "card_precision_at_100": Text(en="Card precision@100", zh="卡片精确率@100"),
    "replaying": Text(en="Replaying", zh="回放中"),
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", required=True, help="A mapping file, or a shipped one: handbook, plain.")
@click.option("--policy", default=None, help="A policy folder or pack; else the one the mapping is meant for.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Replay the first rows only.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=None, help="Keep the database here.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object.")
def replay(
    file: Path, mapping: str, policy: str | None, limit: int | None, data_dir: Path | None, as_json: bool
) -> None:
    """Replay a Parquet or CSV file of operations through the real flow.

    Every row is decided durably, on the clock of the data, in a private database: the one under --data-dir,
    or a temporary one that is removed afterwards. COUNTERMAND_DATABASE_URL is not used.
    """
    opened = open_operation_table(file, mapping, BATCH_ROWS)
    with _data_directory(data_dir) as directory:
        given = from_environment()
        settings = replace(
            given,
            data_dir=directory,
            database_url=None,
            policy=policy or opened.policy or given.policy,
            group_size_max=BATCH_ROWS,
        )
        replayed, label = asyncio.run(replayed_file(settings, opened, limit))
    report = replayed.report() | {"policy": label, "mapping": opened.mapping}
    if opened.table.labelled:
        report |= replayed.quality()
    report["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RUSAGE_UNIT
    for row, refusal in replayed.refused_rows:
        click.echo(f"{_said('row')} {row}: {refusal.code}: {spoken(refusal.text)}", err=True)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in lines_of(report):
            click.echo(line)


async def replayed_file(settings: Settings, opened: OpenedTable, limit: int | None) -> tuple[Replayed, str]:
    """Open a house on the clock of the data, and replay into it; also the label of the policy."""
    first = next((batch.instants[0] for batch in opened.table.batches() if batch.instants), 0)
    clock = ManualClock(first)
    total = opened.table.rows_total
    shown = limit if total is None else min(total, limit or total)
    async with open_house(settings, clock) as house:
        with _progress(shown) as advance:
            replayed = await replay_operations(
                house.decider, opened.table, clock, SystemClock().now(), limit, advance
            )
        return replayed, house.program.label


def lines_of(report: dict[str, Any]) -> Iterator[str]:
    """The report for people, line by line."""
    yield f"{_said('policy')}: {report['policy']}"
    yield f"{_said('rows')}: {report['rows']:,}"
    yield f"{_said('operations')}: {report['operations']:,}"
    if report["repeated"]:
        yield f"  {_said('repeated')}: {report['repeated']:,}"
    for outcome, count in report["outcomes"].items():
        yield f"  {outcome}: {count:,}"
    if report["refused"]:
        yield f"{_said('refused')}: {sum(report['refused'].values()):,}"
        for code, count in report["refused"].items():
            yield f"  {code}: {count:,}"
    yield f"{_said('speed')}: {report['operations_per_second']:,}"
    yield f"{_said('latency')}: {report['latency_ms']['p50']}, {report['latency_ms']['p99']}"
    yield f"{_said('memory')}: {report['peak_memory_bytes'] / 2**20:,.0f}"
    for name in ("auc_roc", "average_precision", "card_precision_at_100"):
        if report.get(name) is not None:
            yield f"{_said(name)}: {report[name]:.4f}"


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


@contextmanager
def _progress(total: int | None) -> Iterator[Any]:
    """A bar on stderr, told how many rows are done; nothing where nobody is watching."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(_said("replaying"), total=total)
        yield lambda rows: progress.advance(task, rows)


def _said(name: str) -> str:
    return spoken(_LABELS[name])
