"""Enrolling one authenticator: what is drafted at the beginning, and whether it worked once at the end."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.confirmation.linking import code_mac, same_mac
from countermand.flows.enrolments import check_mail, check_name, check_password, check_phone
from countermand.flows.proving import (
    CODE_DIGITS,
    CODE_KEY,
    Answer,
    ProvingKit,
    masked,
    sealed_secret,
    secret_of,
)
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import BadRequest
from countermand.kernel.ids import Ids, new_code, new_nonce
from countermand.vocabulary.authenticators import (
    ENROLLED,
    SENT,
    Authenticator,
    AuthenticatorState,
    Method,
)

PENDING_SECONDS = 600
TRIES_MAX = 5


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be enrolled: `device` holds it, or receives its codes at `address`."""

    method: Method
    name: str
    device: str | None = None
    address: str | None = None
    language: str = "zh"
    biometric: bool = False
    sealing_key: dict[str, Any] | None = None


def drafted(
    kit: ProvingKit, ids: Ids, account: str, wanted: Enrolment, now: int
) -> tuple[Authenticator, dict[str, str], dict[str, Any]]:
    """The authenticator, its secret in the clear (with the code to be sent), what its holder is shown."""
    if wanted.method not in ENROLLED:
        raise BadRequest(
            "method_not_enrolled",
            f"{wanted.method.value} needs no enrolment.",
            f"{wanted.method.value} 无需登记。",
            field="method",
        )
    number = ids.new("aut", now)
    nonce = new_nonce().hex()
    public: dict[str, Any] = {"language": wanted.language, "enrol": {"nonce": nonce, "tries": 0}}
    secret: dict[str, str] = {}
    more: dict[str, Any] = {}
    if wanted.method in SENT:
        check = check_phone if wanted.method is Method.SMS else check_mail
        address, code = check(wanted.address), new_code(CODE_DIGITS)
        public["masked"] = masked(address)
        public["enrol"]["mac"] = _mac(kit, number, nonce, wanted.method, code)
        secret = {"address": address, "code": code}
    if wanted.method is Method.TOTP:
        secret = {"totp": kit.time_codes.new_secret()}
        more["otpauth"] = kit.time_codes.address(secret["totp"], account)
    if wanted.sealing_key is not None:
        public["sealing_key"] = kit.envelope.check_key(wanted.sealing_key)
    one = Authenticator(
        id=number,
        account=account,
        method=wanted.method,
        name=check_name(wanted.name),
        device=wanted.device,
        secret=None,
        public=public,
        created_at=now,
        pending_until=now + PENDING_SECONDS * MICROS_PER_SECOND,
    )
    return one, secret, more


async def tried(kit: ProvingKit, one: Authenticator, answer: Answer, now: int) -> Authenticator | None:
    """The authenticator as it is after it worked once, or None."""
    enrol = one.public["enrol"]
    if enrol["tries"] >= TRIES_MAX:
        return None
    public = {name: value for name, value in one.public.items() if name != "enrol"}
    ready = msgspec.structs.replace(
        one, public=public, state=AuthenticatorState.ACTIVE, pending_until=None, used_at=now
    )
    if one.method is Method.PASSWORD:
        password = answer.password or ""
        await check_password(kit.passwords, password, [one.account])
        kept = {"hash": await kit.passwords.hashed(password)}
        return msgspec.structs.replace(ready, secret=sealed_secret(kit.vault, one.id, kept))
    if one.method is Method.WEBAUTHN:
        made = kit.passkeys.registered(bytes.fromhex(enrol["nonce"]), answer.credential or {})
        if made is None:
            return None
        more = {"credential": made.credential, "key": made.public_key, "platform": made.platform}
        return msgspec.structs.replace(ready, public=public | more, counter=made.counter)
    code = answer.code or ""
    if one.method is Method.TOTP:
        step = kit.time_codes.step_of(secret_of(kit.vault, one)["totp"], code, now)
        return None if step is None else msgspec.structs.replace(ready, counter=step)
    fits = same_mac(enrol["mac"], _mac(kit, one.id, enrol["nonce"], one.method, code))
    return ready if fits else None


def _mac(kit: ProvingKit, authenticator: str, nonce: str, method: Method, code: str) -> str:
    return code_mac(kit.vault.mac_key(CODE_KEY), authenticator, nonce, method, code)
