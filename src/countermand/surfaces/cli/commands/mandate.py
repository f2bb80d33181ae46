"""`countermand mandate`: automatic debits of an account, to list and to switch, also while a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from countermand.flows.keep_mandates import list_mandates, switch_off, switch_on
from countermand.kernel.text import Text
from countermand.surfaces.cli.commands.limit import holders_on
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech


@group("mandate", en="See automatic debits; switch them off and on.", zh="查看自动扣款；关闭与重新开启。")
def mandate() -> None:
    """Everything is in the subcommands."""


@command(mandate, "list", en="List the automatic debits of an account.", zh="列出账户的自动扣款。")
@click.argument("account", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def list_(account: str, data_dir: Path | None) -> None:
    """Those the institution told of, and those known from their operations."""
    async with holders_on(data_dir) as holders:
        found = await list_mandates(holders, account)
    answer_table(
        found,
        [
            Text(en="mandate", zh="编号"),
            Text(en="payee", zh="收款方"),
            Text(en="state", zh="状态"),
            Text(en="last run", zh="最近扣款"),
            Text(en="runs", zh="次数"),
        ],
        [
            (one["mandate"], one["payee"] or "", _state(one["on"]), one["run_at"] or "", str(one["runs"]))
            for one in found["mandates"]
        ],
        Text(en="No automatic debit is known.", zh="没有已知的自动扣款。"),
    )


@command(mandate, "off", en="Switch a debit off: from now on none passes.", zh="关闭自动扣款，立即生效。")
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="MANDATE")
@data_dir_option
@in_event_loop
async def off(account: str, name: str, data_dir: Path | None) -> None:
    """What waits under it is taken back; again: nothing more."""
    async with holders_on(data_dir) as holders:
        _tell(await switch_off(holders, account, name, ACTOR))


@command(
    mandate,
    "on",
    en="Switch a debit on again; it needs the holder's proof.",
    zh="重新开启自动扣款，须本人验证。",
)
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="MANDATE")
@option("--confirmation", en="What the passed challenge gave.", zh="本人通过验证后得到的凭证。")
@data_dir_option
@in_event_loop
async def on(account: str, name: str, confirmation: str | None, data_dir: Path | None) -> None:
    """Its debits are decided as before."""
    async with holders_on(data_dir) as holders:
        _tell(await switch_on(holders, account, name, confirmation, ACTOR))


def _state(is_on: bool) -> str:
    words = Text(en="on", zh="开启") if is_on else Text(en="off", zh="已关闭")
    return words.zh if current_speech().language == "zh" else words.en


def _tell(one: dict[str, Any]) -> None:
    name = one["mandate"]
    if one["on"]:
        answer(one, Text(en=f"{name} is on.", zh=f"{name} 已开启。"))
    else:
        since = one["off_since"]
        answer(one, Text(en=f"{name} is off since {since}.", zh=f"{name} 自 {since} 起已关闭。"))
