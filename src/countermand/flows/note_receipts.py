"""What became of an SMS after it was accepted: a receipt comes, or does not come in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from countermand.flows.send_notices import Post, end
from countermand.kernel.errors import NotFound
from countermand.vocabulary.notices import RECEIPT_TIMER, Sending, SendState
from countermand.vocabulary.timers import Timer
from countermand.work import Unit

# Kannel's delivery reports (user guide, "Delivery reports"): 1 delivered, 2 not delivered, 4 queued, 8 at the
# operator's centre, 16 refused there.
_ARRIVED, _LOST = frozenset({1}), frozenset({2, 16})


class ReceiptHouse(Protocol):
    """What this story needs of the house."""

    @property
    def post(self) -> Post: ...


async def note_receipt(house: ReceiptHouse, seq: int, proof: str, status: int) -> None:
    """A receipt; one that comes twice, or after the next channel was tried, does no harm.

    Raises NotFound (`unknown_receipt`) unless `proof` is that of the sending: nobody learns which there are.
    """
    post = house.post
    unknown = NotFound("unknown_receipt", "There is no such receipt.", "没有这样的回执。")
    if not post.doors.is_receipt(seq, proof):
        raise unknown
    async with post.works.open() as unit:
        name = await unit.notices.id_of(seq)
        sending = None if name is None else await unit.notices.lock(name)
        if sending is None:
            raise unknown
        subject = await _subject(unit, sending)
        if status in _ARRIVED and sending.state is not SendState.CONFIRMED:
            await unit.timers.cancel(RECEIPT_TIMER, [sending.id])
            await end(post, unit, sending, SendState.CONFIRMED, {"receipt": status}, subject)
        elif status in _LOST and sending.state in (SendState.STARTED, SendState.ACCEPTED):
            await unit.timers.cancel(RECEIPT_TIMER, [sending.id])
            await end(post, unit, sending, SendState.REFUSED, {"receipt": status}, subject)


def receipt_handler(post: Post) -> Callable[[Unit, list[Timer]], Awaitable[None]]:
    """What happens when a receipt has not come in time: the next channel."""

    async def settle(unit: Unit, timers: list[Timer]) -> None:
        for timer in sorted(timers, key=lambda one: one.ref):
            sending = await unit.notices.lock(timer.ref)
            if sending is not None and sending.state is SendState.ACCEPTED:
                said = {**(sending.answer or {}), "receipt": None}
                subject = await _subject(unit, sending)
                await end(post, unit, sending, SendState.UNCONFIRMED, said, subject)

    return settle


async def _subject(unit: Unit, sending: Sending) -> str | None:
    notice = await unit.notices.find(sending.notice)
    if notice is None or notice.account is None:
        return None
    return (await unit.handles([notice.account])).get(notice.account)
