"""The lives of the processes under the drill: each kills itself at a place drawn from the seed."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import runpy
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from countermand.app import SIMULATED_BANK, open_worker
from countermand.drills.crashes.world import World
from countermand.flows import breaking_points
from countermand.flows.breaking_points import VARIABLE
from countermand.settings import Settings

WORKER_PLACES = (
    "timers.claimed", "settling.locked", "settling.written", "timers.committed",
    "effects.claimed", "effects.delivered", "effects.written", "effects.committed",
)  # fmt: skip
SERVER_PLACES = (
    "deciding.decided", "deciding.committed", "revoking.written", "revoking.committed", *WORKER_PLACES,
)  # fmt: skip
BANK_MISCHIEF = ("dies_before", "dies_after", "late", "hangs_up", "twice", "down")
PASSES_MAX = 12
END_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.02
_SERVE = "from countermand.surfaces.cli.main import main; main()"
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["countermand.app", "countermand.adapters.banking.simulated.server"])


def _live_as_worker(settings: Settings, place: str) -> None:
    """A worker's whole life, in a process of its own."""
    breaking_points.arm(place)

    async def work() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with open_worker(settings):
            await stop.wait()

    asyncio.run(work())


def _live_as_bank(arguments: list[str]) -> None:
    """A bank's whole life, in a process of its own."""
    sys.argv = [SIMULATED_BANK, *arguments]
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as it lives
    runpy.run_module(SIMULATED_BANK, run_name="__main__")


@dataclass(slots=True)
class Killed:
    """How often what was killed, by role and place."""

    wanted: int
    by_place: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return sum(self.by_place.values())

    @property
    def enough(self) -> bool:
        return self.count >= self.wanted


class Lives:
    """Starts each process again whenever it was killed, until it is told to let them live."""

    def __init__(self, world: World, seed: int, killed: Killed) -> None:
        self._world, self._seed, self.killed = world, seed, killed
        self._peaceful = False
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, workers: int) -> None:
        """All of them: a server, workers, a bank."""
        self._tasks = [asyncio.create_task(self._server()), asyncio.create_task(self._bank())]
        self._tasks += [asyncio.create_task(self._worker(number)) for number in range(workers)]

    def make_peace(self) -> None:
        """From now on nobody is killed at the start of a new life; those that live die once more at most."""
        self._peaceful = True

    async def stop(self) -> None:
        """End them in good order."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    def check(self) -> None:
        """Raises what ended a supervisor."""
        for task in self._tasks:
            if task.done():
                task.result()

    def _place(self, draw: random.Random, places: tuple[str, ...]) -> str:
        if self._peaceful or self.killed.enough:
            return ""
        return f"{draw.choice(places)}:{draw.randint(1, PASSES_MAX)}"

    async def _worker(self, number: int) -> None:
        draw = random.Random(f"{self._seed}/worker/{number}")
        while not self._stopping:
            place = self._place(draw, WORKER_PLACES)
            process = _fork.Process(target=_live_as_worker, args=(self._world.settings, place), daemon=True)
            process.start()
            await self._outlive(process.is_alive, process.terminate)
            process.join(END_SECONDS_MAX)
            self._note("worker", place, process.exitcode)

    async def _server(self) -> None:
        draw = random.Random(f"{self._seed}/server")
        while not self._stopping:
            place = self._place(draw, SERVER_PLACES)
            environment = {**os.environ, **self._world.environment, VARIABLE: place}
            with self._world.log.open("ab") as log:
                process = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
                    [sys.executable, "-c", _SERVE, "serve", *self._world.serve], stdout=log, stderr=log,
                    env=environment,
                )  # fmt: skip
            await self._outlive(lambda alive=process: alive.poll() is None, process.terminate)  # type: ignore[misc]
            await asyncio.to_thread(process.wait, END_SECONDS_MAX)
            self._note("server", place, process.returncode)

    async def _bank(self) -> None:
        draw = random.Random(f"{self._seed}/bank")
        while not self._stopping:
            process = _fork.Process(target=_live_as_bank, args=(self._world.bank_arguments,), daemon=True)
            process.start()
            teasing = asyncio.create_task(self._tease(draw))
            await self._outlive(process.is_alive, process.terminate)
            teasing.cancel()
            with suppress(asyncio.CancelledError):
                await teasing
            process.join(END_SECONDS_MAX)
            self._note("bank", "dies", process.exitcode)

    async def _tease(self, draw: random.Random) -> None:
        """Every now and then the bank misbehaves."""
        while not (self._peaceful or self.killed.enough):
            await asyncio.sleep(draw.uniform(0.1, 0.8))
            asked = {"mischief": draw.choice(BANK_MISCHIEF), "times": 1}
            with suppress(OSError):
                await asyncio.to_thread(_post, f"{self._world.settings.banking}/mischief", asked)

    async def _outlive(self, alive: Callable[[], bool], end: Callable[[], None]) -> None:
        while alive():
            if self._stopping:
                end()
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _note(self, role: str, place: str, code: int | None) -> None:
        if code == -signal.SIGKILL:
            self.killed.by_place[f"{role} {place.partition(':')[0]}"] += 1
        elif code not in (0, -signal.SIGTERM):
            words = self._world.log.read_text(errors="replace")[-2000:] if self._world.log.exists() else ""
            raise RuntimeError(f"a {role} ended with {code}: {words}")


def _post(address: str, value: Any) -> None:
    request = urllib.request.Request(address, json.dumps(value).encode(), method="POST")  # noqa: S310 - our own
    urllib.request.urlopen(request, timeout=2).close()  # noqa: S310 - our own bank
