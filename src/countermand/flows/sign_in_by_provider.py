"""Single sign-on: a provider vouches for somebody by its own name for them; the second factor stays ours."""

from __future__ import annotations

from typing import Any

from countermand.confirmation.access_ports import IdentityProvider
from countermand.flows.sign_in_staff import Step, second_step
from countermand.flows.staff_access import OpenSession, StaffAccess, sign_in_refused
from countermand.kernel.errors import NotFound, Unauthenticated
from countermand.kernel.ids import new_secret
from countermand.vocabulary.facts import STAFF_CHANGED, Fact
from countermand.vocabulary.staff_access import AttemptKind, StaffAccount


async def go_to_provider(
    access: StaffAccess, back: str, opened: OpenSession | None = None
) -> tuple[str, str]:
    """Where the browser goes, and the token that its cookie keeps until it is here again.

    `back` is where it goes on to then.

    With `opened`, somebody who is signed in links their account; else somebody signs in.
    Raises NotFound (`no_provider`), Unavailable (`provider_away`).
    """
    provider = _provider(access)
    state, nonce, verifier = new_secret(), new_secret(), new_secret()
    address = await provider.address(state, nonce, verifier)
    session = None if opened is None else opened.session.id
    about = {"state": state, "nonce": nonce, "verifier": verifier, "session": session, "back": back}
    whose = None if opened is None else opened.staff.name
    async with access.works.open() as unit:
        return address, await access.begin(unit, AttemptKind.PROVIDER, whose, about)


async def come_back(
    access: StaffAccess, token: str, state: str, code: str, opened: OpenSession | None = None
) -> tuple[Step | StaffAccount, str]:
    """Here again with a code: the step to go on with, or the account that is linked now; and where to.

    `token` is of the cookie that this browser was given: a link that somebody else sent it opens nothing.
    Raises Unauthenticated (`attempt_over`), Forbidden (`sign_in_refused`: forged, replayed, or nobody here
    is linked to it), Conflict (`subject_linked`), NotFound (`no_provider`), Unavailable (`provider_away`).
    """
    provider = _provider(access)
    async with access.works.open() as unit:
        attempt, about = await access.go_on(unit, AttemptKind.PROVIDER, token)
        # Whatever comes of it, this way in is gone: neither state nor code counts twice.
        await unit.access.end_attempt(attempt.digest)
    if about["state"] != state:
        raise sign_in_refused()
    found = await provider.identity(code, about["nonce"], about["verifier"])
    if found is None:
        raise sign_in_refused()
    if about["session"] is not None:
        if opened is None or opened.session.id != about["session"]:
            raise Unauthenticated("sign_in_needed", "Sign in first.", "请先登录。")
        return await _link(access, opened, found.issuer, found.subject), about["back"]
    async with access.works.open() as unit:
        account = await unit.access.linked(found.issuer, found.subject)
    if account is None:
        raise sign_in_refused()
    return await second_step(access, account.name, "provider"), about["back"]


async def unlink(access: StaffAccess, opened: OpenSession) -> StaffAccount:
    """The provider vouches for them no more; the password stays."""
    return await _write(access, opened.staff.name, None, None)


async def _link(access: StaffAccess, opened: OpenSession, issuer: str, subject: str) -> StaffAccount:
    return await _write(access, opened.staff.name, issuer, subject)


async def _write(access: StaffAccess, name: str, issuer: str | None, subject: str | None) -> StaffAccount:
    async with access.works.open() as unit:
        account = await unit.access.account(name)
        assert account is not None, "who is signed in has an account"
        if account.left_at is not None:
            raise sign_in_refused()
        now = access.clock.now()
        account = account._replace(issuer=issuer, subject=subject, changed_at=now, changed_by=name)
        await unit.access.put_account(account)
        body: dict[str, Any] = {"staff": name, "actor": name, "linked": issuer is not None}
        await unit.note([Fact(now, STAFF_CHANGED, body)])
    return account


def _provider(access: StaffAccess) -> IdentityProvider:
    if access.provider is None:
        raise NotFound(
            "no_provider",
            "Single sign-on is not set up here; sign in with your password.",
            "此处未启用单点登录，请使用密码登录。",
        )
    return access.provider
