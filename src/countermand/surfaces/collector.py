"""Keeps Python's garbage collector off the path of decisions.

With a large heap a full collection takes hundreds of milliseconds, and it comes when traffic is highest. What
was built before serving lives as long as the server, so it is frozen; what requests leave behind dies by
reference count, and the little that does not is collected once a second among the young objects only.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

YOUNG_SECONDS = 1.0
MIDDLE_GENERATION = 1


@asynccontextmanager
async def collector_off_the_path() -> AsyncIterator[None]:
    """Collect and freeze what there is, then collect only young objects until the end."""
    gc.collect()
    gc.freeze()
    gc.disable()
    chore = asyncio.create_task(_collect_young(), name="countermand collector")
    try:
        yield
    finally:
        chore.cancel()
        with suppress(asyncio.CancelledError):
            await chore
        gc.enable()
        gc.unfreeze()


async def _collect_young() -> None:
    while True:
        await asyncio.sleep(YOUNG_SECONDS)
        gc.collect(MIDDLE_GENERATION)
