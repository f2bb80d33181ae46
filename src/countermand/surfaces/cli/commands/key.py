"""`countermand key`: make, revoke and list API keys, also while a server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from countermand.app import open_desk
from countermand.flows.manage_keys import create_key, list_keys, revoke_key
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.vocabulary.access import KeyRecord, Scope
from countermand.vocabulary.staff import STAFF_ROLES, Role


@group("key", en="Make, revoke and list API keys.", zh="创建、吊销和查看 API 密钥。")
def key() -> None:
    """Everything is in the subcommands."""


@command(
    key,
    "create",
    en="Make a key and print its text, which is never shown again.",
    zh="创建密钥并输出其文本（仅显示这一次）。",
)
@click.argument("name")
@option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    en="What the key may do; may be given several times.",
    zh="密钥的权限范围；可多次给出。",
)
@option(
    "--staff",
    en="Whose personal key it is; the scope desk takes no other.",
    zh="个人密钥的使用人；权限范围 desk 只接受个人密钥。",
)
@option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in STAFF_ROLES]),
    en="What they act as at the desk; may be given several times.",
    zh="其在客服台的角色；可多次给出。",
)
@data_dir_option
@in_event_loop
async def create(
    name: str, scopes: tuple[str, ...], staff: str | None, roles: tuple[str, ...], data_dir: Path | None
) -> None:
    """One key more."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        acts_as = tuple(Role(role) for role in roles)
        record, text = await create_key(desk, name, scopes, ACTOR, staff=staff, roles=acts_as)
    answer(
        {"key": text, **_shown(record)},
        Text(
            en=f"Key {record.name} ({', '.join(record.scopes)}). Keep it now; it cannot be shown again:",
            zh=f"密钥 {record.name}（{'、'.join(record.scopes)}）。请立即保存，之后无法再次显示：",
        ),
        text,
    )


@command(
    key,
    "revoke",
    en="Refuse a key from now on, in running servers within a second.",
    zh="立即吊销密钥；运行中的服务一秒内生效。",
)
@click.argument("name")
@data_dir_option
@in_event_loop
async def revoke(name: str, data_dir: Path | None) -> None:
    """One key less."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        record = await revoke_key(desk, name, ACTOR)
    answer(_shown(record), Text(en=f"Key {name} is revoked.", zh=f"密钥 {name} 已吊销。"))


@command(key, "list", en="Show every key, without its text.", zh="列出全部密钥（不含密钥文本）。")
@data_dir_option
@in_event_loop
async def show(data_dir: Path | None) -> None:
    """All keys, the revoked ones too."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        shown = [_shown(record) for record in await list_keys(desk)]
    answer_table(
        {"keys": shown},
        [
            Text(en="name", zh="名称"),
            Text(en="scopes", zh="权限范围"),
            Text(en="staff", zh="人员"),
            Text(en="roles", zh="角色"),
            Text(en="created", zh="创建时间"),
            Text(en="last used", zh="最近使用"),
            Text(en="revoked", zh="吊销时间"),
        ],
        [
            (
                one["name"],
                " ".join(one["scopes"]),
                one["staff"],
                " ".join(one["roles"]),
                one["created_at"],
                one["last_used_at"],
                one["revoked_at"],
            )
            for one in shown
        ],
        Text(
            en="There are no keys yet; `countermand key create` makes one.",
            zh="还没有密钥；可用 `countermand key create` 创建。",
        ),
    )


def _shown(record: KeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "scopes": list(record.scopes),
        "staff": record.staff,
        "roles": list(record.roles),
        "created_at": rfc3339(record.created_at),
        "last_used_at": None if record.last_used_at is None else rfc3339(record.last_used_at),
        "revoked_at": None if record.revoked_at is None else rfc3339(record.revoked_at),
    }
