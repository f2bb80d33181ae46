"""`python -m countermand.drills.log_kills --kills 500`: kill -9 at random moments of append, sign and export.

Facts are committed meanwhile, late, out of order, or not at all. Afterwards: every committed fact stands in
the log once; every note that was seen, also in the signer's own files, is of the one tree; what a checkpoint
covered is where it was; the audit of database and files finds nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from countermand.app import files_audit, open_audit, open_database, open_desk
from countermand.flows.audit_log import audit_log
from countermand.settings import Settings
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import VerifierKey, parse_note
from countermand.transparency.tiles import Edge

PROGRAM = "from countermand.surfaces.cli.main import main; main()"
CHILDREN = ("sign", "seal", "export")
LIFE_SECONDS_MAX = 6.0
LOOK_SECONDS = 2.0
WRITERS = 3
SETTLED_SECONDS_MAX = 120.0
UNSETTLED = """
SELECT EXISTS (SELECT FROM journal j WHERE NOT EXISTS (SELECT FROM log_entry e WHERE e.fact = j.seq))
    OR (SELECT max(index) + 1 FROM log_entry) > (SELECT max(size) FROM log_checkpoint)
"""
COVERED = """
SELECT e.shard, e.index, e.leaf FROM log_entry e
JOIN LATERAL (SELECT max(size) AS size FROM log_checkpoint WHERE shard = e.shard) c ON e.index < c.size
ORDER BY e.index DESC LIMIT 50
"""


class Drill:
    """One database, three children, and a memory of everything that was signed."""

    def __init__(self, folder: Path, dsn: str, seed: int) -> None:
        self.folder, self.dsn = folder, dsn
        self.chance = random.Random(seed)
        self.points: dict[tuple[str, int], bytes] = {}
        self.leaves: dict[tuple[int, int], bytes] = {}
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._writing, self._ending = True, False
        self.kills = 0

    async def keep(self, name: str) -> None:
        """One child, there again whenever it is killed."""
        more = {"export": [str(self.folder / "export"), "--watch"]}.get(name, [])
        given = {
            "COUNTERMAND_DATABASE_URL": self.dsn, "COUNTERMAND_DATA_DIR": str(self.folder),
            "COUNTERMAND_LOG_ORIGIN": "drill.example/countermand/main", "COUNTERMAND_LOG_LEVEL": "critical",
        }  # fmt: skip
        while not self._ending:
            self._children[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PROGRAM, "log", name, *more, env={**os.environ, **given},
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await self._children[name].wait()

    async def kill(self, name: str) -> None:
        """Let it live for a moment, again and again."""
        while True:
            await asyncio.sleep(self.chance.random() * LIFE_SECONDS_MAX)
            child = self._children.get(name)
            if child is not None and child.returncode is None:
                child.kill()
                self.kills += 1

    async def write(self, place: int) -> None:
        """Transactions that end in every way."""
        connection = await asyncpg.connect(self.dsn)
        while self._writing:
            transaction = connection.transaction()
            await transaction.start()
            for _ in range(self.chance.randrange(1, 5)):
                body = json.dumps({"case": f"case-{self.chance.randrange(20)}", "writer": place})
                await connection.execute(
                    "INSERT INTO journal (at, kind, body) VALUES (now(), 'drill.written', $1)", body
                )
                await asyncio.sleep(self.chance.random() * 0.02)
            await (transaction.commit() if self.chance.random() < 0.8 else transaction.rollback())
        await connection.close()

    async def remember(self, tables: Any) -> None:
        """What is signed now, in the database and in the signer's files; a root that changed is the end."""
        notes = [row[0] for row in await tables.fetch("SELECT note FROM log_checkpoint")]
        for path in (self.folder / "signer").glob("*.json"):
            with suppress(OSError):
                notes.append(json.loads(path.read_bytes())["note"])
        for note in filter(None, notes):
            point = Checkpoint.of_note(parse_note(note.encode()))
            before = self.points.setdefault((point.origin, point.size), point.root)
            assert before == point.root, f"two roots of {point.size}: equivocation"
        for shard, index, leaf in await tables.fetch(COVERED):
            assert self.leaves.setdefault((shard, index), leaf) == leaf, f"entry {index} is another"

    async def play(self, kills: int) -> None:
        """Kill, and look."""
        tables: Any = await asyncpg.connect(self.dsn)
        keepers = [asyncio.create_task(self.keep(name)) for name in CHILDREN]
        writers = [asyncio.create_task(self.write(place)) for place in range(WRITERS)]
        killers = [asyncio.create_task(self.kill(name)) for name in CHILDREN]
        while self.kills < kills:
            await asyncio.sleep(LOOK_SECONDS)
            await self.remember(tables)
            print(f"{self.kills} kills, {len(self.points)} checkpoints seen", flush=True)
        for killer in killers:
            killer.cancel()
        await self._settle(tables, writers)
        self._ending = True
        for process in self._children.values():
            with suppress(ProcessLookupError):
                process.terminate()
        await asyncio.gather(*keepers)
        await self.remember(tables)
        await self._check(tables)
        await tables.close()

    async def _settle(self, tables: Any, writers: list[asyncio.Task[None]]) -> None:
        self._writing = False
        await asyncio.gather(*writers)
        async with asyncio.timeout(SETTLED_SECONDS_MAX):
            while await tables.fetchval(UNSETTLED):  # noqa: ASYNC110 - other processes send no event
                await asyncio.sleep(0.2)

    async def _check(self, tables: Any) -> None:
        twice = await tables.fetchval("SELECT count(*) - count(DISTINCT fact) FROM log_entry")
        assert twice == 0, f"{twice} facts were sealed twice"
        origin = await tables.fetchval("SELECT origin FROM log_shard")
        edge = Edge()
        for row in await tables.fetch("SELECT leaf FROM log_entry ORDER BY index"):
            edge.append([row[0]])
            root = self.points.get((origin, edge.size))
            assert root in (None, edge.root()), f"the tree of {edge.size} was signed with another root"
        keys = [VerifierKey.parse(row[0]) for row in await tables.fetch("SELECT key FROM log_key")]
        async with open_audit(Settings(database_url=self.dsn)) as source:
            report = await audit_log(source, keys)
        assert report.finding is None, report.finding
        files = await audit_log(files_audit(self.folder / "export"), keys)
        assert files.finding is None, files.finding
        print(
            f"{report.entries} entries, {len(self.points)} checkpoints seen, {files.entries} entries in "
            "files: nothing lost, nothing signed twice"
        )


async def _main(kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="countermand-drill-") as folder:
        path = Path(folder) / "data"
        settings = Settings(data_dir=path)
        async with open_database(settings) as dsn:
            async with open_desk(settings.with_values(database_url=dsn)):
                pass  # brings the database up to date
            await Drill(path, dsn, seed).play(kills)


def main() -> None:
    """Exit code 0 where everything holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    asyncio.run(_main(options.kills, options.seed))


if __name__ == "__main__":
    main()
