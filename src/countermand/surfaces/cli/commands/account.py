"""`countermand account`: what is known about an account, and its freeze, also while a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, open_replay
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.keep_profiles import put_profile, show_profile
from countermand.kernel.text import Text
from countermand.surfaces.cli.files import read_input
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.replaying import all_option, answer_replay, one_or_all
from countermand.vocabulary.parties import read_profile


@group("account", en="Keep account profiles; freeze and lift.", zh="维护账户资料；冻结与解冻。")
def account() -> None:
    """Everything is in the subcommands."""


@command(account, "show", en="Show what is known about an account.", zh="查看账户资料。")
@click.argument("account_id", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def show(account_id: str, data_dir: Path | None) -> None:
    """The profile and the freeze that binds."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        _answer_profile(await show_profile(desk, account_id))


@command(
    account,
    "put",
    en="Replace an account's profile by a JSON file, or - for standard input.",
    zh="用 JSON 文件（- 表示标准输入）替换账户资料。",
)
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@data_dir_option
@in_event_loop
async def put(account_id: str, file: str, data_dir: Path | None) -> None:
    """A profile in place of the one before."""
    quiet_logs()
    profile = read_profile(read_input(file))
    async with open_desk(settings_with(data_dir)) as desk:
        _answer_profile(await put_profile(desk, account_id, profile, ACTOR))


@command(
    account,
    "freeze",
    en="Freeze an account: nothing leaves it from the moment this returns.",
    zh="冻结账户：命令返回后资金不再转出。",
)
@click.argument("account_id", metavar="ACCOUNT")
@option("--reason", required=True, en="Why, for whoever reviews it.", zh="理由，供复核。")
@data_dir_option
@in_event_loop
async def freeze(account_id: str, reason: str, data_dir: Path | None) -> None:
    """A standing order."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        order = await freeze_account(desk, account_id, reason, ACTOR)
    answer(
        order,
        Text(
            en=f"{account_id} is frozen since {order['placed_at']} (order {order['order']}).",
            zh=f"账户 {account_id} 自 {order['placed_at']} 起已冻结（指令 {order['order']}）。",
        ),
    )


@command(account, "lift", en="Lift an account's freeze.", zh="解除账户冻结。")
@click.argument("account_id", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def lift(account_id: str, data_dir: Path | None) -> None:
    """The end of a standing order."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        lifted = await lift_freeze(desk, account_id, ACTOR)
    answer(lifted, _lifted(account_id, lifted))


def _lifted(account_id: str, lifted: dict[str, Any]) -> Text:
    incident = lifted["incident"]
    if incident is not None:
        return Text(
            en=f"{account_id} stays frozen by incident {incident}: countermand contain lift {incident}",
            zh=f"账户 {account_id} 仍被事件 {incident} 冻结：countermand contain lift {incident}",
        )
    if lifted["order"] is None:
        return Text(en=f"{account_id} is not frozen.", zh=f"账户 {account_id} 未被冻结。")
    return Text(en=f"The freeze of {account_id} is lifted.", zh=f"账户 {account_id} 的冻结已解除。")


@command(
    account,
    "replay",
    en="Rebuild an account's orders, holds, limits and containments from the journal; "
    "exit code 1 where what is stored differs.",
    zh="从日记账重建账户的指令、暂缓、限额与止付；与库中状态不一致时退出码为 1。",
)
@click.argument("account_id", metavar="[ACCOUNT]", required=False)
@all_option
@data_dir_option
@in_event_loop
async def replay(account_id: str | None, everything: bool, data_dir: Path | None) -> None:
    """With --all: of all accounts, persons and everybody, and every decision."""
    quiet_logs()
    one_or_all(account_id, everything=everything)
    async with open_replay(settings_with(data_dir)) as replayer:
        found = await (replayer.accounts() if account_id is None else replayer.account(account_id))
    answer_replay(found)


def _answer_profile(shown: dict[str, Any]) -> None:
    answer_table(
        shown,
        [Text(en="field", zh="字段"), Text(en="value", zh="值")],
        [(name, _cell(value)) for name, value in shown.items()],
        Text(en="", zh=""),
    )


def _cell(value: Any) -> str:
    if value is None:
        return "?"
    if isinstance(value, dict):
        return "; ".join(str(part) for part in value.values())
    return ", ".join(value) if isinstance(value, tuple) else str(value)
