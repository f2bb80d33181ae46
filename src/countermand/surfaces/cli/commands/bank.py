"""`countermand bank`: is core banking of the same mind as we are; and a simulated one for trying out."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import click

from countermand.app import SIMULATED_BANK, open_bank, open_desk
from countermand.flows.reconcile_bank import reconcile_bank
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer_table

DISAGREES = 1


@group("bank", en="Compare with core banking; simulate one.", zh="与核心系统对账；模拟核心系统。")
def bank() -> None:
    """Everything is in the subcommands."""


@command(
    bank,
    "reconcile",
    en="Find every disagreement with core banking; exit code 1 where there is one.",
    zh="与核心系统逐笔对账，列出所有不一致；存在不一致时退出码为 1。",
)
@data_dir_option
@click.pass_context
@in_event_loop
async def reconcile(context: click.Context, data_dir: Path | None) -> None:
    """Both ledgers, whole."""
    quiet_logs()
    settings = settings_with(data_dir)
    async with open_bank(settings) as core, open_desk(settings) as desk:
        found = await reconcile_bank(desk.executions, core)
    rows = [tuple(one.values()) for one in found["disagreements"]]
    answer_table(
        found,
        [
            Text(en="operation", zh="操作"),
            Text(en="disagreement", zh="不一致"),
            Text(en="here", zh="本系统"),
            Text(en="there", zh="核心系统"),
        ],
        rows,
        Text(
            en=f"Both agree: {found['executed_here']} executed here, {found['entries_there']} entries there.",
            zh=f"双方一致：本系统已执行 {found['executed_here']} 笔，核心系统 {found['entries_there']} 笔。",
        ),
    )
    if rows:
        context.exit(DISAGREES)


@command(
    bank,
    "simulate",
    en="Run a simulated core banking system with a ledger on disk, until SIGTERM or Ctrl-C.",
    zh="运行模拟核心系统（账本存于磁盘），直到 SIGTERM 或 Ctrl-C。",
)
@option("--ledger", type=click.Path(dir_okay=False), required=True, en="The ledger's file.", zh="账本文件。")
@option(
    "--keys",
    required=True,
    en="Keys that permits are checked with: a JWK Set file, or /v1/permits/keys of a server.",
    zh="用于验证执行许可的密钥：JWK Set 文件，或服务器的 /v1/permits/keys 地址。",
)
@option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, en="Port.", zh="监听端口。")
def simulate(ledger: str, keys: str, port: int) -> None:
    """The same program as `python -m` runs."""
    sys.argv = [SIMULATED_BANK, "--ledger", ledger, "--keys", keys, "--port", str(port)]
    runpy.run_module(SIMULATED_BANK, run_name="__main__")
