"""Goal: single sign-on lets in whom the provider means, for this browser and this once, and nobody else.

Method: an OpenID provider in memory that signs what a test wants; the product's own client asks it.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey

from countermand.adapters.identity.open_id import Client, OpenIdProvider, read_client
from countermand.flows.sign_in_by_provider import come_back, go_to_provider, unlink
from countermand.flows.sign_in_staff import Step, finish_sign_in
from countermand.flows.staff_access import OpenSession, StaffAccess
from countermand.flows.staff_changes import remove_account
from countermand.flows.staff_sessions import enter
from countermand.kernel.canonical import digest
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import CountermandError, SetupError
from countermand.vocabulary.staff import Role
from flows.staff_stage import HERE, Person, join, staff_stage
from flows.stage import NOON, SECOND

ISSUER, BACK = "https://id.example", "https://desk.example/staff/provider/back"


@dataclass
class Provider:
    """Answers as OpenID Connect says; what a test changes of the claims or the tables it tells too."""

    clock: ManualClock
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256"}))
    asked: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    shown_key: ECKey | None = None
    status: int = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Discovery, keys, tokens."""
        if request.url.path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
            told = {name: f"{ISSUER}/{path}" for name, path in ends.items()}
            return httpx.Response(200, json={"issuer": ISSUER, **told, **self.discovery})
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [(self.shown_key or self.key).as_dict(private=False)]})
        given = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        challenge = digest(given["code_verifier"].encode())
        shown = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if given["code"] != "code" or shown != self.asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = self.clock.now() // SECOND
        claims = {
            "iss": ISSUER, "sub": "u-7", "aud": "desk", "iat": now, "exp": now + 60,
            "nonce": self.asked["nonce"], **self.claims,
        }  # fmt: skip
        token = jwt.encode({"alg": "ES256", "kid": "1"}, claims, self.key)
        return httpx.Response(self.status, json={"id_token": token})


@dataclass
class Stage:
    """Staff with a provider, and one of them."""

    access: StaffAccess
    provider: Provider
    clock: ManualClock
    li: Person

    async def opened(self) -> OpenSession:
        """Li, signed in."""
        return await enter(self.access, self.li.cookie)

    async def go(self, opened: OpenSession | None = None) -> tuple[str, str]:
        """To the provider: the token of the cookie, and the state that it was given."""
        address, token = await go_to_provider(self.access, "/staff", opened)
        parts = urlsplit(address)
        self.provider.asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert self.provider.asked["redirect_uri"] == BACK
        assert self.provider.asked["code_challenge_method"] == "S256"
        return token, self.provider.asked["state"]

    async def link(self) -> None:
        """Li links their account."""
        opened = await self.opened()
        token, state = await self.go(opened)
        await come_back(self.access, token, state, "code", opened)


@pytest_asyncio.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A provider that means u-7."""
    async with staff_stage(database_dsn, tmp_path) as opened:
        told = Provider(opened.clock)
        http = httpx.AsyncClient(transport=httpx.MockTransport(told.answer))
        client = OpenIdProvider(ISSUER, Client("desk", "secret"), BACK, opened.clock, http)
        access = replace(opened.access, provider=client)
        opened.access = access
        yield Stage(access, told, opened.clock, await opened.join("li", Role.AGENT))
        await client.close()


async def code_of(story: Any) -> str:
    """The code with which a story refuses."""
    with pytest.raises(CountermandError) as refused:
        await story
    return refused.value.code


async def test_a_linked_account_signs_in_with_its_second_factor(stage: Stage) -> None:
    """Linked by subject; unlinked, or gone, the provider's word opens nothing."""
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, state, "code")) == "sign_in_refused", "not linked yet"
    await stage.link()
    token, state = await stage.go()
    step, back = await come_back(stage.access, token, state, "code")
    assert isinstance(step, Step)
    assert back == "/staff"
    stage.clock.advance(31 * SECOND)
    done = await finish_sign_in(stage.access, step.token, stage.li.code(), HERE)
    assert (await enter(stage.access, done.cookie)).staff.name == "li"
    await unlink(stage.access, await stage.opened())
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, state, "code")) == "sign_in_refused"
    await stage.link()
    await remove_account(stage.access, "li", "cli")
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, state, "code")) == "sign_in_refused"


async def test_a_link_counts_once_and_in_its_own_browser(stage: Stage) -> None:
    """Another state, another browser's cookie, a second time, another code, too late: refused each."""
    await stage.link()
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, "other", "code")) == "sign_in_refused"
    assert await code_of(come_back(stage.access, token, state, "code")) == "attempt_over", "gone with it"
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, "another", state, "code")) == "attempt_over"
    await come_back(stage.access, token, state, "code")
    assert await code_of(come_back(stage.access, token, state, "code")) == "attempt_over"
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, state, "stolen")) == "sign_in_refused"
    token, state = await stage.go()
    stage.clock.advance(601 * SECOND)
    assert await code_of(come_back(stage.access, token, state, "code")) == "attempt_over"
    opened = await stage.opened()
    token, state = await stage.go(opened)
    assert await code_of(come_back(stage.access, token, state, "code", None)) == "sign_in_needed"


async def test_an_id_token_that_is_not_for_us_now_lets_nobody_in(stage: Stage) -> None:
    """Issuer, audience, party, nonce, time, subject and signature: each alone is enough to refuse."""
    await stage.link()
    now = stage.clock.now() // SECOND
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"}, {"aud": "shop"}, {"aud": ["desk", "shop"]}, {"azp": "shop"},
        {"nonce": "other"}, {"nonce": None}, {"exp": now - 61}, {"iat": now - 700}, {"iat": now + 700},
        {"sub": ""}, {"sub": 7}, {"sub": "u-8"}, {"email": "li@bank.example", "sub": "u-9"},
    ]  # fmt: skip
    for claims in wrong:
        stage.provider.claims = claims
        token, state = await stage.go()
        assert await code_of(come_back(stage.access, token, state, "code")) == "sign_in_refused", claims
    stage.provider.claims = {}
    stage.provider.shown_key = ECKey.generate_key("P-256", {"kid": "1", "alg": "ES256"})
    stage.clock.advance(601 * SECOND)
    token, state = await stage.go()
    assert await code_of(come_back(stage.access, token, state, "code")) == "sign_in_refused", "another key"
    stage.provider.shown_key = None
    token, state = await stage.go()
    step, _ = await come_back(stage.access, token, state, "code")
    assert isinstance(step, Step), "keys that turned are read again"


async def test_one_subject_means_one_person(stage: Stage) -> None:
    """A second account is not linked to it."""
    await stage.link()
    wang = await join(stage.access, "wang", Role.QUALITY)
    opened = await enter(stage.access, wang.cookie)
    token, state = await stage.go(opened)
    assert await code_of(come_back(stage.access, token, state, "code", opened)) == "subject_linked"


async def test_a_provider_in_trouble_is_said_to_be(stage: Stage) -> None:
    """Another name, less safe addresses, nonsense, silence: 503, and the password goes on."""
    for discovery in ({"issuer": "https://other.example"}, {"token_endpoint": "http://id.example/token"}):
        stage.provider.discovery = discovery
        assert await code_of(go_to_provider(stage.access, "/staff")) == "provider_away"
    stage.provider.discovery = {}
    token, state = await stage.go()
    stage.provider.status = 503
    assert await code_of(come_back(stage.access, token, state, "code")) == "provider_away"
    no_provider = replace(stage.access, provider=None)
    assert await code_of(go_to_provider(no_provider, "/staff")) == "no_provider"


def test_settings_that_cannot_work_are_refused(tmp_path: Path) -> None:
    """An issuer without HTTPS, a client without a name, a secret that is not there."""
    clock = ManualClock(NOON)
    for issuer in ("http://id.example", "id.example", "ftp://id.example"):
        with pytest.raises(SetupError, match="bad_setting"):
            OpenIdProvider(issuer, Client("desk", None), BACK, clock)
    with pytest.raises(SetupError, match="bad_setting"):
        read_client(None, None)
    with pytest.raises(SetupError, match="client_secret_unusable"):
        read_client("desk", tmp_path / "nothing")
    (tmp_path / "secret").write_text("s3cret\n")
    assert read_client("desk", tmp_path / "secret") == Client("desk", "s3cret")
