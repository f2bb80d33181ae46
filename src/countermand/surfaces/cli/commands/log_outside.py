"""`countermand log ask` and `outsiders`: whom our log is shown to, and how they stand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from countermand.app import open_outsiders
from countermand.flows.show_outsiders import show_outsiders
from countermand.flows.witness_log import witness_log, witness_until
from countermand.kernel.text import Text
from countermand.surfaces.cli.attended import end_with_parent, stop_on_signals
from countermand.surfaces.cli.grammar import command, data_dir_option, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer_table

FAILED = 1
_NOBODY = Text(
    en="Nothing is signed yet, or nobody outside is set.", zh="尚无已签名的检查点，或未设置任何外部机构。"
)


@command(
    None,
    "ask",
    en="Have witnesses, time stamps and anchors vouch for the log, until SIGTERM; `serve` does this too.",
    zh="持续请见证方联署、加盖时间戳并锚定日志，直到 SIGTERM；serve 也会处理。",
)
@option(
    "--once",
    is_flag=True,
    en="One round, and tell; exit code 1 where somebody failed.",
    zh="只执行一轮并报告；有失败时退出码为 1。",
)
@option(
    "--attended",
    is_flag=True,
    en="End when standard input ends (`serve` starts it so).",
    zh="标准输入结束时退出（serve 以此方式启动）。",
)
@data_dir_option
@click.pass_context
def ask(context: click.Context, once: bool, attended: bool, data_dir: Path | None) -> None:
    """Rounds of a second with witnesses, of ten with the others."""
    settings = settings_with(data_dir)
    quiet_logs(settings.log_level)
    if attended:
        end_with_parent()
    if asyncio.run(_once(settings) if once else _ask(settings)):
        context.exit(FAILED)


async def _ask(settings: Any) -> bool:
    stop = stop_on_signals()
    async with open_outsiders(settings) as house:
        await witness_until(stop, house)
    return False


async def _once(settings: Any) -> bool:
    async with open_outsiders(settings) as house:
        standings = await witness_log(house, at_once=True)
    rows = [{"who": who, "size": one.size, "failed": one.failed} for who, one in standings.items()]
    answer_table(
        rows,
        [Text(en="who", zh="外部机构"), Text(en="size", zh="条数"), Text(en="failed", zh="失败原因")],
        [tuple(row.values()) for row in rows],
        _NOBODY,
    )
    return any(row["failed"] for row in rows)


@command(
    None,
    "outsiders",
    en="Show how witnesses, time stamps and anchors stand.",
    zh="查看见证、时间戳与锚定的进度。",
)
@data_dir_option
@in_event_loop
async def outsiders(data_dir: Path | None) -> None:
    """From the database: also while a server runs."""
    quiet_logs()
    async with open_outsiders(settings_with(data_dir)) as house:
        rows = await show_outsiders(house)
    answer_table(
        rows,
        [
            Text(en="who", zh="外部机构"),
            Text(en="size", zh="条数"),
            Text(en="behind", zh="落后条数"),
            Text(en="at", zh="时间"),
            Text(en="about", zh="详情"),
        ],
        [tuple(row.values()) for row in rows],
        _NOBODY,
    )
