"""What the doors of reports take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.containment_messages import ScopeShown
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.operations import Identifier
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.triage import Answers

TEXT_CHARACTERS_MAX = 20_000
Said = Annotated[str, msgspec.Meta(max_length=TEXT_CHARACTERS_MAX, pattern=r"^[^\x00]*$(?!\n)")]
Language = Literal["zh", "en"]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]


class PuzzleShown(msgspec.Struct, frozen=True):
    """Find an answer so that SHA-256 of `puzzle.answer` begins with `bits` zero bits."""

    puzzle: str
    bits: int


class NotMeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """“That was not me”, without login. Say what you know; the words alone are enough.

    `stop` asks to stop at once; `document` is the number of an identity document, for who has no account.
    """

    puzzle: Short
    answer: Short
    text: Said = ""
    language: Language | None = None
    account: Identifier | None = None
    phone: Short | None = None
    document: Short | None = None
    stop: Preset | None = None
    case: Short | None = None


class ReportRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What a customer said to one of the institution's systems, which says how sure it is of who they are.

    `operations` are those they do not want; `address` is what the channel knows them by; `case` is the number
    they named.
    """

    channel: Literal["app", "chat", "hotline", "branch", "import"]
    text: Said
    standing: Standing = Standing.UNNAMED
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=254)] | None = None
    account: Identifier | None = None
    person: Identifier | None = None
    operations: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=100)] = ()
    stop: Preset | None = None
    said_at: _Moment | None = None
    language: Language | None = None
    answers: Answers = Answers()
    case: Short | None = None


class WarningShown(msgspec.Struct, frozen=True):
    """A known trick that was told of, and what to do about it."""

    id: str
    text: Text


class ReceiptShown(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a report; `secret` only where it opened a case and the sender may follow it with it."""

    case: str
    number: str
    received_at: Instant
    urgent: bool
    incident: str | None
    scope: ScopeShown | None
    until: Instant | None
    human_by: Instant
    for_a_day: bool
    secret_said: bool
    care: bool
    reply: dict[str, Any] | None
    warnings: list[WarningShown]
    text: Text
    secret: str | None = None


class FollowRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and secret of a receipt."""

    number: Short
    secret: Short


class FurtherRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further message in the case that number and secret open."""

    number: Short
    secret: Short
    text: Annotated[Said, msgspec.Meta(min_length=1)]


class CaseFollowed(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the person it is about sees it."""

    case: str
    stage: str
    stage_text: Text
    next_mover: Text
    contained: str
    contained_text: Text
    opened_at: Instant
    outcome: str | None
    disclosures: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    messages: list[dict[str, Any]]


class CaseShown(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the desk sees it."""

    case: dict[str, Any]
    clocks: list[dict[str, Any]]
    disclosures: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    looks: list[dict[str, Any]]
    events: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    files: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    grants: list[dict[str, Any]]


class PersonRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of an identity document."""

    document: Short


class PersonShown(msgspec.Struct, frozen=True):
    """The handle of a person, to be sent as `person` with every operation in their name."""

    person: str
