"""A permit read as any institution would read it: by a library of its own and the published keys."""

from __future__ import annotations

from typing import Any

import jwt
import msgspec

from countermand.drills.demo_stage import Stage
from countermand.vocabulary.banking import Terms

_LEEWAY_SECONDS = 5


def claims_of(stage: Stage, permit: str) -> dict[str, Any]:
    """What a permit says. Raises jwt.PyJWTError where it does not verify."""
    keys = jwt.PyJWKSet.from_dict(stage.ask("GET", "/v1/permits/keys"))
    key = keys[jwt.get_unverified_header(permit)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        permit, key, algorithms=["EdDSA"], issuer="countermand", leeway=_LEEWAY_SECONDS
    )
    return claims


def terms_of(claims: dict[str, Any]) -> Terms:
    """What the bank is to be told to do under it."""
    return msgspec.convert(claims["terms"], Terms)
