"""What the tests of the door hold in their hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from countermand.surfaces.http.front import Front
from surfaces.http.fake_house import FakeHouse


@dataclass
class Door:
    """An open door: its address, the house behind it, and a client with an all-powerful key."""

    address: str
    house: FakeHouse
    front: Front
    client: httpx.AsyncClient
    key: str

    async def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        return await self.client.request(method, path, **given)

    async def decide(self, operation: Any, **headers: str) -> httpx.Response:
        return await self.client.post("/v1/operations", json=operation, headers=headers)

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])
