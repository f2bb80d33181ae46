"""Consent: what was put before a person in which words, and the receipt of what they said to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from countermand.kernel.money import MINOR_MAX
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.operations import MOVES_MONEY, OPENS_DEBT, Kind, Word

# What takes effect only with a receipt. A mandate's run rests on the consent to the mandate itself.
NEEDS_CONSENT = (MOVES_MONEY | OPENS_DEBT | {Kind.MANDATE_CREATE}) - {Kind.MANDATE_RUN}
LANGUAGES = ("zh", "en")
# The purpose whose consents name who gets the data.
SHARING = "sharing"


class Basis(StrEnum):
    """On what ground data is used: the holder's consent, the contract with them, or a duty by law.

    Only consent can be withdrawn. A duty needs none, not even to pass data on (PIPL article 13, last clause).
    """

    CONSENT = "consent"
    CONTRACT = "contract"
    DUTY = "duty"


class DataUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One purpose data is used for: on what ground, which articles say so, and what of ours is done for it.

    `methods` of proving and `notices` by kind belong to it.
    """

    id: Word
    basis: Basis
    articles: Text
    methods: tuple[Method, ...] = ()
    notices: tuple[Word, ...] = ()


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """A method that is not offered, and the purpose that its holder does not agree to."""

    method: Method
    purpose: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that shows whether the statement was understood; `answer` counts the choices from 0."""

    text: Text
    choices: Annotated[tuple[Text, ...], msgspec.Meta(min_length=2, max_length=5)]
    answer: Annotated[int, msgspec.Meta(ge=0, le=4)]
    because: Text


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a customer is told before they agree; `{name}` marks a value of the operation.

    A statement is for `kinds` of operations, or for one `purpose` of using data. Its text never changes under
    one version.
    """

    id: Word
    version: Annotated[int, msgspec.Meta(ge=1)]
    kinds: tuple[Kind, ...] = ()
    purpose: Word | None = None
    who: Text
    what: Text
    how_much: Text
    total_cost: Text
    undo: Text
    until: Text
    questions: Annotated[tuple[Question, ...], msgspec.Meta(max_length=3)] = ()

    @property
    def label(self) -> str:
        """id@version."""
        return f"{self.id}@{self.version}"


class CreditTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a debt costs, as its lender says: all that is paid back in minor units, months, percent a year."""

    total_minor: Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]
    months: Annotated[int, msgspec.Meta(ge=1, le=600)]
    yearly_percent: Annotated[float, msgspec.Meta(ge=0, le=1000)]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what a person is shown, in one language; `digest` is the SHA-256 of its UTF-8 bytes."""

    statement: str
    language: str
    text: str
    digest: str
    questions: tuple[dict[str, Any], ...] = ()


class DataConsent(msgspec.Struct, frozen=True, kw_only=True):
    """Consent to one use of data; instants in microseconds UTC, `recipient` empty where data stays here."""

    id: str
    subject: str
    purpose: str
    recipient: str
    statement: str
    language: str
    shown: str
    digest: str
    given_at: int
    given_by: str
    withdrawn_at: int | None = None
