"""How a request to core banking is signed: a short-lived JWS over its method, path and body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countermand.confirmation.permits import ALGORITHM, ISSUER, LEEWAY_SECONDS, PermitKey
from countermand.kernel.clock import MICROS_PER_SECOND

TYPE = "request+jwt"
GOOD_SECONDS = 60


def signature_of(key: PermitKey, method: str, target: str, body: bytes, now: int) -> str:
    """What goes into `Authorization: Bearer`; `target` is path and query, `now` in microseconds UTC."""
    issued = now // MICROS_PER_SECOND
    claims = {
        "iss": ISSUER,
        "iat": issued,
        "exp": issued + GOOD_SECONDS,
        "htm": method,
        "htu": target,
        "body": hashlib.sha256(body).hexdigest(),
    }
    return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id, "typ": TYPE})


def signature_fault(
    text: str, keys: Mapping[str, Ed25519PublicKey], method: str, target: str, body: bytes, now: int
) -> str | None:
    """What is wrong with a signature; None where it is good. The other side of `signature_of`."""
    try:
        head = jwt.get_unverified_header(text)
        if head.get("typ") != TYPE or head.get("kid") not in keys:
            return "unknown key"
        claims = jwt.decode(
            text,
            keys[head["kid"]],
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        return type(error).__name__
    seconds = now // MICROS_PER_SECOND
    if not claims.get("iat", 0) - LEEWAY_SECONDS <= seconds < claims.get("exp", 0) + LEEWAY_SECONDS:
        return "outside of its time"
    if (claims.get("htm"), claims.get("htu")) != (method, target):
        return "another request"
    return None if claims.get("body") == hashlib.sha256(body).hexdigest() else "another body"
