"""A holder's own limit: lower at once, higher only with a proof and after a wait."""

from __future__ import annotations

from enum import StrEnum

from countermand.kernel.clock import MICROS_PER_HOUR
from countermand.vocabulary.operations import Amount, Kind

WAIT_MICROS = 12 * MICROS_PER_HOUR
# A thief who has bound a device or changed a password asks next for a higher limit.
WAIT_AFTER_CHANGE_MICROS = 24 * MICROS_PER_HOUR
CHANGE_WINDOW_MICROS = 24 * MICROS_PER_HOUR
# The operations after which a raise waits longer; a code may go to a contact that was just changed.
CHANGES_TRUST = frozenset({Kind.DEVICE_BIND, Kind.CREDENTIAL_CHANGE, Kind.CONTACT_CHANGE})


class Change(StrEnum):
    """What another limit is, seen from the one that holds."""

    NONE = "none"
    LOWER = "lower"
    RAISE = "raise"


def change_of(holds: Amount | None, wanted: Amount | None) -> Change:
    """Whether a limit lets through nothing that the other one stops; None is no limit.

    Between two currencies that cannot be told, so it counts as a raise.
    """
    if wanted == holds:
        return Change.NONE
    if holds is None:
        return Change.LOWER
    if wanted is None or wanted.currency != holds.currency or wanted.minor > holds.minor:
        return Change.RAISE
    return Change.LOWER


def binds_from(asked_at: int, changed_at: int | None) -> int:
    """From when a raise may bind: 12 hours after it was asked for.

    24 hours where a device, a credential or a contact changed (last at `changed_at`) in the day before it was
    asked for, or since. Instants in microseconds UTC.
    """
    if changed_at is not None and changed_at > asked_at - CHANGE_WINDOW_MICROS:
        return asked_at + WAIT_AFTER_CHANGE_MICROS
    return asked_at + WAIT_MICROS
