"""Goal: one containment ends a person's sessions and tokens at OpenID providers of others, within 1 s.

Method: two processes of npm oidc-provider; a person signs in at both by the code flow; the product contains
the account over HTTP, its worker sends logout tokens, the providers verify them with jose and end what they
keep.
Runs by `make peers`; elsewhere it says loudly that it did not.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import pytest_asyncio

from countermand.adapters.sessions.back_channel import LOGOUT_EVENT
from countermand.adapters.sessions.keys import SessionKey, kept_session_key
from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from flows.stage import POLICY
from peers.oidc.browser import SignedIn, missing, provider, sign_in

pytestmark = pytest.mark.skipif(
    missing() is not None,
    reason=f"NOT CHECKED: sign-outs at an independent OpenID provider; {missing()}: run `make peers`",
)
ISSUER, SECONDS_MAX = "https://bank.example", 1.0


@dataclass
class Stage:
    """The product at its door, two providers, and what their client was told."""

    door: httpx.AsyncClient
    house: Any
    nodes: list[str]
    key: SessionKey
    shop_told: list[str]
    stack: AsyncExitStack
    browsers: list[SignedIn] = field(default_factory=list)

    async def sign_in(self, node: int, login: str = "a-1") -> SignedIn:
        """Somebody signs in with a browser of their own."""
        client = await self.stack.enter_async_context(httpx.AsyncClient())
        return await sign_in(self.nodes[node], login, client)

    async def contain(self, **what: Any) -> tuple[str, float]:
        """Contain a-1; the incident, and the instant before it was asked for."""
        begun = time.monotonic()
        body = {"account": "a-1", "reason": "not me", **what}
        answer = await self.door.post("/v1/contain", json=body)
        return answer.raise_for_status().json()["incident"], begun

    async def outstanding(self, incident: str) -> list[str]:
        """The effects on sessions that nobody has done, once the others are."""
        for _ in range(200):
            shown = (await self.door.get(f"/v1/incidents/{incident}")).raise_for_status().json()
            its = [one for one in shown["effects"] if one["port"] == "sessions"]
            if all(one["state"] == "done" for one in its):
                return []
            await asyncio.sleep(0.02)
        return [f"{one['effect']} {one['state']}" for one in its if one["state"] != "done"]


@pytest_asyncio.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Everything on real sockets and by the real clock."""
    told: list[str] = []

    async def shop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        told.append(parse_qs((await reader.readexactly(length)).decode())["logout_token"][0])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(shop, "127.0.0.1", 0))
        back = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/logout"
        keys = f"http://127.0.0.1:{port}/v1/sessions/keys"
        nodes = [await stack.enter_async_context(provider(keys, ISSUER, back)) for _ in range(2)]
        receivers = tmp_path / "receivers.json"
        found = [
            {"name": f"node-{number}", "logout": f"{node}/trusted-logout", "audience": "countermand-peer"}
            for number, node in enumerate(nodes)
        ]
        receivers.write_text(json.dumps(found))
        settings = Settings(
            database_url=database_dsn,
            policy=str(POLICY),
            data_dir=tmp_path,
            session_receivers=receivers,
            session_issuer=ISSUER,
        )
        house = await stack.enter_async_context(open_house(settings))
        await stack.enter_async_context(house.worker.working())
        _, key = await create_key(house, "all", ("contain", "read"), "test")
        address = await stack.enter_async_context(open_door(make_front(house), "127.0.0.1", port))
        headers = {"authorization": f"Bearer {key}"}
        door = await stack.enter_async_context(httpx.AsyncClient(base_url=address, headers=headers))
        yield Stage(door, house, nodes, kept_session_key(tmp_path), told, stack)


async def test_a_containment_ends_sessions_and_tokens_at_both_providers(
    stage: Stage, record_property: Any
) -> None:
    """Introspection says inactive, refresh is refused, the browser is a stranger; another person is not."""
    mine = [await stage.sign_in(0), await stage.sign_in(1)]
    other = await stage.sign_in(0, "a-2")
    assert [await one.active() for one in (*mine, other)] == [True] * 3
    assert await mine[0].is_known()
    incident, begun = await stage.contain(preset="everything")
    while any([await one.active() for one in mine]):
        assert time.monotonic() - begun < SECONDS_MAX, "a revoked token was still active after a second"
    seconds = time.monotonic() - begun
    record_property("seconds", round(seconds, 3))
    print(f"inactive at both providers {seconds * 1000:.0f} ms after the report was sent")
    for one in mine:
        assert not await one.active("refresh_token")
        refused = await one.refresh()
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert not await one.is_known()
    assert await other.active()
    assert (await other.refresh()).status_code == 200
    assert await stage.outstanding(incident) == []
    assert len(stage.shop_told) == 2, "each provider told its own client in turn"
    back = await stage.sign_in(0)
    assert await back.active(), "who signs in again has a session again"


async def test_one_session_ends_and_the_others_of_the_person_go_on(stage: Stage) -> None:
    """A token with `sid` ends that one: the thief's browser, not the holder's."""
    thief, holder = await stage.sign_in(0), await stage.sign_in(0)
    assert thief.sid != holder.sid
    stop = {"measure": "stop_sessions", "values": [thief.sid]}
    incident, _ = await stage.contain(measures=[stop])
    assert await stage.outstanding(incident) == []
    assert (await thief.active(), await thief.is_known()) == (False, False)
    assert (await holder.active(), await holder.is_known()) == (True, True)
    assert (await holder.refresh()).status_code == 200


async def test_a_provider_whose_answer_was_lost_is_told_again_and_takes_it(
    stage: Stage,
) -> None:
    """Its answer was lost, so it hears of the same twice; a provider strict about `jti` accepts both."""
    mine = await stage.sign_in(0)
    port = stage.house.worker.deliverer.ports["sessions"]
    client, lost = port._client, []

    class Lossy(httpx.AsyncClient):
        async def post(self, *args: Any, **more: Any) -> httpx.Response:
            answer = await client.post(*args, **more)
            if len(lost) < 2:
                lost.append(answer.status_code)
                raise httpx.ReadError("the answer was lost")
            return answer

    port._client = await stage.stack.enter_async_context(Lossy())
    incident, _ = await stage.contain(preset="everything")
    assert await stage.outstanding(incident) == []
    assert lost == [200, 200], "both were told, and neither could say so"
    assert not await mine.active()


async def test_a_token_that_is_not_ours_ends_nothing(stage: Stage, tmp_path: Path) -> None:
    """Another key, another audience, another issuer, a nonce, no event, too old, seen before: 400 each."""
    mine = await stage.sign_in(0)
    now = int(time.time())
    good = {
        "iss": ISSUER, "aud": "countermand-peer", "iat": now, "exp": now + 60, "sub": "a-1",
        "events": {LOGOUT_EVENT: {}},
    }  # fmt: skip
    stranger = kept_session_key(tmp_path / "stranger")
    wrong = [
        stranger.signed({**good, "jti": "1"}, "logout+jwt"),
        stage.key.signed({**good, "jti": "2", "aud": "somebody"}, "logout+jwt"),
        stage.key.signed({**good, "jti": "3", "iss": "https://other.example"}, "logout+jwt"),
        stage.key.signed({**good, "jti": "4", "nonce": "n"}, "logout+jwt"),
        stage.key.signed({**good, "jti": "5", "events": {}}, "logout+jwt"),
        stage.key.signed({**good, "jti": "6", "iat": now - 3600}, "logout+jwt"),
        stage.key.signed({**good, "jti": "7"}, "JWT"),
        stage.key.signed(good, "logout+jwt"),
    ]
    async with httpx.AsyncClient() as client:

        async def send(token: str) -> int:
            answer = await client.post(f"{stage.nodes[0]}/trusted-logout", data={"logout_token": token})
            return answer.status_code

        assert [await send(token) for token in wrong] == [400] * len(wrong)
        assert await mine.active()
        once = stage.key.signed({**good, "jti": "8"}, "logout+jwt")
        assert [await send(once), await send(once)] == [200, 400]
    assert not await mine.active()
