"""Trusted time: what a time-stamp token (RFC 3161) says, once it has been checked."""

from __future__ import annotations

from dataclasses import dataclass

DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class StampedTime:
    """A digest existed at `at`, says an authority.

    `at` and `accuracy` are microseconds (an authority that names no accuracy counts as exact to its
    digits); `serial` is the token's number in decimal, `policy` an OID, `authority` the subject of the
    certificate that signed.
    """

    at: int
    accuracy: int
    serial: str
    policy: str
    authority: str


def seconds_off(stamped: StampedTime, asked_at: int, answered_at: int) -> int:
    """How far the stamped time lies outside the moment in which it was asked for, in whole seconds.

    The instants are microseconds of our own clock. Times within count as 0, and so does what the
    authority's accuracy, or its rounding to seconds, explains.

    >>> seconds_off(StampedTime(5_000_000, 0, "1", "1.2.3", "t"), asked_at=5_400_000, answered_at=5_500_000)
    0
    """
    slack = max(stamped.accuracy, 1_000_000)
    early = asked_at - slack - stamped.at
    late = stamped.at - slack - answered_at
    return -(-max(early, late, 0) // 1_000_000)
