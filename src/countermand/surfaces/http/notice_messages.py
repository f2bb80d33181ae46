"""What the routes of contacts and notices take and give."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.operations import PRINTABLE

_Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", description="hh:mm")]


class PointRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One address; `verified_at` is when the institution made sure that it is the customer's."""

    channel: Literal["email", "sms"]
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]
    verified_at: Instant | None = None


class QuietHoursShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By the customer's own clock, over midnight where the end is earlier."""

    begins: _Clock
    ends: _Clock


class ContactsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Contacts in order of preference; they replace those before, which hear security notices for a week."""

    points: Annotated[list[PointRequest], msgspec.Meta(max_length=8)]
    language: Literal["en", "zh"] = "zh"
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "Asia/Shanghai"
    quiet_hours: QuietHoursShown | None = None


class PointShown(msgspec.Struct, frozen=True):
    """An address, masked; `former_until`: it was replaced, and hears security notices until then."""

    channel: str
    address: str
    verified_at: Instant | None
    former_until: Instant | None


class ContactsShown(msgspec.Struct, frozen=True):
    """Where an account's holder is reached."""

    account: str
    language: str
    timezone: str
    quiet_hours: QuietHoursShown | None
    points: list[PointShown]


class ContactsRemoved(msgspec.Struct, frozen=True):
    """Every address was forgotten."""

    account: str
    removed: bool


class SendingShown(msgspec.Struct, frozen=True):
    """How a notice travelled, and what came of it."""

    channel: str
    state: str
    ended_at: Instant | None


class NoticeShown(msgspec.Struct, frozen=True):
    """One notice, in both languages, with times on the customer's clock."""

    seq: str
    id: str
    kind: str
    urgency: str
    account: str | None
    operation: str | None
    at: Instant
    title: Text
    text: Text
    sendings: list[SendingShown]


class NoticePage(msgspec.Struct, frozen=True):
    """Up to 100 notices, newest first; more: `before` the seq of the last."""

    account: str
    notices: list[NoticeShown]
