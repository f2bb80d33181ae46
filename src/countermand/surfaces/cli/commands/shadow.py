"""`countermand shadow`: candidate policies that follow the operations, and what they would have answered."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, open_follower, read_policy
from countermand.flows.keep_shadows import (
    add_shadow,
    checked_policy,
    compare_shadow,
    list_shadows,
    live_files,
    pause_shadow,
    remove_shadow,
    resume_shadow,
)
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.surfaces.cli.attended import end_with_parent, stop_on_signals
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table, notice
from countermand.surfaces.cli.speech import current_speech
from countermand.surfaces.collector import collector_off_the_path

# Behind everything else on the machine: about a seventieth of what an ordinary process gets.
NICENESS = 19
AUTOGROUP = Path("/proc/self/autogroup")


@group("shadow", en="Try policies on real traffic without effect.", zh="在真实流量上无影响地试运行策略。")
def shadow() -> None:
    """Everything is in the subcommands."""


@command(
    shadow,
    "add",
    en="Let a policy folder or pack follow the operations from now on; it decides nothing.",
    zh="让策略文件夹或内置策略包从现在起跟随操作；它不作任何决策。",
)
@click.argument("folder")
@option("--name", en="Name of the shadow (default: NAME-VERSION).", zh="影子策略名称（默认为 名称-版本）。")
@data_dir_option
@in_event_loop
async def add(folder: str, name: str | None, data_dir: Path | None) -> None:
    """It is checked like a policy that is to be published."""
    quiet_logs()
    files = read_policy(folder)
    async with open_desk(settings_with(data_dir)) as desk:
        checked = checked_policy(files, await live_files(desk.policy_shelf))
        added = await add_shadow(desk, name, files, checked, ACTOR)
    said, unknown = added["name"], ", ".join(added["never_recorded"])
    answer(added, Text(en=f"{said} follows the operations.", zh=f"{said} 已开始跟随操作。"))
    if unknown:
        notice(
            Text(
                en=f"The live policy does not record these facts, so a shadow cannot know them: {unknown}.",
                zh=f"现行策略未记录以下事实，影子策略将视其为未知：{unknown}。",
            )
        )


@command(shadow, "list", en="Show all shadows and where they stand.", zh="列出全部影子策略及其进度。")
@data_dir_option
@in_event_loop
async def list_all(data_dir: Path | None) -> None:
    """By name."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await list_shadows(desk)
    speech = current_speech()
    answer_table(
        {"shadows": found},
        [
            Text(en="shadow", zh="影子策略"),
            Text(en="policy", zh="策略"),
            Text(en="state", zh="状态"),
            Text(en="operations", zh="操作数"),
            Text(en="reason", zh="原因"),
        ],
        [
            (
                one["name"],
                one["policy"],
                one["state"],
                one["operations"],
                "" if one["reason"] is None else speech.say(one["reason"]["text"]),
            )
            for one in found
        ],
        Text(en="There are no shadows.", zh="没有影子策略。"),
    )


@command(
    shadow,
    "diff",
    en="Show what would have changed: outcomes, shares, money, rules, and examples.",
    zh="查看会发生的变化：结果、占比、金额、规则和示例。",
)
@click.argument("name")
@option(
    "--days", type=click.IntRange(1), en="Only the last days (default: all).", zh="仅最近若干天（默认全部）。"
)
@option(
    "--confidence",
    type=click.FloatRange(0.5, 0.9999),
    default=0.95,
    show_default=True,
    en="Confidence of the intervals.",
    zh="区间的置信水平。",
)
@data_dir_option
@in_event_loop
async def diff(name: str, days: int | None, confidence: float, data_dir: Path | None) -> None:
    """To the nearest thousand operations at its beginning."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await compare_shadow(desk, name, days, confidence)
    if current_speech().as_json:
        answer(found)
        return
    _say_difference(found)


@command(shadow, "pause", en="Stop a shadow; its results stay.", zh="暂停影子策略；其结果保留。")
@click.argument("name")
@data_dir_option
@in_event_loop
async def pause(name: str, data_dir: Path | None) -> None:
    """Its position stays as well."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await pause_shadow(desk, name, ACTOR)
    answer(found, Text(en=f"{name} is paused.", zh=f"{name} 已暂停。"))


@command(
    shadow, "resume", en="Let a paused shadow go on where it stopped.", zh="让暂停的影子策略从停止处继续。"
)
@click.argument("name")
@data_dir_option
@in_event_loop
async def resume(name: str, data_dir: Path | None) -> None:
    """It catches up."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await resume_shadow(desk, name, ACTOR)
    answer(found, Text(en=f"{name} goes on.", zh=f"{name} 已继续。"))


@command(shadow, "remove", en="Forget a shadow and all its results.", zh="移除影子策略及其全部结果。")
@click.argument("name")
@data_dir_option
@in_event_loop
async def remove(name: str, data_dir: Path | None) -> None:
    """There is no way back."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await remove_shadow(desk, name, ACTOR)
    answer(found, Text(en=f"{name} is removed.", zh=f"{name} 已移除。"))


@command(
    shadow,
    "run",
    en="Follow the operations with all shadows until SIGTERM or Ctrl-C; `serve` does this by itself.",
    zh="用全部影子策略跟随操作，直到 SIGTERM 或 Ctrl-C；serve 会自动启动此命令。",
)
@option(
    "--attended",
    is_flag=True,
    en="End when standard input ends (`serve` starts it so).",
    zh="标准输入结束时退出（serve 以此方式启动）。",
)
@data_dir_option
def run(attended: bool, data_dir: Path | None) -> None:
    """A process of its own, behind everything else on the machine."""
    settings = settings_with(data_dir)
    quiet_logs(settings.log_level)
    if attended:
        end_with_parent()
    _step_back()
    asyncio.run(_follow(settings))


async def _follow(settings: Any) -> None:
    stop = stop_on_signals()
    async with open_follower(settings) as follower, collector_off_the_path():
        await follower.follow(stop)


def _step_back() -> None:
    """Let everybody else go first, but do not starve: a stopped follower would hold its transaction open.

    Where Linux groups processes by session (`sched_autogroup_enabled`), a process is nice to its own session
    only, and it is the session that must step back. That is ours to say where we lead it.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # whatever whoever started us was
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICENESS))


def _say_difference(found: dict[str, Any]) -> None:
    """Tables for people."""
    speech = current_speech()
    operations = Text(en="operations", zh="操作数")
    live, candidate = Text(en="live", zh="现行"), Text(en="candidate", zh="候选")
    nothing = Text(en="It has seen no operation yet.", zh="尚未评估任何操作。")
    answer(
        None,
        Text(
            en=f"{found['shadow']} ({found['policy']}): {found['operations']} operations.",
            zh=f"{found['shadow']}（{found['policy']}）：{found['operations']} 笔操作。",
        ),
    )
    answer_table(
        None,
        [live, candidate, operations, Text(en="amount", zh="金额")],
        [
            (one["live"], one["candidate"], one["operations"], _amount(one["amount"]))
            for one in found["transitions"]
        ],
        nothing,
    )
    _say_shares(found, live, candidate)
    changed = [one for one in found["rules"] if one["change"] != "same"]
    answer_table(
        None,
        [Text(en="rule", zh="规则"), Text(en="change", zh="变化"), live, candidate],
        [(one["rule"], one["change"], one["live"], one["candidate"]) for one in changed],
        Text(en="Every rule fires on the same operations.", zh="各规则在相同的操作上触发。"),
    )
    answer_table(
        None,
        [Text(en="example", zh="示例"), live, candidate, Text(en="received", zh="收到时间")],
        [(one["operation"], one["live"], one["candidate"], one["received_at"]) for one in found["examples"]],
        Text(en="No operation has another outcome.", zh="没有结果不同的操作。"),
    )
    if found["labelled"]:
        for title, caught in ((live, found["live_catch"]), (candidate, found["candidate_catch"])):
            precision, recall = _percent(caught["precision"]), _percent(caught["recall"])
            answer(
                None,
                f"{speech.say(title)}: "
                + speech.say(
                    Text(
                        en=f"precision {precision}, recall {recall}",
                        zh=f"精确率 {precision}，召回率 {recall}",
                    )
                ),
            )
    if found["guardrail"] is not None:
        answer(None, found["guardrail"]["text"])


def _say_shares(found: dict[str, Any], live: Text, candidate: Text) -> None:
    answer_table(
        None,
        [
            Text(en="outcome", zh="结果"),
            live,
            candidate,
            Text(en="difference", zh="差异"),
            Text(en="chance", zh="偶然概率"),
        ],
        [
            (
                one["outcome"],
                _percent(one["live"]),
                _percent(one["candidate"]),
                _percent(one["difference"]),
                f"{one['chance']:.2g}",
            )
            for one in found["shares"]
        ],
        Text(en="", zh=""),
    )


def _amount(money: Any) -> str:
    return money_texts(money.minor, money.currency)[1 if current_speech().language == "zh" else 0]


def _percent(interval: dict[str, float] | None) -> str:
    if interval is None:
        return "-"
    return "{value:.2%} [{low:.2%}, {high:.2%}]".format(**interval)
