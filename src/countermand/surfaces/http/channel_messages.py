"""What the doors of the hotline, the counter and spoken codes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.surfaces.http.report_messages import Language, ReceiptShown, Said, Short
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.operations import Identifier

_Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}[0-9Xx]$(?!\n)")]
Proof = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]


class PromiseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was promised, and by when."""

    what: Literal["contact", "answer", "result", "money"]
    due_at: _Moment


class CallRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A call after its end. `caller` is the number shown; `proof` that of a check of last digits."""

    call: Identifier
    agent: Identifier
    text: Annotated[Said, msgspec.Meta(min_length=1)]
    said_at: _Moment | None = None
    language: Language | None = None
    caller: Short | None = None
    account: Identifier | None = None
    document: Short | None = None
    proof: Proof | None = None
    stop: Preset | None = None
    case: Short | None = None
    promise: PromiseRequest | None = None


class SpokenReceiptShown(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of a call: who took it down, what was promised; a warning where a secret was typed."""

    receipt: ReceiptShown
    staff: str
    at: Instant
    promise: Text
    warning: Text | None


class DocumentShownAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paper that was shown at a counter."""

    kind: Identifier
    form: Literal["original", "copy"]


class VisitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A visit at a counter. `checked_by` compared the face with the document; `proofs` are others passed."""

    visit: Identifier
    branch: Identifier
    staff: Identifier
    text: Annotated[Said, msgspec.Meta(min_length=1)]
    said_at: _Moment | None = None
    language: Language | None = None
    account: Identifier | None = None
    document: Short | None = None
    documents: Annotated[tuple[DocumentShownAt, ...], msgspec.Meta(max_length=20)] = ()
    checked_by: Identifier | None = None
    proofs: Annotated[
        tuple[Literal["card_present", "card_chip", "app_confirmed", "known_questions"], ...],
        msgspec.Meta(max_length=4),
    ] = ()
    stop: Preset | None = None
    case: Short | None = None
    promise: PromiseRequest | None = None


class VisitShown(SpokenReceiptShown, frozen=True, kw_only=True):
    """And what is printed: the lines of the receipt, what its square says, and which papers would help."""

    missing: list[dict[str, Any]]
    qr: str
    paper: list[Text]


class LastFoursRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last four of an account's cards and documents; they are kept as keyed digests only."""

    last_fours: Annotated[tuple[Digits, ...], msgspec.Meta(max_length=50)]


class LastFoursShown(msgspec.Struct, frozen=True):
    """How many are known now."""

    account: str
    registered: int


class CallerCheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Four digits that a caller said or keyed in; `caller` is the number shown, if any."""

    call: Identifier
    last_four: Digits
    caller: Short | None = None


class CallerChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether they fit; `person`: no more are taken, somebody goes on. What was wrong is never told."""

    confirmed: bool
    person: bool
    account: str | None
    proof: str | None
    text: Text


class SpokenCodeShown(msgspec.Struct, frozen=True, kw_only=True):
    """The code that an agent says; `you_say` only to the holder. Good until then, for this case."""

    case: str
    agent_says: str
    you_say: str | None
    until: Instant


class CodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code that a customer said."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9 -]{6,12}$(?!\n)")]


class FollowCodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and secret of a receipt, and the code said by somebody who claims to be us."""

    number: Short
    secret: Short
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9 -]{6,12}$(?!\n)")]


class CodeChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is theirs to say, now."""

    fits: bool
    text: Text
