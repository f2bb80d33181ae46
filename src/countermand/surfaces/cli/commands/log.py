"""`countermand log`: the transparency log, which anyone can check without asking us."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from countermand.app import open_log, open_sealing, seal_until, sign_until, signer_socket, signer_state
from countermand.flows.rotate_log_keys import rotate_log_keys
from countermand.flows.sign_log import OVERLAP_DAYS_MAX, OVERLAP_DAYS_MIN
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.surfaces.cli.attended import end_with_parent, stop_on_signals
from countermand.surfaces.cli.commands.log_monitor import monitor
from countermand.surfaces.cli.commands.log_outside import ask, outsiders
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.log_reading import add_readers
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.collector import collector_off_the_path

# Behind the decisions, and before everything that may wait for long.
NICENESS = 5
PLACE_SECONDS_MAX = 20.0
_ATTENDED = Text(
    en="End when standard input ends (`serve` starts it so).", zh="标准输入结束时退出（serve 以此方式启动）。"
)


@group(
    "log", en="Seal, sign, export and check the transparency log.", zh="透明日志的封存、签名、导出与检查。"
)
def log() -> None:
    """Everything is in the subcommands."""


for outside in (ask, monitor, outsiders):
    log.add_command(outside)


def attended_option(function: Any) -> Any:
    """How `serve` starts it."""
    return option("--attended", is_flag=True, en=_ATTENDED.en, zh=_ATTENDED.zh)(function)


@command(
    log,
    "sign",
    en="Be the signer: keep the log's keys and sign only what adds to what was signed.",
    zh="作为签名程序运行：保管日志密钥，仅签署在已签内容之上追加的树。",
)
@option(
    "--socket",
    type=click.Path(path_type=Path),
    en="Where to listen (default: the file socket in its folder).",
    zh="监听位置（默认为其文件夹中的 socket 文件）。",
)
@option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    en="Folder of its keys and memory, outside of the database and its backups (setting log_signer_state).",
    zh="存放密钥与签名记忆的文件夹，须在数据库及其备份之外（设置 log_signer_state）。",
)
@attended_option
def sign(socket: Path | None, state: Path | None, attended: bool) -> None:
    """A process, and better a system user, of its own."""
    settings = settings_with(None, log_signer_state=state, log_signer_socket=socket)
    quiet_logs(settings.log_level)
    if attended:
        end_with_parent()
    asyncio.run(_sign(signer_state(settings), signer_socket(settings)))


async def _sign(state: Path, socket: Path) -> None:
    await sign_until(stop_on_signals(), state, socket)


@command(
    log,
    "seal",
    en="Seal the journal into the log until SIGTERM or Ctrl-C; `serve` does this too.",
    zh="将日记账持续封存到透明日志，直到 SIGTERM 或 Ctrl-C；serve 也会处理。",
)
@attended_option
@data_dir_option
def seal(attended: bool, data_dir: Path | None) -> None:
    """One at a time: a second one waits."""
    settings = settings_with(data_dir)
    quiet_logs(settings.log_level)
    if attended:
        end_with_parent()
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    asyncio.run(_seal(settings))


async def _seal(settings: Any) -> None:
    async with collector_off_the_path():
        await seal_until(stop_on_signals(), settings)


@command(log, "status", en="Show how far sealing and signing are.", zh="查看封存与签名的进度。")
@data_dir_option
@in_event_loop
async def status(data_dir: Path | None) -> None:
    """What an operator wants to know first."""
    quiet_logs()
    async with open_log(settings_with(data_dir)) as opened:
        found = await opened.shelf.standing()
    shown = {
        name: rfc3339(value) if name.endswith("_at") and value is not None else value
        for name, value in found._asdict().items()
    }
    answer_table(
        shown,
        [Text(en="what", zh="项目"), Text(en="value", zh="值")],
        [(name, value) for name, value in shown.items() if value is not None],
        Text(en="", zh=""),
    )


@command(
    log,
    "new-shard",
    en="Go on under a new name, where the old log cannot go on; what it had unsigned comes again.",
    zh="旧日志无法继续时，以新名称继续；其中未签名的内容会重新封存。",
)
@data_dir_option
@in_event_loop
async def new_shard(data_dir: Path | None) -> None:
    """Only this goes on after a database was restored; nobody does it by accident."""
    quiet_logs()
    async with open_sealing(settings_with(data_dir), place_seconds_max=PLACE_SECONDS_MAX) as sealing:
        sealer = await sealing.new_shard()
    origin = sealer.shard.origin
    answer({"origin": origin}, Text(en=f"The log goes on as {origin}.", zh=f"日志以 {origin} 继续。"))


@command(
    log,
    "rotate",
    en="Make new keys for the log; the old ones sign beside them for a while.",
    zh="为日志生成新密钥；旧密钥在一段时间内并行签名。",
)
@option(
    "--overlap-days",
    type=click.IntRange(OVERLAP_DAYS_MIN, OVERLAP_DAYS_MAX),
    default=OVERLAP_DAYS_MIN,
    show_default=True,
    en="For how long the old keys sign on.",
    zh="旧密钥继续签名的天数。",
)
@data_dir_option
@in_event_loop
async def rotate(overlap_days: int, data_dir: Path | None) -> None:
    """The log itself names the new keys."""
    quiet_logs()
    async with open_log(settings_with(data_dir)) as opened:
        keys = await rotate_log_keys(opened, await opened.shelf.latest(), overlap_days)
    answer({"keys": keys}, *keys)


add_readers(log)
