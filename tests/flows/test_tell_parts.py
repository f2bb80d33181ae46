"""Goal: a reply to a whole reaches the reporter of every part, in their channel and language, once.

Method: a house on a database of its own; what lies in the outbox, and what each receipt shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.act_on_case import act_on_case
from countermand.flows.house import House
from countermand.flows.merge_cases import merge, unmerge
from countermand.flows.show_case import dossier_of, for_customer
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.acts import Macro, Reply
from countermand.vocabulary.reports import Channel, Sender, Standing
from flows.case_stage import NOT_ME, QUESTION, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import NOON

PORTS = frozenset({"notices", "replies.wechat", "replies.chat", "replies.app"})


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as made:
        yield made


def desk_of(house: House) -> Any:
    """Its desk, with channels that carry answers."""
    return replace(house.case_desk, effect_ports=PORTS)


def from_(address: str) -> Sender:
    """Somebody whom their channel knows."""
    return Sender(address=address, standing=Standing.LIKELY)


async def shown(house: House, number: str) -> list[str]:
    """What the holder of a receipt reads as said by us."""
    seen = for_customer(await dossier_of(house.reception, number), NOON, "Asia/Shanghai")
    return [one["text"] for one in seen["messages"] if one["from"] == "us"]


async def sent(tables: Any) -> list[tuple[str, str]]:
    """Which ports were given an answer for which case."""
    rows = await tables.fetch("SELECT port, body FROM effect WHERE port LIKE 'replies.%' ORDER BY seq")
    return [(row["port"], row["body"]) for row in rows]


async def merged(house: House) -> tuple[Any, str, list[str]]:
    """Three reports of one thing: by chat, on WeChat in English, and the first sender once more."""
    li = await somebody(house, "li")
    into = await opened(house, NOT_ME, account=None, channel=Channel.WECHAT, sender=from_("openid-1"))
    english = "Somebody used my card, this was not me"
    parts = [
        await opened(
            house, english, account=None, channel=Channel.WECHAT, sender=from_("openid-2"), language="en"
        ),
        await opened(house, QUESTION, account="a-9", channel=Channel.APP),
        await opened(house, "还是那件事", account=None, channel=Channel.WECHAT, sender=from_("openid-1")),
    ]
    await merge(house.case_desk, into, parts, li)
    return li, into, parts


async def test_every_reporter_hears_once_in_their_channel_and_language(house: House, tables: Any) -> None:
    """Who wrote two of the parts is written to once; each receipt shows it, and the whole shows it once."""
    li, into, parts = await merged(house)
    phrase = next(name for name in sorted(house.case_desk.phrases))
    values = {"values": dict.fromkeys(("amount", "time", "reason", "documents", "by", "what"), "x")}
    told = await act_on_case(
        desk_of(house), into, Reply(text="收到，正在核实。", phrases=(phrase,), **values), li
    )
    assert told["told_parts"] == 3
    assert [port for port, _ in await sent(tables)] == ["replies.wechat", "replies.wechat", "replies.app"]
    notices = await tables.fetch("SELECT body FROM effect WHERE action = 'case_answered'")
    assert len(notices) == 1
    assert "a-9" in str(notices[0]["body"])
    texts = [await shown(house, number) for number in parts]
    assert [len(one) for one in texts] == [1, 1, 1]
    words = house.case_desk.phrases[phrase].text
    assert words.en[:12] in texts[0][0]
    assert words.zh[:4] in texts[1][0]
    assert len(await shown(house, into)) == 1
    assert sum(one.direction == "out" for one in (await dossier_of(house.reception, into)).messages) == 1


async def test_the_first_word_keeps_the_promise_to_every_reporter(house: House, clock: ManualClock) -> None:
    """Also by a macro; and after the merge is undone each keeps what they were told."""
    li, into, parts = await merged(house)
    macro = next(
        one.id for one in house.case_desk.macros.values() if any(isinstance(act, Reply) for act in one.acts)
    )
    names = dict.fromkeys(("amount", "time", "reason", "documents", "by", "what"), "x")
    await act_on_case(desk_of(house), into, Macro(macro=macro, values=names), li)
    for number in (into, *parts):
        dossier = await dossier_of(house.reception, number)
        contact = [one for one in dossier.promises if one.code == "human_contact"]
        assert contact
        assert all(one.kept_at is not None for one in contact)
    await unmerge(house.case_desk, into, li)
    assert [len(await shown(house, number)) for number in (into, *parts)] == [1] * 4
