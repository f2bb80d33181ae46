"""The routes of thresholds: the story behind them is tested with the flows; here, that they reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import ManualClock
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from flows.stage import NOON, house_on
from flows.threshold_stage import movable_policy, one_day, verdicts


@pytest_asyncio.fixture
async def client(database_dsn: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A person's client of a house whose threshold `big` was moved once."""
    clock = ManualClock(NOON)
    async with house_on(database_dsn, clock, policy=movable_policy(tmp_path)) as house:
        await one_day(house, clock, 300, 120)
        await verdicts(house)
        _, key = await create_key(house, "ann", ("policy",), "test")
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as opened,
        ):
            yield opened


async def test_they_are_read_pinned_and_released(client: httpx.AsyncClient) -> None:
    """The key's name is the person; every step stands in the history."""
    found = {one["threshold"]: one for one in (await client.get("/v1/thresholds")).json()["thresholds"]}
    assert list(found) == ["big", "often"]
    assert (found["big"]["value"], found["big"]["ceiling"], found["big"]["rules"]) == (600, 900, ["large"])
    assert found["often"]["toward"] == {"false_alarms": "5%"}
    pinned = await client.post("/v1/thresholds/big/pin", json={"text": "campaign"})
    assert (pinned.status_code, pinned.json()["pinned"]) == (200, True)
    released = await client.post("/v1/thresholds/big/release", json={"text": "over"})
    assert (released.status_code, released.json()["pinned"]) == (200, False)
    lines = (await client.get("/v1/thresholds/big/history")).json()["history"]
    assert [(one["step"], one["actor"], one["cause"]) for one in lines] == [
        ("release", "ann", ""), ("pin", "ann", ""), ("move", "server", "too_many"),
    ]  # fmt: skip
    of_policy = await client.get("/v1/thresholds/big/history", params={"policy": "movable@1"})
    assert of_policy.json()["history"] == lines


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/thresholds/big/release", {"text": "why"}, 409, "threshold_not_pinned"),
        ("/v1/thresholds/small/pin", {"text": "why"}, 404, "unknown_threshold"),
        ("/v1/thresholds/big/pin", {}, 400, "invalid_request"),
        ("/v1/thresholds/big/pin", {"text": "why", "value": 900}, 400, "invalid_request"),
        ("/v1/thresholds/big/pin", {"text": "\u0007"}, 400, "invalid_step"),
    ],
)
async def test_what_cannot_be_is_a_problem(
    client: httpx.AsyncClient, path: str, body: Any, status: int, code: str
) -> None:
    """Each refusal has its status and its stable code; a value is nothing that one person sets."""
    response = await client.post(path, json=body)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


async def test_a_policy_that_is_not_there(client: httpx.AsyncClient) -> None:
    """The history of an unknown version is a 404 problem."""
    missing = await client.get("/v1/thresholds/big/history", params={"policy": "movable@9"})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_policy_version")
