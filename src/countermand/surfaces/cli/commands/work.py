"""`countermand work`: timers and effects in a process of their own, as many at once as one likes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from countermand.app import open_worker
from countermand.settings import Settings
from countermand.surfaces.cli.grammar import command, data_dir_option
from countermand.surfaces.cli.place import quiet_logs, settings_with


@command(
    None,
    "work",
    en="Settle what is due and deliver effects until SIGTERM or Ctrl-C; `serve` does this too.",
    zh="处理到期事项并送出指令，直到 SIGTERM 或 Ctrl-C；serve 也会处理。",
)
@data_dir_option
def work(data_dir: Path | None) -> None:
    """Several share what there is to do."""
    settings = settings_with(data_dir)
    quiet_logs(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_worker(settings):
        await stop.wait()
