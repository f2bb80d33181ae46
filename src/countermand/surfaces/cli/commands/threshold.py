"""`countermand threshold`: values that move inside an approved band: list, history, adapt, pin, release."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk
from countermand.flows.adapt_thresholds import (
    adapt_thresholds,
    list_thresholds,
    pin_threshold,
    release_threshold,
    threshold_history,
)
from countermand.kernel.text import Text
from countermand.oversight.adaptation import TEXTS, Cause
from countermand.surfaces.cli.commands.publishing import actor_of, text_option
from countermand.surfaces.cli.grammar import Command, command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech

_NONE = Text(en="The live policy has no thresholds.", zh="现行策略没有阈值。")


def _heads(*words: tuple[str, str]) -> list[Text]:
    return [Text(en=en, zh=zh) for en, zh in words]


@group(
    "threshold",
    en="Watch, pin and release thresholds that move inside an approved band.",
    zh="查看、固定和放开在批准区间内自动调整的阈值。",
)
def threshold() -> None:
    """Everything is in the subcommands."""


@command(
    threshold,
    "list",
    en="Show where every threshold of the live policy stands in its band.",
    zh="查看现行策略各阈值在区间内的当前取值。",
)
@data_dir_option
@in_event_loop
async def list_all(data_dir: Path | None) -> None:
    """In the order of the policy."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await list_thresholds(desk)
    speech = current_speech()
    held = Text(en="pinned", zh="已固定")
    answer_table(
        {"thresholds": found},
        _heads(
            ("threshold", "阈值"),
            ("value", "取值"),
            ("band", "区间"),
            ("toward", "目标"),
            ("since", "自"),
            ("rules", "规则"),
            ("", ""),
        ),
        [
            (
                one["threshold"],
                one["written"],
                one["band"],
                ", ".join(f"{measure}: {aim}" for measure, aim in one["toward"].items()),
                one["since"],
                ", ".join(one["rules"]),
                speech.say(held) if one["pinned"] else "",
            )
            for one in found
        ],
        _NONE,
    )


@command(
    threshold,
    "history",
    en="Show how thresholds came to their values, newest first: moves with their evidence, pins, releases.",
    zh="查看阈值的变更历史（最新在前）：自动调整及其依据、固定、放开。",
)
@click.argument("name", required=False)
@option(
    "--policy",
    metavar="NAME@VERSION",
    en="Of this policy (default: the live one).",
    zh="该策略的阈值（默认为现行策略）。",
)
@data_dir_option
@in_event_loop
async def history(name: str | None, policy: str | None, data_dir: Path | None) -> None:
    """From the record."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        lines = await threshold_history(desk, name, policy)
    speech = current_speech()
    answer_table(
        {"history": lines},
        _heads(
            ("at", "时间"),
            ("threshold", "阈值"),
            ("step", "步骤"),
            ("value", "取值"),
            ("by", "操作人"),
            ("why", "理由"),
            ("of", "操作数"),
            ("fired", "触发"),
            ("wanted", "目标"),
        ),
        [
            (
                one["at"],
                one["threshold"],
                one["step"],
                one["written"],
                one["actor"],
                speech.say(TEXTS[Cause(one["cause"])]) if one["cause"] else one["text"],
                *(one["evidence"].get(part) for part in ("operations", "hits", "wanted")),
            )
            for one in lines
        ],
        Text(en="No threshold has moved yet.", zh="尚无阈值变更。"),
    )


@command(
    threshold,
    "adapt",
    en="Judge the latest period of every threshold now, and move where the law says so; a server does this "
    "by itself.",
    zh="立即评估各阈值的最近观察期，并按规则调整；运行中的服务器会自动执行。",
)
@data_dir_option
@in_event_loop
async def adapt(data_dir: Path | None) -> None:
    """Nobody's name is needed: the law decides, inside what people approved."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await adapt_thresholds(desk, ACTOR)
    speech = current_speech()
    answer_table(
        {"judged": found},
        _heads(
            ("threshold", "阈值"),
            ("value", "取值"),
            ("found", "结论"),
            ("of", "操作数"),
            ("fired", "触发"),
            ("wanted", "目标"),
        ),
        [
            (
                one["threshold"],
                one["value"],
                one["text"][speech.language],
                *((one["evidence"] or {}).get(part) for part in ("operations", "hits", "wanted")),
            )
            for one in found
        ],
        _NONE,
    )


def _step_command(name: str, en: str, zh: str, step: Callable[..., Awaitable[dict[str, Any]]]) -> Command:
    @command(threshold, name, en=en, zh=zh)
    @click.argument("name")
    @text_option
    @data_dir_option
    @in_event_loop
    async def take(name: str, text: str, data_dir: Path | None) -> None:
        """In the name of a key, with a reason."""
        quiet_logs()
        async with open_desk(settings_with(data_dir)) as desk:
            made = await step(desk, name, text, actor_of(desk))
        said = f"{made['threshold']} = {made['written']}"
        stands = Text(en=f"{said} stands still until it is released.", zh=f"{said} 已固定，直至放开。")
        moves = Text(en=f"{said} moves by itself again.", zh=f"{said} 已恢复自动调整。")
        answer(made, stands if made["pinned"] else moves)

    return take


_step_command(
    "pin",
    "Hold a threshold at its value from now on.",
    "立即将阈值固定在当前取值。",
    pin_threshold,
)
_step_command(
    "release",
    "Let a pinned threshold move by itself again.",
    "放开已固定的阈值，恢复自动调整。",
    release_threshold,
)
