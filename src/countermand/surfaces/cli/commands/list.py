"""`countermand list`: the lists that rules ask, also while a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk
from countermand.flows.keep_lists import PAGE_ENTRIES_MAX, add_entry, entries, remove_entry
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table


@group("list", en="Keep the lists that rules ask.", zh="维护规则所用的名单。")
def list() -> None:  # noqa: A001  # the command's own name
    """Everything is in the subcommands."""


@command(
    list,
    "add",
    en="List a value until a date; source, reason and expiry are required.",
    zh="将一个值列入名单直至到期；来源、理由和到期时间必填。",
)
@click.argument("list_name", metavar="LIST")
@click.argument("value")
@option("--source", en="Who says so.", zh="来源：由谁提供。")
@option("--reason", en="Why it is listed.", zh="列入理由。")
@option(
    "--expires",
    en="Until when, like 2027-06-30T00:00:00+08:00.",
    zh="到期时间，如 2027-06-30T00:00:00+08:00。",
)
@data_dir_option
@in_event_loop
async def add(
    list_name: str,
    value: str,
    source: str | None,
    reason: str | None,
    expires: str | None,
    data_dir: Path | None,
) -> None:
    """One entry more, or a renewed one."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        entry = await add_entry(desk, list_name, value, source, reason, expires, ACTOR)
    until = entry["expires_at"]
    answer(
        entry,
        Text(
            en=f"{value} is on the list {list_name} until {until}.",
            zh=f"{value} 已列入名单 {list_name}，至 {until}。",
        ),
    )


@command(list, "remove", en="Take a value off a list.", zh="将一个值移出名单。")
@click.argument("list_name", metavar="LIST")
@click.argument("value")
@data_dir_option
@in_event_loop
async def remove(list_name: str, value: str, data_dir: Path | None) -> None:
    """One entry less."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        removed = await remove_entry(desk, list_name, value, ACTOR)
    answer(removed, Text(en=f"{value} is off the list {list_name}.", zh=f"{value} 已移出名单 {list_name}。"))


@command(
    list, "show", en="Show the entries of a list, the expired ones too.", zh="查看名单条目（含已到期的）。"
)
@click.argument("list_name", metavar="LIST")
@option("--after", default="", en="Begin behind this value.", zh="从该值之后开始。")
@option(
    "--limit",
    type=click.IntRange(1, PAGE_ENTRIES_MAX),
    default=PAGE_ENTRIES_MAX,
    show_default=True,
    en="How many entries at most.",
    zh="最多显示多少条。",
)
@data_dir_option
@in_event_loop
async def show(list_name: str, after: str, limit: int, data_dir: Path | None) -> None:
    """One page of a list."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found: Any = await entries(desk, list_name, after, limit)
    answer_table(
        {"list": list_name, "entries": found},
        [
            Text(en="value", zh="值"),
            Text(en="expires", zh="到期时间"),
            Text(en="active", zh="有效"),
            Text(en="source", zh="来源"),
            Text(en="reason", zh="理由"),
        ],
        [
            (one["value"], one["expires_at"], "✓" if one["active"] else "", one["source"], one["reason"])
            for one in found
        ],
        Text(en=f"The list {list_name} has no entries.", zh=f"名单 {list_name} 没有条目。"),
    )
