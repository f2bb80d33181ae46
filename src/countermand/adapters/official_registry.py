"""The registry of official channels as one signed text, which anybody checks without asking us again.

A compact JWS (RFC 7515) with Ed25519 (RFC 8037): its payload is the registry as canonical JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jwt
import msgspec

from countermand.confirmation.permits import PermitKey, read_keys
from countermand.intake.official_channels import Registry, checked_registry
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.errors import BadRequest

TYPE = "official-channels+jws"
ALGORITHM = "EdDSA"
_JWS = jwt.PyJWS()


def signed_registry(registry: Registry, keys: Sequence[PermitKey]) -> str:
    """The registry signed by the first key."""
    payload = canonical_bytes(msgspec.to_builtins(registry))
    headers = {"typ": TYPE, "kid": keys[0].id}
    return _JWS.encode(payload, keys[0].private, algorithm=ALGORITHM, headers=headers)


def verified_registry(signed: str, jwks: dict[str, Any]) -> Registry:
    """The registry, if one of these keys has signed it. Raises BadRequest (`registry_forged`), SetupError."""
    try:
        key = read_keys(jwks)[jwt.get_unverified_header(signed.strip())["kid"]]
        payload = _JWS.decode(signed.strip(), key, algorithms=[ALGORITHM])
        registry = msgspec.json.decode(payload, type=Registry)
    except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, KeyError, TypeError) as error:
        raise BadRequest(
            "registry_forged",
            "This registry is not signed by the keys that were given, or was changed since.",
            "登记表的签名与所给公钥不符，或内容已被改动。",
        ) from error
    return checked_registry("official-channels.jws", registry)
