"""What the check says of a policy as it is typed: computed in a process of its own, within a time."""

from __future__ import annotations

import os
from collections.abc import Mapping

import anyio
from anyio import to_process

from countermand.flows.edit_policy import Look, check_size, look_at
from countermand.kernel.errors import TooMany, Unavailable

LOOK_SECONDS_MAX = 10.0
# What decides comes first on a machine that has little to give.
_NICENESS = 10
_ONE_LOOK = anyio.CapacityLimiter(1)
_looking: set[str] = set()


async def looked(files: Mapping[str, str], other: Mapping[str, str], who: str) -> Look:
    """The check's words on `files` beside `other`; one at a time for each person.

    Raises BadRequest (`policy_too_large`), TooMany (`check_running`), Unavailable (`check_timeout`).
    """
    check_size(files)
    if who in _looking:
        raise TooMany(
            "check_running",
            "Your last text is still being checked; what you typed is kept, check again in a moment.",
            "上一次内容仍在检查中；您输入的内容已保留，请稍后再检查。",
            retry_after_seconds=1,
        )
    _looking.add(who)
    try:
        with anyio.move_on_after(LOOK_SECONDS_MAX):
            return await to_process.run_sync(
                _look, dict(files), dict(other), cancellable=True, limiter=_ONE_LOOK
            )
    finally:
        _looking.discard(who)
    raise Unavailable(
        "check_timeout",
        f"The check took longer than {LOOK_SECONDS_MAX:.0f} seconds.",
        f"检查用时超过 {LOOK_SECONDS_MAX:.0f} 秒。",
    )


def _look(files: Mapping[str, str], other: Mapping[str, str]) -> Look:
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(niceness, _NICENESS))
    return look_at(files, other)
