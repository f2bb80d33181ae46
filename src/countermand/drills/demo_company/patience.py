"""What a careful caller does with “not now, nothing was recorded, the same again is safe”: the same again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from countermand.kernel.errors import Unavailable

TRIES_MAX, WAIT_SECONDS = 6, 0.1
_Done = TypeVar("_Done")


async def again(story: Callable[[], Awaitable[_Done]]) -> _Done:
    """What the story gives; tried again a few times while the house cannot. Raises as the last try."""
    for tries in range(1, TRIES_MAX):
        try:
            return await story()
        except Unavailable:
            await asyncio.sleep(WAIT_SECONDS * tries)
    return await story()
