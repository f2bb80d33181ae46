"""What is to happen at an instant: holds that end, confirmations that lapse, orders that expire."""

from __future__ import annotations

from typing import NamedTuple


class Timer(NamedTuple):
    """`kind` says which story goes on, `ref` with what; there is one of a kind for each ref.

    `due_at` in microseconds UTC.
    """

    kind: str
    ref: str
    due_at: int
