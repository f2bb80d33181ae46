"""What a customer sees of a challenge: what it confirms, how it can be answered, what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from countermand.confirmation.challenges import Challenge, ChallengeState, Offer, answers_left
from countermand.confirmation.linking import Linked, challenge_bytes, linked_text
from countermand.confirmation.lockout import Standing
from countermand.flows.proving import ProvingKit, Visitor, active
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Conflict
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import SENT, Authenticator, Method
from countermand.vocabulary.consent import Withheld

SAME_DEVICE = Text(
    en="The code went to the device you are using now. Whoever holds it has both; a second device is safer.",
    zh="验证码发到了您正在使用的设备；拿到该设备的人会同时拥有两者，使用另一台设备更安全。",
)
NEVER_TELL = Text(
    en="Nobody of ours asks for a code or a password. If somebody told you to confirm this, stop now.",
    zh="工作人员绝不会索要验证码或密码。如果有人指示您确认此操作，请立即停止。",
)
NOT_AGREED = Text(
    en="You have not agreed to this use of your data, or have withdrawn it, so this way is not offered. The "
    "others work without it; to use it, agree under Privacy.",
    zh="您未同意或已撤回对此项信息的使用，因此不提供此方式；其他方式不受影响。如需使用，请先在“隐私”中同意。",
)
CALL = Text(
    en="We call the number you enrolled. Read this number out only to whoever calls you there, and only "
    "after they have named what is to be confirmed.",
    zh="我们将拨打您登记的号码。请在对方说明待确认的内容后，才把此数字念给来电人员。",
)


def shown(
    challenge: Challenge,
    linked: Linked,
    kit: ProvingKit,
    found: Sequence[Authenticator],
    *,
    standing: Standing = Standing.KNOWN,
    read_back: str | None = None,
) -> dict[str, Any]:
    """The challenge as JSON values; `answers_left` are those that may still be wrong from where one asks."""
    is_open = challenge.state is ChallengeState.OPEN
    assessment = challenge.assessment
    return {
        "challenge": challenge.id,
        "purpose": challenge.purpose.value,
        "ref": challenge.ref,
        "account": challenge.account,
        "state": challenge.state.value,
        "tier": challenge.wanted.tier,
        "reasons": list(challenge.wanted.reasons),
        "obligations": [] if challenge.wanted.kyc_level is None else ["kyc_upgrade"],
        "begun_at": rfc3339(challenge.begun_at),
        "expires_at": rfc3339(challenge.expires_at),
        "missing": challenge.missing if is_open else [],
        "not_offered": [_withheld(one) for one in challenge.withheld] if is_open else [],
        "answered": [one.method.value for one in challenge.evidence],
        "answers_left": answers_left(challenge, standing, kit.pack.terms) if is_open else None,
        "warning": SAME_DEVICE if assessment.same_device else None,
        "confirmation": challenge.confirmation,
        "details": _details(challenge, linked, kit, found, read_back) if is_open else None,
        "sealed": None,
    }


def _withheld(one: Withheld) -> dict[str, Any]:
    return {"method": one.method.value, "purpose": one.purpose, "reason": NOT_AGREED}


def _details(
    challenge: Challenge,
    linked: Linked,
    kit: ProvingKit,
    found: Sequence[Authenticator],
    read_back: str | None,
) -> dict[str, Any]:
    """What only the customer is to read: sealed for their device where that is asked for."""
    amount = None
    if linked.amount_minor is not None:
        amount = {"minor": linked.amount_minor, "currency": linked.currency}
    offered = {one.method for one in challenge.offers}
    wants_liveness = Method.LIVENESS in offered
    return {
        "confirming": linked_text(linked),
        "amount": amount,
        "payee": linked.payee,
        "institution": linked.institution,
        "advice": NEVER_TELL if read_back is None else CALL,
        "methods": [_method(one, challenge) for one in challenge.offers],
        "webauthn": _passkey_options(challenge, linked, kit, found) if Method.WEBAUTHN in offered else None,
        "liveness": {"linked": challenge.linked, "nonce": challenge.nonce} if wants_liveness else None,
        "read_back": read_back,
    }


def _method(offer: Offer, challenge: Challenge) -> dict[str, Any]:
    issued = challenge.code_of(offer.method)
    needs_code = offer.method in SENT or offer.method is Method.OUT_OF_BAND_CALL
    return {
        "method": offer.method.value,
        "biometric": offer.biometric,
        "to": offer.to,
        "under_way": bool(issued and issued.mac) if needs_code else None,
    }


def _passkey_options(
    challenge: Challenge, linked: Linked, kit: ProvingKit, found: Sequence[Authenticator]
) -> Any:
    offered = challenge.offer(Method.WEBAUTHN).authenticators
    known = [one.public["credential"] for one in active(found) if one.id in offered]
    return kit.passkeys.assertion(challenge_bytes(linked, bytes.fromhex(challenge.nonce)), known)


def sealed_for(
    answer: dict[str, Any], kit: ProvingKit, visitor: Visitor, found: Sequence[Authenticator]
) -> dict[str, Any]:
    """The same with its details readable by the visitor's device alone (JWE): a proxy sees ciphertext.

    Raises Conflict (`no_sealing_key`): the device has enrolled no key.
    """
    for one in active(found):
        if "sealing_key" in one.public and one.device is not None and one.device == visitor.device:
            sealed = kit.envelope.sealed(msgspec.json.encode(answer["details"]), one.public["sealing_key"])
            return {**answer, "details": None, "sealed": sealed}
    raise Conflict(
        "no_sealing_key",
        "This device has enrolled no sealing key; enrol an authenticator with one, or ask without `sealed`.",
        "该设备未登记封装密钥；请登记带有封装密钥的验证方式，或不使用 sealed。",
    )
