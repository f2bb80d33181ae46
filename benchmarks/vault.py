"""The evidence vault: an upload of gibibytes cut in the middle beside a plain copy, and rewrapping keys.

`python -m benchmarks vault --mebibytes 2048 --keys 50000`: a real house on a private PostgreSQL with fsync.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import countermand
from countermand.app import open_house
from countermand.evidence.exhibits import About, ExhibitKind, Origin
from countermand.evidence.ports import KeyRow
from countermand.flows.case_desk import HOLDER
from countermand.flows.data_keys import key_context
from countermand.flows.receive_report import receive_report
from countermand.flows.rewrap_keys import rewrap
from countermand.flows.uploads import Announced, begin_upload, go_on, upload_at
from countermand.settings import Settings
from countermand.vocabulary.reports import Channel, Report, Sender, Standing

POLICY = Path(countermand.__file__).parent / "drills" / "torture" / "policy"
_CASES = """
INSERT INTO case_file (
    id, number, version, stage, ball, contained, risk, category, opened_at, updated_at, state
)
SELECT
    n.id, to_char(n.place, 'FM000000000000'), 1, c.stage, c.ball, c.contained, c.risk, c.category,
    c.opened_at, c.updated_at, c.state
FROM case_file AS c, unnest($2::text[]) WITH ORDINALITY AS n (id, place) WHERE c.id = $1
"""
PIECE = os.urandom(64 * 1024)
MEBIBYTE = 1024 * 1024


async def pieces(count_bytes: int, cut_at: int | None = None) -> AsyncIterator[bytes]:
    """So many bytes in the pieces in which they come from a socket; cut, the line breaks there."""
    for begin in range(0, count_bytes, len(PIECE)):
        if cut_at is not None and begin >= cut_at:
            raise ConnectionError("cut")
        yield PIECE


def plain_copy(folder: Path, count_bytes: int) -> float:
    """Seconds that a file of this length takes that is only hashed, written and synced."""
    began, hashed = perf_counter(), hashlib.sha256()
    with (folder / "plain").open("wb") as file:
        for _ in range(0, count_bytes, len(PIECE)):
            hashed.update(PIECE)
            file.write(PIECE)
        file.flush()
        os.fsync(file.fileno())
    (folder / "plain").unlink()
    return perf_counter() - began


def peak_mebibytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def measure_upload(house: Any, number: str, count_bytes: int) -> dict[str, Any]:
    """One upload, cut in the middle and gone on with."""
    told = Announced(
        ExhibitKind.OTHER,
        About.HOLDER,
        "x",
        "application/octet-stream",
        count_bytes,
        Origin(actor="b", channel="b"),
    )
    begun = await begin_upload(house.room, number, told, HOLDER)
    before, began = peak_mebibytes(), perf_counter()
    with suppress(ConnectionError):
        await go_on(house.room, begun.token, 0, pieces(count_bytes, count_bytes // 2))
    at = (await upload_at(house.room, begun.token)).offset
    sent = await go_on(house.room, begun.token, at, pieces(count_bytes - at))
    seconds = perf_counter() - began
    assert sent.exhibit is not None
    return {
        "seconds": round(seconds, 2),
        "mebibytes_a_second": round(count_bytes / MEBIBYTE / seconds),
        "went_on_at": at,
        "memory_grew_mebibytes": peak_mebibytes() - before,
    }


async def measure_rewrap(house: Any, case: str, count: int) -> dict[str, Any]:
    """Keys of as many cases, wrapped by the key that is about to be the old one."""
    keys = house.room.keys
    cases = [f"case-{place:08d}" for place in range(count)]
    async with house.works.open() as unit:
        await unit._connection.execute(_CASES, case, cases)
    for begin in range(0, count, 1000):
        async with house.works.open() as unit:
            for one in cases[begin : begin + 1000]:
                name = f"dk-{one}"
                wrapped = await keys.service.wrap(os.urandom(32), key_context(name))
                row = KeyRow(
                    name, one, one, About.HOLDER, wrapped.sealed, keys.service.name, wrapped.key_name,
                    house.clock.now(),
                )  # fmt: skip
                await unit.evidence.put_key(row, None)
    return {"keys": count}


async def main() -> None:
    """Print the figures, and write them with --json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="countermand-bench-") as name:
        folder, found = Path(name), {}
        settings = Settings(data_dir=folder, policy=str(POLICY), log_level="error")
        async with open_house(settings) as house:
            report = Report(
                channel=Channel.APP, key="k", received_at=house.clock.now(), raw=b"x", text="不是我操作的",
                sender=Sender(standing=Standing.PROVEN), account="a-1",
            )  # fmt: skip
            received = await receive_report(house.reception, report, "bench")
            count_bytes = asked.mebibytes * MEBIBYTE
            found["plain_copy_seconds"] = round(plain_copy(folder, count_bytes), 2)
            found["upload"] = await measure_upload(house, str(received.answer["case"]), count_bytes)
            found["ratio"] = round(found["upload"]["seconds"] / found["plain_copy_seconds"], 2)
            found["rewrap"] = await measure_rewrap(house, received.case, asked.keys)
        old = (folder / "vault.key").read_text()
        (folder / "vault.key").write_text(base64.b64encode(os.urandom(32)).decode() + "\n" + old)
        async with open_house(settings) as house:
            began = perf_counter()
            done = await rewrap(house.works, house.room.keys, house.room.keys.service, "bench")
            seconds = perf_counter() - began
            assert done["rewrapped"] >= asked.keys
            found["rewrap"] |= {"seconds": round(seconds, 2), "keys_a_second": round(asked.keys / seconds)}
    print(json.dumps(found, indent=2))
    if asked.json is not None:
        asked.json.write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
