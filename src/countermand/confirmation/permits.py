"""A permit: the signed statement that one operation may take effect, made of all that it needs or not at all.

A permit is a compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037). Core banking executes nothing without
one that verifies and names the same operation, account, amount and payee.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.banking import Terms
from countermand.vocabulary.confirmations import ConsentReceipt, needs_consent
from countermand.vocabulary.holds import STATES_ZH, Hold, HoldState
from countermand.vocabulary.operations import Operation

ISSUER = "countermand"
TYPE = "permit+jwt"
ALGORITHM = "EdDSA"
# Their clock and ours may differ by so much.
LEEWAY_SECONDS = 5


class PermitKey(msgspec.Struct, frozen=True):
    """A key that signs, and the name under which its public half is published."""

    id: str
    private: Ed25519PrivateKey


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """That a decision does not stand in the way: it allowed the operation, or its hold was released.

    Only `cleared_by_decision` and `cleared_by_hold` make one.
    """

    operation: str
    decision: str
    confirmations: tuple[str, ...]


class Permit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is signed; the names are those of RFC 7519 where it has one, instants are whole seconds UTC.

    `consent` is the hexadecimal SHA-256 of what was displayed to whoever agreed.
    """

    iss: str
    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int
    decision: str
    confirmations: tuple[str, ...]
    terms: Terms
    consent: str | None = None


def cleared_by_decision(operation: str, decision: str, outcome: str) -> Cleared:
    """What a decision that allowed the operation clears. Raises Conflict (`not_allowed`)."""
    if outcome != "allow":
        raise not_allowed(operation, outcome, "未放行")
    return Cleared(operation=operation, decision=decision, confirmations=())


def cleared_by_hold(hold: Hold, decision: str) -> Cleared:
    """What a released hold clears, with all that was confirmed. Raises Conflict (`not_allowed`)."""
    if hold.state not in (HoldState.RELEASED, HoldState.EXECUTED) or hold.unmet:
        raise not_allowed(hold.operation, hold.state.value, STATES_ZH[hold.state])
    return Cleared(operation=hold.operation, decision=decision, confirmations=hold.met)


def terms_of(operation: Operation) -> Terms:
    """What exactly an operation would do."""
    amount, payee = operation.amount, operation.counterparty
    return Terms(
        account=operation.account,
        operation=operation.id,
        kind=operation.kind.value,
        amount_minor=None if amount is None else amount.minor,
        currency=None if amount is None else amount.currency,
        counterparty=None if payee is None else payee.id,
        institution=None if payee is None else payee.institution,
    )


def terms_of_hold(hold: Hold) -> Terms:
    """The same of an operation on hold."""
    return Terms(
        account=hold.account,
        operation=hold.operation,
        kind=hold.kind,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
        counterparty=hold.counterparty,
        institution=hold.institution,
    )


def permit_of(
    terms: Terms, cleared: Cleared, receipt: ConsentReceipt | None, number: str, now: int, seconds: int
) -> Permit:
    """The permit of an operation, good for so many seconds from `now` (microseconds UTC) on.

    Raises Conflict (`consent_missing`) where its kind needs consent and there is no receipt of this very
    operation.
    """
    assert terms.operation == cleared.operation, "what was cleared is what is permitted"
    assert terms.kind is not None, "an operation has a kind"
    if needs_consent(terms.kind) and (receipt is None or receipt.operation != terms.operation):
        raise consent_missing(cleared.operation)
    starts = now // MICROS_PER_SECOND
    return Permit(
        iss=ISSUER,
        sub=cleared.operation,
        jti=number,
        iat=starts,
        nbf=starts,
        exp=starts + seconds,
        decision=cleared.decision,
        confirmations=cleared.confirmations,
        terms=terms,
        consent=None if receipt is None else receipt.digest.hex(),
    )


def signed(permit: Permit, key: PermitKey) -> str:
    """The permit as text; Ed25519 draws no chance, so the same permit is the same text."""
    return jwt.encode(
        msgspec.to_builtins(permit), key.private, ALGORITHM, headers={"kid": key.id, "typ": TYPE}
    )


def verified(text: str, keys: Mapping[str, Ed25519PublicKey], now: int) -> Permit:
    """The permit of a text; `now` in microseconds UTC.

    Raises BadRequest (`bad_permit`): no such key, another signature, expired, not yet good, not a permit.
    """
    try:
        head = jwt.get_unverified_header(text)
        if head.get("typ") != TYPE or head.get("kid") not in keys:
            raise bad_permit("unknown key or type")
        claims = jwt.decode(
            text,
            keys[head["kid"]],
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        permit = msgspec.convert(claims, Permit)
    except (jwt.PyJWTError, msgspec.ValidationError) as error:
        raise bad_permit(type(error).__name__) from error
    seconds = now // MICROS_PER_SECOND
    if not permit.nbf - LEEWAY_SECONDS <= seconds < permit.exp + LEEWAY_SECONDS:
        raise bad_permit("outside of its time")
    return permit


def mismatch(permit: Permit, terms: Terms) -> str | None:
    """The name of the first thing an instruction says otherwise than its permit; None where they agree.

    A permit of a kind that needs consent and carries none matches nothing.
    """
    if permit.sub != terms.operation:
        return "operation"
    for name in Terms.__struct_fields__:
        if getattr(permit.terms, name) != getattr(terms, name):
            return name
    if needs_consent(permit.terms.kind or "") and not permit.consent:
        return "consent"
    return None


def published(keys: Collection[PermitKey]) -> dict[str, Any]:
    """The public halves as a JWK Set (RFC 7517)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": key.id,
                "x": jwt.utils.base64url_encode(key.private.public_key().public_bytes_raw()).decode(),
            }
            for key in keys
        ]
    }


def read_keys(document: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """The public keys of a JWK Set by their name; what is no Ed25519 key is passed over."""
    return {
        one["kid"]: Ed25519PublicKey.from_public_bytes(jwt.utils.base64url_decode(one["x"]))
        for one in document["keys"]
        if one.get("kty") == "OKP" and one.get("crv") == "Ed25519"
    }


def not_allowed(operation: str, state: str, zh: str) -> Conflict:
    """There is no permit for what was not allowed, or not yet."""
    return Conflict(
        "not_allowed",
        f"This operation stands at {state}; only an allowed or released operation gets a permit.",
        f"该操作{zh}；仅已放行的操作可获得执行许可。",
        operation=operation,
        state=state,
    )


def consent_missing(operation: str) -> Conflict:
    """There is no permit without consent."""
    return Conflict(
        "consent_missing",
        "Nobody has confirmed this operation in so many words yet; without that it cannot take effect.",
        "尚未取得对该操作的明确同意；未经同意不能生效。",
        operation=operation,
    )


def bad_permit(why: str) -> BadRequest:
    """What was shown is no permit, or not now."""
    return BadRequest("bad_permit", f"The permit is not good: {why}.", f"执行许可无效：{why}。")
