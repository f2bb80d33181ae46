"""One house for every test of the channels, on a database of its own: accounts keep the tests apart."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from channels.channel_stage import ChannelStage, Platform, accounts_file, chat_keys
from conftest import drop_database, execute, with_database
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import ManualClock
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.stage import NOON, house_on

SCOPES = ("decide", "confirm", "contain", "read", "manage")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(postgres_server: str, database_template: str) -> AsyncIterator[ChannelStage]:
    """The house with its door, an official account, a platform beside it, and the institution's chat keys."""
    name = "channels_of_all"
    await execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {database_template} STRATEGY file_copy")
    dsn = with_database(postgres_server, name)
    with tempfile.TemporaryDirectory(prefix="countermand-test-") as made:
        folder, clock = Path(made), ManualClock(NOON)
        key, keys_file = chat_keys(folder)
        async with Platform().open() as platform:
            settings = {
                "vault_key_file": folder / "vault.key",
                "wechat_accounts_file": accounts_file(folder, platform.address),
                "chat_keys_file": keys_file,
            }
            async with house_on(dsn, clock, **settings) as house:
                _, secret = await create_key(house, "all", SCOPES, "test")
                _, desk = await create_key(house, "li", ["desk"], "test", staff="li", roles=[Role.AGENT])
                async with (
                    open_door(make_front(house), "127.0.0.1", 0) as address,
                    httpx.AsyncClient(base_url=address) as client,
                ):
                    yield ChannelStage(dsn, house, clock, client, address, platform, key, secret, desk)
    await drop_database(postgres_server, name)
