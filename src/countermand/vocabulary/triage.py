"""What a message was taken for: category, risk and flags, how sure, and because of which words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec


class Category(StrEnum):
    """What somebody writes about; one a message. How urgent it is stands in its `Risk`."""

    UNAUTHORISED_PAYMENT = "unauthorised_payment"
    UNAUTHORISED_LOAN = "unauthorised_loan"
    ACCOUNT_TAKEOVER = "account_takeover"
    DECEIVED_PAYMENT = "deceived_payment"
    SCAM_ATTEMPT = "scam_attempt"
    LOST_CARD_OR_DEVICE = "lost_card_or_device"
    COLLECTION_CONDUCT = "collection_conduct"
    RATE_OR_FEE_DISPUTE = "rate_or_fee_dispute"
    REPAYMENT_DISPUTE = "repayment_dispute"
    CREDIT_RECORD = "credit_record"
    PERSONAL_INFORMATION = "personal_information"
    MERCHANT_DISPUTE = "merchant_dispute"
    SERVICE_COMPLAINT = "service_complaint"
    SYSTEM_FAILURE = "system_failure"
    PROGRESS_QUESTION = "progress_question"
    HOW_TO_QUESTION = "how_to_question"
    OFFICIAL_CHECK = "official_check"
    MATERIALS_QUESTION = "materials_question"
    FEE_QUESTION = "fee_question"
    ILLEGAL_PLATFORM_REPORT = "illegal_platform_report"
    SUGGESTION = "suggestion"
    OTHER = "other"


class Risk(StrEnum):
    """How urgent: the smaller name is the more urgent.

    P0 money moving now, access lost now, or life in danger; P1 a loss claimed or an operation not wanted,
    already past; P2 a dispute without that; P3 a basic question.

    >>> min(Risk.P1, Risk.P3).name
    'P1'
    """

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Flag(StrEnum):
    """What must be seen in a message, whatever it is about.

    `unauthorised`: something was done in their name that they did not do or want, deceived payments too;
    `distress`: abuse, despair, a life in danger; `human`: asks for a person; `loss`: claims a loss of money.
    """

    UNAUTHORISED = "unauthorised"
    DISTRESS = "distress"
    HUMAN = "human"
    MINOR = "minor"
    LEGAL_THREAT = "legal_threat"
    NO_ACCOUNT = "no_account"
    LOSS = "loss"


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody answered to structured questions; None where a question was not asked or not answered."""

    done_by_me: bool | None = None
    money_lost: bool | None = None
    money_moving: bool | None = None
    access_lost: bool | None = None
    in_danger: bool | None = None
    person_wanted: bool | None = None
    minor: bool | None = None
    has_account: bool | None = None


class Signals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of the account: counts of the last 24 hours, and of what still can be taken back.

    `alarming_decisions`: operations held, challenged or sent to approval; `denied_decisions`: denied;
    `revocable_operations`: money on its way that can still be stopped; `new_devices`: seen for the first
    time.
    """

    alarming_decisions: Annotated[int, msgspec.Meta(ge=0)] = 0
    denied_decisions: Annotated[int, msgspec.Meta(ge=0)] = 0
    revocable_operations: Annotated[int, msgspec.Meta(ge=0)] = 0
    new_devices: Annotated[int, msgspec.Meta(ge=0)] = 0


class Weighed(msgspec.Struct, frozen=True):
    """Characters `start` to `end` of the message as it came, and how much they spoke for `toward`.

    `toward` is a category, a flag or, with `rule`, what the named rule of the rule pack says.
    """

    start: int
    end: int
    weight: float
    toward: str
    rule: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a message was taken for.

    `confidence` is the calibrated probability of `category`; `abstained` says that it is too small to act
    on. `unauthorised` is the calibrated probability that the message reports something not wanted, told by
    words alone. `closable` says whether a machine may answer and close: never with a claimed loss.
    """

    category: Category
    risk: Risk
    confidence: float
    abstained: bool
    flags: frozenset[Flag]
    words: tuple[Weighed, ...]
    unauthorised: float
    second: Category
    rules: tuple[str, ...]
    closable: bool
    model: str
    rule_pack: str


class TriageRun(msgspec.Struct, frozen=True, kw_only=True):
    """One reading as it is kept: no text, only what was concluded, and by which model and rules.

    `model` is the SHA-256 of the model file in hex, `version` that model's own version, `rule_pack` the
    version of the rules; `label` is the category, `probability` its calibrated probability.
    """

    model: str
    version: str
    rule_pack: str
    label: Category
    probability: float
    unauthorised: float
    risk: Risk
    flags: tuple[Flag, ...]
    rules: tuple[str, ...]
    abstain: bool


class LabelledMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message and what a person says it is: one line of a training file."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]
    lang: str
    category: Category
    risk: Risk
    unauthorised: bool
    distress: bool
    human: bool


class TriageCard(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a reader needs to judge a triage model; docs/reference/triage.md describes each key.

    `file` is the SHA-256 of the model file in hex, `data` that of each file of messages. `metrics` are of
    messages held back in folds; `reliability` has rows of [messages, mean probability, share that was so]
    for the confidence in the category and for the flag `unauthorised`. No date: equal training, equal card.
    """

    file: str
    bytes: int
    version: str
    messages: int
    languages: dict[str, int]
    categories: dict[str, int]
    flags: dict[str, int]
    data: dict[str, str]
    rules: dict[str, str]
    trainer: str
    seed: int
    folds: int
    pieces: int
    thresholds: dict[str, float]
    metrics: dict[str, float]
    reliability: dict[str, list[list[float]]]
