"""An entry of a list that rules ask: what, who says so, why, and until when."""

from __future__ import annotations

import re

import msgspec

LIST_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class ListEntry(msgspec.Struct, frozen=True, gc=False):
    """One listed value. Instants are in microseconds since 1970 UTC; an expired entry does not count."""

    list: str
    value: str
    source: str
    reason: str
    expires_at: int
    added_at: int
    added_by: str
