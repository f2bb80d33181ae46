"""`countermand policy`: is a policy sound, what does it say, which ones have decided here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, read_policy
from countermand.kernel.errors import NotFound
from countermand.kernel.text import Text
from countermand.policy.explanation import explain as explain_program
from countermand.policy.findings import Finding
from countermand.policy.package import compile_policy, examine_policy
from countermand.surfaces.cli.commands.publishing import publishing_commands
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import REMARK, WARNING, answer, answer_table, finding_line
from countermand.surfaces.cli.speech import current_speech


@group("policy", en="Check, explain and publish policies.", zh="检查、讲解和发布策略。")
def policy() -> None:
    """Everything is in the subcommands."""


@command(
    policy,
    "check",
    en="Say everything that is wrong with a policy folder or pack; exit code 1 if anything is.",
    zh="列出策略文件夹或内置策略包的全部问题；有问题时退出码为 1。",
)
@click.argument("folder")
@option(
    "--strict",
    is_flag=True,
    en="Refuse for warnings too; what is meant to be so is accepted in the policy, with its reason.",
    zh="有警告时也视为不通过。确属有意的警告，请在策略中用 accept 写明原因。",
)
def check(folder: str, *, strict: bool) -> None:
    """Findings forbid publishing, warnings do with --strict; remarks are worth a second look."""
    found = examine_policy(read_policy(folder))
    findings, warnings, remarks = (
        [_shown(one) for one in some] for some in (found.findings, found.warnings, found.remarks)
    )
    sound = not findings and not (strict and warnings)
    speech = current_speech()
    lines: list[Text | str] = [finding_line(one, speech) for one in findings]
    lines += [finding_line(one, speech, WARNING) for one in warnings]
    lines += [finding_line(one, speech, REMARK) for one in remarks]
    told = (len(findings), len(warnings), len(remarks))
    if sound:
        rules = 0 if found.program is None else len(found.program.rules)
        lines.append(
            Text(
                en=f"Sound: {rules} rules, {told[1]} warnings, {told[2]} remarks.",
                zh=f"策略可用：{rules} 条规则，{told[1]} 处警告，{told[2]} 处提示。",
            )
        )
    else:
        lines.append(
            Text(
                en=f"{told[0]} findings, {told[1]} warnings: not fit to decide.",
                zh=f"{told[0]} 处问题，{told[1]} 处警告：不能用于决策。",
            )
        )
    answer({"sound": sound, "findings": findings, "warnings": warnings, "remarks": remarks}, *lines)
    if not sound:
        raise click.exceptions.Exit(1)


@command(
    policy,
    "explain",
    en="Say every feature, rule and band of a policy folder or pack in words.",
    zh="用文字讲解策略文件夹或内置策略包的每个特征、规则和分数段。",
)
@click.argument("folder")
def explain(folder: str) -> None:
    """For people who did not write it."""
    program = compile_policy(read_policy(folder))
    found = explain_program(program)
    speech = current_speech()
    head = f"{program.label}: {speech.say(program.title)}"
    answer(
        {
            "policy": program.label,
            "title": program.title,
            "explained": [{"section": one.section, "name": one.name, "text": one.text} for one in found],
        },
        head,
        *(f"[{one.section}] {one.name}: {speech.say(one.text)}" for one in found),
    )


@command(
    policy,
    "show",
    en="Show the policies that have decided here, or with NAME@VERSION the files of one.",
    zh="列出曾在此决策的策略；给出 NAME@VERSION 则输出该版本的文件。",
)
@click.argument("label", metavar="[NAME@VERSION]", required=False)
@data_dir_option
@in_event_loop
async def show(label: str | None, data_dir: Path | None) -> None:
    """From the record, not from the folder."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        versions = await desk.policy_shelf.versions()
        chosen = [one for one in versions if f"{one['name']}@{one['version']}" == label]
        files = await desk.policy_shelf.source(chosen[0]["id"]) if chosen else {}
    if label is None:
        _answer_versions(versions)
        return
    if not chosen:
        raise NotFound(
            "unknown_policy_version",
            f"No policy {label} has decided here; `countermand policy show` lists those that have.",
            f"策略 {label} 未在此决策过；可用 `countermand policy show` 查看列表。",
            policy=label,
        )
    lines = [line for name in sorted(files) for line in (f"# --- {name}", files[name].rstrip())]
    answer({**chosen[0], "files": files}, *lines)


def _answer_versions(versions: list[dict[str, Any]]) -> None:
    answer_table(
        {"policies": versions},
        [Text(en="policy", zh="策略"), Text(en="recorded", zh="记录时间"), Text(en="state", zh="状态")],
        [(f"{one['name']}@{one['version']}", one["recorded_at"], one["state"]) for one in versions],
        Text(en="No policy has decided here yet.", zh="尚无策略在此决策过。"),
    )


def _shown(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "file": finding.at.file,
        "line": finding.at.line,
        "column": finding.at.column,
        "text": {"en": finding.en, "zh": finding.zh},
    }


for _made in publishing_commands():
    policy.add_command(_made)
