"""The nouns of masking: what kinds of personal values there are, where they stand, and what is shown."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec


class Kind(StrEnum):
    """What a value identifies or opens. The order is the order of precedence where two claim one place."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    CODE = "code"
    CARD_SECURITY = "card_security"
    CARD_EXPIRY = "card_expiry"
    ID_NUMBER = "id_number"
    BANK_CARD = "bank_card"
    IBAN = "iban"
    HONG_KONG_ID = "hong_kong_id"
    TAIWAN_ID = "taiwan_id"
    MACAO_ID = "macao_id"
    TRAVEL_PERMIT = "travel_permit"
    PASSPORT = "passport"
    SOCIAL_SECURITY = "social_security"
    EMAIL = "email"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"
    PLATE = "plate"
    MESSENGER = "messenger"
    ADDRESS = "address"
    NAME = "name"


SECRETS = frozenset({Kind.PASSWORD, Kind.CODE, Kind.CARD_SECURITY})
"""What nobody at the desk may ask for or keep: masked whole at every strength, and the customer is warned."""


class Certainty(IntEnum):
    """How sure it is. Everything found is masked; a desk may list what was only likely, for a second look."""

    LIKELY = 1
    CERTAIN = 2


class MaskFor(StrEnum):
    """What the text is masked for.

    `display`: staff, who must recognise a value (last four of a card, 138****1234). `send`: anyone outside;
    the last four of numbers and nothing else. `index`: search and models; nothing of any value.
    """

    DISPLAY = "display"
    SEND = "send"
    INDEX = "index"


class Found(msgspec.Struct, frozen=True):
    """One personal value: where it stands in the text that was given, in characters, end exclusive."""

    kind: Kind
    start: int
    end: int
    certainty: Certainty


class Hidden(msgspec.Struct, frozen=True):
    """One value as it was masked.

    `start`, `end`: in the original. `shown_start`, `shown_end`: its mask in the masked text. `token`:
    `phone-1`, `phone-2`: the same within one text for the same value, however it was written.
    """

    kind: Kind
    start: int
    end: int
    certainty: Certainty
    token: str
    shown_start: int
    shown_end: int


class Masked(msgspec.Struct, frozen=True):
    """A text that may be shown, and what is hidden in it; no value is kept.

    `secret_said`: a password, a one-time code or a card's security code was in it: warn the customer.
    """

    text: str
    found: tuple[Hidden, ...] = ()
    secret_said: bool = False
