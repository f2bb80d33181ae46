"""Tokens by which the institution vouches for who is in a chat: JWTs (RFC 7519) under its public keys."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from countermand.cases.channel_ports import ChatHolder
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import SetupError
from countermand.vocabulary.operations import Identifier

ALGORITHMS = ["ES256", "Ed25519", "EdDSA", "RS256"]
# A token that lives longer is refused: one that leaks should be worthless soon.
LIFE_SECONDS_MAX = 900
SKEW_SECONDS = 30


class _Claims(msgspec.Struct, frozen=True):
    aud: str | list[str]
    sub: Identifier
    sid: Identifier
    iat: int
    exp: int
    device: str | None = None


class SignedChatTokens:
    """Tokens for `audience`, signed with a key of a JWK Set file (RFC 7517).

    Raises SetupError (`chat_keys_unusable`).
    """

    def __init__(self, audience: str, keys_file: Path) -> None:
        self._audience = audience
        try:
            self._keys = KeySet.import_key_set(json.loads(keys_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            raise SetupError(
                "chat_keys_unusable",
                f"The keys of chat tokens in {keys_file} cannot be used: {type(error).__name__}.",
                f"无法使用 {keys_file} 中的会话令牌公钥：{type(error).__name__}。",
            ) from None

    def holder(self, token: str, now: int) -> ChatHolder | None:
        """Whom a token vouches for; None of one that is not theirs, not for us, too long-lived or over."""
        try:
            with warnings.catch_warnings():
                # RFC 9864 renames EdDSA to Ed25519; most institutions still sign under the old name.
                warnings.simplefilter("ignore", SecurityWarning)
                decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            claims: Any = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        seconds = now // MICROS_PER_SECOND
        good = self._audience in audience and claims.exp - claims.iat <= LIFE_SECONDS_MAX
        if not good or not claims.iat - SKEW_SECONDS <= seconds < claims.exp:
            return None
        return ChatHolder(claims.sub, claims.sid, claims.device == "public")
