"""What is open to somebody outside the desk now; and for those who watch, who was let into what so far."""

from __future__ import annotations

from typing import Any

from countermand.cases.desk_ports import GrantedCase
from countermand.cases.numbers import spoken
from countermand.cases.permissions import may_ever, role_lacks
from countermand.flows.case_desk import CaseDesk
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.staff import GRANTABLE, Staff, Verb

SHOWN_MAX = 200
# Who opens cases, who watches over that, and who lets outsiders sign in at all.
_OVERSEE = (Verb.GRANT, Verb.READ_AUDIT, Verb.CONFIGURE)


async def opened_cases(house: CaseDesk, by: Staff) -> list[dict[str, Any]]:
    """The cases that are open to whoever asks, those that end first first. Raises Unavailable."""
    if not by.roles & GRANTABLE:
        return []
    now = house.clock.now()
    async with house.works.open() as unit:
        found = await unit.desk.granted_cases(by.name, now, SHOWN_MAX)
    return [_shown(one, now) for one in found]


async def every_grant(house: CaseDesk, by: Staff) -> dict[str, Any]:
    """All grants, open ones first, and to whom one can be made. Raises Forbidden `role_lacks_verb`."""
    if not any(may_ever(by.roles, verb) for verb in _OVERSEE):
        raise role_lacks(Verb.GRANT)
    now = house.clock.now()
    async with house.works.open() as unit:
        found = await unit.desk.granted_cases(None, now, SHOWN_MAX)
        outside = [one for one in await unit.desk.members() if one.roles & GRANTABLE]
    return {
        "grants": [_shown(one, now) for one in found],
        "outside": [{"name": one.name, "roles": sorted(one.roles & GRANTABLE)} for one in outside],
    }


def _shown(one: GrantedCase, now: int) -> dict[str, Any]:
    grant = one.grant
    over = grant.ended_at is not None or grant.ends_at <= now
    return {
        "grant": grant.id,
        "case": spoken(one.number),
        "to": grant.staff,
        "purpose": grant.purpose,
        "reason": grant.reason,
        "given_at": rfc3339(grant.given_at),
        "given_by": grant.given_by,
        "until": rfc3339(grant.ends_at),
        "seconds_left": None if over else (grant.ends_at - now) // 1_000_000,
        "ended_at": None if grant.ended_at is None else rfc3339(grant.ended_at),
        "ended_by": grant.ended_by,
        "open": not over,
        "stage": one.stage,
        "category": one.category,
        "contained": one.contained,
        "clock": one.clock,
        "clock_seconds_left": None if one.due_at is None else (one.due_at - now) // 1_000_000,
        "overdue": one.overdue,
    }
