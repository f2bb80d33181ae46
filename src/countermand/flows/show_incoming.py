"""What is on its way to a customer and waits: they are told “pending”, and nothing of who sends it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.operations import PAYS_SOMEBODY

INCOMING_MAX = 50
PENDING = Text(
    en="A payment to you is pending. It has not arrived, and it may not come. Send nothing and pay nothing "
    "back for it before it is in your account.",
    zh="有一笔付给您的款项待处理。款项尚未到账，也可能不会到账。到账之前，请勿发货，也不要为此退款。",
)


class IncomingShelf(Protocol):
    """Holds by who is to receive."""

    async def coming_to(self, account: str, kinds: Collection[str], count_max: int) -> list[Hold]:
        """Those on their way to an account of this house, newest first. Raises Unavailable."""
        ...


async def show_incoming(shelf: IncomingShelf, account: str) -> dict[str, Any]:
    """What waits on its way to an account: amounts and times, in plain words. Raises Unavailable.

    Nothing of the payer, and not why it waits: what the receiving bank shows of a pending payment is no more.
    `by`: it has arrived then, or it does not come.
    """
    found = await shelf.coming_to(account, sorted(kind.value for kind in PAYS_SOMEBODY), INCOMING_MAX)
    return {
        "account": account,
        "incoming": [
            {
                "state": "pending",
                "amount": None
                if hold.amount_minor is None
                else {"minor": hold.amount_minor, "currency": hold.currency},
                "since": rfc3339(hold.placed_at),
                "by": rfc3339(max(hold.until, hold.expires_at)),
                "text": PENDING,
            }
            for hold in found
        ],
    }
