"""Payloads for one device's eyes: compact JWE, ECDH-ES with AES-256-GCM (RFC 7516, RFC 7518 section 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from countermand.kernel.errors import BadRequest

HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}
_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}
_CURVES = {"EC": "P-256", "OKP": "X25519"}


class JweEnvelope:
    """Sealed with a fresh key each time; only the holder of the device's private key opens it."""

    def check_key(self, key: Mapping[str, Any]) -> dict[str, Any]:
        """A public key in its shortest form; a private part that came along is dropped.

        Raises BadRequest (`bad_sealing_key`).
        """
        kind = str(key.get("kty"))
        short = {name: str(key.get(name)) for name in _MEMBERS.get(kind, ())}
        try:
            if short.get("crv") != _CURVES.get(kind):
                raise ValueError
            _key_of(short)
        except (JoseError, ValueError, TypeError):
            raise BadRequest(
                "bad_sealing_key",
                "A sealing key is a public JWK on the curve P-256 or X25519.",
                "封装密钥应为 P-256 或 X25519 曲线上的公钥 JWK。",
                field="sealing_key",
            ) from None
        return short

    def sealed(self, payload: bytes, key: Mapping[str, Any]) -> str:
        """The payload as compact JWE."""
        return jwe.encrypt_compact(HEADER, payload, _key_of(dict(key)), algorithms=list(HEADER.values()))


def _key_of(key: dict[str, Any]) -> ECKey | OKPKey:
    made = (ECKey if key.get("kty") == "EC" else OKPKey).import_key(key)
    made.public_key  # noqa: B018 - reading it computes the point, which an invalid one has not
    return made
