"""Named places where the crash drill may kill this process; without its variable they cost one look."""

from __future__ import annotations

import os
import signal

VARIABLE = "COUNTERMAND_BREAK_AT"
_name, _left = "", 1


def arm(place: str) -> None:
    """Break at `NAME:COUNT`: when NAME is passed for the COUNT-th time. Nothing disarms."""
    global _name, _left  # noqa: PLW0603 - the process has one life
    _name, _, count = place.partition(":")
    _left = int(count or 1)


def breaking_point(name: str) -> None:
    """End this process as `kill -9` does, if the drill has armed this place for now (`NAME:COUNT`)."""
    global _left  # noqa: PLW0603 - the process has one life
    if name == _name:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
