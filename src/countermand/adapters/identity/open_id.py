"""An OpenID provider: discovery, the authorization code with PKCE, and id tokens under its own keys.

OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE, S256), RFC 9207 is left to `state` and one issuer.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from countermand.confirmation.access_ports import Identity
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import SetupError, Unavailable

log = structlog.get_logger(__name__)
ALGORITHMS = ["RS256", "ES256", "PS256", "Ed25519"]
ANSWER_SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 1024 * 1024
KNOWN_SECONDS = 600
SKEW_SECONDS = 60
AGE_SECONDS_MAX = 600
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Client(NamedTuple):
    """What the provider knows us as; without a secret we are a public client, and PKCE alone protects."""

    id: str
    secret: str | None


class _Known(NamedTuple):
    """What discovery told, and until when it is believed (microseconds UTC)."""

    authorization: str
    token: str
    keys: KeySet
    until: int


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    nonce: str | None = None
    azp: str | None = None


def read_client(client: str | None, secret_file: Path | None) -> Client:
    """Who we are to the provider. Raises SetupError (`bad_setting`, `client_secret_unusable`)."""
    if client is None:
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_STAFF_ISSUER needs COUNTERMAND_STAFF_CLIENT_ID beside it.",
            "设置 COUNTERMAND_STAFF_ISSUER 时须同时设置 COUNTERMAND_STAFF_CLIENT_ID。",
            variable="COUNTERMAND_STAFF_CLIENT_ID",
        )
    if secret_file is None:
        return Client(client, None)
    try:
        return Client(client, secret_file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            "client_secret_unusable",
            f"The client secret in {secret_file} cannot be read: {type(error).__name__}.",
            f"无法读取 {secret_file} 中的客户端密钥：{type(error).__name__}。",
        ) from None


class OpenIdProvider:
    """One provider, known by its issuer; `back` is where it sends browsers back to.

    Raises SetupError (`bad_setting`) for an issuer that is not HTTPS, but on this machine.
    """

    def __init__(
        self, issuer: str, client: Client, back: str, clock: Clock, http: httpx.AsyncClient | None = None
    ) -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise SetupError(
                "bad_setting",
                f"COUNTERMAND_STAFF_ISSUER must be an https address, not {issuer!r}.",
                f"COUNTERMAND_STAFF_ISSUER 应为 https 地址，而不是 {issuer!r}。",
                variable="COUNTERMAND_STAFF_ISSUER",
            )
        self._issuer, self._client, self._back, self._clock = issuer, client, back, clock
        self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) if http is None else http
        self._known: _Known | None = None

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes. Raises Unavailable (`provider_away`)."""
        known = await self._discover()
        challenge = base64.urlsafe_b64encode(digest(verifier.encode())).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._client.id,
            "redirect_uri": self._back,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(known.authorization).query else "?"
        return f"{known.authorization}{joint}{urlencode(asked)}"

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity | None:
        """Whom the code means; None where anything does not fit. Raises Unavailable (`provider_away`)."""
        known = await self._discover()
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._client.id,
            "code_verifier": verifier,
        }
        sign = None if self._client.secret is None else (self._client.id, self._client.secret)
        answer = await self._ask("POST", known.token, data=asked, **({} if sign is None else {"auth": sign}))
        if answer.status_code >= 500:
            raise _away(f"token endpoint {answer.status_code}")
        if answer.status_code != 200:
            log.info("provider_refused_code", status=answer.status_code)
            return None
        try:
            token = answer.json()["id_token"]
        except (ValueError, KeyError, TypeError):
            return None
        claims = self._claims(known, token)
        if claims is None and known.until > 0:
            # It may have turned its keys since they were read.
            self._known = None
            claims = self._claims(await self._discover(), token)
        return Identity(claims.iss, claims.sub) if claims is not None and self._fits(claims, nonce) else None

    def _claims(self, known: _Known, token: Any) -> _Claims | None:
        try:
            decoded = jwt.decode(token, known.keys, algorithms=ALGORITHMS)
            return msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
            log.info("id_token_refused", why=type(error).__name__)
            return None

    def _fits(self, claims: _Claims, nonce: str) -> bool:
        """Section 3.1.3.7 of OpenID Connect Core."""
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        now = self._clock.now() // MICROS_PER_SECOND
        return (
            claims.iss == self._issuer
            and self._client.id in audience
            and (len(audience) == 1 or claims.azp == self._client.id)
            and claims.azp in (None, self._client.id)
            and claims.nonce == nonce
            and bool(claims.sub)
            and now - SKEW_SECONDS < claims.exp
            and abs(now - claims.iat) <= AGE_SECONDS_MAX
        )

    async def _discover(self) -> _Known:
        now = self._clock.now()
        if self._known is not None and now < self._known.until:
            return self._known
        told = await self._json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            if told["issuer"] != self._issuer:
                raise _away("it calls itself otherwise")
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            authorization, token, keys_url = (str(told[name]) for name in names)
            scheme = urlsplit(self._issuer).scheme
            if any(urlsplit(end).scheme != scheme for end in (authorization, token, keys_url)):
                raise _away("its addresses are less safe than its name")
            keys = KeySet.import_key_set(await self._json(keys_url))
        except (KeyError, TypeError, ValueError, JoseError) as error:
            raise _away(f"its discovery cannot be read ({type(error).__name__})") from None
        self._known = _Known(authorization, token, keys, now + KNOWN_SECONDS * MICROS_PER_SECOND)
        return self._known

    async def _json(self, url: str) -> Any:
        answer = await self._ask("GET", url)
        try:
            if answer.status_code != 200 or len(answer.content) > ANSWER_BYTES_MAX:
                raise ValueError
            return json.loads(answer.content)
        except ValueError:
            raise _away(f"{url} answered {answer.status_code}") from None

    async def _ask(self, method: str, url: str, **given: Any) -> httpx.Response:
        try:
            return await self._http.request(method, url, **given)
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from error


def _away(why: str) -> Unavailable:
    log.warning("provider_away", why=why)
    return Unavailable(
        "provider_away",
        "The provider of single sign-on does not answer as it should; sign in with your password.",
        "单点登录服务暂不可用，请改用密码登录。",
    )
