"""A person with a browser, a shop that lets them sign in at an OpenID provider, and the provider itself."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

HERE = Path(__file__).parent
SHOP = ("shop", "shop-secret")
BACK = "http://127.0.0.1:9/back"
STEPS_MAX = 12
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')


def missing() -> str | None:
    """What keeps the peer from running here; half a minute is too long for every run of the tests."""
    if "PEERS" not in os.environ:
        return "it was not asked for"
    if shutil.which("node") is None:
        return "Node is not installed"
    return None if (HERE / "node_modules" / "oidc-provider").is_dir() else "oidc-provider is not installed"


@asynccontextmanager
async def provider(keys_url: str, trusted_issuer: str, client_logout: str) -> AsyncIterator[str]:
    """A provider in a process of its own; its address."""
    command = ("node", str(HERE / "provider.mjs"), keys_url, trusted_issuer, client_logout)
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line, "the provider did not start"
        yield line.decode().strip()
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 10)


@dataclass(frozen=True)
class SignedIn:
    """What the shop has of somebody who signed in: tokens, and the browser with its cookies."""

    issuer: str
    client: httpx.AsyncClient
    tokens: dict[str, Any]

    @property
    def sid(self) -> str:
        """The provider's name for this session, as its id token says."""
        body = self.tokens["id_token"].split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return str(claims["sid"])

    async def active(self, kind: str = "access_token") -> bool:
        """What introspection says of a token (RFC 7662)."""
        asked = {"token": self.tokens[kind], "token_type_hint": kind}
        answer = await self.client.post(f"{self.issuer}/token/introspection", data=asked, auth=SHOP)
        return bool(answer.raise_for_status().json()["active"])

    async def refresh(self) -> httpx.Response:
        """The shop asks for a new access token."""
        asked = {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]}
        return await self.client.post(f"{self.issuer}/token", data=asked, auth=SHOP)

    async def is_known(self) -> bool:
        """Whether the browser's session at the provider still stands: it asks to go on in silence."""
        asked = {**_wish(), "prompt": "none", "scope": "openid"}
        answer = await self.client.get(f"{self.issuer}/auth", params=asked)
        return "code" in parse_qs(urlsplit(answer.headers["location"]).query)


async def sign_in(issuer: str, login: str, client: httpx.AsyncClient) -> SignedIn:
    """The code flow with the provider's own pages: sign-in, consent, back to the shop, tokens."""
    wish = {**_wish(), "prompt": "consent", "scope": "openid offline_access"}
    given = await walk(f"{issuer}/auth?{urlencode(wish)}", BACK, login, client)
    asked = {"grant_type": "authorization_code", "code": given["code"], "redirect_uri": BACK}
    got = await client.post(f"{issuer}/token", data=asked, auth=SHOP)
    return SignedIn(issuer, client, got.raise_for_status().json())


async def walk(start: str, back: str, login: str, client: httpx.AsyncClient) -> dict[str, str]:
    """The provider's own pages from an address on, until it sends the browser back; what it gives along."""
    answer = await client.get(start)
    for _ in range(STEPS_MAX):
        if answer.has_redirect_location:
            target = urljoin(str(answer.url), answer.headers["location"])
            if target.startswith(back):
                given = parse_qs(urlsplit(target).query)
                return {name: values[0] for name, values in given.items()}
            answer = await client.get(target)
            continue
        found = _FORM.search(answer.raise_for_status().text)
        assert found is not None, answer.text
        prompt = "login" if 'name="login"' in answer.text else "consent"
        form = {"prompt": prompt, "login": login, "password": "any"}
        answer = await client.post(urljoin(str(answer.url), found[1]), data=form)
    raise AssertionError("the sign-in did not end")


def _wish() -> dict[str, str]:
    return {"client_id": SHOP[0], "response_type": "code", "redirect_uri": BACK, "state": "s", "nonce": "n"}
