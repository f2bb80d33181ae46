"""Goal: shadows follow a server by themselves, and survive kill -9. Method: real processes, one database."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.app import open_house
from countermand.flows.house import House
from countermand.flows.keep_shadows import add_shadow, checked_policy, list_shadows, pause_shadow
from countermand.kernel.clock import SystemClock
from countermand.settings import Settings
from countermand.surfaces.children import Patience
from countermand.surfaces.cli.commands.shadow import NICENESS
from countermand.surfaces.shadow_child import follower_beside
from flows.stage import POLICY, payment

SECONDS_MAX = 60.0


def alive(process: int | None) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def nice_to_all(process: int) -> bool:
    """Whether a process is behind those of its session, and its session behind the others."""
    nice = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[16])
    session = Path(f"/proc/{process}/autogroup")
    words = session.read_text().split() if session.is_file() else []
    return nice == NICENESS and words[-2:] in ([], ["nice", str(NICENESS)])


async def soon(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds, a minute at most."""
    async with asyncio.timeout(SECONDS_MAX):
        while not await condition():  # noqa: ASYNC110 - another process sends no event
            await asyncio.sleep(0.05)


@pytest.fixture
async def house(database_dsn: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house of the torture policy, by the real clock, with one shadow."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as opened:
        files = {path.name: path.read_text("utf-8") for path in POLICY.glob("*.yaml")}
        await add_shadow(opened, "same", files, checked_policy(files, None), "test")
        yield opened


async def seen(house: House) -> int:
    """How many operations the shadow has seen."""
    return (await list_shadows(house))[0]["operations"]


async def decide(house: House, count: int) -> None:
    """Some operations of this moment."""
    now = SystemClock().now()
    await house.decider.decide_many([payment(at=now, minor=n + 1) for n in range(count)], None)


@pytest.fixture
async def tables(database_dsn: str) -> AsyncIterator[Any]:
    """A connection of the owner, to look at what is recorded."""
    connection = await asyncpg.connect(database_dsn)
    yield connection
    await connection.close()


# Looks and back-off in fractions of a second.
HURRY = Patience(first_seconds=0.2, seconds_max=60.0, steady_seconds=120.0, look_seconds=0.1)


async def test_a_killed_follower_comes_back_and_goes_on_exactly(
    house: House, tables: Any, database_dsn: str
) -> None:
    """Killed three times in the middle of its work: every operation once, each with the live answer."""
    settings = Settings(database_url=database_dsn, log_level="error")
    async with follower_beside(house.shadows, settings, HURRY) as child:
        total, killed = 0, []
        for _ in range(3):
            await decide(house, 700)
            total += 700
            before = await seen(house)

            async def works(before: int = before) -> bool:
                return await seen(house) > before

            await soon(works)
            assert child.pid not in killed
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
        await soon(lambda: _all_seen(house, total))

        async def back() -> bool:  # the one killed last may have seen everything already
            return child.pid is not None and child.pid not in killed and alive(child.pid)

        await soon(back)
        last = child.pid
    assert not alive(last)
    chunks = await tables.fetch("SELECT seq_first, seq_last, operations FROM shadow_chunk ORDER BY 1")
    assert sum(chunk["operations"] for chunk in chunks) == total
    assert (chunks[0]["seq_first"], chunks[-1]["seq_last"]) == (1, total)
    assert all(one["seq_last"] < other["seq_first"] for one, other in pairwise(chunks))
    assert await tables.fetchval("SELECT count(*) FROM shadow_difference") == 0


async def _all_seen(house: House, total: int) -> bool:
    return await seen(house) == total


async def test_no_follower_without_shadows(house: House, database_dsn: str) -> None:
    """It ends when the last candidate is paused."""
    settings = Settings(database_url=database_dsn, log_level="error")
    async with follower_beside(house.shadows, settings, HURRY) as child:

        async def runs() -> bool:
            return alive(child.pid)

        await soon(runs)
        process = child.pid
        await pause_shadow(house, "same", "test")

        async def gone() -> bool:
            return child.pid is None and not alive(process)

        await soon(gone)


async def test_the_follower_steps_back(house: House, database_dsn: str) -> None:
    """Behind everybody, also where Linux shares the machine out by session."""
    async with follower_beside(house.shadows, Settings(database_url=database_dsn), HURRY) as child:

        async def stepped_back() -> bool:
            return child.pid is not None and nice_to_all(child.pid)

        await soon(stepped_back)


async def test_the_follower_ends_with_its_parent(house: House, database_dsn: str, tmp_path: Path) -> None:
    """Also when the parent was killed and could not say anything."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, sys\n"
        "from countermand.settings import Settings\n"
        "from countermand.surfaces.shadow_child import follower_of\n"
        "class Always:\n"
        "    async def any_running(self): return True\n"
        "async def main():\n"
        "    child = follower_of(Always(), Settings(database_url=sys.argv[1], log_level='error'))\n"
        "    print((await child.start()).pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), database_dsn, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    while not (line := await parent.stdout.readline()).strip().isdigit():
        assert line, "the parent ended"  # before its number it logs
    process = int(line)
    await decide(house, 5)
    await soon(lambda: _all_seen(house, 5))
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not alive(process)

    await soon(gone)
