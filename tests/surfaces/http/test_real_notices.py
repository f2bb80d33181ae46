"""The doors of notices over the real house: told within two seconds, streamed, and answered by SMS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from flows.stage import POLICY

SCOPES = ("decide", "confirm", "read", "manage")
CONTACTS = {
    "points": [{"channel": "sms", "address": "138 0000 0001", "verified_at": "2026-11-01T08:00:00Z"}],
    "quiet_hours": {"begins": "22:00", "ends": "07:00"},
}


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A door over a house whose worker works."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house, house.worker.working():
        _, key = await create_key(house, "all", SCOPES, "test")
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
        ):
            yield client, house


async def _held(client: httpx.AsyncClient) -> str:
    """A payment on hold."""
    for number in range(9):
        payment = {
            "id": f"p-{number}", "kind": "payment", "account": "a-1", "counterparty": {"id": "shop"},
            "amount": {"minor": 100, "currency": "CNY"}, "occurred_at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        answer = await client.post("/v1/operations", json=payment)
        if answer.json()["decision"]["outcome"] == "hold":
            return f"p-{number}"
    raise AssertionError("none of them was held")


async def _next(lines: AsyncIterator[str]) -> dict[str, Any]:
    """The next event of a stream."""
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data: "):
                found: dict[str, Any] = msgspec.json.decode(line.removeprefix("data: "))
                return found
    raise AssertionError("the stream has ended")


async def test_a_hold_is_told_streamed_and_taken_back_by_sms(real: tuple[httpx.AsyncClient, Any]) -> None:
    """The stream has it within two seconds of the decision; the gateway's door takes it back."""
    client, house = real
    put = await client.put("/v1/accounts/a-1/contacts", json=CONTACTS)
    assert put.status_code == 200
    assert put.json()["points"][0]["address"] == "+86*******0001"
    assert (await client.get("/v1/accounts/a-1/contacts")).json() == put.json()
    async with client.stream("GET", "/v1/accounts/a-1/notices/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        operation = await _held(client)
        begun = time.monotonic()
        told = await _next(lines)
        assert time.monotonic() - begun < 2
        assert (told["kind"], told["operation"]) == ("hold_placed", operation)
        number = told["text"]["en"].partition("reply N ")[2][:4]
        door = house.post.doors.reply_path
        wrong = await client.get(f"{door[:-1]}x", params={"from": "+8613800000001", "text": f"N {number}"})
        assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown_receipt")
        said = await client.get(door, params={"from": "+8613800000001", "text": f"N {number}"})
        assert said.text == "已撤销，资金没有转出。您无须再做什么。"
        assert said.headers["x-kannel-coding"] == "2"
        assert (await _next(lines))["kind"] == "hold_revoked"
    hold = (await client.get(f"/v1/operations/{operation}/hold")).json()
    assert (hold["state"], hold["cause"]) == ("revoked", "not_me_by_sms")
    listed = (await client.get("/v1/accounts/a-1/notices")).json()["notices"]
    assert [one["kind"] for one in listed] == ["hold_revoked", "hold_placed"]
    again = {"last-event-id": told["seq"]}
    async with client.stream("GET", "/v1/accounts/a-1/notices/stream", headers=again) as stream:
        assert (await _next(stream.aiter_lines()))["kind"] == "hold_revoked"


async def test_a_stream_does_not_keep_the_server_from_stopping(database_dsn: str, tmp_path: Path) -> None:
    """Whoever only waits for more is let go at once."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house, httpx.AsyncClient() as client:
        _, key = await create_key(house, "all", SCOPES, "test")
        async with open_door(make_front(house), "127.0.0.1", 0) as address:
            headers = {"authorization": f"Bearer {key}"}
            url = f"{address}/v1/accounts/a-1/notices/stream"
            async with client.stream("GET", url, headers=headers) as stream:
                lines = stream.aiter_lines()
                assert await anext(lines)
                waiting = asyncio.ensure_future(_rest(lines))
                begun = time.monotonic()
                house.bell.close()
                async with asyncio.timeout(5):
                    await waiting
        assert time.monotonic() - begun < 5


async def _rest(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        pass


async def test_bad_contacts_are_refused(real: tuple[httpx.AsyncClient, Any]) -> None:
    """Each with its code; nothing is kept."""
    client, _ = real
    for body, code in (
        ({"points": [{"channel": "sms", "address": "nobody"}]}, "bad_address"),
        ({"points": [], "timezone": "Nowhere"}, "bad_contacts"),
        ({"points": [{"channel": "pigeon", "address": "abc"}]}, "invalid_request"),
        ({"points": [], "quiet_hours": {"begins": "25:00", "ends": "07:00"}}, "invalid_request"),
        ({"points": [{"channel": "sms", "address": "13800000001", "verified_at": "now"}]}, "invalid_request"),
    ):
        refused = await client.put("/v1/accounts/a-1/contacts", json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    for method in ("GET", "DELETE"):
        refused = await client.request(method, "/v1/accounts/a-1/contacts")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_contacts")
    assert (await client.get("/v1/accounts/a-1/notices?before=x")).json()["code"] == "bad_notice_number"
    assert (await client.get("/v1/notices/receipts/1/abc?status=1")).json()["code"] == "unknown_receipt"
    assert (await client.get("/v1/notices/receipts/1/abc?status=x")).status_code == 400
