"""One answer of somebody who wants in: counted before it is looked at, so that none is free."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from countermand.confirmation.lockout import Standing, Strikes, forgiven, locked_until, struck
from countermand.flows.proving import Answer, ProvingKit, active, secret_of
from countermand.flows.staff_access import StaffAccess
from countermand.vocabulary.authenticators import Authenticator, Method
from countermand.vocabulary.facts import STAFF_LOCKED, Fact
from countermand.work import Unit

log = structlog.get_logger(__name__)
PASSWORD_CHARACTERS_MAX = 1024


async def take_answer(
    access: StaffAccess, name: str, answer: Answer, standing: Standing, nonce: bytes | None = None
) -> Authenticator | None:
    """What answered rightly, written down as used; None for a wrong answer, and while none is looked at.

    A wrong answer costs its standing only: what strangers get wrong keeps no known browser waiting. `nonce`
    is what a passkey had to sign. Nothing is locked while a password is hashed. Raises Unavailable.
    """
    async with access.turn(name, answer.method.value, standing.value):
        async with access.works.open() as unit:
            before = await _strikes(unit, name, answer.method, standing)
            now = access.clock.now()
            if locked_until(before, now) is not None:
                log.info("staff_answer_locked", method=answer.method.value, standing=standing.value)
                return None
            counted = struck(before, now, access.lockout)
            await unit.access.strike(counted)
            found = await unit.access.credentials(name)
        used = await right_one(access.kit, found, answer, now, nonce)
        async with access.works.open() as unit:
            if used is not None and await _write(unit, used):
                await _forgive(unit, before, counted)
                return used
            if counted.locked_until > now:
                body = {"staff": name, "method": answer.method.value, "standing": standing.value}
                await unit.note([Fact(now, STAFF_LOCKED, {**body, "until": counted.locked_until})])
    log.info("staff_answer_wrong", method=answer.method.value, standing=standing.value)
    return None


async def right_one(
    kit: ProvingKit, found: Sequence[Authenticator], answer: Answer, now: int, nonce: bytes | None
) -> Authenticator | None:
    """Which of these the answer is right for, as it is after this use; a code or counter counts once."""
    for one in active(found):
        if one.method is not answer.method:
            continue
        counter = await _counter(kit, one, answer, now, nonce)
        if counter is not None:
            return msgspec.structs.replace(one, counter=counter, used_at=now)
    return None


async def _counter(
    kit: ProvingKit, one: Authenticator, answer: Answer, now: int, nonce: bytes | None
) -> int | None:
    if one.method is Method.PASSWORD:
        given = (answer.password or "")[:PASSWORD_CHARACTERS_MAX]
        return one.counter if await kit.passwords.fits(secret_of(kit.vault, one)["hash"], given) else None
    if one.method is Method.TOTP:
        step = kit.time_codes.step_of(secret_of(kit.vault, one)["totp"], answer.code or "", now)
        return step if step is not None and step > one.counter else None
    shown = answer.credential or {}
    if nonce is None or shown.get("id") != one.public["credential"]:
        return None
    used = kit.passkeys.asserted(nonce, shown, one.public["key"], one.counter)
    return None if used is None else used.counter


async def _strikes(unit: Unit, name: str, method: Method, standing: Standing) -> Strikes:
    empty = Strikes(account=name, method=method, standing=standing)
    return (await unit.access.strikes(name)).get((method, standing.value), empty)


async def _write(unit: Unit, used: Authenticator) -> bool:
    """Whether it is still there and nobody was faster with the same code."""
    now_there = {one.id: one for one in await unit.access.credentials(used.account)}
    one = now_there.get(used.id)
    if one is None or one.secret != used.secret:
        return False
    if used.method is Method.TOTP and one.counter >= used.counter:
        return False
    if used.method is Method.WEBAUTHN and used.counter and one.counter >= used.counter:
        return False
    await unit.access.put_credentials([used])
    return True


async def _forgive(unit: Unit, before: Strikes, counted: Strikes) -> None:
    """The right answer was counted as wrong before it was looked at: that is taken back, and no more.

    From a known browser everything is forgiven; what strangers have got wrong stays counted.
    """
    now_there = await _strikes(unit, before.account, before.method, before.standing)
    if now_there == counted:
        await unit.access.strike(forgiven(before))
        return
    fewer = msgspec.structs.replace(now_there, failures=max(0, now_there.failures - 1))
    await unit.access.strike(forgiven(fewer))
