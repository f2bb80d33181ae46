"""Somebody joins the staff: invited as what, by a link that works once, with two factors from the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from countermand.confirmation.lockout import Standing
from countermand.flows.enrolment_drafts import Enrolment, drafted, tried
from countermand.flows.enrolments import check_password
from countermand.flows.proving import Answer, sealed_secret
from countermand.flows.staff_access import Browser, SignedIn, StaffAccess, is_staff_name, token_digest
from countermand.flows.staff_changes import check_roles, drop_credentials
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.kernel.ids import new_secret
from countermand.vocabulary.authenticators import Authenticator, AuthenticatorState, Method
from countermand.vocabulary.facts import STAFF_INVITED, STAFF_JOINED, STAFF_UNINVITED, Fact
from countermand.vocabulary.staff import Role
from countermand.vocabulary.staff_access import (
    AttemptKind,
    Invitation,
    InvitationEnd,
    SessionEnd,
    StaffAccount,
)
from countermand.work import Unit

INVITATION_PATH = "/staff/invitation/"
SECOND_FACTORS = (Method.TOTP, Method.WEBAUTHN)
JOIN_TRIES_MAX = 5


class Joining(NamedTuple):
    """Half joined: the token to go on with, and what the second factor is set up with.

    `otpauth` is what an authenticator app reads, `secret` the same to type; `webauthn` what
    `navigator.credentials.create` is given.
    """

    token: str
    method: Method
    otpauth: str | None = None
    secret: str | None = None
    webauthn: dict[str, Any] | None = None


async def invite(access: StaffAccess, name: str, roles: Sequence[Role], by: str) -> tuple[Invitation, str]:
    """An invitation and its link, which is shown once; older open ones of the same person are withdrawn.

    Somebody who has an account is set up anew by it: their password and factors end when they accept.
    Raises BadRequest (`invalid_staff_name`, `roles_refused`), Forbidden (`own_roles`), Unavailable.
    """
    if not is_staff_name(name):
        raise BadRequest(
            "invalid_staff_name",
            "A name has 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first.",
            "姓名标识应为1至64个字母、数字、点、连字符或下划线，且以字母或数字开头。",
            field="name",
        )
    now, token = access.clock.now(), new_secret()
    async with access.works.open() as unit:
        wanted = await check_roles(unit, name, roles, by)
        for older in await unit.access.invitations():
            if older.name == name and older.ended_at is None:
                await _end(unit, older, now, InvitationEnd.WITHDRAWN)
        invitation = Invitation(
            digest=token_digest(token),
            id=access.ids.new("inv", now),
            name=name,
            roles=wanted,
            invited_at=now,
            invited_by=by,
            ends_at=now + access.terms.invitation_seconds * MICROS_PER_SECOND,
        )
        await unit.access.put_invitation(invitation)
        body = {"invitation": invitation.id, "staff": name, "roles": sorted(wanted), "actor": by}
        await unit.note([Fact(now, STAFF_INVITED, body)])
    return invitation, f"{access.address}{INVITATION_PATH}{token}"


async def withdraw_invitation(access: StaffAccess, invitation: str, by: str) -> Invitation:
    """Its link opens nothing any more; again: nothing happens. Raises NotFound (`unknown_invitation`)."""
    async with access.works.open() as unit:
        found = {one.id: one for one in await unit.access.invitations()}.get(invitation)
        if found is None:
            raise _unknown()
        if found.ended_at is None:
            now = access.clock.now()
            found = await _end(unit, found, now, InvitationEnd.WITHDRAWN)
            body = {"invitation": found.id, "staff": found.name, "actor": by}
            await unit.note([Fact(now, STAFF_UNINVITED, body)])
        return found


async def list_invitations(access: StaffAccess) -> list[dict[str, Any]]:
    """Those that can still be accepted, and the newest others; never a link. Instants in microseconds."""
    now = access.clock.now()
    async with access.works.open() as unit:
        found = await unit.access.invitations()
    return [
        {
            "id": one.id,
            "name": one.name,
            "roles": sorted(one.roles),
            "invited_by": one.invited_by,
            "invited_at": one.invited_at,
            "ends_at": one.ends_at,
            "state": one.outcome.value if one.outcome else "open" if now < one.ends_at else "expired",
        }
        for one in found
    ]


async def see_invitation(access: StaffAccess, token: str) -> Invitation:
    """Who is invited by a link, as what; looking changes nothing.

    Raises NotFound (`unknown_invitation`: forged or withdrawn), Conflict (`invitation_used`), Forbidden
    (`invitation_expired`), Unavailable.
    """
    async with access.works.open() as unit:
        return await _good(access, unit, token)


async def begin_joining(
    access: StaffAccess, token: str, password: str, method: Method, browser: Browser
) -> Joining:
    """The password is chosen, the second factor is set up; nothing is written of it until that has worked.

    Raises as `see_invitation`, and BadRequest (`password_refused`, `method_not_enrolled`), TooMany.
    """
    invitation = await see_invitation(access, token)
    access.count(invitation.name, browser, Standing.STRANGER)
    await check_password(access.kit.passwords, password, [invitation.name, "countermand"])
    if method not in SECOND_FACTORS:
        raise BadRequest(
            "method_not_enrolled",
            "The second factor is an authenticator app or a passkey.",
            "第二验证因素须为身份验证器或通行密钥。",
            field="method",
        )
    kept = await access.kit.passwords.hashed(password)
    now = access.clock.now()
    wanted = Enrolment(method=method, name=method.value)
    one, secret, more = drafted(access.kit, access.ids, invitation.name, wanted, now)
    one = msgspec.structs.replace(one, secret=sealed_secret(access.kit.vault, one.id, secret))
    about = {"link": token, "hash": kept, "draft": msgspec.to_builtins(one), "tries": 0}
    async with access.works.open() as unit:
        await _good(access, unit, token)
        going_on = await access.begin(unit, AttemptKind.JOIN, invitation.name, about)
    if method is Method.TOTP:
        return Joining(going_on, method, otpauth=more["otpauth"], secret=secret["totp"])
    nonce = bytes.fromhex(one.public["enrol"]["nonce"])
    options = access.kit.passkeys.registration(nonce, invitation.name, [], biometric=False)
    return Joining(going_on, method, webauthn=options)


async def finish_joining(access: StaffAccess, token: str, answer: Answer, browser: Browser) -> SignedIn:
    """The second factor works: they are one of the staff now, and signed in.

    Raises Unauthenticated (`attempt_over`), Forbidden (`wrong_code`), those of `see_invitation`, Conflict
    (`passkey_known`).
    """
    now = access.clock.now()
    async with access.works.open() as unit:
        attempt, about = await access.go_on(unit, AttemptKind.JOIN, token)
        draft = msgspec.convert(about["draft"], Authenticator)
        done = None
        if answer.method is draft.method:
            done = await tried(access.kit, draft, answer, now)
        if done is None:
            about["tries"] += 1
            if about["tries"] >= JOIN_TRIES_MAX:
                await unit.access.end_attempt(attempt.digest)
            else:
                await access.note_step(unit, attempt, about)
        else:
            signed_in = await _join(access, unit, about, done, browser)
            await unit.access.end_attempt(attempt.digest)
    if done is None:
        raise wrong_code()
    return signed_in


async def _join(
    access: StaffAccess, unit: Unit, about: dict[str, Any], second: Authenticator, browser: Browser
) -> SignedIn:
    now = access.clock.now()
    invitation = await _good(access, unit, about["link"])
    name, by = invitation.name, invitation.invited_by
    await check_roles(unit, name, sorted(invitation.roles), by)
    await unit.access.account(name)
    account = StaffAccount(name, invitation.roles, now, by, now, by)
    await unit.access.put_account(account)
    await drop_credentials(unit, name, now)
    await unit.access.end_sessions(name, now, SessionEnd.REPLACED)
    await unit.access.forget_browsers(name)
    await unit.access.put_credentials([password_of(access, name, about["hash"], now), second])
    await _end(unit, invitation, now, InvitationEnd.ACCEPTED)
    body = {"staff": name, "roles": sorted(invitation.roles), "invitation": invitation.id}
    await unit.note([Fact(now, STAFF_JOINED, {**body, "method": second.method.value})])
    return await access.open_session(unit, account, browser, f"password {second.method.value}")


def password_of(access: StaffAccess, name: str, kept: str, now: int) -> Authenticator:
    """A password as it is written, of its hash."""
    wanted = Enrolment(method=Method.PASSWORD, name="password")
    one, _, _ = drafted(access.kit, access.ids, name, wanted, now)
    return activated(one, now, sealed_secret(access.kit.vault, one.id, {"hash": kept}))


def activated(one: Authenticator, now: int, secret: bytes | None) -> Authenticator:
    """A draft that is good from now on."""
    public = {name: value for name, value in one.public.items() if name != "enrol"}
    return msgspec.structs.replace(
        one, public=public, secret=secret, state=AuthenticatorState.ACTIVE, pending_until=None, used_at=now
    )


def wrong_code() -> Forbidden:
    """The second factor did not answer rightly."""
    return Forbidden(
        "wrong_code",
        "This is not right: a code counts once, and for half a minute. Try the next one.",
        "验证未通过：每个验证码仅能使用一次，且三十秒后失效，请使用下一个。",
    )


async def _good(access: StaffAccess, unit: Unit, token: str) -> Invitation:
    found = await unit.access.invitation(token_digest(token))
    if found is None or found.outcome is InvitationEnd.WITHDRAWN:
        raise _unknown()
    if found.outcome is not None:
        raise Conflict(
            "invitation_used",
            "This invitation was accepted before; sign in with your password instead.",
            "该邀请已被接受，请直接用密码登录。",
        )
    if found.ends_at <= access.clock.now():
        raise Forbidden(
            "invitation_expired",
            f"This invitation ended at {rfc3339(found.ends_at)}; ask {found.invited_by} for another one.",
            f"该邀请已于 {rfc3339(found.ends_at)} 失效，请联系 {found.invited_by} 重新邀请。",
        )
    return found


async def _end(unit: Unit, invitation: Invitation, at: int, outcome: InvitationEnd) -> Invitation:
    ended = invitation._replace(ended_at=at, outcome=outcome)
    await unit.access.put_invitation(ended)
    return ended


def _unknown() -> NotFound:
    return NotFound(
        "unknown_invitation",
        "There is no such invitation, or it was withdrawn; ask whoever invited you for another link.",
        "邀请不存在或已被撤回，请联系邀请人重新获取链接。",
    )
