"""Finding cases: queues by their nearest clock with live counts, and search by words, numbers and tags."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from countermand.cases.list_ports import Hit
from countermand.cases.numbers import read_number, spoken
from countermand.flows.address_book import Sealer
from countermand.flows.cursors import cursor_of, read_cursor
from countermand.flows.hidden_values import value_digest
from countermand.intake.blind_values import asked_of
from countermand.intake.redaction import mask
from countermand.intake.search_words import Part, highlights, parts_of, tsquery_of
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.vocabulary.queues import (
    SHIPPED_QUEUES,
    HeardPlace,
    ListedCase,
    Order,
    QueueFilter,
    QueuePlace,
    SavedQueue,
)
from countermand.work import Works

PAGE_CASES_MAX = 50
HITS_MAX = 50
SAVED_QUEUES_MAX = 40
SEARCH_CHARACTERS_MAX = 200
EXCERPT_CHARACTERS_MAX = 240


class FindingHouse(Protocol):
    """What finding needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def vault(self) -> Sealer: ...


async def list_cases(
    house: FindingHouse, wanted: QueueFilter, me: str, after: str = "", count_max: int = PAGE_CASES_MAX
) -> dict[str, Any]:
    """A page of cases in the order of the filter; `next` asks for the one behind.

    The nearest clock stands first unless it says otherwise: within a quarter of an hour the graver goes
    first, then who has proven who they are. Raises BadRequest (`bad_cursor`), Unavailable.
    """
    nearest = wanted.order is Order.NEAREST
    place = read_cursor(after, QueuePlace if nearest else HeardPlace) if after else None
    now, count = house.clock.now(), min(count_max, PAGE_CASES_MAX)
    async with house.works.open() as unit:
        found = await unit.case_lists.page(wanted, me, now, place, count + 1)
    page = found[:count]
    more = None
    if len(found) > count:
        last = page[-1]
        more = cursor_of(last.place if nearest else HeardPlace(last.heard_at, last.place.case))
    return {"cases": [shown_case(one, now) for one in page], "next": more}


async def filter_of(house: FindingHouse, name: str, me: str) -> QueueFilter:
    """What the queue of a name lets through: their own, everybody's, or a shipped one.

    Raises NotFound (`unknown_queue`), Unavailable.
    """
    async with house.works.open() as unit:
        for one in await unit.case_lists.saved(me):
            if one.name == name:
                return one.filter
    for shipped in SHIPPED_QUEUES:
        if shipped.name == name:
            return shipped.filter
    raise _unknown_queue(name)


async def list_queues(house: FindingHouse, me: str) -> dict[str, Any]:
    """Every queue of somebody with its count now, all counted in one statement. Raises Unavailable."""
    async with house.works.open() as unit:
        saved = await unit.case_lists.saved(me)
        filters = [*(one.filter for one in SHIPPED_QUEUES), *(one.filter for one in saved)]
        counts = await unit.case_lists.counts(filters, me, house.clock.now())
    rows = [
        {"name": one.name, "title": {"en": one.title.en, "zh": one.title.zh}, "whose": "shipped"}
        for one in SHIPPED_QUEUES
    ]
    rows += [
        {
            "name": one.name,
            "title": {"en": one.name, "zh": one.name},
            "whose": "mine" if one.staff else "shared",
        }
        for one in saved
    ]
    return {
        "queues": [
            {**row, "filter": msgspec.to_builtins(wanted), "count": count}
            for row, wanted, count in zip(rows, filters, counts, strict=True)
        ]
    }


async def save_queue(
    house: FindingHouse, name: str, wanted: QueueFilter, me: str, *, shared: bool
) -> dict[str, Any]:
    """Keep a filter under a name, for oneself or for everybody.

    Raises Conflict (`queue_shipped`: the name is taken for good; `too_many_queues`), Unavailable.
    """
    if any(one.name == name for one in SHIPPED_QUEUES):
        raise Conflict(
            "queue_shipped",
            f"Every desk has a queue {name}; take another name.",
            f"“{name}”是自带队列，请换名。",
        )
    staff = "" if shared else me
    async with house.works.open() as unit:
        mine = [one for one in await unit.case_lists.saved(me) if one.staff == staff]
        if len(mine) >= SAVED_QUEUES_MAX and name not in {one.name for one in mine}:
            raise Conflict(
                "too_many_queues",
                f"There are {SAVED_QUEUES_MAX} saved queues already; remove one first.",
                f"已保存 {SAVED_QUEUES_MAX} 个队列，请先删除一个。",
            )
        await unit.case_lists.save(SavedQueue(name, staff, wanted), house.clock.now(), me)
    return {"name": name, "shared": shared, "filter": msgspec.to_builtins(wanted)}


async def drop_queue(house: FindingHouse, name: str, me: str, *, shared: bool) -> dict[str, Any]:
    """Forget a saved queue. Raises NotFound (`unknown_queue`), Unavailable."""
    async with house.works.open() as unit:
        if not await unit.case_lists.drop(name, "" if shared else me):
            raise _unknown_queue(name)
    return {"name": name, "removed": True}


async def search_cases(house: FindingHouse, search: str, me: str, after: str = "") -> dict[str, Any]:
    """Cases by number or tag, and masked messages by words and by whole numbers said in them, newest first.

    Whole numbers are looked up by their keyed digest and shown back masked. Messages of cases that are about
    `me` or my kin are left out: nobody reads in their own case. Raises BadRequest (`nothing_to_find`,
    `bad_cursor`), Unavailable.
    """
    text = search.strip()[:SEARCH_CHARACTERS_MAX]
    number = read_number(text)
    asked = asked_of("" if number else text)
    parts = parts_of(text if number else asked.words)
    if not parts and not asked.values:
        raise BadRequest(
            "nothing_to_find",
            "Give a word, a case number, a tag or a whole phone or card number.",
            "请输入词语、案件编号、标签，或完整的手机号、卡号。",
            field="q",
        )
    before = read_cursor(after, tuple[int, str]) if after else None
    digests = [value_digest(house.vault, value) for value in asked.values]
    now = house.clock.now()
    async with house.works.open() as unit:
        lists = unit.case_lists
        cases = [] if after else await lists.listed([number] if number else [], text, PAGE_CASES_MAX)
        own = (await unit.desk.member(me)).own
        found = await lists.hits(tsquery_of(parts), digests, sorted(own), before, HITS_MAX + 1)
    page = found[:HITS_MAX]
    more = cursor_of((page[-1].at, page[-1].message)) if len(found) > HITS_MAX else None
    return {
        "search": mask(text).text,
        "cases": [shown_case(one, now) for one in cases],
        "messages": [_shown_hit(one, parts) for one in page],
        "next": more,
    }


def shown_case(one: ListedCase, now: int) -> dict[str, Any]:
    """A line of a list for a door."""
    place, snoozed = one.place, one.snoozed_until
    return {
        "case": spoken(one.number),
        "risk": place.risk,
        "stage": one.stage,
        "ball": one.ball,
        "contained": one.contained,
        "category": one.category,
        "channel": one.channel,
        "proven": not place.unproven,
        "clock": one.clock,
        "due_at": None if one.clock is None else rfc3339(place.due_at),
        "seconds_left": None if one.clock is None else (place.due_at - now) // 1_000_000,
        "overdue": one.overdue,
        "warned": one.warned,
        "owner": one.owner,
        "team": one.team,
        "account": one.account,
        "heard_at": rfc3339(one.heard_at),
        "snoozed_until": None if snoozed is None else rfc3339(snoozed),
        "tags": list(one.tags),
    }


def _shown_hit(one: Hit, parts: tuple[Part, ...]) -> dict[str, Any]:
    """The message around its first match, and where the matches stand in what is shown."""
    places = highlights(one.masked, parts)
    first = places[0][0] if places else 0
    start = max(0, first - EXCERPT_CHARACTERS_MAX // 4)
    end = min(len(one.masked), start + EXCERPT_CHARACTERS_MAX)
    return {
        "case": spoken(one.number),
        "message": one.message,
        "at": rfc3339(one.at),
        "direction": one.direction,
        "channel": one.channel,
        "stage": one.stage,
        "risk": one.risk,
        "category": one.category,
        "owner": one.owner,
        "text": one.masked[start:end],
        "cut": start > 0 or end < len(one.masked),
        "highlights": [[a - start, b - start] for a, b in places if start <= a and b <= end],
    }


def _unknown_queue(name: str) -> NotFound:
    return NotFound("unknown_queue", f"There is no queue {name!r}.", f"没有名为 {name!r} 的队列。")
