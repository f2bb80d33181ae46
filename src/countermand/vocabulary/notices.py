"""What customers are told, where they can be reached, and what came of telling them."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.incidents import Preset

# The port of the outbox that every notice goes through, and the timer that waits for its receipt.
NOTICES = "notices"
RECEIPT_TIMER = "notice_receipt"

# What the product itself tells; a pack must have words for each of them.
KINDS = (
    "hold_placed",
    "hold_released",
    "hold_executed",
    "hold_failed",
    "hold_revoked",
    "hold_lapsed",
    # The same steps for another reason, which is another thing to the customer: kind and cause.
    "hold_lapsed_approval_refused",
    "hold_revoked_contained",
    "approval_status",
    "new_place_login",
    "unusual_login",
    "new_device",
    "control_changed",
    "abnormal_operation",
    "every_operation",
    "authenticator_added",
    "authenticator_removed",
    "account_contained",
    "containment_lifted",
    "report_received",
    "case_answered",
    "call_receipt",
    "limit_lowered",
    "limit_raise_asked",
    "limit_raise_cancelled",
    "limit_raised",
    "mandate_off",
    "mandate_on",
    "consent_withdrawn",
    "contacts_changed",
    "contact_removal_asked",
    "contact_removal_cancelled",
    "device_removed",
    "devices_to_check",
    "recall_answered",
    "test",
)
# The notices that are about an operation which the customer can still stop by answering an SMS.
REVOCABLE = frozenset({"hold_placed", "approval_status"})
# The notices whose answer "not me" stops the account, and how much of it: whoever signs in, adds a device or
# changes a setting instead of the customer is in the account; an operation that looks odd may be a trick.
CONTAINED_BY = {
    "new_place_login": Preset.EVERYTHING,
    "unusual_login": Preset.EVERYTHING,
    "new_device": Preset.EVERYTHING,
    "control_changed": Preset.EVERYTHING,
    "authenticator_added": Preset.EVERYTHING,
    "authenticator_removed": Preset.EVERYTHING,
    "device_removed": Preset.EVERYTHING,
    "contacts_changed": Preset.EVERYTHING,
    "contact_removal_asked": Preset.EVERYTHING,
    "limit_raise_asked": Preset.EVERYTHING,
    "limit_raised": Preset.EVERYTHING,
    "abnormal_operation": Preset.OUTGOING,
    "every_operation": Preset.OUTGOING,
}
# What every address hears, however many there are: whoever is to be silenced hears of it first.
TOLD_EVERYWHERE = frozenset({"contacts_changed", "contact_removal_asked"})


class NoticeChannel(StrEnum):
    """How a notice travels; the feed is in the product and has every notice."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"
    FEED = "feed"


# Those that have an address of the customer's.
PERSONAL = (NoticeChannel.EMAIL, NoticeChannel.SMS)


class Urgency(StrEnum):
    """A security notice waits for nothing; a service notice lets people sleep."""

    SECURITY = "security"
    SERVICE = "service"


class ContactPoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One address of a customer, in the order of preference; instants are microseconds UTC.

    `former_until`: it was replaced, and hears security notices until then: whoever takes an account over
    changes the address first.
    """

    channel: NoticeChannel
    address: str
    verified_at: int | None = None
    former_until: int | None = None


class QuietHours(NamedTuple):
    """From when until when, by the customer's own clock; it may go over midnight."""

    begins: time
    ends: time


class Contacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where and how an account's holder wants to be told; `points` in order of preference."""

    account: str
    points: tuple[ContactPoint, ...] = ()
    language: str = "zh"
    timezone: str = "Asia/Shanghai"
    quiet: QuietHours | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that somebody is told; `id` is that of the effect it came from, so it is told once.

    `values` fill the words in. `at` is microseconds UTC. `seq` is its place in the feed, once it is there.
    """

    id: str
    kind: str
    account: str | None
    person: str | None
    values: dict[str, Any]
    urgency: Urgency
    at: int
    trace: str | None = None
    seq: int | None = None

    @property
    def operation(self) -> str | None:
        """The operation it is about, if it is about one."""
        found = self.values.get("operation")
        return found if isinstance(found, str) else None

    @property
    def number(self) -> str:
        """The four digits that stand for it in an SMS: those of its operation, or its own."""
        return reply_number(self.operation or self.id)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in words: a heading, the text, and what fits an SMS."""

    title: Text
    text: Text
    sms: Text


class SendState(StrEnum):
    """Where one sending stands.

    planned → started → accepted → confirmed, or refused, gave_up, uncertain (it may have left), unconfirmed
    (it left, and no receipt came in time; one may still come).
    """

    PLANNED = "planned"
    STARTED = "started"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    UNCERTAIN = "uncertain"
    UNCONFIRMED = "unconfirmed"


# Whoever is told this way has been reached as far as can be known.
REACHED = frozenset({SendState.ACCEPTED, SendState.CONFIRMED})
# Nothing more is tried with this sending.
ENDED = frozenset(SendState) - {SendState.PLANNED, SendState.STARTED}


class Sending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One notice on its way through one channel; `id` is the idempotency key that the provider sees.

    `point` stands for the address (a keyed digest); the webhook has none. `seq` names it in receipts.
    """

    id: str
    notice: str
    channel: NoticeChannel
    point: str | None
    state: SendState
    planned_at: int
    started_at: int | None = None
    ended_at: int | None = None
    confirmed_at: int | None = None
    answer: dict[str, Any] | None = None
    seq: int | None = None


class NoticeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a notifier gets: whole words, the full address, and where a receipt may be sent."""

    id: str
    notice: Notice
    to: str
    language: str
    words: Words
    receipt_url: str | None = None


class Taken(StrEnum):
    """What a provider did with a message: took it, refused it for good, or may have taken it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


class NoticeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of handing a message over; `said` is kept and never holds an address."""

    taken: Taken
    said: dict[str, Any]


class DecidedOperation(NamedTuple):
    """A recorded decision, as notices need it: what was asked, what was answered, what waits.

    `body` and `answer` are JSON; instants are microseconds UTC. `watched`: an order of heightened review
    stands on the account. `held_at`, `until`, `expires_at`, `needs` and `state` are its hold's, if any.
    """

    seq: int
    id: str
    account: str
    kind: str
    received_at: int
    body: bytes
    answer: bytes
    subject: str | None
    trace: str | None
    watched: bool
    held_at: int | None
    until: int | None
    expires_at: int | None
    needs: tuple[str, ...]
    state: str | None = None


def reply_number(operation: str) -> str:
    """The four digits that stand for an operation, or a notice without one, in an SMS.

    >>> reply_number("op-1")
    '4156'
    """
    return str(1000 + crc32(operation.encode()) % 9000)
