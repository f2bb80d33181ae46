"""`countermand notice`: what customers were told, a test notice, and what the SMS gateway must know."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import open_desk
from countermand.flows.show_notices import list_notices, show_notice
from countermand.flows.try_notice import try_notice
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech


@group("notice", en="See what customers were told; try it out.", zh="查看发给客户的通知；发送测试。")
def notice() -> None:
    """Everything is in the subcommands."""


@command(notice, "list", en="List what the holder of an account was told.", zh="列出发给某账户的通知。")
@click.argument("account")
@option("--before", default="", en="Only before the notice with this seq.", zh="仅早于该序号的通知。")
@data_dir_option
@in_event_loop
async def list_all(account: str, before: str, data_dir: Path | None) -> None:
    """A page of up to 100, newest first."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await list_notices(desk, account, before)
    language = current_speech().language
    answer_table(
        found,
        [
            Text(en="seq", zh="序号"),
            Text(en="at", zh="时间"),
            Text(en="kind", zh="类型"),
            Text(en="title", zh="标题"),
            Text(en="sent", zh="发送"),
        ],
        [
            (
                one["seq"],
                one["at"],
                one["kind"],
                getattr(one["title"], language),
                " ".join(f"{way['channel']}:{way['state']}" for way in one["sendings"]),
            )
            for one in found["notices"]
        ],
        Text(en="Nothing was told.", zh="没有通知。"),
    )


@command(
    notice, "show", en="Show one notice in full, and what came of it.", zh="查看一条通知全文及其发送结果。"
)
@click.argument("notice_id", metavar="NOTICE")
@data_dir_option
@in_event_loop
async def show(notice_id: str, data_dir: Path | None) -> None:
    """Both its words and its ways."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await show_notice(desk, notice_id)
    ways = [f"{way['channel']}: {way['state']}" for way in found["sendings"]]
    answer(found, found["title"], found["text"], *ways)


@command(
    notice,
    "test",
    en="Send a test notice to the holder of an account, through every channel a security notice takes.",
    zh="向某账户发送测试通知，走安全通知的全部渠道。",
)
@click.argument("account")
@data_dir_option
@in_event_loop
async def test(account: str, data_dir: Path | None) -> None:
    """It leaves when a server or a worker runs on the database."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        made = await try_notice(desk, account)
    answer(
        {"notice": made, "account": account},
        Text(
            en=f"Test notice {made} is on its way; countermand notice show {made} tells what came of it.",
            zh=f"测试通知 {made} 已排队；用 countermand notice show {made} 查看结果。",
        ),
    )


@command(
    notice,
    "gateway",
    en="Print the address at which the SMS gateway must bring us customers' answers. It is a secret.",
    zh="显示短信网关回传客户回复所用的地址。该地址须保密。",
)
@data_dir_option
@in_event_loop
async def gateway(data_dir: Path | None) -> None:
    """Derived from the key of the vault: another key, another address."""
    quiet_logs()
    settings = settings_with(data_dir)
    async with open_desk(settings) as desk:
        path = desk.post.doors.reply_path
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    address = f"{base.rstrip('/')}{path}"
    answer({"replies": address}, f"{address}?from=%p&text=%a")
