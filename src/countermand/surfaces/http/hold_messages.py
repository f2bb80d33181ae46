"""What the routes of held operations take and give."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from countermand.kernel.money import Money
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.operations import Identifier, Word


class RevokeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in one word of the institution's; none is needed."""

    cause: Word = "not_wanted"


class ReleaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The proof that ends the wait early: a challenge that was passed for this operation."""

    proof: Identifier


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """A held operation; `needs` must all be `met` before `until`, else it lapses at `expires_at`."""

    operation: str
    account: str
    kind: str
    amount: Money | None
    counterparty: str | None
    state: Annotated[str, msgspec.Meta(pattern="^(open|released|executed|failed|revoked|lapsed)$")]
    placed_at: Instant
    until: Instant
    expires_at: Instant
    needs: list[str]
    met: list[str]
    ended_at: Instant | None
    ended_by: str | None
    cause: str | None


class HoldStatus(HoldShown, frozen=True, kw_only=True):
    """With what a person wants to know: where it stands, the countdown, what is missing, how to undo it."""

    now: Instant
    seconds_left: int | None
    waits_for: list[str]
    status: Text
    waits: Text | None
    undo: Text | None


class HoldPage(msgspec.Struct, frozen=True):
    """Holds in order of operation; `reserved`, for one account: what open and released ones would take."""

    holds: list[HoldShown]
    reserved: list[Money]


class RevokedShown(msgspec.Struct, frozen=True):
    """`revoked`: it can never take effect. Else the bank was asked to stop it, and a notice tells the end."""

    operation: str
    revoked: bool
    state: str
    since: Instant
    text: Text


class PermitShown(msgspec.Struct, frozen=True):
    """A compact JWS; the keys to check it are at `/v1/permits/keys`."""

    operation: str
    permit: str
    expires_at: Instant


class PermitKeys(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class IncomingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits before it arrives; `by` then it has, or it does not come."""

    state: Annotated[str, msgspec.Meta(pattern="^pending$")]
    amount: Money | None
    since: Instant
    by: Instant
    text: Text


class IncomingPage(msgspec.Struct, frozen=True, kw_only=True):
    """What waits on its way to an account, newest first, fifty at most."""

    account: str
    incoming: list[IncomingShown]
