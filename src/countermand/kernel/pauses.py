"""How long to wait before trying again: twice as long each time, and not all at the same moment."""

from __future__ import annotations

from zlib import crc32

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 60.0


def pause_seconds(
    attempts: int, key: str, *, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS
) -> float:
    """The pause after so many attempts: between half of it and all of it, by the key alone.

    >>> [round(pause_seconds(count, "a"), 1) for count in (1, 2, 3, 40)]
    [1.0, 1.4, 2.2, 31.4]
    """
    whole = min(longest, first * 2.0 ** min(attempts - 1, 40))
    share = crc32(f"{key}/{attempts}".encode()) / 2**32
    return whole * (0.5 + share / 2)
