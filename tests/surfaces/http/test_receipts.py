"""The doors of receipts over the real house: promised at first, then proved, to whoever holds the secret."""

from __future__ import annotations

from pathlib import Path

import httpx

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import SystemClock
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.surfaces.verify_page.building import verify_page
from countermand.surfaces.web.routes import pages
from countermand.transparency.receipts import Receipt
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Question, Verdict, verify_receipt
from countermand.vocabulary.staff import Role
from flows.log_stage import seal_all, sealing_on

SAID = "刚才的转账不是我"


async def test_a_receipt_is_fetched_by_its_secret_and_at_the_desk(database_dsn: str, tmp_path: Path) -> None:
    """202 with the time to come back, then a valid zip; nothing for a wrong secret; the page beside."""
    settings = Settings(database_url=database_dsn, policy="cn-consumer-finance", data_dir=tmp_path)
    async with (
        open_house(settings) as house,
        sealing_on(database_dsn, tmp_path / "signer", SystemClock()) as sealing,
    ):
        _, key = await create_key(house, "all", ["contain", "desk"], "test", staff="li", roles=(Role.AGENT,))
        async with (
            open_door(make_front(house, pages()), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
        ):
            report = {"channel": "app", "standing": "proven", "account": "a-1", "text": SAID}
            heard = (await client.post("/v1/reports", json=report)).json()
            assert "回执" in heard["text"]["zh"]
            holds = {"number": heard["number"], "secret": heard["secret"]}
            early = await client.post("/v1/cases/follow/receipt", json=holds)
            assert (early.status_code, early.headers["retry-after"]) == (202, "2")
            assert early.json()["case"] == heard["number"]
            await seal_all(await sealing.begin())

            mine = await client.post("/v1/cases/follow/receipt", json=holds)
            desk = await client.get(f"/v1/cases/{heard['case']}/receipt")
            for found in (mine, desk):
                assert (found.status_code, found.headers["content-type"]) == (200, "application/zip")
                own = TrustPolicy.parse((Receipt.unpacked(found.content).policy or b"").decode())
                assert verify_receipt(found.content, Question(own)).verdict is Verdict.VALID
            assert SAID in str(Receipt.unpacked(mine.content).items[0].openings)
            assert SAID not in str(Receipt.unpacked(desk.content).items[0].openings)
            assert heard["case"] in mine.headers["content-disposition"]

            paper = await client.get(f"/desk/counter/{heard['case']}/receipt.pdf")
            assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
            traced = (await client.get(f"/desk/cases/{heard['case']}/trace")).text
            assert "report.received" in traced
            assert Receipt.unpacked(desk.content).items[0].mark.rpartition("|")[2] in traced

            wrong = await client.post("/v1/cases/follow/receipt", json={**holds, "secret": "x" * 20})
            assert (wrong.status_code, wrong.json()["code"]) == (404, "receipt_unknown")
            assert (await client.get("/verify")).text == verify_page()
