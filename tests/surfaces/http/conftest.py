"""A door over the in-memory house, spoken to over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from surfaces.http.door import Door
from surfaces.http.fake_house import FakeHouse

ALL_SCOPES = (
    "decide", "confirm", "contain", "approve", "desk", "read", "manage", "policy", "admin", "detokenise",
)  # fmt: skip


@pytest.fixture
def operation() -> dict[str, Any]:
    """A withdrawal that nothing speaks against."""
    return {
        "id": "op-1",
        "kind": "withdrawal",
        "account": "a-1",
        "occurred_at": "2026-11-18T10:00:00Z",
        "amount": {"minor": 120050, "currency": "CNY"},
    }


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    """An open door with a client that holds every scope."""
    house = FakeHouse()
    front = make_front(house)
    key = house.keys.create("all", *ALL_SCOPES)
    async with (
        open_door(front, "127.0.0.1", 0) as address,
        httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
    ):
        yield Door(address, house, front, client, key)
