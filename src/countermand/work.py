"""The unit of work: what every change of the house has in common, whichever store it reaches."""

from __future__ import annotations

from zlib import crc32

# Advisory lock numbers of the containment gates; far from those of migrations and of the server's epoch.
GATES = 64
_FIRST_GATE = 7_400_000


def gate_of(account: str) -> int:
    """The number of the account's containment gate, a PostgreSQL advisory lock.

    Whoever changes an account's guard takes it exclusively; whoever commits decisions takes it shared, so
    that no decision made before a change commits after it.

    >>> gate_of("a-1") == gate_of("a-1"), 7_400_000 <= gate_of("a-1") < 7_400_064
    (True, True)
    """
    return _FIRST_GATE + crc32(account.encode()) % GATES
