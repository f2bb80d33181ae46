"""`countermand authenticator`: what customers can prove with, also while a server runs."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import open_desk
from countermand.flows.holder_proofs import Keeping
from countermand.flows.proving import Answer, Visitor
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.vocabulary.authenticators import Method


@group("authenticator", en="See what customers can prove with.", zh="查看客户可用的验证方式。")
def authenticator() -> None:
    """Everything is in the subcommands."""


@command(authenticator, "list", en="List the authenticators of an account.", zh="列出账户的验证方式。")
@click.argument("account", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def list_(account: str, data_dir: Path | None) -> None:
    """Active and pending ones; addresses are masked."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await desk.authenticators.all(account)
    names = ("authenticator", "method", "name", "device", "state", "to", "used_at")
    answer_table(
        found,
        [
            Text(en="authenticator", zh="编号"),
            Text(en="method", zh="方式"),
            Text(en="name", zh="名称"),
            Text(en="device", zh="设备"),
            Text(en="state", zh="状态"),
            Text(en="to", zh="地址"),
            Text(en="last used", zh="最近使用"),
        ],
        [[one[name] for name in names] for one in found],
        Text(en="Nothing is enrolled.", zh="尚未登记任何验证方式。"),
    )


@command(
    authenticator,
    "remove",
    en="Remove an authenticator; an active one needs the holder's own proof.",
    zh="移除验证方式；已启用的须本人验证。",
)
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="AUTHENTICATOR")
@option("--code", en="The code of the holder's authenticator app.", zh="本人身份验证器上的动态口令。")
@data_dir_option
@in_event_loop
async def remove(account: str, name: str, code: str | None, data_dir: Path | None) -> None:
    """Its secret is gone for good, and the holder is told."""
    proof = None if code is None else Answer(method=Method.TOTP, code=code)
    keeping = Keeping(account=account, visitor=Visitor(), actor=ACTOR, proof=proof)
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await desk.authenticators.remove(keeping, name)
    answer(found, Text(en=f"{name} is removed.", zh=f"{name} 已移除。"))
