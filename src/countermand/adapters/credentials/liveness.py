"""A liveness provider's signed results: compact JWS over what was confirmed, checked with its public keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from countermand.confirmation.challenge_ports import LivenessResult
from countermand.confirmation.linking import same_mac
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import SetupError

ALGORITHMS = ["ES256", "Ed25519", "EdDSA", "PS256"]
AGE_SECONDS_MAX = 300
AHEAD_SECONDS_MAX = 30


class _Claims(msgspec.Struct, frozen=True):
    """What a result says; RFC 7519 names where there are some."""

    iss: str
    jti: str
    iat: int
    linked: str
    nonce: str
    live: bool
    document_match: bool = False
    device: str | None = None


class SignedLiveness:
    """Results of one provider, named `issuer`, whose public keys stand in a JWK Set file (RFC 7517).

    Raises SetupError (`liveness_keys_unusable`).
    """

    def __init__(self, issuer: str, keys_file: Path) -> None:
        self._issuer = issuer
        try:
            self._keys = KeySet.import_key_set(json.loads(keys_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            raise SetupError(
                "liveness_keys_unusable",
                f"The keys of the liveness provider in {keys_file} cannot be used: {type(error).__name__}.",
                f"无法使用 {keys_file} 中的活体检测服务公钥：{type(error).__name__}。",
            ) from None

    def judge(self, signed: str, linked: str, nonce: str, now: int) -> LivenessResult | None:
        """The result, if it is the provider's, for this, live and fresh; else None."""
        claims = self._claims(signed)
        if claims is None or claims.iss != self._issuer or not claims.live:
            return None
        if not (same_mac(claims.linked, linked) and same_mac(claims.nonce, nonce)):
            return None
        age = now - claims.iat * MICROS_PER_SECOND
        if not -AHEAD_SECONDS_MAX * MICROS_PER_SECOND <= age <= AGE_SECONDS_MAX * MICROS_PER_SECOND:
            return None
        token = digest(f"{claims.iss}\n{claims.jti}".encode()).hex()
        expires_at = (claims.iat + AGE_SECONDS_MAX + 1) * MICROS_PER_SECOND
        return LivenessResult(token, expires_at, claims.document_match, claims.device)

    def _claims(self, signed: str) -> _Claims | None:
        try:
            payload: Any = jws.deserialize_compact(signed, self._keys, algorithms=ALGORITHMS).payload
            return msgspec.json.decode(payload, type=_Claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
