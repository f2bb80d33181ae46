"""Somebody signs in: name and password, then the second factor; and shows that one again for acts."""

from __future__ import annotations

from typing import Any, NamedTuple

from countermand.confirmation.lockout import Standing
from countermand.flows.invite_staff import wrong_code
from countermand.flows.proving import Answer, active
from countermand.flows.staff_access import (
    Browser,
    OpenSession,
    SignedIn,
    StaffAccess,
    is_staff_name,
    sign_in_refused,
    token_digest,
)
from countermand.flows.staff_guesses import PASSWORD_CHARACTERS_MAX, take_answer
from countermand.kernel.errors import Forbidden
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.authenticators import Authenticator, Method
from countermand.vocabulary.staff_access import AttemptKind, Session
from countermand.work import Unit

NAME_CHARACTERS_MAX = 64


class Step(NamedTuple):
    """The password was right: the token to go on with, and the second factors there are."""

    token: str
    methods: tuple[Method, ...]


async def begin_sign_in(access: StaffAccess, name: str, password: str, browser: Browser) -> Step:
    """Name and password. Raises Forbidden (`sign_in_refused`), TooMany (`too_many_tries`), Unavailable."""
    account, standing = None, Standing.STRANGER
    if is_staff_name(name):
        async with access.works.open() as unit:
            account = await unit.access.account(name)
            standing = await access.standing(unit, name, browser)
    access.count(name[:NAME_CHARACTERS_MAX], browser, standing)
    if account is None or account.left_at is not None:
        # Of somebody who is not here the same is computed, so that the time tells nothing.
        await access.kit.passwords.fits(await access.nobodys(), password[:PASSWORD_CHARACTERS_MAX])
        raise sign_in_refused()
    answer = Answer(method=Method.PASSWORD, password=password)
    if await take_answer(access, name, answer, standing) is None:
        raise sign_in_refused()
    return await second_step(access, name, "password")


async def second_step(access: StaffAccess, name: str, how: str) -> Step:
    """The first factor was right, whichever it was."""
    async with access.works.open() as unit:
        methods = _seconds(await unit.access.credentials(name))
        token = await access.begin(unit, AttemptKind.SIGN_IN, name, {"how": how, "nonce": None})
    return Step(token, methods)


async def ask_passkey(access: StaffAccess, token: str) -> dict[str, Any]:
    """What `navigator.credentials.get` is given. Raises Unauthenticated (`attempt_over`)."""
    nonce = new_nonce()
    async with access.works.open() as unit:
        attempt, about = await access.go_on(unit, AttemptKind.SIGN_IN, token)
        await access.note_step(unit, attempt, {**about, "nonce": nonce.hex()})
        assert attempt.staff is not None, "the first step knew whose"
        return await _passkey_options(access, unit, attempt.staff, nonce)


async def see_step(access: StaffAccess, token: str) -> Step:
    """Which second factors the somebody half through has. Raises Unauthenticated (`attempt_over`)."""
    async with access.works.open() as unit:
        attempt, _ = await access.go_on(unit, AttemptKind.SIGN_IN, token)
        assert attempt.staff is not None, "the first step knew whose"
        return Step(token, _seconds(await unit.access.credentials(attempt.staff)))


async def finish_sign_in(access: StaffAccess, token: str, answer: Answer, browser: Browser) -> SignedIn:
    """The second factor: a code or a passkey; then a session.

    Raises Unauthenticated (`attempt_over`), Forbidden (`wrong_code`, `sign_in_refused`), TooMany,
    Unavailable.
    """
    async with access.works.open() as unit:
        attempt, about = await access.go_on(unit, AttemptKind.SIGN_IN, token)
        assert attempt.staff is not None, "the first step knew whose"
        standing = await access.standing(unit, attempt.staff, browser)
    access.count(attempt.staff, browser, standing)
    nonce = None if about["nonce"] is None else bytes.fromhex(about["nonce"])
    await _second(access, attempt.staff, answer, standing, nonce)
    async with access.works.open() as unit:
        # Locked again: of two who came with one token one goes on.
        attempt, about = await access.go_on(unit, AttemptKind.SIGN_IN, token)
        await unit.access.end_attempt(attempt.digest)
        assert attempt.staff is not None, "the first step knew whose"
        account = await unit.access.account(attempt.staff)
        if account is None or account.left_at is not None:
            raise sign_in_refused()
        return await access.open_session(unit, account, browser, f"{about['how']} {answer.method.value}")


async def ask_proof(
    access: StaffAccess, session: Session
) -> tuple[tuple[Method, ...], dict[str, Any] | None]:
    """Which second factors there are to show again, and what the browser is given where one is a passkey."""
    nonce = new_nonce()
    async with access.works.open() as unit:
        methods = _seconds(await unit.access.credentials(session.staff))
        if Method.WEBAUTHN not in methods:
            return methods, None
        about = {"nonce": nonce.hex()}
        await access.begin(unit, AttemptKind.PROVE, session.staff, about, _proof_token(session))
        return methods, await _passkey_options(access, unit, session.staff, nonce)


async def prove(access: StaffAccess, opened: OpenSession, answer: Answer) -> OpenSession:
    """The second factor shown again: acts that ask for it are open for five minutes.

    Raises Forbidden (`wrong_code`), TooMany, Unauthenticated (`attempt_over`), Unavailable.
    """
    session, nonce = opened.session, None
    # The session itself is what strangers lack; guesses made with a stolen one cost known browsers theirs.
    access.count(session.staff, Browser(""), Standing.KNOWN)
    if answer.method is Method.WEBAUTHN:
        async with access.works.open() as unit:
            attempt, about = await access.go_on(unit, AttemptKind.PROVE, _proof_token(session))
            await unit.access.end_attempt(attempt.digest)
            nonce = bytes.fromhex(about["nonce"])
    await _second(access, session.staff, answer, Standing.KNOWN, nonce)
    async with access.works.open() as unit:
        now = access.clock.now()
        proved = session._replace(proved_at=now, seen_at=now)
        await unit.access.put_session(proved)
    return opened._replace(session=proved)


def step_up_needed() -> Forbidden:
    """The act asks for a second factor that was shown just now."""
    return Forbidden(
        "step_up_needed",
        "Show your second factor again: this act asks for a proof that is at most five minutes old.",
        "请再次完成第二因素验证：此操作要求五分钟内的验证。",
    )


async def _second(
    access: StaffAccess, name: str, answer: Answer, standing: Standing, nonce: bytes | None
) -> None:
    if answer.method is Method.PASSWORD or await take_answer(access, name, answer, standing, nonce) is None:
        raise wrong_code()


async def _passkey_options(access: StaffAccess, unit: Unit, name: str, nonce: bytes) -> dict[str, Any]:
    mine = active(await unit.access.credentials(name))
    known = [one.public["credential"] for one in mine if one.method is Method.WEBAUTHN]
    options: dict[str, Any] = access.kit.passkeys.assertion(nonce, known)
    return options


def _seconds(found: list[Authenticator]) -> tuple[Method, ...]:
    """The second factors among these, each once."""
    mine = {one.method for one in active(found)} - {Method.PASSWORD}
    return tuple(sorted(mine))


def _proof_token(session: Session) -> str:
    """One proof at a time is asked for in a session."""
    return token_digest(f"prove {session.digest.hex()}").hex()
