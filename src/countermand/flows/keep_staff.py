"""Who works at the desk: their team, what they can do, and whose cases they must not touch."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.flows.case_desk import CaseDesk
from countermand.kernel.errors import NotFound
from countermand.vocabulary.facts import STAFF_CHANGED, Fact
from countermand.vocabulary.staff import Member, Staff


async def list_staff(house: CaseDesk) -> list[dict[str, Any]]:
    """Everybody with a good key for the desk, by name; never whose accounts are theirs."""
    async with house.works.open() as unit:
        loads = await unit.desk.loads()
        return [_shown(one, loads.get(one.name, 0)) for one in await unit.desk.members()]


async def put_staff(house: CaseDesk, name: str, given: dict[str, Any], by: Staff) -> dict[str, Any]:
    """Enter or change somebody who has a key. Raises NotFound `unknown_staff`."""
    async with house.works.open() as unit:
        known = await unit.desk.member(name)
        if not known.roles:
            raise NotFound(
                "unknown_staff",
                f"Nobody named {name[:64]} has a key for the desk: `countermand key create --staff`.",
                f"没有名为 {name[:64]} 的客服台人员；请先用 `countermand key create --staff` 创建密钥。",
            )
        member = msgspec.convert({"name": name, "roles": sorted(known.roles), **given}, Member)
        now = house.clock.now()
        await unit.desk.put_member(member, now, by.name)
        await unit.note([Fact(now, STAFF_CHANGED, {"staff": name, "actor": by.name})])
        return _shown(member, (await unit.desk.loads()).get(name, 0))


def _shown(one: Member, load: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "roles": sorted(one.roles),
        "team": one.team,
        "skills": sorted(one.skills),
        "languages": sorted(one.languages),
        "cases_max": one.cases_max,
        "open_cases": load,
    }
