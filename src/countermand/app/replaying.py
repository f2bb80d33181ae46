"""The record beside what its facts tell, opened to be compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from countermand.adapters.postgres.replay import PostgresReplay
from countermand.app.address import open_database, unreachable
from countermand.app.database import open_desk
from countermand.flows.bind_decisions import DECISION_SALTS_KEY, DecisionBinder
from countermand.flows.replay_state import Replayer
from countermand.settings import Settings


@asynccontextmanager
async def open_replay(settings: Settings) -> AsyncIterator[Replayer]:
    """Replays of the settings' database, also while a server runs on it.

    Raises SetupError like `open_desk`.
    """
    async with (
        open_database(settings) as dsn,
        open_desk(settings.with_values(database_url=dsn)) as desk,
    ):
        source = PostgresReplay(dsn)
        try:
            await source.open()
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        house = desk.case_desk
        try:
            binder = DecisionBinder(house.vault.mac_key(DECISION_SALTS_KEY))
            yield Replayer(source, house, binder, desk.room.objects)
        finally:
            await source.close()
