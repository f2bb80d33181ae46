"""Which role sees what of the vault: three zones, the least that each role needs (JR/T 0171-2020)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import IntEnum, StrEnum
from types import MappingProxyType

from countermand.kernel.errors import Forbidden
from countermand.vocabulary.staff import ALONE, Purpose, Role


class Zone(StrEnum):
    """personal: exhibits, messages, addresses (C2). payment: numbers of cards and accounts (C2, C3).

    keys: data keys and the keys that wrap them (C3): no role of people ever reaches it.
    """

    PERSONAL = "personal"
    PAYMENT = "payment"
    KEYS = "keys"


class Sight(IntEnum):
    """The greater, the more is seen. raw_by_two: the item itself, once a second person has agreed."""

    NOTHING = 0
    EXISTENCE = 1
    MASKED = 2
    RAW_BY_TWO = 3


_N, _E, _M, _R = Sight
_MATRIX = MappingProxyType(
    {
        Role.CONSUMER: (_M, _M),
        Role.REPRESENTATIVE: (_M, _M),
        Role.AGENT: (_M, _M),
        Role.INVESTIGATOR: (_R, _R),
        Role.PAYMENTS_OPS: (_M, _R),
        Role.APPROVER: (_M, _M),
        Role.CUSTODIAN: (_R, _M),
        Role.KB_EDITOR: (_N, _N),
        Role.QUALITY: (_M, _N),
        Role.AUDITOR: (_E, _E),
        Role.REGULATOR_VIEWER: (_M, _N),
        Role.PEER: (_N, _N),
        Role.ADMIN: (_N, _N),
    }
)
_PURPOSES = MappingProxyType(
    {
        Zone.PERSONAL: frozenset({Purpose.VERIFY_IDENTITY, Purpose.INVESTIGATE, Purpose.LEGAL_REQUEST}),
        Zone.PAYMENT: frozenset({Purpose.INVESTIGATE, Purpose.TRACE_FUNDS, Purpose.LEGAL_REQUEST}),
        Zone.KEYS: frozenset(),
    }
)


def sight_of(roles: Collection[Role], zone: Zone) -> Sight:
    """The widest sight that any of the roles opens; a role that stands alone stands alone here too.

    >>> sight_of({Role.INVESTIGATOR}, Zone.PERSONAL).name, sight_of({Role.ADMIN}, Zone.KEYS).name
    ('RAW_BY_TWO', 'NOTHING')
    """
    if zone is Zone.KEYS:
        return Sight.NOTHING
    counted = sorted(role for role in roles if role in ALONE)[:1] or roles
    place = 0 if zone is Zone.PERSONAL else 1
    return max((_MATRIX[role][place] for role in counted), default=Sight.NOTHING)


def zone_lines() -> Iterator[str]:
    """The matrix written out: one line a role, what it sees of each zone."""
    yield "# role: " + " ".join(zone.value for zone in Zone)
    for role in Role:
        yield f"{role.value}: " + " ".join(sight_of({role}, zone).name.lower() for zone in Zone)


def require_sight(roles: Collection[Role], zone: Zone, wanted: Sight, purpose: Purpose | None = None) -> None:
    """Raises Forbidden (`zone_closed`: no role of theirs, or not for this purpose)."""
    if sight_of(roles, zone) >= wanted and (purpose is None or purpose in _PURPOSES[zone]):
        return
    why = "" if purpose is None else f" for the purpose {purpose.value}"
    why_zh = "" if purpose is None else f"以“{purpose.value}”为目的"
    raise Forbidden(
        "zone_closed",
        f"Your roles do not see this of the zone “{zone.value}”{why}.",
        f"您的角色无权{why_zh}查看“{zone.value}”区的此项内容。",
        zone=zone.value,
    )
