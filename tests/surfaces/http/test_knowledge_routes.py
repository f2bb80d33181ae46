"""Goal: the doors of knowledge and of answers say what the stories do. Method: over a real house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.answer_message import answer_message
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.answers import Answered, InboundMessage
from flows.stage import POLICY
from intake.readings import reading_of


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A door over a house."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house:
        _, key = await create_key(house, "all", ("read", "confirm", "manage"), "test")
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
        ):
            yield client, house


async def test_search_answer_verdict_and_rate(real: tuple[httpx.AsyncClient, Any]) -> None:
    """A question finds its article; an answer is judged, handed over, read again and counted."""
    client, house = real
    found = (await client.get("/v1/knowledge", params={"q": "怎么解冻账户", "lang": "zh"})).json()["articles"]
    assert found[0]["article"] == "unfreeze-account"
    assert found[0]["words"]["zh"]["laws"]
    assert len((await client.get("/v1/knowledge")).json()["articles"]) >= 45
    assert (await client.get("/v1/knowledge", params={"lang": "fr"})).json()["code"] == "unknown_language"

    misspelt = await client.get("/v1/knowledge", params={"query": "怎么解冻账户"})
    assert (misspelt.status_code, misspelt.json()["field"]) == (400, "query")

    message = InboundMessage(
        id="m-1", case="c-1", party="p-1", channel="app", text="怎么解冻账户", reading=reading_of()
    )
    answer = await answer_message(house, message)
    assert isinstance(answer, Answered)
    assert answer.text_sha256 == found[0]["words"]["zh"]["text_sha256"]
    told = (await client.post(f"/v1/answers/{answer.reply}/verdict", json={"verdict": "no"})).json()
    assert told["hand_off"]["reasons"] == ["not_settled"]
    assert told["hand_off"]["tried"] == [{"article": "unfreeze-account", "version": 1, "said": "said_no"}]
    assert "unfreeze-account" in told["hand_off"]["summary"]["zh"]
    checked = await client.post(f"/v1/answers/{answer.reply}/check", json={"right": True})
    assert checked.json() == {"reply": answer.reply, "right": True}
    assert (await client.get("/v1/answers/checks")).json() == {"answers": []}

    rate = (await client.get("/v1/answers/rate")).json()
    assert rate["counts"]["waiting"] == 1
    assert (rate["confirmed"], rate["target"], rate["reached"]) == (None, 0.98, False)
    unknown = await client.post("/v1/answers/rp-none/verdict", json={"verdict": "yes"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_answer")
    for odd in ("yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-11-22T00:00:00"):
        bad = await client.get("/v1/answers/rate", params={"until": odd})
        assert (bad.status_code, bad.json()["field"]) == (400, "until")
