"""A real house behind a real door, on a thread of its own: the browser's loop and the house's do not mix."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from countermand.app import open_house
from countermand.flows.house import House
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.http.server import open_door
from countermand.surfaces.web.routes import pages

Result = TypeVar("Result")
More = Callable[[House], Pages]
START_SECONDS_MAX = 60


@dataclass
class Served:
    """The house, where its pages are, and a way to do something in it."""

    house: Any
    address: str
    settings: Settings
    _loop: asyncio.AbstractEventLoop

    def run(self, story: Coroutine[Any, Any, Result]) -> Result:
        """Run a story in the house and wait for its end; what it raises is raised here."""
        return asyncio.run_coroutine_threadsafe(story, self._loop).result(START_SECONDS_MAX)


@contextmanager
def served_house(settings: Settings, more: More | None = None) -> Iterator[Served]:
    """A house that answers while inside, with `more` pages beside its own. Raises what its opening raises."""
    opened: list[Served] = []
    failed: list[BaseException] = []
    shown = more or (lambda _: pages())
    ready, leave = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with (
            open_house(settings) as house,
            open_door(make_front(house, shown(house)), "127.0.0.1", 0) as address,
        ):
            opened.append(Served(house, address, settings, asyncio.get_running_loop()))
            ready.set()
            await leave.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  # it is raised again on the thread that asked
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(START_SECONDS_MAX)
    if failed:
        raise failed[0]
    served = opened[0]
    try:
        yield served
    finally:
        served._loop.call_soon_threadsafe(leave.set)
        thread.join(START_SECONDS_MAX)
    if failed:
        raise failed[0]
