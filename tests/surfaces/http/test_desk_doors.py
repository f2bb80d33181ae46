"""Goal: the doors of the desk do what the stories do, for whom the stories let. Method: over a real house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.stage import POLICY

REPORT = {
    "channel": "app",
    "text": "刚才有一笔转账不是我操作的，电话13812345678",
    "standing": "proven",
    "account": "a-1",
}


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Any) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A door over a house, and a client for each of some people."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house, open_door(make_front(house), "127.0.0.1", 0) as address:
        clients = {}
        for name, role in (("li", Role.AGENT), ("chen", Role.APPROVER), ("root", Role.ADMIN)):
            _, key = await create_key(house, name, ["desk"], "test", staff=name, roles=[role])
            clients[name] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        _, key = await create_key(house, "app", ["contain"], "test")
        clients["app"] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        yield clients
        for client in clients.values():
            await client.aclose()


async def test_a_case_from_report_to_appeal_through_its_doors(real: dict[str, httpx.AsyncClient]) -> None:
    """Taken, answered, decided, looked at, appealed by receipt; versions and roles hold on the way."""
    li, chen, root = real["li"], real["chen"], real["root"]
    receipt = (await real["app"].post("/v1/reports", json=REPORT)).json()
    case = f"/v1/cases/{receipt['case']}"
    taken = (await li.post(f"{case}/take", json={})).json()
    stale = await li.post(f"{case}/note", json={"text": "x"}, headers={"if-match": str(taken["version"] - 1)})
    assert (stale.status_code, stale.json()["code"]) == (409, "case_changed")
    fresh = await li.post(
        f"{case}/note", json={"text": "电话核实"}, headers={"if-match": f'"{taken["version"]}"'}
    )
    assert fresh.json()["version"] == taken["version"] + 1
    bad = await li.post(f"{case}/note", json={"text": "x"}, headers={"if-match": "new"})
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_request")

    assert (await root.get(case)).json()["messages"] == []
    shown = (await li.get(case)).json()
    message = next(one for one in shown["messages"] if one["direction"] == "in")
    assert "13812345678" not in str(shown)
    wanted = {"field": "contact", "purpose": "call_back", "reason": "回电"}
    text_of = f"{case}/messages/{message['id'].replace('/', '%2F')}/unmask"
    assert (await root.post(text_of, json=wanted)).status_code == 403
    seen = (await li.post(text_of, json=wanted)).json()
    assert "13812345678" in seen["text"]

    await li.post(f"{case}/move", json={"stage": "investigate"})
    decided = await li.post(f"{case}/decide", json={"outcome": "unauthorised_confirmed", "why": "设备不符"})
    assert decided.status_code == 200
    mine = {"number": receipt["number"], "secret": receipt["secret"]}
    followed = (await real["app"].post("/v1/cases/follow", json=mine)).json()
    assert [look["by"] for look in followed["disclosures"]] == ["li"]
    said = (await li.get(f"{case}/spoken-code")).json()["agent_says"]
    heard = await real["app"].post("/v1/cases/follow/spoken-code", json={**mine, "code": said})
    assert heard.json()["fits"]
    guess = await real["app"].post("/v1/cases/follow/spoken-code", json={**mine, "code": _other(said)})
    assert not guess.json()["fits"]
    appealed = await real["app"].post("/v1/cases/follow/appeal", json={**mine, "grounds": "金额不对"})
    assert appealed.status_code == 200, appealed.text
    review = {"upheld": False, "why": "金额核对无误"}
    assert (await li.post(f"{case}/review", json=review)).json()["code"] == "conflict_of_interest"
    assert (await chen.post(f"{case}/review", json=review)).status_code == 200


async def test_people_and_books_of_the_desk(real: dict[str, httpx.AsyncClient]) -> None:
    """An admin enters who takes what; everybody reads phrases, playbooks and macros."""
    entered = {"team": "zh-1", "skills": ["any"], "languages": ["zh"], "cases_max": 5, "own": ["a-9"]}
    assert (await real["li"].put("/v1/desk/staff/li", json=entered)).status_code == 403
    assert (await real["root"].put("/v1/desk/staff/li", json=entered)).json()["team"] == "zh-1"
    assert (await real["root"].put("/v1/desk/staff/nobody", json=entered)).json()["code"] == "unknown_staff"
    staff = (await real["li"].get("/v1/desk/staff")).json()["staff"]
    assert [one["name"] for one in staff] == ["chen", "li", "root"]
    assert "a-9" not in str(staff)
    books = (await real["li"].get("/v1/desk/books")).json()
    assert {one["id"] for one in books["playbooks"]} >= {"suggestion", "illegal-platform"}
    assert all(len(books[name]) > 2 for name in ("phrases", "playbooks", "macros"))


def _other(code: str) -> str:
    """A code that nobody said."""
    digits = "".join(letter for letter in code if letter.isdigit())
    return f"{(int(digits) + 1) % 10 ** len(digits):0{len(digits)}d}"
