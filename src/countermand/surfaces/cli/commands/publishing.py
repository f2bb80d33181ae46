"""`countermand policy draft … rollback`, `history`, `diff`, `canary`: publishing takes two people."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from countermand.app import open_desk, read_policy
from countermand.flows.compare_policies import policies_to_compare, policy_difference
from countermand.flows.desk import Desk
from countermand.flows.publish_policy import (
    SHARE_PERMILLE_MAX,
    checked,
    draft_policy,
    end_canary,
    list_canaries,
    policy_history,
    start_canary,
    take_step,
)
from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import (
    Command,
    Group,
    command,
    data_dir_option,
    group,
    in_event_loop,
    option,
)
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.access import Scope
from countermand.vocabulary.publishing import Guardrails, PolicyStep

KEY_VARIABLE = "COUNTERMAND_KEY"
_GUARDRAILS = Guardrails()
_STEPS = (
    (PolicyStep.PROPOSE, "Ask for a checked policy to be published.", "提交已检查的策略，申请发布。"),
    (
        PolicyStep.APPROVE,
        "Approve a proposed policy; never by its author or proposer.",
        "批准已提交的策略；作者和提交人不得自行批准。",
    ),
    (
        PolicyStep.REJECT,
        "Reject a proposed policy; never by its author or proposer.",
        "驳回已提交的策略；作者和提交人不得自行驳回。",
    ),
    (PolicyStep.WITHDRAW, "Give a policy up before it is scheduled.", "在排期之前撤回策略。"),
    (PolicyStep.UNSCHEDULE, "Take a policy off the schedule.", "取消策略的生效排期。"),
    (
        PolicyStep.ROLLBACK,
        "Go back at once to a policy that has decided before.",
        "立即回退到曾经生效的策略。",
    ),
)


def actor_of(desk: Desk) -> str:
    """Who acts: the name of the key in COUNTERMAND_KEY, which must have the scope `policy`.

    Raises SetupError (`no_key`), Unauthenticated (`unknown_key`), Forbidden (`missing_scope`).
    """
    presented = os.environ.get(KEY_VARIABLE, "")
    if not presented:
        raise SetupError(
            "no_key",
            f"Publishing is done in somebody's name: put the API key of a person into {KEY_VARIABLE} "
            "(`countermand key create NAME --scope policy` makes one).",
            f"发布须以个人名义进行：请将个人的 API 密钥放入 {KEY_VARIABLE}"
            "（可用 `countermand key create NAME --scope policy` 创建）。",
        )
    return desk.keys.check(presented, Scope.POLICY.value).name


def text_option(function: Any) -> Any:
    """Why; it stands in the history."""
    made = option("--text", required=True, en="Why; it stands in the history.", zh="理由；写入历史。")
    return made(function)


@command(
    None,
    "draft",
    en="Check a policy folder or pack and record it under its name and version, for ever.",
    zh="检查策略文件夹或内置策略包，并以其名称和版本永久记录。",
)
@click.argument("folder")
@text_option
@data_dir_option
@in_event_loop
async def draft(folder: str, text: str, data_dir: Path | None) -> None:
    """The first step; nothing decides differently yet."""
    quiet_logs()
    drafted = checked(read_policy(folder))
    async with open_desk(settings_with(data_dir)) as desk:
        _answer_state(await draft_policy(desk, drafted, text, actor_of(desk)))


def _step_command(step: PolicyStep, en: str, zh: str) -> Command:
    @command(None, step.value, en=en, zh=zh)
    @click.argument("label", metavar="NAME@VERSION")
    @text_option
    @data_dir_option
    @in_event_loop
    async def take(label: str, text: str, data_dir: Path | None) -> None:
        """One step on the way."""
        quiet_logs()
        async with open_desk(settings_with(data_dir)) as desk:
            _answer_state(await take_step(desk, label, step, text, actor_of(desk)))

    return take


def _start_command(name: str, en: str, zh: str, start: Callable[[Any], Any]) -> Command:
    @command(None, name, en=en, zh=zh)
    @click.argument("label", metavar="NAME@VERSION")
    @start
    @text_option
    @data_dir_option
    @in_event_loop
    async def take(label: str, text: str, data_dir: Path | None, start: str | None = None) -> None:
        """A running server makes it ready and switches; else the next server does."""
        quiet_logs()
        async with open_desk(settings_with(data_dir)) as desk:
            _answer_state(await take_step(desk, label, PolicyStep.SCHEDULE, text, actor_of(desk), start))

    return take


@command(
    None,
    "history",
    en="Who did what to a policy, or to all of them, and why; the newest first.",
    zh="某个或全部策略的操作历史：何人、何事、理由；最新的在前。",
)
@click.argument("label", metavar="[NAME@VERSION]", required=False)
@data_dir_option
@in_event_loop
async def history(label: str | None, data_dir: Path | None) -> None:
    """From the record."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        lines = await policy_history(desk, label)
    heads = [("at", "时间"), ("policy", "策略"), ("step", "步骤"), ("by", "操作人"), ("why", "理由")]
    language = current_speech().language
    answer_table(
        {"history": lines},
        [Text(en=en, zh=zh) for en, zh in heads],
        [
            (
                one["at"],
                one["policy"],
                one["step"],
                one["actor"],
                one["text"] or one["details"].get(language),
            )
            for one in lines
        ],
        Text(en="Nothing has happened yet.", zh="尚无记录。"),
    )


@command(
    None,
    "diff",
    en="Say what a policy adds, changes and removes compared with the live one, or with another.",
    zh="说明某策略与当前策略（或另一策略）相比增加、修改和删除了什么。",
)
@click.argument("label", metavar="NAME@VERSION")
@option("--against", metavar="NAME@VERSION", en="Compare with this one.", zh="与该版本比较。")
@data_dir_option
@in_event_loop
async def diff(label: str, against: str | None, data_dir: Path | None) -> None:
    """In words, thing by thing."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = policy_difference(await policies_to_compare(desk, label, against))
    language = current_speech().language
    lines = [f"{found['before']} -> {found['after']}"]
    for one in found["changes"]:
        mark = {"added": "+", "changed": "~", "removed": "-"}[one["change"]]
        lines.append(f"{mark} [{one['section']}] {one['name']}")
        lines += [f"    - {one['before'][language]}"] if one["before"] else []
        lines += [f"    + {one['after'][language]}"] if one["after"] else []
    if not found["changes"]:
        answer(found, *lines, Text(en="No difference.", zh="没有差异。"))
        return
    answer(found, *lines)


@group("canary", en="Let a policy decide for a share of accounts.", zh="让策略为一部分账户作决策（灰度）。")
def canary() -> None:
    """Everything is in the subcommands."""


@command(
    canary,
    "start",
    en="Start a canary of an approved policy; a broken guardrail pauses it by itself.",
    zh="启动已批准策略的灰度；触发护栏时自动暂停。",
)
@click.argument("label", metavar="NAME@VERSION")
@option(
    "--share-permille",
    type=click.IntRange(1, SHARE_PERMILLE_MAX),
    required=True,
    en="Of a thousand accounts, for how many it decides.",
    zh="每千个账户中由其决策的账户数。",
)
@option(
    "--friction-ratio-max",
    type=float,
    default=_GUARDRAILS.friction_ratio_max,
    show_default=True,
    en="Its share of stopped operations over that of the live policy, at most.",
    zh="其拦截占比与当前策略之比的上限。",
)
@option(
    "--friction-margin",
    type=float,
    default=_GUARDRAILS.friction_margin,
    show_default=True,
    en="Difference of the two shares that is always allowed.",
    zh="两者占比之差的容许值。",
)
@option(
    "--decisions-min",
    type=int,
    default=_GUARDRAILS.decisions_min,
    show_default=True,
    en="Decisions of each side before they are compared.",
    zh="双方各达到多少笔决策后才比较。",
)
@option(
    "--errors-max",
    type=int,
    default=_GUARDRAILS.errors_max,
    show_default=True,
    en="Operations it may fail to decide.",
    zh="允许其决策失败的笔数。",
)
@option(
    "--micros-mean-max",
    type=int,
    default=_GUARDRAILS.micros_mean_max,
    show_default=True,
    en="Microseconds a decision may take on average.",
    zh="平均每笔决策的微秒数上限。",
)
@text_option
@data_dir_option
@in_event_loop
async def start_one(label: str, share_permille: int, text: str, data_dir: Path | None, **limits: Any) -> None:
    """A running server makes it ready, then the share of the accounts is its own."""
    quiet_logs()
    guardrails = msgspec.convert(limits, Guardrails)
    async with open_desk(settings_with(data_dir)) as desk:
        made = await start_canary(desk, label, share_permille, guardrails, text, actor_of(desk))
    answer(made, f"{made['id']} {made['policy']}: {made['state']}")


def _canary_command(name: str, step: PolicyStep, en: str, zh: str) -> None:
    @command(canary, name, en=en, zh=zh)
    @text_option
    @data_dir_option
    @in_event_loop
    async def end(text: str, data_dir: Path | None) -> None:
        """Traffic goes back to the live policy, or the canary's policy becomes it."""
        quiet_logs()
        async with open_desk(settings_with(data_dir)) as desk:
            made = await end_canary(desk, step, text, actor_of(desk))
        answer(made, f"{made['id']} {made['policy']}: {made['state']}")


_canary_command("stop", PolicyStep.CANARY_STOP, "Stop the running canary.", "停止正在运行的灰度。")
_canary_command(
    "promote",
    PolicyStep.CANARY_PROMOTE,
    "Publish the policy of the running canary for all accounts, now.",
    "将正在灰度的策略立即对全部账户发布。",
)


@command(canary, "show", en="Show the latest canaries.", zh="查看最近的灰度。")
@data_dir_option
@in_event_loop
async def show_canaries(data_dir: Path | None) -> None:
    """The newest first."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await list_canaries(desk)
    heads = [
        ("canary", "灰度"),
        ("policy", "策略"),
        ("permille", "千分比"),
        ("state", "状态"),
        ("why", "原因"),
    ]
    answer_table(
        {"canaries": found},
        [Text(en=en, zh=zh) for en, zh in heads],
        [(one["id"], one["policy"], one["share_permille"], one["state"], one["reason"]) for one in found],
        Text(en="There was no canary yet.", zh="尚无灰度。"),
    )


def _answer_state(made: dict[str, Any]) -> None:
    lines: list[Text | str] = [f"{made['policy']}: {made['state']}"]
    if made["start_at"] is not None:
        lines.append(
            Text(
                en=f"Starts at {made['start_at']}; a running server prepares it, else the next one to start.",
                zh=f"生效时间 {made['start_at']}；由正在运行的服务器准备，否则由下次启动的服务器准备。",
            )
        )
    answer(made, *lines)


def publishing_commands() -> list[Command | Group]:
    """Everything that `countermand policy` gets from here."""
    start = option(
        "--start", metavar="TIME", en="When, as RFC 3339 (default: now).", zh="何时（RFC 3339，默认立即）。"
    )
    steps: list[Command | Group] = [_step_command(*one) for one in _STEPS]
    return [
        draft,
        *steps,
        _start_command(
            "schedule", "Set the start of an approved policy.", "设定已批准策略的生效时间。", start
        ),
        _start_command(
            "publish",
            "Publish an approved policy as soon as it is ready.",
            "策略就绪后立即发布已批准的策略。",
            lambda function: function,
        ),
        history,
        diff,
        canary,
    ]
