"""Where the crash drill plays: a database that stays, addresses that stay, and everything else that dies."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from countermand.app import open_database, open_desk, read_permit_keys
from countermand.confirmation.permits import published
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings

POLICY = Path(__file__).parent / "policy"
LATE_SECONDS = 2.0
BANKING_SECONDS_MAX = 1


@dataclass(frozen=True, slots=True)
class World:
    """What every process needs to find the others."""

    directory: Path
    settings: Settings
    port: int
    key: str

    @property
    def log(self) -> Path:
        """Where the server's last words are."""
        return self.directory / "serve.log"

    @property
    def ledger(self) -> Path:
        """The bank's."""
        return self.directory / "ledger.jsonl"

    @property
    def environment(self) -> dict[str, str]:
        """The settings, as a process is given them."""
        assert self.settings.database_url is not None, "the database stays"
        return {
            "COUNTERMAND_DATABASE_URL": self.settings.database_url,
            "COUNTERMAND_BANKING": str(self.settings.banking),
            "COUNTERMAND_BANKING_SECONDS_MAX": str(self.settings.banking_seconds_max),
            "COUNTERMAND_LOG_LEVEL": "error",
        }

    @property
    def serve(self) -> list[str]:
        """The arguments of the server."""
        return ["--data-dir", str(self.directory), "--port", str(self.port), "--policy", str(POLICY)]

    @property
    def bank_arguments(self) -> list[str]:
        """The arguments of the bank."""
        port = str(self.settings.banking).rpartition(":")[2]
        keys = str(self.directory / "keys.json")
        return [
            "--ledger", str(self.ledger), "--keys", keys, "--port", port, "--late-seconds", str(LATE_SECONDS),
        ]  # fmt: skip


@asynccontextmanager
async def open_world(directory: Path) -> AsyncIterator[World]:
    """A database of the drill's own, a key for its clients, and the bank's keys."""
    own = Settings(data_dir=directory, shared_buffers_mb=128)
    async with open_database(own) as dsn:
        settings = Settings(
            data_dir=directory,
            database_url=dsn,
            policy=str(POLICY),
            banking=f"http://127.0.0.1:{_free_port()}",
            banking_seconds_max=BANKING_SECONDS_MAX,
        )
        async with open_desk(settings) as desk:
            _, key = await create_key(desk, "drill", ["decide", "confirm", "read"], "drill")
        keys = published(read_permit_keys(settings))
        (directory / "keys.json").write_text(json.dumps(keys))
        yield World(directory, settings, _free_port(), key)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
