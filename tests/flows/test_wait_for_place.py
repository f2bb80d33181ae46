"""Goal: whoever waits for the sealer's place ends when told to, and seals when it is free.

Peer: real PostgreSQL; the one who has the place is there as long as the test says.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from countermand.adapters.postgres.seal_store import PostgresSealStore
from countermand.app import open_sealing, seal_until
from countermand.settings import Settings


async def test_a_sealer_that_waits_ends_when_it_is_told_to(
    database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told so while another one has the place: it does not ask again."""
    stop, asked = asyncio.Event(), []
    genuine = PostgresSealStore.take_place

    async def take_place(store: PostgresSealStore) -> bool:
        asked.append(await genuine(store))
        assert len(asked) == 1, "it asks again, though it was told to stop"
        asyncio.get_running_loop().call_soon(stop.set)
        return asked[0]

    other = PostgresSealStore(database_dsn)
    await other.open()
    try:
        assert await other.take_place()
        monkeypatch.setattr(PostgresSealStore, "take_place", take_place)
        await seal_until(stop, Settings(database_url=database_dsn, data_dir=tmp_path))
    finally:
        await other.close()
    assert asked == [False]


async def test_a_sealer_that_waits_takes_the_place_when_it_is_free(
    database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells it to stop: the other one goes, and its place is taken."""
    other, asked = PostgresSealStore(database_dsn), []
    genuine = PostgresSealStore.take_place

    async def take_place(store: PostgresSealStore) -> bool:
        asked.append(await genuine(store))
        if len(asked) == 1:
            await other.close()
        return asked[-1]

    await other.open()
    assert await other.take_place()
    monkeypatch.setattr(PostgresSealStore, "take_place", take_place)
    settings = Settings(database_url=database_dsn, data_dir=tmp_path)
    async with open_sealing(settings, stop=asyncio.Event()):
        assert (asked[0], asked[-1]) == (False, True)
