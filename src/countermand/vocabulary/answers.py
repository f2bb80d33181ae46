"""What passes when the desk answers by itself, or hands a conversation to a person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.text import Text
from countermand.vocabulary.knowledge import Language
from countermand.vocabulary.triage import Reading

Feeling = Literal["calm", "worried", "angry", "despairing"]
# Whoever comes back on the same topic within this time was not helped, whatever they said.
CONTACT_AGAIN_MICROS = 7 * MICROS_PER_DAY


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, as answering needs it. `party` is an opaque handle of who wrote; `text` may be masked.

    `known` are the fields of the case that are known already, `promised` what was promised to them.
    """

    id: str
    case: str
    party: str
    channel: str
    text: str
    reading: Reading
    language: Language | None = None
    known: Mapping[str, str] = {}
    promised: tuple[str, ...] = ()


class Reason(StrEnum):
    """Why a person takes over."""

    ASKED_FOR_PERSON = "asked_for_person"
    UNAUTHORISED = "unauthorised"
    LOSS = "loss"
    DISTRESS = "distress"
    MINOR = "minor"
    LEGAL_THREAT = "legal_threat"
    RISK = "risk"
    UNSURE = "unsure"
    NOT_SIMPLE = "not_simple"
    NOTHING_FITS = "nothing_fits"
    HOLD_OUT = "hold_out"
    NOT_SETTLED = "not_settled"


class Verdict(StrEnum):
    """What somebody says to “did this settle it?”."""

    YES = "yes"
    NO = "no"
    PERSON = "person"


class ReplyEventKind(StrEnum):
    """What became of an answer; events are added, never changed."""

    SAID_YES = "said_yes"
    SAID_NO = "said_no"
    ASKED_PERSON = "asked_person"
    CONTACTED_AGAIN = "contacted_again"
    CHECKED_RIGHT = "checked_right"
    CHECKED_WRONG = "checked_wrong"


EVENT_OF = {
    Verdict.YES: ReplyEventKind.SAID_YES,
    Verdict.NO: ReplyEventKind.SAID_NO,
    Verdict.PERSON: ReplyEventKind.ASKED_PERSON,
}


class AutoReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that a machine gave: which approved text, to what, when (microseconds UTC).

    `text_sha256` is that of the approved text, the same in every channel. `double_check`: a person reads it
    again, whatever the customer says.
    """

    id: str
    message: str
    case: str
    party: str
    channel: str
    category: str
    risk: str
    article: str
    version: int
    language: Language
    text_sha256: bytes
    double_check: bool
    sent_at: int


class ReplyEvent(NamedTuple):
    """One thing that became of an answer; `message` is the one in which it was said, if any."""

    reply: str
    kind: ReplyEventKind
    at: int
    by: str
    message: str = ""


class Tried(msgspec.Struct, frozen=True):
    """An article that was sent before, and what was said to it (empty: nothing)."""

    article: str
    version: int
    said: str = ""


class HandOff(msgspec.Struct, frozen=True, kw_only=True):
    """A message that goes to a person; kept without anything somebody wrote."""

    message: str
    case: str
    party: str
    reasons: tuple[Reason, ...]
    category: str
    risk: str
    feeling: Feeling
    tried: tuple[Tried, ...]
    at: int


class HandOffPacket(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person needs so that nothing is asked twice; `summary` is one sentence."""

    message: str
    case: str
    reasons: tuple[Reason, ...]
    category: str
    risk: str
    feeling: Feeling
    summary: Text
    known: Mapping[str, str]
    promised: tuple[str, ...]
    tried: tuple[Tried, ...]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody said that an answer settled it: what goes back to them."""

    reply: str
    case: str
    text: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to whoever asked: the approved text, its sources, the question, the way to a person."""

    reply: str
    case: str
    language: Language
    title: str
    text: str
    text_sha256: str
    article: str
    version: int
    laws: tuple[str, ...]
    settled: str
    person: str

    @property
    def whole(self) -> str:
        """All of it as one text, for a channel that has no more than text."""
        parts = (self.text, "；".join(self.laws), self.settled, self.person)
        return "\n".join(part for part in parts if part)
