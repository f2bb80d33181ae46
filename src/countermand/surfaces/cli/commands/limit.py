"""`countermand limit`: the limits that holders keep on their own accounts, also while a server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk
from countermand.flows.keep_own_limits import cancel_waiting_raise, put_limit, show_limit
from countermand.flows.own_orders import Holders
from countermand.kernel.errors import BadRequest
from countermand.kernel.money import minor_of, money_texts
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer
from countermand.vocabulary.operations import Amount


@group("limit", en="Keep the limits that holders set themselves.", zh="维护账户本人设定的限额。")
def limit() -> None:
    """Everything is in the subcommands."""


@asynccontextmanager
async def holders_on(data_dir: Path | None) -> AsyncIterator[Holders]:
    """What the stories of holders' own orders need, on the database of the settings."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        yield Holders(
            works=desk.works,
            kit=desk.authenticators.kit,
            clock=desk.clock,
            ids=desk.ids,
            effect_ports=desk.effect_ports,
        )


@command(
    limit,
    "show",
    en="Show an account's own limit and the raise that waits.",
    zh="查看本人限额与待生效的调高。",
)
@click.argument("account", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def show(account: str, data_dir: Path | None) -> None:
    """For one operation."""
    async with holders_on(data_dir) as holders:
        _tell(await show_limit(holders, account))


@command(limit, "lower", en="Lower the limit; it binds at once.", zh="调低限额，立即生效。")
@click.argument("account", metavar="ACCOUNT")
@click.argument("amount", metavar="AMOUNT")
@option(
    "--currency", default="CNY", show_default=True, en="Its currency (ISO 4217).", zh="币种（ISO 4217）。"
)
@data_dir_option
@in_event_loop
async def lower(account: str, amount: str, currency: str, data_dir: Path | None) -> None:
    """AMOUNT as people write it, such as 2000 or 99.50."""
    async with holders_on(data_dir) as holders:
        _tell(await put_limit(holders, account, _amount(amount, currency), None, ACTOR))


@command(
    limit,
    "raise",
    en="Ask for a higher limit, or for none: it waits, and needs the holder's proof.",
    zh="申请调高或取消限额：须本人验证，且等待后生效。",
)
@click.argument("account", metavar="ACCOUNT")
@click.argument("amount", metavar="[AMOUNT]", required=False)
@option(
    "--currency", default="CNY", show_default=True, en="Its currency (ISO 4217).", zh="币种（ISO 4217）。"
)
@option(
    "--confirmation", required=True, en="What the passed challenge gave.", zh="本人通过验证后得到的凭证。"
)
@data_dir_option
@in_event_loop
async def raise_(
    account: str, amount: str | None, currency: str, confirmation: str, data_dir: Path | None
) -> None:
    """Without AMOUNT: no limit."""
    wanted = None if amount is None else _amount(amount, currency)
    async with holders_on(data_dir) as holders:
        _tell(await put_limit(holders, account, wanted, confirmation, ACTOR))


@command(limit, "cancel", en="Take a waiting raise back, at once.", zh="立即撤回待生效的调高申请。")
@click.argument("account", metavar="ACCOUNT")
@data_dir_option
@in_event_loop
async def cancel(account: str, data_dir: Path | None) -> None:
    """Where none waits nothing happens."""
    async with holders_on(data_dir) as holders:
        _tell(await cancel_waiting_raise(holders, account, ACTOR))


def _amount(text: str, currency: str) -> Amount:
    try:
        minor = minor_of(text, currency)
        if minor < 0:
            raise ValueError(text)
    except ValueError:
        raise BadRequest(
            "invalid_request",
            f"{text} is no amount of {currency}; write it such as 2000 or 99.50.",
            f"{text} 不是有效的 {currency} 金额；请写作 2000 或 99.50。",
            field="amount",
        ) from None
    return Amount(minor=minor, currency=currency)


def _said(amount: dict[str, Any] | None) -> Text:
    if amount is None:
        return Text(en="no limit", zh="无限额")
    en, zh = money_texts(amount["minor"], amount["currency"])
    return Text(en=f"{en} for each operation", zh=f"每笔{zh}")


def _tell(shown: dict[str, Any]) -> None:
    now, waiting = _said(shown["limit"]), shown["raise"]
    lines = [Text(en=f"{shown['account']}: {now.en}.", zh=f"{shown['account']}：{now.zh}。")]
    if waiting is not None:
        then, at = _said(waiting["limit"]), waiting["binds_at"]
        lines.append(Text(en=f"From {at} on: {then.en}.", zh=f"自 {at} 起：{then.zh}。"))
    answer(shown, *lines)
