"""Goal: evidence comes in, is seen and opened through its doors as tus 1.0.0 and the roles say.

Method: a door over a real house; an upload is cut on the wire itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.stage import POLICY

REPORT = {"channel": "app", "text": "这笔转账不是我操作的", "standing": "proven", "account": "a-1"}
WANTED = {"purpose": "investigate", "reason": "核对金额"}
TUS = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Any) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A door over a house, and a client for each of some people."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    people = {"li": Role.AGENT, "wang": Role.INVESTIGATOR, "zhao": Role.APPROVER}
    async with open_house(settings) as house, open_door(make_front(house), "127.0.0.1", 0) as address:
        clients = {"nobody": httpx.AsyncClient(base_url=address)}
        for name, role in people.items():
            _, key = await create_key(house, name, ["desk"], "test", staff=name, roles=[role])
            clients[name] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        for name, scope in (("app", "contain"), ("pay", "detokenise")):
            _, key = await create_key(house, name, [scope], "test")
            clients[name] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        yield clients
        for client in clients.values():
            await client.aclose()


async def cut(client: httpx.AsyncClient, place: str, content: bytes, sent: int) -> None:
    """A PATCH that announces all of the content and breaks off."""
    address = urlsplit(str(client.base_url))
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"PATCH {place} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
    head += f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content[:sent])
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def offset_of(client: httpx.AsyncClient, place: str) -> int:
    """How far an upload is."""
    return int((await client.head(place)).headers["upload-offset"])


async def test_evidence_by_receipt_cut_and_gone_on(real: dict[str, httpx.AsyncClient]) -> None:
    """Without a login a picture comes over a bad line; two people open it; the customer reads who did."""
    nobody, wang, zhao = real["nobody"], real["wang"], real["zhao"]
    receipt = (await real["app"].post("/v1/reports", json=REPORT)).json()
    mine = {"number": receipt["number"], "secret": receipt["secret"]}
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(2_000_000)
    asked = {**mine, "kind": "screenshot", "name": "a.png", "media_type": "image/png", "bytes": len(content)}
    assert (await nobody.post("/v1/cases/follow/exhibits", json={**asked, "secret": "x"})).status_code == 404
    begun = await nobody.post("/v1/cases/follow/exhibits", json=asked)
    assert (begun.status_code, begun.headers["tus-resumable"]) == (201, "1.0.0")
    place = begun.headers["location"]

    await cut(nobody, place, content, 1_300_000)
    while not 0 < (at := await offset_of(nobody, place)) <= 1_300_000:  # noqa: ASYNC110 - asked as senders ask
        await asyncio.sleep(0.01)
    wrong = await nobody.patch(place, content=b"x", headers={**TUS, "upload-offset": str(at + 1)})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "upload_offset")
    for headers, status in (
        ({**TUS, "tus-resumable": "0.2.2", "upload-offset": "0"}, 412),
        ({**TUS, "content-type": "application/json", "upload-offset": "0"}, 415),
        ({**TUS, "upload-offset": "-1"}, 400),
    ):
        assert (await nobody.patch(place, content=b"x", headers=headers)).status_code == status
    rest = await nobody.patch(place, content=content[at:], headers={**TUS, "upload-offset": str(at)})
    assert (rest.status_code, rest.headers["upload-offset"]) == (204, str(len(content)))
    exhibit = rest.headers["x-exhibit"]
    assert (await nobody.get(place)).json()["exhibit"] == exhibit

    case = f"/v1/cases/{receipt['case']}"
    (listed,) = (await real["li"].get(f"{case}/exhibits")).json()["exhibits"]
    assert (listed["exhibit"], listed["bytes"]) == (exhibit, len(content))
    viewed = (await real["li"].get(f"{case}/exhibits/{exhibit}")).json()
    assert [touch["touch"] for touch in viewed["custody"]] == ["captured", "sniffed", "scanned", "viewed"]
    opening = f"{case}/exhibits/{exhibit}/open"
    assert (await real["li"].post(opening, json=WANTED)).status_code == 403
    waits = await wang.post(opening, json=WANTED)
    assert waits.status_code == 202
    look = waits.json()["waits"]["look"]
    agreed = {"agreed": True, "reason": "需要"}
    assert (await wang.post(f"/v1/second-looks/{look}", json=agreed)).status_code == 403
    assert (await zhao.post(f"/v1/second-looks/{look}", json=agreed)).status_code == 200
    raw = await wang.post(opening, json=WANTED)
    assert (raw.status_code, raw.content) == (200, content)
    assert raw.headers["content-disposition"].startswith("attachment")

    looks = (await nobody.post("/v1/cases/follow/accesses", json=mine)).json()
    assert [(one["by"], one["raw"]) for one in looks["accesses"]] == [("li", False), ("wang", True)]
    assert looks["accesses"][1]["agreed_by"] == "zhao"


async def test_holds_and_tokens_through_their_doors(real: dict[str, httpx.AsyncClient]) -> None:
    """An approver holds a case and lets it go; a payment system has tokens that are good for one merchant."""
    receipt = (await real["app"].post("/v1/reports", json=REPORT)).json()
    holds, asked = (
        f"/v1/cases/{receipt['case']}/legal-holds",
        {"reason": "police", "basis": "立案〔2026〕12号"},
    )
    assert (await real["li"].post(holds, json=asked)).status_code == 403
    hold = (await real["zhao"].post(holds, json=asked)).json()
    lifted = (await real["zhao"].post(f"{holds}/{hold['id']}/lift", json={})).json()
    assert (hold.get("until"), lifted["until"] is not None) == (None, True)

    pay, number = real["pay"], {"number": "6222021234567890123"}
    token = (await pay.post("/v1/merchants/shop-1/tokens", json=number)).json()
    back = f"/v1/merchants/{{}}/tokens/{token['token']}/number"
    shown = await pay.post(back.format("shop-1"), json={"purpose": "trace_funds"})
    assert shown.json()["number"] == number["number"]
    assert (await pay.post(back.format("shop-2"), json={"purpose": "trace_funds"})).status_code == 404
    assert (await real["app"].post(back.format("shop-1"), json={"purpose": "handle"})).status_code == 403
