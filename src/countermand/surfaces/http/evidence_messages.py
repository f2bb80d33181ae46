"""What the doors of evidence take and give."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from countermand.evidence.exhibits import EXHIBIT_BYTES_MAX, About, ExhibitKind
from countermand.evidence.holds import HoldReason
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.surfaces.http.report_messages import Short
from countermand.vocabulary.acts import Why
from countermand.vocabulary.operations import Identifier
from countermand.vocabulary.staff import Purpose

MediaType = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.+-]{1,100}/[A-Za-z0-9.+-]{1,100}$(?!\n)")]
FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00]+$(?!\n)")]
Length = Annotated[int, msgspec.Meta(ge=1, le=EXHIBIT_BYTES_MAX)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$(?!\n)")]
Circumstances = Annotated[dict[Identifier, Word], msgspec.Meta(max_length=20)]


class ExhibitRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """An exhibit that is to come: what it shows, what its file is called, and how it was captured.

    `bytes` is its whole length; `context` says more of the capture, such as the application and its version.
    """

    kind: ExhibitKind
    name: FileName
    bytes: Length
    media_type: MediaType = "application/octet-stream"
    about: About = About.HOLDER
    device: Word | None = None
    context: Circumstances = {}


class ExhibitByReceipt(ExhibitRequest, frozen=True, kw_only=True):
    """The same, by whoever holds number and secret of a case."""

    number: Short
    secret: Short


DocumentPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=254, pattern=r"^[^\x00]+$(?!\n)")]


class UnlockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document (an exhibit, or a file of a message) and the password that opens it; it is kept nowhere."""

    document: Word
    password: DocumentPassword


class UnlockByReceipt(UnlockRequest, frozen=True, kw_only=True):
    """The same, by whoever holds number and secret of a case."""

    number: Short
    secret: Short


class UploadBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Send the bytes with PATCH to `location` (tus 1.0.0), all at once or bit by bit, until then."""

    location: str
    length: int
    ends_at: Instant


class UploadShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes are safe; whole, `exhibit` names what it became."""

    offset: int
    length: int
    exhibit: str | None


class ExhibitShown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An exhibit, covered: `lies` where its bytes are not what it was declared as; `sha256` of its bytes."""

    exhibit: str
    kind: ExhibitKind
    about: About
    name: str
    declared: str
    sniffed: str
    lies: bool
    bytes: int
    sha256: str | None
    object: str
    scan: str
    standing: str
    captured_at: Instant
    captured_by: str
    derived_from: str | None
    watermark: Text | None = None


class LegalHoldShown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A hold that keeps a case from being erased."""

    id: str
    reason: HoldReason
    basis: str
    since: Instant
    until: Instant | None = None
    case: str | None = None


class ExhibitsShown(msgspec.Struct, frozen=True, kw_only=True):
    """The exhibits of a case, oldest first, and what holds it beside its being open."""

    case: str
    exhibits: list[ExhibitShown]
    legal_holds: list[LegalHoldShown]


class OriginShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where it came from; numbers and addresses covered."""

    actor: str
    channel: str
    device: str | None
    address_known: bool
    context: dict[str, str]


class TouchShown(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain of custody."""

    seq: int
    touch: str
    at: Instant
    by: str
    more: dict[str, Any]


class ExhibitViewed(ExhibitShown, frozen=True, kw_only=True):
    """An exhibit, covered, with its whole chain of custody."""

    origin: OriginShown | None
    custody: list[TouchShown]


class OpeningRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See an exhibit as it is: what for, and why."""

    purpose: Purpose
    reason: Why


class AccessShown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One look at somebody's data; `raw`: as it is, else covered."""

    at: Instant
    by: str
    what: str
    raw: bool
    purpose: str | None
    agreed_by: str | None
    exhibit: str | None = None
    field: str | None = None
    reason: str | None = None


class AccessesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked at one's data in a case, in order of time, and the exhibits that are kept in it."""

    case: str
    accesses: list[AccessShown]
    exhibits: list[ExhibitShown]


class HoldRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a case must not be erased, and the document that says so."""

    reason: HoldReason
    basis: Why


class InstrumentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of a card or an account."""

    number: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """What this merchant uses instead of the number; another one gets another."""

    token: str
    merchant: str
    masked: str


class NumberRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the number is needed for; it is written down."""

    purpose: Purpose


class NumberShown(msgspec.Struct, frozen=True, kw_only=True):
    """The number behind a token."""

    token: str
    merchant: str
    number: str
