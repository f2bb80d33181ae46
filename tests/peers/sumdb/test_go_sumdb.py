"""Goal: a program that we did not write reads our log. Method: Go's sumdb (Debian's golang-golang-x-mod-dev).

Runs by `make peers`, which needs those packages; elsewhere it says loudly that it did not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.adapters.log_files import LogFiles
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.flows.export_log import export_log
from countermand.kernel.clock import ManualClock
from countermand.transparency.notes import ED25519, VerifierKey
from flows.log_stage import BASE, sealing_on, write

HERE = Path(__file__).parent
GOCODE = Path("/usr/share/gocode")
NOON = 1_795_348_800_000_000
OLD, INDEX = 301, 417


def missing() -> str | None:
    """What keeps the peer from running here."""
    if "PEERS" not in os.environ:
        return "it was not asked for (make peers)"
    if shutil.which("go") is None or not (GOCODE / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        return "it needs Debian's golang-go and golang-golang-x-mod-dev"
    return None


def go(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the peer."""
    given = {
        "GO111MODULE": "off",
        "GOPATH": str(GOCODE),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-trimpath",
    }
    command = ["go", "run", str(HERE / "main.go"), *arguments]
    return subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=False)


@pytest.mark.skipif(missing() is not None, reason=f"NOT CHECKED by Go's sumdb: {missing()}")
async def test_go_reads_checkpoint_tiles_and_proofs(database_dsn: str, tmp_path: Path) -> None:
    """Its proofs are ours to the byte, every entry is under its tile, and a changed byte is refused."""
    tables: Any = await asyncpg.connect(database_dsn)
    pool = await asyncpg.create_pool(database_dsn, min_size=1, max_size=2)
    shelf: Any = PostgresLogShelf(pool)
    folder = tmp_path / "log"
    folder.mkdir()
    async with sealing_on(database_dsn, tmp_path / "signer", ManualClock(NOON)) as sealing:
        sealer = await sealing.begin()
        for count in (OLD - 1, 69_999 - OLD):
            await write(tables, count, case="case-1", note="银行")
            while await sealer.sweep():
                pass
            await sealer.sign()
            await export_log(shelf, "2026", LogFiles(folder))
    keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
    (key,) = [str(one) for one in keys if one.kind == ED25519]
    ran = go(tmp_path, str(folder), key, str(INDEX), str(OLD))
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["origin"], said["signer"], said["size"]) == (f"{BASE}/2026", f"{BASE}/2026", 69_999)
    assert (said["entries"], said["bad"], said["forged_refused"]) == (69_999, 0, True)
    fact = await tables.fetchval("SELECT fact FROM log_entry WHERE index = $1", INDEX)
    sealed = await shelf.proof_of(fact)
    assert said["record"] == [b64encode(step).decode() for step in sealed.proof.path]
    consistency = await shelf.consistency(f"{BASE}/2026", OLD, 69_999)
    assert said["tree"] == [b64encode(step).decode() for step in consistency]

    # This version of Go skips some full tiles of middle levels when it authenticates; our own audit does not.
    for path in (folder / "checkpoint", folder / "tile/0/001", folder / "tile/2/000.p/1"):
        kept = path.read_bytes()
        path.write_bytes(kept[:20] + bytes([kept[20] ^ 1]) + kept[21:])
        assert go(tmp_path, str(folder), key, str(INDEX), str(OLD)).returncode != 0, path
        path.write_bytes(kept)
    await pool.close()
    await tables.close()
