"""Private servers for tests: small ones, supervised ones that can be killed, and orphans."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

import countermand
from countermand.adapters.postgres.binaries import find_binaries
from countermand.adapters.postgres.server import PrivateServer
from countermand.adapters.postgres.system_user import SystemUser

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it changes to another system user")
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG and /proc")
SOURCE = Path(countermand.__file__).parent.parent
PACKAGES = Path(asyncpg.__file__).parent.parent

SUPERVISE = """
import sys, asyncio, asyncpg, os
from pathlib import Path
from countermand.adapters.postgres.server import PrivateServer

async def write(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    await connection.close()

server = PrivateServer(Path(sys.argv[1]), shared_buffers_mb=16, durable=False)
asyncio.run(write(server.start()))
print(f"\\nready {os.geteuid()} {server.pid}", flush=True)
sys.stdin.read()
server.stop()
"""


def ask(dsn: str, query: str):
    """The one value a query gives."""

    async def answer():
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(answer())


def small(directory: Path, **settings) -> PrivateServer:
    """A private server that takes little memory and does not wait for the disk."""
    return PrivateServer(directory, **({"shared_buffers_mb": 16, "durable": False} | settings))


def supervise(
    directory: Path, python: str = sys.executable, **options
) -> tuple[subprocess.Popen[str], list[str]]:
    """A supervisor in a process of its own, and what it said when the database was ready."""
    process = subprocess.Popen(
        [python, "-c", SUPERVISE, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env=os.environ | {"PYTHONPATH": f"{SOURCE}:{PACKAGES}"},
        **options,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            return process, line.split()
    raise AssertionError("the supervisor ended before it was ready")


def orphan(directory: Path, user: SystemUser) -> subprocess.Popen[bytes]:
    """A postmaster nobody supervises, ready for connections."""
    command = [str(find_binaries(None).postgres), "-D", str(directory / "cluster")]
    identity = {} if user.is_us else {"user": user.uid, "group": user.gid, "extra_groups": []}
    process = subprocess.Popen(command, cwd="/", env={}, stderr=subprocess.DEVNULL, **identity)
    lock_file = directory / "cluster" / "postmaster.pid"
    deadline = time.monotonic() + 20
    while not lock_file.exists() or "ready" not in lock_file.read_text().split():
        assert time.monotonic() < deadline, "the orphan did not start"
        assert process.poll() is None, "the orphan ended"
        time.sleep(0.02)
    return process


def cluster_files(directory: Path) -> str:
    """All that PostgreSQL wrote to its own log."""
    return "".join(path.read_text(errors="replace") for path in (directory / "logs").iterdir())
