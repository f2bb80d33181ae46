"""What the routes of approvals and of consent take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.consent import CreditTerms
from countermand.vocabulary.operations import Identifier, Word

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
Values = Annotated[dict[Word, Annotated[str, msgspec.Meta(max_length=256)]], msgspec.Meta(max_length=16)]


class ApprovalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's word about an operation; the person is the key's name."""

    verdict: Literal["approve", "refuse"]
    reason: Reason


class ApprovalStanding(msgspec.Struct, frozen=True):
    """Where an operation stands in its chain; `waits_for` null: nobody is missing."""

    operation: str
    chain: str
    levels: list[dict[str, Any]]
    complete: bool
    refused: bool
    waits_for: dict[str, Any] | None
    said: list[dict[str, Any]]


class ApprovalWaiting(msgspec.Struct, frozen=True):
    """An operation that waits for one's word; `levels_done` of its `levels` are complete."""

    operation: str
    account: str
    kind: str
    amount: dict[str, Any] | None
    counterparty: str | None
    placed_at: Instant
    deadline: Instant
    seconds_left: int
    chain: str
    role: str
    on_behalf_of: str | None
    persons_missing: int
    levels_done: int
    levels: list[dict[str, Any]]
    said: list[dict[str, Any]]


class ApprovalInbox(msgspec.Struct, frozen=True):
    """One's roles, and what waits in them, the oldest first; `next`: `after` for the page behind."""

    roles: list[str]
    waiting: list[ApprovalWaiting]
    next: str | None


class ApproverRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of an approver, in place of those before; none takes them all away."""

    roles: Annotated[list[Word], msgspec.Meta(max_length=16)]


class ApproverShown(msgspec.Struct, frozen=True):
    """Who may approve in which roles."""

    approver: str
    roles: list[str]


class ApproverPage(msgspec.Struct, frozen=True):
    """Everybody who may approve."""

    approvers: list[ApproverShown]


class DelegationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who acts in my roles, and for how long; 0 seconds end it."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    seconds: Annotated[int, msgspec.Meta(ge=0)]


class DelegationShown(msgspec.Struct, frozen=True):
    """A delegation, and when it ends."""

    principal: str
    delegate: str
    until: Instant


class PurposeValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which language a statement is to be shown, and what fills its marks."""

    language: Literal["zh", "en"] = "zh"
    values: Values = {}


class StatementShown(msgspec.Struct, frozen=True):
    """Exactly what is to be displayed; `digest` is the SHA-256 of its UTF-8 bytes, in hex."""

    statement: str
    language: str
    text: str
    digest: str
    questions: list[dict[str, Any]]


class DataConsentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customer's yes to what was displayed; the digest says to which words."""

    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{64}$(?!\n)")]
    language: Literal["zh", "en"] = "zh"
    values: Values = {}


class DataConsentShown(msgspec.Struct, frozen=True):
    """A consent; `outdated`: the words have changed since, so it has to be asked for again."""

    id: str
    subject: str
    purpose: str
    recipient: str
    statement: str
    language: str
    shown: str
    digest: str
    given_at: Instant
    withdrawn_at: Instant | None
    outdated: bool = False


class DataConsentPage(msgspec.Struct, frozen=True):
    """Everything somebody agreed to, newest first."""

    consents: list[DataConsentShown]


class DataConsentWithdrawn(msgspec.Struct, frozen=True):
    """What was withdrawn."""

    withdrawn: list[str]
    withdrawn_at: Instant


class ConsentQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which language an operation's statement is to be shown; of a debt, what it costs."""

    language: Literal["zh", "en"] = "zh"
    credit: CreditTerms | None = None


class ConsentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customer's yes to exactly what was displayed, with the answers to its questions."""

    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{64}$(?!\n)")]
    language: Literal["zh", "en"] = "zh"
    answers: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=9)]], msgspec.Meta(max_length=8)] = []
    credit: CreditTerms | None = None
    session: Identifier | None = None
    device: Identifier | None = None


class ConsentShown(msgspec.Struct, frozen=True):
    """The receipt; `digest` is the SHA-256 of the UTF-8 bytes of `shown`."""

    operation: str
    statement: str
    language: str
    shown: str
    digest: str
    given_at: Instant
    given_by: str
