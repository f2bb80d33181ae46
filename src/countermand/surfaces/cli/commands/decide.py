"""`countermand decide`: one operation through the real flow, in this process."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from countermand.app import open_house
from countermand.surfaces.cli.files import read_input
from countermand.surfaces.cli.grammar import command, data_dir_option, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.reading import read_operation


@command(
    None,
    "decide",
    en="Decide one operation from a JSON file, or - for standard input, and record it.",
    zh="决策 JSON 文件（- 表示标准输入）中的一笔操作并落库。",
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@option("--policy", en="Name or folder of the policy that decides.", zh="用于决策的策略名称或文件夹。")
@data_dir_option
@in_event_loop
async def decide(file: str, policy: str | None, data_dir: Path | None) -> None:
    """The same path as over HTTP; a running server is asked instead, over HTTP."""
    quiet_logs()
    operation = read_operation(read_input(file))
    async with open_house(settings_with(data_dir, policy=policy)) as house:
        data = await house.decider.decide(operation, None)
    if current_speech().as_json:
        click.echo(data.decode())
        return
    decision = msgspec.json.decode(data, type=Answer).decision
    lines = [f"{operation.id}: {decision.outcome} ({decision.policy}, {decision.id})"]
    lines += [f"  - {current_speech().say(reason.text)} [{reason.rule}]" for reason in decision.reasons]
    lines += [f"  > {current_speech().say(one.text)}" for one in decision.counterfactual]
    answer(None, *lines)
