"""What a challenge is about: a held operation, or something that is asked of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec

from countermand.confirmation.linking import Linked, linked_of_account, linked_of_hold
from countermand.confirmation.tiers import Asked
from countermand.flows.decided_operations import Archive, decided_operation
from countermand.flows.settle_holds import take_hold
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.authenticators import Purpose
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.holds import Hold, HoldState, Need
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.parties import Account
from countermand.work import Unit

ABOUT_HOLDS = frozenset({Purpose.OPERATION, Purpose.RELEASE})
# What is asked of an account weighs as much as the kind of operation that does the same.
_KIND_OF_PURPOSE = {
    Purpose.LIFT: Kind.CREDENTIAL_CHANGE,
    Purpose.LIMIT: Kind.LIMIT_CHANGE,
    Purpose.ENROL: Kind.CREDENTIAL_CHANGE,
}
_ANSWER = msgspec.json.Decoder(Answer)


class Accounts(Protocol):
    """Profiles, to be read."""

    async def find(self, account_id: str) -> Account | None:
        """What is known about an account. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is looked up before the unit opens: the account's profile, and the risk of the operation."""

    account: Account | None
    risk: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is being confirmed, locked: `hold` where it is an operation's."""

    linked: Linked
    asked: Asked
    hold: Hold | None


async def background_of(
    archive: Archive, accounts: Accounts, purpose: Purpose, ref: str, account: str
) -> Background:
    """The facts about an account (for an operation: its own) and the score of the decision.

    Raises NotFound (`unknown_operation`).
    """
    if purpose not in ABOUT_HOLDS:
        return Background(account=await accounts.find(account), risk=None)
    _, stored = await decided_operation(archive, ref)
    risk = _ANSWER.decode(stored.row.answer).decision.score
    return Background(account=await accounts.find(stored.row.account), risk=risk)


async def topic_of(unit: Unit, purpose: Purpose, ref: str, account: str, background: Background) -> Topic:
    """What this purpose on this ref confirms now; a hold is locked.

    Raises NotFound (`unknown_hold`), Conflict (`hold_ended`, `nothing_to_confirm`).
    """
    kyc = None if background.account is None else background.account.kyc_level
    if purpose not in ABOUT_HOLDS:
        kind = _KIND_OF_PURPOSE[purpose]
        linked = linked_of_account(purpose, ref, account)
        asked = Asked(kind=kind, amount_minor=None, currency=None, risk=None, kyc_level=kyc)
        return Topic(linked=linked, asked=asked, hold=None)
    hold = await take_hold(unit, ref)
    return Topic(
        linked=linked_of_hold(hold, purpose),
        asked=Asked(
            kind=Kind(hold.kind),
            amount_minor=hold.amount_minor,
            currency=hold.currency,
            risk=background.risk,
            kyc_level=kyc,
        ),
        hold=hold,
    )


def check_waits(topic: Topic, purpose: Purpose, now: int) -> None:
    """A confirmation is taken only of what waits for it.

    Raises Conflict (`hold_ended`, `nothing_to_confirm`).
    """
    hold = topic.hold
    if hold is None:
        return
    lapsing = bool(hold.unmet) and now >= hold.expires_at
    if hold.state is not HoldState.OPEN or lapsing:
        state = "lapsed" if lapsing else hold.state.value
        raise Conflict(
            "hold_ended",
            f"This operation waits no more ({state}); nothing can be confirmed.",
            f"该操作已不再等待确认（{state}）。",
            operation=hold.operation,
        )
    waits = Need.CHALLENGE in hold.unmet if purpose is Purpose.OPERATION else now < hold.until
    if not waits:
        raise Conflict(
            "nothing_to_confirm",
            "This operation does not wait for a confirmation of this purpose.",
            "该操作无需进行此项确认。",
            operation=hold.operation,
        )


def check_purpose(purpose: Purpose, *, about_holds: bool) -> None:
    """An operation's purposes are asked at its own address, an account's at the account's.

    Raises BadRequest (`wrong_purpose`).
    """
    if (purpose in ABOUT_HOLDS) is not about_holds:
        words = sorted(one.value for one in Purpose if (one in ABOUT_HOLDS) is about_holds)
        raise BadRequest(
            "wrong_purpose",
            f"Here a challenge is for {' or '.join(words)}.",
            f"此处的验证用途只能是 {'、'.join(words)}。",
            field="purpose",
        )
