"""Whether what a customer shows is right: one function a method, each giving evidence or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.confirmation.challenge_ports import ConfirmationBook
from countermand.confirmation.challenges import Challenge, code_is_fresh
from countermand.confirmation.factors import Evidence
from countermand.confirmation.linking import Linked, challenge_bytes, code_mac, same_mac
from countermand.flows.proving import CODE_KEY, Answer, ProvingKit, active, secret_of
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.authenticators import SENT, Authenticator, Method

PASSWORD_CHARACTERS_MAX = 256
RAW_CHARACTERS_MAX = 16_384
CREDENTIAL_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A right answer: the evidence, what becomes of its authenticator, what an auditor may check again."""

    evidence: Evidence
    authenticator: Authenticator | None = None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one answer is checked against."""

    kit: ProvingKit
    confirmations: ConfirmationBook
    challenge: Challenge
    linked: Linked
    authenticators: Sequence[Authenticator]
    now: int

    def of(self, method: Method) -> list[Authenticator]:
        """The authenticators that this challenge offered for a method and that still count."""
        offered = self.challenge.offer(method).authenticators
        return [one for one in active(self.authenticators) if one.id in offered]


async def check_answer(desk: Desk, answer: Answer) -> Shown | None:
    """The evidence of a right answer, None for a wrong one.

    Raises BadRequest (`method_not_offered`, `answer_incomplete`).
    """
    desk.challenge.offer(answer.method)
    if answer.method is Method.PASSWORD:
        return await _password(desk, _given(answer.password, "password"))
    if answer.method is Method.TOTP:
        return _time_code(desk, _given(answer.code, "code"))
    if answer.method in SENT or answer.method is Method.OUT_OF_BAND_CALL:
        return _code(desk, answer.method, _given(answer.code, "code"))
    if answer.method is Method.WEBAUTHN:
        return _passkey(desk, answer.credential)
    return await _liveness(desk, _given(answer.token, "token"))


def _given(value: str | None, field_name: str) -> str:
    if not value or len(value) > RAW_CHARACTERS_MAX:
        raise BadRequest(
            "answer_incomplete",
            f"This method is answered with {field_name}.",
            f"该验证方式需要提供 {field_name}。",
            field=field_name,
        )
    return value


async def _password(desk: Desk, password: str) -> Shown | None:
    for one in desk.of(Method.PASSWORD):
        kept = secret_of(desk.kit.vault, one)["hash"]
        if len(password) <= PASSWORD_CHARACTERS_MAX and await desk.kit.passwords.fits(kept, password):
            # What is in somebody's head is on no device.
            return _shown(
                desk, one, Evidence(method=Method.PASSWORD, authenticator=one.id, device=None, at=desk.now)
            )
    return None


def _time_code(desk: Desk, code: str) -> Shown | None:
    for one in desk.of(Method.TOTP):
        step = desk.kit.time_codes.step_of(secret_of(desk.kit.vault, one)["totp"], code, desk.now)
        if (
            step is not None and step > one.counter
        ):  # a code that was used is used up, and so are earlier ones
            return _shown(desk, msgspec.structs.replace(one, counter=step), _held(desk, one))
    return None


def _code(desk: Desk, method: Method, code: str) -> Shown | None:
    issued = desk.challenge.code_of(method)
    key = desk.kit.vault.mac_key(CODE_KEY)
    mac = code_mac(key, desk.challenge.id, desk.challenge.linked, method, code)
    if issued is None or not code_is_fresh(issued, desk.now, desk.kit.pack.terms):
        return None
    if not same_mac(issued.mac, mac):
        return None
    evidence = Evidence(method=method, authenticator=issued.authenticator, device=issued.device, at=desk.now)
    one = next((one for one in desk.authenticators if one.id == issued.authenticator), None)
    if one is None or one not in active(desk.authenticators):
        return None  # the number or mailbox was removed while the code was on its way
    return _shown(desk, one, evidence)


def _passkey(desk: Desk, credential: dict[str, Any] | None) -> Shown | None:
    if not credential or len(msgspec.json.encode(credential)) > CREDENTIAL_BYTES_MAX:
        raise BadRequest(
            "answer_incomplete",
            "This method is answered with credential.",
            "该验证方式需要提供 credential。",
            field="credential",
        )
    wanted = challenge_bytes(desk.linked, bytes.fromhex(desk.challenge.nonce))
    for one in desk.of(Method.WEBAUTHN):
        if one.public["credential"] != credential.get("id"):
            continue
        used = desk.kit.passkeys.asserted(wanted, credential, one.public["key"], one.counter)
        if used is None:
            return None
        evidence = msgspec.structs.replace(_held(desk, one), user_verified=used.user_verified)
        raw = {
            "method": "webauthn",
            "key": one.public["key"],
            "challenge": wanted.hex(),
            "credential": credential,
        }
        return _shown(desk, msgspec.structs.replace(one, counter=used.counter), evidence, raw)
    return None


async def _liveness(desk: Desk, token: str) -> Shown | None:
    assert desk.kit.liveness is not None, "it is offered only where there is a provider"
    challenge = desk.challenge
    result = desk.kit.liveness.judge(token, challenge.linked, challenge.nonce, desk.now)
    if result is None or not await desk.confirmations.spend(result.token, result.expires_at):
        return None
    evidence = Evidence(
        method=Method.LIVENESS,
        authenticator=None,
        device=result.device,
        at=desk.now,
        user_verified=True,
        document_match=result.document_match,
    )
    return Shown(evidence=evidence, raw={"method": "liveness", "token": token})


def _held(desk: Desk, one: Authenticator) -> Evidence:
    return Evidence(method=one.method, authenticator=one.id, device=one.device, at=desk.now)


def _shown(desk: Desk, one: Authenticator, evidence: Evidence, raw: dict[str, Any] | None = None) -> Shown:
    used = msgspec.structs.replace(one, used_at=desk.now)
    return Shown(
        evidence=evidence,
        authenticator=used,
        raw={"method": evidence.method.value, "authenticator": one.id} if raw is None else raw,
    )
