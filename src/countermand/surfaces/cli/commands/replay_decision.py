"""`countermand replay-decision`: a recorded decision again, compared byte for byte."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import open_desk
from countermand.flows.replay_decision import replay_decision as replay_recorded
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, in_event_loop
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer


@command(
    None,
    "replay-decision",
    en="Decide a recorded operation again from what was recorded; exit code 1 if the bytes differ.",
    zh="依据留存的事实重演一笔决策；若字节不一致，退出码为 1。",
)
@click.argument("identifier", metavar="ID")
@data_dir_option
@in_event_loop
async def replay_decision(identifier: str, data_dir: Path | None) -> None:
    """By the operation's id or the decision's; also while a server runs."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await replay_recorded(desk, identifier)
    what = f"{found['operation']} ({found['policy']}, {found['recorded']['decision']['outcome']})"
    answer(
        found,
        Text(en=f"{what}: the same bytes again.", zh=f"{what}：字节完全一致。")
        if found["identical"]
        else Text(en=f"{what}: the bytes differ.", zh=f"{what}：字节不一致。"),
    )
    if not found["identical"]:
        raise click.exceptions.Exit(1)
