"""What the doors of the desk take and give, beside the acts themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from countermand.surfaces.http.messages import Instant
from countermand.surfaces.http.report_messages import Short
from countermand.vocabulary.acts import WORDS_MAX, Moment, Name, Number, Why, Words
from countermand.vocabulary.operations import Identifier

Numbers = Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=500)]


class Acted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an act came to: `version` is the one to go on from; `waits` names the second look it waits for."""

    case: str
    version: int
    waits: dict[str, Any] | None = None
    message: str | None = None
    task: str | None = None
    promise: str | None = None
    owner: str | None = None
    secret: str | None = None
    grant: str | None = None
    incident: str | None = None


class MergeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cases that become part of this one."""

    cases: Numbers


class UnmergeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of them to give back; none named: all."""

    cases: Annotated[tuple[Number, ...], msgspec.Meta(max_length=500)] = ()


class SplitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The messages that a case of their own is made of."""

    messages: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=500)]


class GatherRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cases that hang on one fault; `on` false lets them go again."""

    cases: Numbers
    on: bool = True


class TakeBackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to take back, as it was named when it was sent."""

    answer: Identifier


class LookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the second person says, and why."""

    agreed: bool
    reason: Why


class GlassRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a case must be opened beyond one's role."""

    reason: Why


class GlassReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody else found."""

    justified: bool
    finding: Why


class GlassShown(msgspec.Struct, frozen=True, kw_only=True):
    """A broken glass: until when it opens, or what its review found."""

    case: str
    version: int
    glass: str
    until: Instant | None = None
    justified: bool | None = None


class Unmasked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A text as it was, and when the look was written down; or that it waits for a second person."""

    case: str
    version: int
    message: str | None = None
    text: str | None = None
    disclosed_at: Instant | None = None
    waits: dict[str, Any] | None = None


class PresenceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one does here now; it holds for a minute."""

    doing: Literal["reading", "writing"] = "reading"


class PresenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who else has the case before them, and whether one's own draft waits."""

    case: str
    version: int
    others: list[dict[str, Any]]
    draft: bool


class DraftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one has begun to write; an empty text throws it away."""

    text: Annotated[str, msgspec.Meta(max_length=WORDS_MAX, pattern=r"^[^\x00]*$(?!\n)")]


class DraftShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one has begun, and whether the case has changed since."""

    case: str
    version: int
    text: str | None
    changed_since: bool


class SuggestedShown(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that may be the same, surest first, each with why."""

    case: str
    suggested: list[dict[str, Any]]


class DeskBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk says and follows: phrases, playbooks, macros, each with its version."""

    phrases: list[dict[str, Any]]
    playbooks: list[dict[str, Any]]
    macros: list[dict[str, Any]]


class MemberRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What assigning needs to know of somebody; `own` are accounts and persons of them and their kin."""

    team: Name | None = None
    skills: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=40)] = ("any",)
    languages: Annotated[tuple[Literal["zh", "en"], ...], msgspec.Meta(min_length=1, max_length=2)] = ("zh",)
    cases_max: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 30
    own: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=100)] = ()
    away_until: Moment | None = None


class MemberShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the desk; whose accounts are theirs is not shown."""

    name: str
    roles: list[str]
    team: str | None
    skills: list[str]
    languages: list[str]
    cases_max: int
    away_until: Instant | None
    open_cases: int


class StaffShown(msgspec.Struct, frozen=True):
    """Everybody at the desk."""

    staff: list[MemberShown]


class AppealByReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and secret of a receipt, and why one does not agree."""

    number: Short
    secret: Short
    grounds: Words


class WithdrawByReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and secret of a receipt, of a case that one withdraws."""

    number: Short
    secret: Short
    why: Why | None = None
