"""Legal holds: from the moment of notice nothing of a case is erased, whatever its time was."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class HoldReason(StrEnum):
    """notice: the case itself, from its opening to its end. The others are laid and lifted by people."""

    NOTICE = "notice"
    LITIGATION = "litigation"
    POLICE = "police"
    REGULATOR = "regulator"
    AUDIT = "audit"


class LegalHold(msgspec.Struct, frozen=True, kw_only=True):
    """One hold on a case; microseconds UTC, `ended_at` None while it binds. `basis`: a document's number."""

    id: str
    case: str
    reason: HoldReason
    basis: str
    begun_at: int
    begun_by: str
    ended_at: int | None = None
    ended_by: str | None = None


def binding(holds: Iterable[LegalHold]) -> tuple[LegalHold, ...]:
    """Those that bind; while there is one, nothing of the case is erased."""
    return tuple(hold for hold in holds if hold.ended_at is None)
