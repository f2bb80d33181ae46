"""`countermand hold`: held operations, to look at and to take back, also while a server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, settlement_of
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.settle_holds import Settlement
from countermand.flows.show_holds import HoldShelf, list_holds, show_hold
from countermand.kernel.clock import Clock
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.holds import HoldState
from countermand.work import Works


@group("hold", en="Look at held operations and take them back.", zh="查看与撤销暂缓的操作。")
def hold() -> None:
    """Everything is in the subcommands."""


@dataclass(frozen=True, slots=True)
class _HoldDesk:
    """What the stories of holds need."""

    works: Works
    holds: HoldShelf
    settlement: Settlement
    clock: Clock


@asynccontextmanager
async def _hold_desk(data_dir: Path | None) -> AsyncIterator[_HoldDesk]:
    quiet_logs()
    settings = settings_with(data_dir)
    async with open_desk(settings) as desk:
        settlement = settlement_of(settings, desk.clock, desk.ids)
        yield _HoldDesk(desk.works, desk.holds, settlement, desk.clock)


@command(hold, "list", en="List held operations.", zh="列出暂缓的操作。")
@option("--account", en="Only of this account, with what it has reserved.", zh="仅此账户，并显示占用金额。")
@option("--state", type=click.Choice([*HoldState]), en="Only in this state.", zh="仅此状态。")
@option("--after", default="", en="Only behind this operation.", zh="仅排在此操作之后。")
@data_dir_option
@in_event_loop
async def list_all(account: str | None, state: str | None, after: str, data_dir: Path | None) -> None:
    """A page of up to 200."""
    async with _hold_desk(data_dir) as desk:
        found = await list_holds(desk, account, state, after)
    answer_table(
        found,
        [
            Text(en="operation", zh="操作"),
            Text(en="account", zh="账户"),
            Text(en="kind", zh="类型"),
            Text(en="amount", zh="金额"),
            Text(en="state", zh="状态"),
            Text(en="until", zh="截止"),
        ],
        [
            (one["operation"], one["account"], one["kind"], _amount(one), one["state"], one["until"])
            for one in found["holds"]
        ],
        Text(en="Nothing is on hold.", zh="没有暂缓的操作。"),
    )


@command(hold, "show", en="Show where a held operation stands.", zh="查看暂缓操作的状态。")
@click.argument("operation")
@data_dir_option
@in_event_loop
async def show(operation: str, data_dir: Path | None) -> None:
    """What it waits for, until when, and how to undo it."""
    async with _hold_desk(data_dir) as desk:
        found = await show_hold(desk, operation)
    lines: list[Text | str] = [found["status"]]
    if found["seconds_left"] is not None:
        left, until = found["seconds_left"], found["until"]
        lines.append(Text(en=f"{left} seconds left, until {until}.", zh=f"剩余{left}秒，至{until}。"))
    lines += [found[name] for name in ("waits", "undo") if found[name] is not None]
    answer(found, *lines)


@command(
    hold,
    "revoke",
    en="Take a held operation back; when this says so, it never takes effect.",
    zh="撤销暂缓的操作；返回“已撤销”后该操作不会生效。",
)
@click.argument("operation")
@option("--cause", default="not_wanted", show_default=True, en="Why, in one word.", zh="原因（一个词）。")
@data_dir_option
@in_event_loop
async def revoke(operation: str, cause: str, data_dir: Path | None) -> None:
    """Again: the same."""
    async with _hold_desk(data_dir) as desk:
        found = await revoke_hold(desk, operation, cause, ACTOR)
    answer(found, found["text"])


def _amount(shown: dict[str, Any]) -> str:
    amount = shown["amount"]
    if amount is None:
        return ""
    return money_texts(amount["minor"], amount["currency"])[current_speech().language == "zh"]
