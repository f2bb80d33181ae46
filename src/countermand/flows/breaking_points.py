"""Named places where the crash drill may kill this process; without its variable they cost one look."""

from __future__ import annotations

import os
import signal

VARIABLE = "COUNTERMAND_BREAK_AT"
_name, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)


def breaking_point(name: str) -> None:
    """End this process as `kill -9` does, if the drill has armed this place for now (`NAME:COUNT`)."""
    global _left  # noqa: PLW0603 - the process has one life
    if name == _name:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
