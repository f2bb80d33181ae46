"""Notices in the product: the list of an account, and a stream that goes on where somebody left off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from countermand.flows.send_notices import Post
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest, NotFound, Unavailable
from countermand.oversight.notice_words import words_of
from countermand.vocabulary.notices import Notice, NoticeChannel, Sending
from countermand.work import Works

PAGE_NOTICES_MAX = 100
STREAM_BATCH_MAX = 100
STREAMS_MAX = 1000
# A stream that has nothing to say says so, before anything in between closes the connection.
HEARTBEAT_SECONDS = 15.0
_LAST = 2**63 - 1


class NoticeShelf(Protocol):
    """What was told, to be looked at; all raise Unavailable."""

    async def after(self, account: str, seq: int, count_max: int) -> list[Notice]:
        """Notices of an account behind number `seq`, in order."""
        ...

    async def before(self, account: str, seq: int, count_max: int) -> list[Notice]:
        """The newest notices of an account before number `seq`, newest first."""
        ...

    async def sendings(self, notices: Collection[str]) -> list[Sending]:
        """The sendings of these notices, in order."""
        ...

    async def revocable(self, accounts: Collection[str]) -> list[str]:
        """Operations of these accounts that wait, or were just released, the oldest first."""
        ...

    async def texted(self, point: bytes, kinds: Collection[str], since: int, now: int) -> list[Notice]:
        """Notices of these kinds that went by SMS to a number that is, or lately was, its account's."""
        ...


class Bell:
    """Rings when notices were written, for all who wait. `streams` counts them."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.streams = 0
        self.closed = False

    @property
    def next(self) -> asyncio.Event:
        """Set at the next ring; take it before looking, so that nothing comes in between."""
        return self._event

    async def changed(self, connection: Any, noticed: bool) -> None:
        """Called when notices were written, and every few seconds: a message may have been lost."""
        self.ring()

    def ring(self) -> None:
        """Wake everybody."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        self.ring()


@dataclass(frozen=True, slots=True)
class Telling:
    """What a house has of notices."""

    post: Post
    shelf: NoticeShelf
    bell: Bell


class NoticeDesk(Protocol):
    """What looking at notices needs."""

    @property
    def works(self) -> Works: ...

    @property
    def post(self) -> Post: ...

    @property
    def notice_shelf(self) -> NoticeShelf: ...

    @property
    def clock(self) -> Clock: ...


class StreamHouse(NoticeDesk, Protocol):
    """What a stream needs besides."""

    @property
    def bell(self) -> Bell: ...


async def list_notices(house: NoticeDesk, account: str, before: str = "") -> dict[str, Any]:
    """A page of notices, newest first, before the one with number `before`; with what came of each.

    Raises BadRequest (`bad_notice_number`), Unavailable.
    """
    found = await house.notice_shelf.before(account, number_of(before, _LAST), PAGE_NOTICES_MAX)
    sendings = await house.notice_shelf.sendings([one.id for one in found])
    timezone = await _timezone(house, account)
    return {"account": account, "notices": [_shown(house, one, timezone, sendings) for one in found]}


async def show_notice(house: NoticeDesk, notice: str) -> dict[str, Any]:
    """One notice by its id. Raises NotFound (`unknown_notice`), Unavailable."""
    async with house.works.open() as unit:
        found = await unit.notices.find(notice)
        sendings = await unit.notices.sendings(notice)
    if found is None:
        raise NotFound("unknown_notice", "There is no notice with this id.", "没有该 id 的通知。")
    return _shown(house, found, await _timezone(house, found.account or ""), sendings)


def require_room(house: StreamHouse, after: str | None) -> None:
    """Raises Unavailable (`too_many_streams`), BadRequest (`bad_notice_number`)."""
    number_of(after or "", 0)
    if house.bell.streams >= STREAMS_MAX:
        raise Unavailable(
            "too_many_streams",
            "Too many streams of notices are open here; ask for the list instead.",
            "当前打开的通知流过多；请改用列表查询。",
        )


async def follow_notices(
    house: StreamHouse, account: str, after: str | None
) -> AsyncIterator[dict[str, Any] | None]:
    """Every notice behind number `after`, then each as it comes; None when there was none for a while.

    Without `after`: only what comes from now on. Ask `require_room` before. It ends when the house closes.
    Raises Unavailable.
    """
    bell = house.bell
    bell.streams += 1
    try:
        position = await _start(house, account, after)
        timezone = await _timezone(house, account)
        while not bell.closed:
            ring = bell.next
            found = await house.notice_shelf.after(account, position, STREAM_BATCH_MAX)
            for notice in found:
                assert notice.seq is not None, "it was read back"
                position = notice.seq
                yield _shown(house, notice, timezone, ())
            if len(found) < STREAM_BATCH_MAX and not await rings(ring, HEARTBEAT_SECONDS):
                yield None
    finally:
        bell.streams -= 1


async def _start(house: StreamHouse, account: str, after: str | None) -> int:
    if after:
        return number_of(after, 0)
    newest = await house.notice_shelf.before(account, _LAST, 1)
    return (newest[0].seq or 0) if newest else 0


async def rings(ring: asyncio.Event, seconds: float) -> bool:
    """Whether it rings within so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ring.wait()
    return ring.is_set()


def number_of(text: str, none: int) -> int:
    """The number of a notice in the feed. Raises BadRequest (`bad_notice_number`)."""
    if not text:
        return none
    if not text.isascii() or not text.isdigit() or int(text) > _LAST:
        raise BadRequest(
            "bad_notice_number",
            "This is no number of a notice: give the seq of one.",
            "这不是通知的序号：请填写某条通知的 seq。",
        )
    return int(text)


async def _timezone(house: NoticeDesk, account: str) -> str:
    async with house.works.open() as unit:
        stored = await unit.contacts.of(account)
    return house.post.addresses.opened(account, None).contacts.timezone if stored is None else stored.timezone


def _shown(house: NoticeDesk, notice: Notice, timezone: str, sendings: Sequence[Sending]) -> dict[str, Any]:
    words = words_of(notice, house.post.pack, timezone, house.clock.now())
    return {
        "seq": str(notice.seq),
        "id": notice.id,
        "kind": notice.kind,
        "urgency": notice.urgency.value,
        "account": notice.account,
        "operation": notice.operation,
        "at": rfc3339(notice.at),
        "title": words.title,
        "text": words.text,
        "sendings": [
            {"channel": one.channel.value, "state": one.state.value, "ended_at": _time(one.ended_at)}
            for one in sendings
            if one.notice == notice.id and one.channel is not NoticeChannel.FEED
        ],
    }


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
