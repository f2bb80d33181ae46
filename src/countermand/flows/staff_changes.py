"""What happens to people of the staff: other roles, or gone; it binds at their next request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from countermand.flows.staff_access import StaffAccess
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.vocabulary.authenticators import AuthenticatorState
from countermand.vocabulary.facts import STAFF_CHANGED, STAFF_SIGNED_OUT, Fact
from countermand.vocabulary.staff import ALONE, STAFF_ROLES, Role
from countermand.vocabulary.staff_access import (
    InvitationEnd,
    SessionEnd,
    StaffAccount,
)
from countermand.work import Unit


async def check_roles(unit: Unit, name: str, roles: Sequence[Role], by: str) -> frozenset[Role]:
    """The roles, if somebody may have them, also beside those of their personal keys.

    Raises BadRequest (`roles_refused`), Forbidden (`own_roles`).
    """
    if name == by:
        raise Forbidden(
            "own_roles",
            "Nobody gives roles to themselves; somebody else does.",
            "不得为自己授予角色，须由他人办理。",
        )
    wanted = frozenset(roles)
    of_keys = await unit.access.key_roles(name)
    apart = (wanted | of_keys) & ALONE
    if not wanted or not wanted <= set(STAFF_ROLES) or (apart and len(wanted | of_keys) > 1):
        raise BadRequest(
            "roles_refused",
            f"Roles of staff are {', '.join(STAFF_ROLES)}; {', '.join(sorted(ALONE))} stand alone, "
            "also beside the roles of somebody's personal keys.",
            f"员工角色为：{'、'.join(STAFF_ROLES)}；{'、'.join(sorted(ALONE))} 不得与其他角色兼任"
            "（含个人密钥上的角色）。",
            field="roles",
        )
    return wanted


async def change_roles(access: StaffAccess, name: str, roles: Sequence[Role], by: str) -> StaffAccount:
    """Somebody acts as something else, from their next request on; what they proved before counts no more.

    Raises NotFound (`unknown_staff_account`), BadRequest (`roles_refused`), Forbidden (`own_roles`), Conflict
    (`last_admin`).
    """
    async with access.works.open() as unit:
        account = await _working(unit, name)
        wanted = await check_roles(unit, name, roles, by)
        if wanted == account.roles:
            return account
        await keep_an_admin(unit, account, wanted)
        now = access.clock.now()
        account = account._replace(roles=wanted, changed_at=now, changed_by=by)
        await unit.access.put_account(account)
        for session in await unit.access.sessions(name):
            await unit.access.put_session(session._replace(proved_at=0))
        body = {"staff": name, "roles": sorted(wanted), "actor": by}
        await unit.note([Fact(now, STAFF_CHANGED, body)])
    return account


async def leave(unit: Unit, account: StaffAccount, now: int, by: str) -> None:
    """Somebody works here no more: sessions, credentials and what they invited end with this unit."""
    gone = account._replace(left_at=now, changed_at=now, changed_by=by, issuer=None, subject=None)
    await unit.access.put_account(gone)
    await unit.access.end_sessions(account.name, now, SessionEnd.LEFT)
    await drop_credentials(unit, account.name, now)
    await unit.access.forget_browsers(account.name)
    for invitation in await unit.access.invitations():
        if invitation.ended_at is None and account.name in (invitation.invited_by, invitation.name):
            ended = invitation._replace(ended_at=now, outcome=InvitationEnd.WITHDRAWN)
            await unit.access.put_invitation(ended)


async def remove_account(access: StaffAccess, name: str, by: str) -> None:
    """Somebody signs in no more. Raises NotFound (`unknown_staff_account`), Conflict (`last_admin`)."""
    async with access.works.open() as unit:
        account = await _working(unit, name)
        await keep_an_admin(unit, account, ())
        now = access.clock.now()
        await leave(unit, account, now, by)
        await unit.note([Fact(now, STAFF_CHANGED, {"staff": name, "actor": by})])


async def sign_out_everywhere(access: StaffAccess, name: str, by: str) -> int:
    """End every session of somebody; how many. Raises NotFound (`unknown_staff_account`)."""
    async with access.works.open() as unit:
        await _working(unit, name)
        now = access.clock.now()
        ended = await unit.access.end_sessions(name, now, SessionEnd.REVOKED)
        await unit.note([Fact(now, STAFF_SIGNED_OUT, {"staff": name, "actor": by, "sessions": ended})])
    return ended


async def list_accounts(access: StaffAccess) -> list[dict[str, Any]]:
    """Everybody who ever joined: roles, factors, sessions; those who left last. Instants in microseconds."""
    shown = []
    async with access.works.open() as unit:
        for one in await unit.access.accounts():
            methods = [it.method.value for it in await unit.access.credentials(one.name)]
            sessions = await unit.access.sessions(one.name)
            shown.append(
                {
                    "name": one.name,
                    "roles": sorted(one.roles),
                    "joined_at": one.joined_at,
                    "invited_by": one.invited_by,
                    "left_at": one.left_at,
                    "methods": sorted(set(methods)),
                    "single_sign_on": one.issuer is not None,
                    "sessions": len(sessions),
                    "seen_at": sessions[0].seen_at if sessions else None,
                }
            )
    return sorted(shown, key=lambda one: one["left_at"] is not None)


async def drop_credentials(unit: Unit, name: str, now: int) -> None:
    """Nothing that somebody had to sign in with is good any more."""
    gone = [
        msgspec.structs.replace(one, secret=None, state=AuthenticatorState.REMOVED, removed_at=now)
        for one in await unit.access.credentials(name)
    ]
    await unit.access.put_credentials(gone)


async def _working(unit: Unit, name: str) -> StaffAccount:
    account = await unit.access.account(name)
    if account is None or account.left_at is not None:
        raise NotFound(
            "unknown_staff_account",
            f"Nobody named {name[:64]} signs in here.",
            f"没有名为 {name[:64]} 的登录人员。",
        )
    return account


async def keep_an_admin(unit: Unit, account: StaffAccount, wanted: Collection[Role]) -> None:
    """Somebody must be left who can invite others. Raises Conflict (`last_admin`)."""
    if Role.ADMIN not in account.roles or Role.ADMIN in wanted:
        return
    others = [
        one
        for one in await unit.access.accounts()
        if one.left_at is None and Role.ADMIN in one.roles and one.name != account.name
    ]
    if not others:
        raise Conflict(
            "last_admin",
            "This is the last one who can invite others; invite another admin first.",
            "这是最后一位管理员，请先邀请另一位管理员。",
        )
