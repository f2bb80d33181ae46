"""`countermand staff`: who works at the desk, what they take, and when they are away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from countermand.app import open_desk
from countermand.cases.permission_table import permission_lines
from countermand.cases.permissions import may_ever, role_lacks
from countermand.evidence.zones import zone_lines
from countermand.flows.desk import Desk
from countermand.flows.invite_staff import invite
from countermand.flows.keep_staff import change_staff, list_staff, put_staff, remove_staff
from countermand.flows.staff_changes import sign_out_everywhere
from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.at_desk import key_option, whole_desk
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.vocabulary.acts import Moment
from countermand.vocabulary.staff import STAFF_ROLES, Role, Staff, Verb


@group("staff", en="Enter who works at the desk, and what they take.", zh="管理客服台人员及其可接案件。")
def staff() -> None:
    """Everything is in the subcommands."""


@asynccontextmanager
async def _at(data_dir: Path | None, key: str, verb: Verb) -> AsyncIterator[tuple[Desk, Staff]]:
    """The desk for somebody whose role may do this. Raises Forbidden (`role_lacks_verb`)."""
    async with whole_desk(data_dir, key) as (desk, by):
        if not may_ever(by.roles, verb):
            raise role_lacks(verb)
        yield desk, by


def _fields(function: Any) -> Any:
    """What can be entered of somebody."""
    for give in reversed(
        (
            option("--team", en="Their team.", zh="所属团队。"),
            option(
                "--skill", "skills", multiple=True, en="A category they take, or any; several times.",
                zh="可接类别，或 any；可多次给出。",
            ),
            option(
                "--language", "languages", multiple=True, type=click.Choice(["zh", "en"]),
                en="A language they answer in; several times.", zh="答复语言；可多次给出。",
            ),
            option(
                "--cases-max", type=click.IntRange(0, 10_000), en="How many open cases at once.",
                zh="同时在办案件上限。",
            ),
            option(
                "--own", multiple=True, en="An account or person of them or their kin: never their case.",
                zh="本人或亲属的账户或当事人（回避）；可多次给出。",
            ),
            option(
                "--away-until", en="Gets none until then, RFC 3339 with an offset; `none`: is back.",
                zh="在此之前不派单（RFC 3339，含时区）；填 none 表示已返岗。",
            ),
        )
    ):  # fmt: skip
        function = give(function)
    return function


def _entered(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, without what was not. Raises BadRequest (`bad_time`)."""
    known = {name: value for name, value in given.items() if value not in (None, ())}
    away = known.get("away_until")
    if away == "none":
        known["away_until"] = None
    elif away is not None:
        try:
            known["away_until"] = micros_of(msgspec.convert(away, Moment))
        except msgspec.ValidationError:
            raise BadRequest(
                "bad_time",
                "A time is RFC 3339 with an offset: 2026-12-01T09:00:00+08:00.",
                "时间应为带时区的 RFC 3339 格式，例如 2026-12-01T09:00:00+08:00。",
                field="away_until",
            ) from None
    return known


def _say(shown: dict[str, Any]) -> None:
    en = f"{shown['name']} ({', '.join(shown['roles'])}): {', '.join(shown['skills'])}."
    zh = f"{shown['name']}（{'、'.join(shown['roles'])}）：{'、'.join(shown['skills'])}。"
    answer(shown, Text(en=en, zh=zh))


@command(staff, "list", en="List who works at the desk.", zh="列出客服台人员。")
@key_option
@data_dir_option
@in_event_loop
async def list_all(key: str, data_dir: Path | None) -> None:
    """Everybody with a good key for the desk."""
    async with _at(data_dir, key, Verb.LIST_CASES) as (desk, _):
        found = await list_staff(desk.case_desk)
    answer_table(
        {"staff": found},
        [
            Text(en="name", zh="姓名"),
            Text(en="roles", zh="角色"),
            Text(en="team", zh="团队"),
            Text(en="skills", zh="可接类别"),
            Text(en="open cases", zh="在办"),
            Text(en="at most", zh="上限"),
            Text(en="away until", zh="离岗至"),
        ],
        [
            (
                one["name"],
                " ".join(one["roles"]),
                one["team"] or "",
                " ".join(one["skills"]),
                str(one["open_cases"]),
                str(one["cases_max"]),
                one["away_until"] or "",
            )
            for one in found
        ],
        Text(en="Nobody has a key for the desk.", zh="尚无客服台人员。"),
    )


@command(
    staff,
    "add",
    en="Enter somebody who has a key; what is not said is as for a new member.",
    zh="登记已有密钥的人员；未给出的项目取默认值。",
)
@click.argument("name")
@_fields
@key_option
@data_dir_option
@in_event_loop
async def add(name: str, key: str, data_dir: Path | None, **given: Any) -> None:
    """In place of what was entered before."""
    async with _at(data_dir, key, Verb.CONFIGURE) as (desk, by):
        _say(await put_staff(desk.case_desk, name, _entered(given), by))


@command(
    staff, "change", en="Change some of what was entered of somebody.", zh="更改人员的部分登记项，其余不变。"
)
@click.argument("name")
@_fields
@key_option
@data_dir_option
@in_event_loop
async def change(name: str, key: str, data_dir: Path | None, **given: Any) -> None:
    """The rest stays."""
    async with _at(data_dir, key, Verb.CONFIGURE) as (desk, by):
        _say(await change_staff(desk.case_desk, name, _entered(given), by))


@command(
    staff,
    "invite",
    en="Invite somebody to sign in with a browser: prints a link that works once.",
    zh="邀请人员用浏览器登录：输出一次性链接。",
)
@click.argument("name")
@option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in STAFF_ROLES]),
    en="What they act as; may be given several times.",
    zh="其角色；可多次给出。",
)
@data_dir_option
@in_event_loop
async def invite_one(name: str, roles: tuple[str, ...], data_dir: Path | None) -> None:
    """The first admin comes in this way too: there is no account that comes with the product."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        invitation, link = await invite(desk.access, name, [Role(role) for role in roles], ACTOR)
    until = rfc3339(invitation.ends_at)
    answer(
        {"invitation": invitation.id, "name": name, "roles": sorted(roles), "ends_at": until, "link": link},
        Text(
            en=f"{name} ({', '.join(sorted(roles))}) is invited until {until}. Hand over this link yourself; "
            "it works once and is not shown again:",
            zh=f"已邀请 {name}（{'、'.join(sorted(roles))}），有效至 {until}。请亲自转交此链接，"
            "仅能使用一次且不再显示：",
        ),
        link,
    )


@command(
    staff,
    "permissions",
    en="Print who may do what: role by verb by class of field, and role by zone of the vault.",
    zh="输出权限表：角色、动作与数据类别，以及角色与保险库分区。",
)
def permissions() -> None:
    """The same for every installation: roles are no setting."""
    verbs, zones = list(permission_lines()), list(zone_lines())
    answer(
        {"permissions": verbs, "zones": zones},
        Text(en="\n".join(verbs), zh="\n".join(verbs)),
        "\n".join(zones),
    )


@command(
    staff,
    "sign-out",
    en="End every session of somebody, in running servers too.",
    zh="立即结束该人员的全部登录会话。",
)
@click.argument("name")
@key_option
@data_dir_option
@in_event_loop
async def sign_out(name: str, key: str, data_dir: Path | None) -> None:
    """They sign in again; whoever had their browser does not."""
    async with _at(data_dir, key, Verb.CONFIGURE) as (desk, by):
        ended = await sign_out_everywhere(desk.access, name, by.name)
    answer(
        {"name": name, "sessions": ended},
        Text(en=f"{ended} sessions of {name} ended.", zh=f"已结束 {name} 的 {ended} 个登录会话。"),
    )


@command(
    staff,
    "remove",
    en="Refuse all keys and sessions of somebody from now on; their cases stay theirs until given to others.",
    zh="立即吊销该人员的全部密钥与登录会话；其名下案件须另行改派。",
)
@click.argument("name")
@key_option
@data_dir_option
@in_event_loop
async def remove(name: str, key: str, data_dir: Path | None) -> None:
    """What they did stays on record."""
    async with _at(data_dir, key, Verb.CONFIGURE) as (desk, by):
        gone = await remove_staff(desk, desk.case_desk, name, by)
    answer(
        gone,
        Text(
            en=f"{name} is out: {len(gone['keys'])} keys revoked, {gone['open_cases']} open cases to assign.",
            zh=f"{name} 已移除：吊销密钥{len(gone['keys'])}个，待改派案件{gone['open_cases']}件。",
        ),
    )
