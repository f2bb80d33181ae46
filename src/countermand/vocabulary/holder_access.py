"""How a customer comes to their own pages: an entry that the institution gave, and the session behind it."""

from __future__ import annotations

from typing import NamedTuple

from countermand.kernel.clock import MICROS_PER_SECOND

ENTRY_SECONDS = 120
IDLE_SECONDS, LIFE_SECONDS = 900, 8 * 3600
# On a device that others use too.
PUBLIC_IDLE_SECONDS, PUBLIC_LIFE_SECONDS = 180, 1800
SEEN_SECONDS = 15
# The timer that asks a holder to look at their devices; its ref is the account.
DEVICE_CHECK_TIMER = "device_check"


class Entry(NamedTuple):
    """A way in that works once, soon. `digest` is SHA-256 of what stands in the link; microseconds UTC.

    `session` is the institution's own name for the sign-in it vouches for, `device` its fingerprint of the
    device; `public`: others use that device too.
    """

    digest: bytes
    account: str
    session: str
    device: str | None
    public: bool
    made_at: int
    ends_at: int


class HolderSession(NamedTuple):
    """Somebody is in. `digest` is SHA-256 of the cookie, `browser` of what the browser calls itself."""

    digest: bytes
    id: str
    account: str
    session: str
    device: str | None
    public: bool
    browser: bytes
    begun_at: int
    seen_at: int
    ended_at: int | None = None


class KeptDevice(NamedTuple):
    """What a holder says of a device: its name, and when they last took it off; microseconds UTC."""

    account: str
    device: str
    name: str | None = None
    removed_at: int | None = None


def ends_at(one: HolderSession) -> int:
    """When it ends if nothing more is asked.

    >>> ends_at(HolderSession(b"", "s", "a", "x", None, False, b"", 0, 0)) == 900 * 10**6
    True
    """
    idle, life = (PUBLIC_IDLE_SECONDS, PUBLIC_LIFE_SECONDS) if one.public else (IDLE_SECONDS, LIFE_SECONDS)
    return min(one.seen_at + idle * MICROS_PER_SECOND, one.begun_at + life * MICROS_PER_SECOND)
