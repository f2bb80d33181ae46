"""`countermand vault`: keys, legal holds, erasure and what is over its time, also while a server runs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk, open_key_service
from countermand.evidence.holds import HoldReason
from countermand.flows.expire_evidence import expire
from countermand.flows.rewrap_keys import check_keys, rewrap
from countermand.flows.shred_subjects import lay_hold, lift_hold, replay_tombstones, shred_case
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer

SHRED_REASONS = ("request", "court_order", "expired")


@group("vault", en="Look after the evidence vault.", zh="管理证据保险库。")
def vault() -> None:
    """Everything is in the subcommands."""


@command(
    vault,
    "check",
    en="See whether the key service has every key that data keys are wrapped by.",
    zh="检查密钥服务是否持有封装数据密钥所用的全部密钥。",
)
@data_dir_option
@in_event_loop
async def check(data_dir: Path | None) -> None:
    """One key of each wrapping key is unwrapped."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        await check_keys(desk.works, desk.room.keys)
        newest = await desk.room.keys.service.newest()
    service = desk.room.keys.service.name
    answer(
        {"service": service, "newest": newest},
        Text(
            en=f"Every data key opens. The key service '{service}' wraps with {newest} now.",
            zh=f"全部数据密钥均可打开。密钥服务“{service}”当前使用密钥 {newest}。",
        ),
    )


@command(
    vault,
    "rewrap",
    en="After a rotation, wrap every data key with the newest key-encryption key; goes on where it was cut.",
    zh="轮换密钥加密密钥后，用最新密钥重新封装全部数据密钥；中断后可继续。",
)
@option(
    "--from",
    "before",
    type=click.Choice(["file", "environment", "transit"]),
    en="The key service that they are wrapped by now, where it is another one.",
    zh="目前封装它们的密钥服务（如与当前不同）。",
)
@data_dir_option
@in_event_loop
async def rewrap_keys(before: str | None, data_dir: Path | None) -> None:
    """In batches, each durable."""
    quiet_logs()
    settings = settings_with(data_dir)
    async with AsyncExitStack() as stack, open_desk(settings) as desk:
        keys = desk.room.keys
        old = keys.service if before is None else await open_key_service(stack, settings, before)
        done = await rewrap(desk.works, keys, old, ACTOR)
    answer(
        done,
        Text(
            en=f"{done['rewrapped']} data keys are wrapped by {done['key']} now.",
            zh=f"已有 {done['rewrapped']} 个数据密钥改由 {done['key']} 封装。",
        ),
    )


@command(
    vault,
    "hold",
    en="Keep a case from being erased, also after its end.",
    zh="对案件进行法律保全，办结后也不得销毁。",
)
@click.argument("number")
@option(
    "--reason",
    required=True,
    type=click.Choice([one.value for one in HoldReason if one is not HoldReason.NOTICE]),
    en="Who wants it kept.",
    zh="保全原因。",
)
@option("--basis", required=True, en="The document that says so, by its number.", zh="依据文书的编号。")
@data_dir_option
@in_event_loop
async def hold(number: str, reason: str, basis: str, data_dir: Path | None) -> None:
    """One hold more."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        done = await lay_hold(desk.room, number, HoldReason(reason), basis, ACTOR)
    _held(done, Text(en="is held", zh="已保全"))


@command(vault, "lift", en="End a legal hold.", zh="解除法律保全。")
@click.argument("number")
@click.argument("hold_id")
@data_dir_option
@in_event_loop
async def lift(number: str, hold_id: str, data_dir: Path | None) -> None:
    """What is over its time then goes with the next run."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        done = await lift_hold(desk.room, number, hold_id, ACTOR)
    _held(done, Text(en="is no longer held", zh="已解除保全"))


def _held(done: dict[str, Any], what: Text) -> None:
    said = Text(
        en=f"Case {done['case']} {what.en}: {done['id']} ({done['reason']}).",
        zh=f"案件 {done['case']} {what.zh}：{done['id']}（{done['reason']}）。",
    )
    answer(done, said)


@command(
    vault,
    "shred",
    en="Erase what is kept of the people in a closed case, for good; a tombstone stays.",
    zh="永久销毁已办结案件中的个人数据，仅保留销毁记录。",
)
@click.argument("number")
@option(
    "--reason",
    required=True,
    type=click.Choice(SHRED_REASONS),
    en="Why; it stands in the tombstone.",
    zh="销毁原因，写入销毁记录。",
)
@data_dir_option
@in_event_loop
async def shred(number: str, reason: str, data_dir: Path | None) -> None:
    """Refused while the case is open or held."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        done = await shred_case(desk.room, number, ACTOR, reason)
    answer(
        done,
        Text(
            en=f"Case {done['case']}: {len(done['keys'])} keys destroyed, {done['objects']} objects erased.",
            zh=f"案件 {done['case']}：已销毁 {len(done['keys'])} 个密钥，删除 {done['objects']} 个对象。",
        ),
    )


@command(
    vault,
    "expire",
    en="Let everything go that is over its time and that nothing holds; a worker does so every day.",
    zh="清理已过留存期且未被保全的数据；后台任务每天自动执行。",
)
@data_dir_option
@in_event_loop
async def expire_now(data_dir: Path | None) -> None:
    """The same as the daily run."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        done = await expire(desk.room, ACTOR)
    answer(
        done,
        Text(
            en=f"Gone: {done['cases']} cases, {done['uploads']} uploads, {done['instruments']} tokens; "
            f"held: {done['held']}.",
            zh=f"已清理：案件 {done['cases']} 件、上传 {done['uploads']} 个、令牌 {done['instruments']} 个；"
            f"保全中：{done['held']} 件。",
        ),
    )


@command(
    vault,
    "replay",
    en="After a restore, erase again what had been erased; every server does so as it starts.",
    zh="恢复备份后，重新销毁此前已销毁的数据；服务启动时会自动执行。",
)
@data_dir_option
@in_event_loop
async def replay(data_dir: Path | None) -> None:
    """By the tombstone file."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        count = await replay_tombstones(desk.room)
    answer(
        {"replayed": count},
        Text(
            en=f"{count} data keys were back and are destroyed again.", zh=f"已重新销毁 {count} 个数据密钥。"
        ),
    )
