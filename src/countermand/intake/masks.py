"""What stays readable of a hidden value, by its kind and by whom it is masked for."""

from __future__ import annotations

from countermand.intake.found import SECRETS, Kind, MaskFor
from countermand.intake.postal_addresses import region_of

FULL = "******"
_KEPT = {  # kind: (characters kept at the head, at the tail) for the desk, never more than four together
    Kind.ID_NUMBER: (4, 4),
    Kind.BANK_CARD: (0, 4),
    Kind.IBAN: (2, 4),
    Kind.BANK_ACCOUNT: (0, 4),
    Kind.PHONE: (3, 4),
    Kind.HONG_KONG_ID: (1, 2),
    Kind.TAIWAN_ID: (2, 2),
    Kind.MACAO_ID: (1, 1),
    Kind.TRAVEL_PERMIT: (1, 3),
    Kind.PASSPORT: (1, 3),
    Kind.SOCIAL_SECURITY: (0, 4),
    Kind.PLATE: (2, 2),
    Kind.MESSENGER: (1, 1),
}
_LAST_FOUR = frozenset(
    {Kind.BANK_CARD, Kind.BANK_ACCOUNT, Kind.IBAN, Kind.PHONE, Kind.ID_NUMBER, Kind.SOCIAL_SECURITY}
)


def masked(kind: Kind, value: str, purpose: MaskFor) -> str:
    """The mask of a value, given without its spaces and dashes; the same value always gets the same mask.

    >>> masked(Kind.PHONE, "13800001234", MaskFor.DISPLAY), masked(Kind.CODE, "4711", MaskFor.DISPLAY)
    ('138****1234', '******')
    """
    if purpose is MaskFor.INDEX or kind in SECRETS or kind is Kind.CARD_EXPIRY:
        return FULL
    if kind is Kind.EMAIL:
        _, at, domain = value.rpartition("@")
        initial = value[:1] if purpose is MaskFor.DISPLAY else ""
        return f"{initial}***@{domain}" if at else f"{initial}***"
    if kind is Kind.ADDRESS:
        return f"{region_of(value)}***" if purpose is MaskFor.DISPLAY else FULL
    if kind is Kind.NAME:
        return f"{value[:1].upper()}**" if purpose is MaskFor.DISPLAY else FULL
    head, tail = _KEPT.get(kind, (0, 0))
    if purpose is MaskFor.SEND:
        head, tail = 0, 4 if kind in _LAST_FOUR else 0
    if len(value) < head + tail + 3:
        return FULL
    value = value if kind is Kind.MESSENGER else value.upper()
    return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]
