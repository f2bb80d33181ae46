"""Goal: a request that comes again with its idempotency key has one effect and one answer.

Method: over a real house on real PostgreSQL; where a crash is meant, the answer is kept from being kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import MICROS_PER_DAY, ManualClock
from countermand.kernel.errors import Unavailable
from countermand.settings import Settings
from countermand.surfaces.http import replays
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.routes import ROUTE_HANDLERS
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.stage import NOON, POLICY
from surfaces.http.test_desk_doors import REPORT

AGAIN = 100
# Written for a known key, and yet each repetition is seen: a look, a presence, a question.
FRESH = {
    "/v1/cases/{number:str}/messages/{message:str}/unmask",
    "/v1/cases/{number:str}/presence",
    "/v1/cases/{number:str}/draft",
    "/v1/purposes/{purpose:str}/statement",
    "/v1/operations/{operation_id:str}/consent/statement",
    "/v1/operations/{operation_id:str}/permit",
    "/v1/contain/preview",
    "/v1/sessions/check",
    "/v1/accounts/{account_id:str}/entries",
    "/v1/cases/{number:str}/exhibits/unlock",
    "/v1/policies/check",
}
OWN = {"/v1/contain", "/v1/police-stops", "/v1/reports"}


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Any) -> AsyncIterator[dict[str, Any]]:
    """A door over a house with a manual clock, clients of two agents and an admin, and a case of theirs."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    clock = ManualClock(NOON)
    async with open_house(settings, clock) as house, open_door(make_front(house), "127.0.0.1", 0) as address:
        people: dict[str, Any] = {"clock": clock}
        for name, role in (("li", Role.AGENT), ("wang", Role.AGENT), ("root", Role.ADMIN)):
            scopes = ["desk", "admin"] if role is Role.ADMIN else ["desk"]
            _, key = await create_key(house, name, scopes, "test", staff=name, roles=[role])
            people[name] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        _, key = await create_key(house, "app", ["contain"], "test")
        async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as app:
            receipt = (await app.post("/v1/reports", json=REPORT)).json()
        yield {**people, "case": f"/v1/cases/{receipt['case']}"}
        for name in ("li", "wang", "root"):
            await people[name].aclose()


def keyed(key: str) -> dict[str, str]:
    """The header of a key."""
    return {"idempotency-key": key}


async def notes(real: dict[str, Any]) -> int:
    """How many notes the case has."""
    shown = (await real["li"].get(real["case"])).json()
    return sum(one["direction"] == "note" for one in shown["messages"])


async def test_a_hundred_repetitions_at_once_have_one_effect_and_one_answer(real: dict[str, Any]) -> None:
    """Byte for byte, in whatever order they arrive; the same act under another key is another one."""
    li, path = real["li"], f"{real['case']}/note"
    asked = [li.post(path, json={"text": "电话核实"}, headers=keyed("k-1")) for _ in range(AGAIN)]
    answers = await asyncio.gather(*asked)
    assert {(one.status_code, one.content) for one in answers} == {(200, answers[0].content)}
    assert sum(replays.REPLAYED in one.headers for one in answers) == AGAIN - 1
    assert await notes(real) == 1
    await li.post(path, json={"text": "电话核实"}, headers=keyed("k-2"))
    await real["wang"].post(path, json={"text": "电话核实"}, headers=keyed("k-1"))
    assert await notes(real) == 3


async def test_a_key_is_for_one_request(real: dict[str, Any]) -> None:
    """Other words, another path: 409 and nothing done; the same words written another way: the same."""
    li, case = real["li"], real["case"]
    first = await li.post(f"{case}/tag", json={"tag": "vip", "on": True}, headers=keyed("k-1"))
    turned = await li.post(f"{case}/tag", content=b'{"on":true, "tag":"vip"}',
                           headers={**keyed("k-1"), "content-type": "application/json"})  # fmt: skip
    assert (turned.status_code, turned.content) == (200, first.content)
    other = await li.post(f"{case}/tag", json={"tag": "other"}, headers=keyed("k-1"))
    elsewhere = await li.post(f"{case}/take", json={}, headers=keyed("k-1"))
    assert [one.json()["code"] for one in (other, elsewhere)] == ["key_reused"] * 2
    bad = await li.post(f"{case}/take", json={}, headers=keyed("k" * 201))
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_key")


async def test_a_refusal_is_not_kept(real: dict[str, Any]) -> None:
    """What was refused has done nothing: with the same key it may be tried again."""
    li, case = real["li"], real["case"]
    move = {"json": {"stage": "remedy"}, "headers": keyed("k-1")}
    assert (await li.post(f"{case}/move", **move)).json()["code"] == "stage_not_next"
    await li.post(f"{case}/move", json={"stage": "investigate"})
    await li.post(f"{case}/decide", json={"outcome": "unauthorised_confirmed", "why": "设备不符"})
    assert (await li.post(f"{case}/move", **move)).status_code == 200


async def test_an_act_whose_answer_was_lost_is_not_done_again(
    real: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key commits with the act: a server that dies between act and answer cannot do it twice."""

    async def dies(*_: Any) -> None:
        raise Unavailable("database_away", "The database is away.", "数据库不可用。")

    monkeypatch.setattr(replays, "keep_answer", dies)
    said = {"json": {"text": "一次"}, "headers": keyed("k-1")}
    assert (await real["li"].post(f"{real['case']}/note", **said)).status_code == 200
    again = await real["li"].post(f"{real['case']}/note", **said)
    assert (again.status_code, again.json()["code"]) == (409, "answer_lost")
    assert await notes(real) == 1


async def test_two_servers_that_do_not_know_each_other_do_it_once(
    real: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the turns of one process the database itself refuses the second."""

    async def no_turn(self: Any, name: Any) -> None:
        self._turns[name] = replays._Turn(users=100)
        await self._turns[name].lock.acquire()

    monkeypatch.setattr(replays.Replays, "_wait", no_turn)
    monkeypatch.setattr(replays.Replays, "_go", lambda *_: None)
    said = {"json": {"text": "一次"}, "headers": keyed("k-1")}
    answers = await asyncio.gather(*(real["li"].post(f"{real['case']}/note", **said) for _ in range(6)))
    codes = {one.json().get("code", "done") for one in answers}
    assert codes <= {"done", "key_in_use", "answer_lost"}
    assert "done" in codes
    assert await notes(real) == 1


async def test_keys_are_forgotten_after_a_week_and_answers_are_sealed(
    real: dict[str, Any], database_dsn: str
) -> None:
    """Then the key is as good as new, and rows that ran out go by themselves."""
    path = f"{real['case']}/note"
    await real["li"].post(path, json={"text": "13812345678"}, headers=keyed("k-1"))
    tables = await asyncpg.connect(database_dsn)
    row = await tables.fetchrow("SELECT status, answer FROM kept_act")
    assert row["status"] == 200
    assert b"version" not in row["answer"]
    real["clock"].advance(7 * MICROS_PER_DAY + 1)
    again = await real["li"].post(path, json={"text": "另一条"}, headers=keyed("k-1"))
    assert again.status_code == 200
    assert await notes(real) == 2
    real["clock"].advance(7 * MICROS_PER_DAY + 1)
    await real["li"].post(path, json={"text": "又一条"}, headers=keyed("k-2"))
    left = [row["key"] for row in await tables.fetch("SELECT key FROM kept_act")]
    await tables.close()
    assert left == ["k-2"]


async def test_deliveries_and_staff_too(real: dict[str, Any]) -> None:
    """One mechanism for every door that writes, also where no case has a version."""
    root, entered = real["root"], {"team": "zh-1"}
    answers = [await root.put("/v1/desk/staff/li", json=entered, headers=keyed("k-1")) for _ in range(3)]
    assert len({one.content for one in answers}) == 1
    hook = {"url": "https://example.com/hook", "events": ["closed"]}
    first, again = [await root.put("/v1/webhooks/crm", json=hook, headers=keyed("k-2")) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert again.json()["secret"] == first.json()["secret"]


def test_every_route_that_writes_takes_a_key() -> None:
    """But for those that keep their own, and those whose every repetition is to be seen."""
    left_out = {
        path
        for one in ROUTE_HANDLERS
        for path in one.paths
        if "scope" in one.opt and _writes(one) and not replays.takes_key(one)
    }
    assert left_out == FRESH | OWN


def _writes(handler: Any) -> bool:
    return not set(map(str, handler.http_methods)) <= {"GET", "HEAD", "OPTIONS"}
