"""What somebody of the staff signs in with, kept by themselves: other factors, another password."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.confirmation.lockout import Standing
from countermand.flows.enrolment_drafts import Enrolment, drafted, tried
from countermand.flows.enrolments import check_password
from countermand.flows.invite_staff import JOIN_TRIES_MAX, SECOND_FACTORS, Joining, password_of, wrong_code
from countermand.flows.proving import Answer, active, sealed_secret
from countermand.flows.staff_access import Browser, OpenSession, StaffAccess
from countermand.flows.staff_guesses import take_answer
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.vocabulary.authenticators import Authenticator, AuthenticatorState, Method
from countermand.vocabulary.facts import STAFF_CREDENTIAL_ADDED, STAFF_CREDENTIAL_REMOVED, Fact
from countermand.vocabulary.staff_access import AttemptKind, SessionEnd
from countermand.work import Unit

FACTORS_MAX = 10


async def list_credentials(access: StaffAccess, opened: OpenSession) -> list[dict[str, Any]]:
    """One's own: method, name, since when, last used (microseconds UTC); never a secret."""
    async with access.works.open() as unit:
        found = active(await unit.access.credentials(opened.staff.name))
    return [
        {
            "id": one.id,
            "method": one.method.value,
            "name": one.name,
            "created_at": one.created_at,
            "used_at": one.used_at,
        }
        for one in found
    ]


async def begin_adding(access: StaffAccess, opened: OpenSession, method: Method, name: str) -> Joining:
    """One more second factor is set up; nothing is written of it until it has worked.

    Raises BadRequest (`method_not_enrolled`, `bad_authenticator_name`), Conflict (`too_many_authenticators`).
    """
    if method not in SECOND_FACTORS:
        raise BadRequest(
            "method_not_enrolled",
            "The second factor is an authenticator app or a passkey.",
            "第二验证因素须为身份验证器或通行密钥。",
            field="method",
        )
    person, now = opened.staff.name, access.clock.now()
    one, secret, more = drafted(access.kit, access.ids, person, Enrolment(method=method, name=name), now)
    one = msgspec.structs.replace(one, secret=sealed_secret(access.kit.vault, one.id, secret))
    about = {"draft": msgspec.to_builtins(one), "session": opened.session.id, "tries": 0}
    async with access.works.open() as unit:
        found = active(await unit.access.credentials(person))
        if len(found) > FACTORS_MAX:
            raise Conflict(
                "too_many_authenticators",
                f"You have {FACTORS_MAX} second factors already; remove one first.",
                f"您已有{FACTORS_MAX}个第二验证因素，请先移除一个。",
            )
        token = await access.begin(unit, AttemptKind.ENROL, person, about)
    if method is Method.TOTP:
        return Joining(token, method, otpauth=more["otpauth"], secret=secret["totp"])
    nonce = bytes.fromhex(one.public["enrol"]["nonce"])
    known = [it.public["credential"] for it in found if it.method is Method.WEBAUTHN]
    options = access.kit.passkeys.registration(nonce, person, known, biometric=False)
    return Joining(token, method, webauthn=options)


async def finish_adding(access: StaffAccess, opened: OpenSession, token: str, answer: Answer) -> None:
    """It works, and is good from now on.

    Raises Unauthenticated (`attempt_over`), Forbidden (`wrong_code`), Conflict (`passkey_known`).
    """
    now = access.clock.now()
    async with access.works.open() as unit:
        attempt, about = await access.go_on(unit, AttemptKind.ENROL, token)
        draft = msgspec.convert(about["draft"], Authenticator)
        mine = about["session"] == opened.session.id and answer.method is draft.method
        done = await tried(access.kit, draft, answer, now) if mine else None
        about["tries"] += 1
        if done is not None:
            await unit.access.put_credentials([done])
            await _note(unit, STAFF_CREDENTIAL_ADDED, done, now)
        if done is not None or about["tries"] >= JOIN_TRIES_MAX:
            await unit.access.end_attempt(attempt.digest)
        else:
            await access.note_step(unit, attempt, about)
    if done is None:
        raise wrong_code()


async def remove_credential(access: StaffAccess, opened: OpenSession, credential: str) -> None:
    """A second factor proves nothing any more; the last one stays.

    Raises NotFound (`unknown_authenticator`), Conflict (`last_factor`).
    """
    now = access.clock.now()
    async with access.works.open() as unit:
        found = [
            one
            for one in active(await unit.access.credentials(opened.staff.name))
            if one.method is not Method.PASSWORD
        ]
        one = next((it for it in found if it.id == credential), None)
        if one is None:
            raise NotFound(
                "unknown_authenticator", "You have no such second factor.", "您没有此第二验证因素。"
            )
        if len(found) == 1:
            raise Conflict(
                "last_factor",
                "This is your last second factor; add another one first.",
                "这是您最后一个第二验证因素，请先添加另一个。",
            )
        await unit.access.put_credentials([_removed(one, now)])
        await _note(unit, STAFF_CREDENTIAL_REMOVED, one, now)


async def change_password(access: StaffAccess, opened: OpenSession, old: str, new: str) -> None:
    """Another password; all other sessions end.

    Raises Forbidden (`wrong_password`: the old one is another), BadRequest (`password_refused`), TooMany.
    """
    person = opened.staff.name
    access.count(person, Browser(""), Standing.KNOWN)
    await check_password(access.kit.passwords, new, [person, "countermand"])
    answer = Answer(method=Method.PASSWORD, password=old)
    if await take_answer(access, person, answer, Standing.KNOWN) is None:
        raise Forbidden(
            "wrong_password", "The password you have now is another one.", "当前密码不正确。", field="old"
        )
    kept = await access.kit.passwords.hashed(new)
    now = access.clock.now()
    async with access.works.open() as unit:
        mine = active(await unit.access.credentials(person))
        gone = [_removed(one, now) for one in mine if one.method is Method.PASSWORD]
        made = password_of(access, person, kept, now)
        await unit.access.put_credentials([*gone, made])
        await unit.access.end_sessions(person, now, SessionEnd.REPLACED, but=opened.session.id)
        await _note(unit, STAFF_CREDENTIAL_ADDED, made, now)


def _removed(one: Authenticator, now: int) -> Authenticator:
    return msgspec.structs.replace(
        one, secret=None, public={}, state=AuthenticatorState.REMOVED, removed_at=now
    )


async def _note(unit: Unit, kind: str, one: Authenticator, now: int) -> None:
    body = {"staff": one.account, "credential": one.id, "method": one.method.value}
    await unit.note([Fact(now, kind, body)])
