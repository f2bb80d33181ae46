"""Who works at the desk: their team, what they can do, and whose cases they must not touch."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.flows.case_desk import CaseDesk
from countermand.flows.manage_keys import KeyHouse, list_keys, revoke_key
from countermand.flows.staff_changes import keep_an_admin, leave
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import NotFound
from countermand.vocabulary.facts import STAFF_CHANGED, Fact
from countermand.vocabulary.staff import Member, Staff


async def list_staff(house: CaseDesk) -> list[dict[str, Any]]:
    """Everybody with a good key for the desk, or who signs in, by name; never whose accounts are theirs."""
    async with house.works.open() as unit:
        loads = await unit.desk.loads()
        return [_shown(one, loads.get(one.name, 0)) for one in await unit.desk.members()]


async def put_staff(house: CaseDesk, name: str, given: dict[str, Any], by: Staff) -> dict[str, Any]:
    """Enter or change somebody who has a key or signs in. Raises NotFound `unknown_staff`."""
    async with house.works.open() as unit:
        known = await unit.desk.member(name)
        if not known.roles:
            raise _unknown(name)
        member = msgspec.convert({"name": name, "roles": sorted(known.roles), **given}, Member)
        now = house.clock.now()
        await unit.desk.put_member(member, now, by.name)
        await unit.note([Fact(now, STAFF_CHANGED, {"staff": name, "actor": by.name})])
        return _shown(member, (await unit.desk.loads()).get(name, 0))


async def change_staff(house: CaseDesk, name: str, changed: dict[str, Any], by: Staff) -> dict[str, Any]:
    """Change some of what was entered of somebody, and leave the rest. Raises as `put_staff`."""
    async with house.works.open() as unit:
        known = msgspec.to_builtins(await unit.desk.member(name))
    kept = {field: value for field, value in known.items() if field not in ("name", "roles")}
    return await put_staff(house, name, {**kept, **changed}, by)


async def remove_staff(keys: KeyHouse, house: CaseDesk, name: str, by: Staff) -> dict[str, Any]:
    """Somebody works here no more: keys and sessions are refused from now on; how many open cases they leave.

    Raises NotFound `unknown_staff`, Conflict `last_admin`.
    """
    theirs = [one for one in await list_keys(keys) if one.staff == name and one.revoked_at is None]
    now = house.clock.now()
    async with house.works.open() as unit:
        account = await unit.access.account(name)
        signs_in = account is not None and account.left_at is None
        if not theirs and not signs_in:
            raise _unknown(name)
        if account is not None and signs_in:
            await keep_an_admin(unit, account, ())
            await leave(unit, account, now, by.name)
    for one in theirs:
        await revoke_key(keys, one.name, by.name)
    async with house.works.open() as unit:
        await unit.note([Fact(now, STAFF_CHANGED, {"staff": name, "actor": by.name})])
        left = (await unit.desk.loads()).get(name, 0)
    return {"name": name, "keys": [one.name for one in theirs], "open_cases": left}


def _unknown(name: str) -> NotFound:
    return NotFound(
        "unknown_staff",
        f"Nobody named {name[:64]} works at the desk: `countermand staff invite`, or `key create --staff`.",
        f"没有名为 {name[:64]} 的客服台人员；请先用 `countermand staff invite` 邀请，"
        "或用 `key create --staff` 创建密钥。",
    )


def _shown(one: Member, load: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "roles": sorted(one.roles),
        "team": one.team,
        "skills": sorted(one.skills),
        "languages": sorted(one.languages),
        "cases_max": one.cases_max,
        "away_until": None if one.away_until is None else rfc3339(one.away_until),
        "open_cases": load,
    }
