"""A process beside another one: it ends when its parent does, however that ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress


def end_with_parent() -> None:
    """Leave as soon as standard input ends: the parent holds its other end as long as it lives.

    Leaving at once is safe where what is not committed is done again.
    """
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    with suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    os._exit(0)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set. Must be called in the event loop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
