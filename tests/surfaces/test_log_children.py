"""Goal: a server's journal is sealed and signed beside it, also after kill -9. Method: real processes."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner

from countermand.kernel.errors import SetupError
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from countermand.surfaces.log_children import sealing_beside

SECONDS_MAX = 60.0


async def signed(tables: Any, least: int) -> None:
    """Wait until so many entries are signed."""
    async with asyncio.timeout(SECONDS_MAX):
        while (await tables.fetchval("SELECT coalesce(max(size), 0) FROM log_checkpoint")) < least:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether there is such a process; who ended was waited for, so there are no zombies."""
    return Path(f"/proc/{pid}").exists()


async def test_sealer_and_signer_live_and_die_with_the_server(database_dsn: str, tmp_path: Path) -> None:
    """They seal what is written, are there again after kill -9, and are gone when the server is."""
    tables: Any = await asyncpg.connect(database_dsn)
    write = "INSERT INTO journal (at, kind, body) VALUES (now(), 'case.changed', '{}')"
    settings = Settings(database_url=database_dsn, data_dir=tmp_path / ("x" * 90), log_level="error")
    async with sealing_beside(settings) as children:
        await tables.execute(write)
        await signed(tables, 2)
        killed = [child.process.pid for child in children if child.process is not None]
        for child in children:
            assert child.process is not None
            child.process.kill()
        await tables.execute(write)
        await signed(tables, 3)
        living = [child.process.pid for child in children if child.process is not None]
    assert len(living) == 2
    assert not set(living) & set(killed)
    assert [pid for pid in living if alive(pid)] == []
    await tables.close()
    given = {"COUNTERMAND_DATABASE_URL": database_dsn, "COUNTERMAND_DATA_DIR": str(tmp_path)}
    said = {}
    for command in (
        ("status",),
        ("keys",),
        ("policy",),
        ("audit", "--pages"),
        ("export", str(tmp_path / "out")),
    ):
        ran = await asyncio.to_thread(run, command, given)
        assert ran.exit_code == 0, ran.output
        said[command[0]] = json.loads(ran.stdout)
    assert (said["status"]["signed"], said["audit"]["checked"]["entries"]) == (3, 3)
    assert said["policy"]["policy"].count("log ") == len(said["keys"]["shards"][0]["keys"]) == 2
    policy = tmp_path / "policy.txt"
    policy.write_text(said["policy"]["policy"])
    bundle = next((tmp_path / "out/2026/tile/entries").rglob("3"))
    bundle.write_bytes(bundle.read_bytes().replace(b"case.changed", b"case.chanted", 1))
    ran = await asyncio.to_thread(run, ("audit", str(tmp_path / "out"), "--policy", str(policy)), given)
    assert ran.exit_code == 1
    refused = json.loads(ran.stderr)["error"]
    assert refused["code"] == "log_audit_failed"
    assert refused["details"]["place"] == "2026/tile/entries/000.p/3"


def run(command: tuple[str, ...], given: dict[str, str]) -> Any:
    """One command, as somebody types it."""
    return CliRunner(env={**os.environ, **given}).invoke(main, ["log", *command, "--json"])


async def test_sealing_is_beside_or_elsewhere(tmp_path: Path) -> None:
    """Elsewhere starts nothing; anything else is a setting that cannot be read."""
    async with sealing_beside(Settings(data_dir=tmp_path, log_sealing="elsewhere")) as children:
        assert children == []
    with pytest.raises(SetupError, match="bad_setting"):
        async with sealing_beside(Settings(data_dir=tmp_path, log_sealing="besides")):
            raise AssertionError("it was taken")
