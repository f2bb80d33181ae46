"""The server under torture: a subprocess like an operator's own, and the ways to kill it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg

from countermand.app import open_database, open_desk
from countermand.drills.torture.wire import Broken, Connection
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings

POLICY = Path(__file__).parent / "policy"
READY_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60
_SERVE = "from countermand.surfaces.cli.main import main; main()"


class Victim:
    """One `countermand serve` on a data directory of its own, on a port that stays the same."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings = Settings(data_dir=directory, policy=str(POLICY), shared_buffers_mb=128)
        self.port = _free_port()
        self.key = ""
        self.started = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def make_key(self) -> None:
        """A key for the drill's clients."""
        async with open_desk(self.settings) as desk:
            _, self.key = await create_key(desk, "drill", ["decide", "contain"], "drill")

    async def start(self) -> None:
        """Start it and wait until it is ready to decide. Raises RuntimeError where it never is."""
        log = (self.directory / "serve.log").open("ab")
        command = [sys.executable, "-c", _SERVE, "serve", "--data-dir", str(self.directory)]
        command += ["--port", str(self.port), "--policy", str(POLICY)]
        environment = {
            **os.environ,
            "COUNTERMAND_SHARED_BUFFERS_MB": "128",
            "COUNTERMAND_LOG_LEVEL": "warning",
        }
        with log:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, stdout=log, stderr=log, env=environment
            )
        self.started += 1
        line = Connection(self.port, self.key)
        for _ in range(READY_SECONDS_MAX * 20):
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}: {self._last_words()}")
            with suppress(Broken):
                status, body = await line.ask("GET", "/readyz")
                if status == 200:
                    line.close()
                    return
                assert status == 503, (status, body)
            await asyncio.sleep(0.05)
        raise RuntimeError("the server was not ready in time: " + self._last_words())

    def _last_words(self) -> str:
        return (self.directory / "serve.log").read_text(errors="replace")[-2000:]

    async def kill(self) -> None:
        """As `kill -9` does it, without a farewell; its PostgreSQL loses its parent too."""
        assert self._process is not None, "it was started"
        self._process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(self._process.wait)

    async def kill_backends(self) -> int:
        """End the connections the decisions are written on; how many."""
        async with open_database(self.settings) as dsn:
            connection = await asyncpg.connect(dsn)
            try:
                ended = await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE application_name = 'countermand' AND pid <> pg_backend_pid()"
                )
            finally:
                await connection.close()
        return int(ended)

    async def stop(self) -> None:
        """SIGTERM, and wait; a server that does not stop is an error."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(asyncio.to_thread(process.wait), STOP_SECONDS_MAX)
        except TimeoutError:
            process.kill()
            raise RuntimeError("the server did not stop: " + self._last_words()) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_json(value: object) -> str:
    """One line for a program to read."""
    return json.dumps(value, ensure_ascii=False)
