"""The doors of papers over the real house: at the desk by role, to the holder by a receipt that is proven."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import httpx

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role


def names_in(answer: httpx.Response) -> list[str]:
    """The files of a paper that was fetched."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return packed.namelist()


async def test_papers_are_fetched_at_the_desk_and_by_receipt(database_dsn: str, tmp_path: Path) -> None:
    """A zip by its name; nothing for a wrong secret, an unknown paper, a weak role, an unproven claim."""
    settings = Settings(database_url=database_dsn, policy="cn-consumer-finance", data_dir=tmp_path)
    async with open_house(settings) as house:
        _, key = await create_key(house, "all", ["contain", "desk"], "test", staff="li", roles=(Role.AGENT,))
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
        ):
            report = {"channel": "app", "standing": "proven", "account": "wallet-0042", "text": "转账不是我"}
            heard = (await client.post("/v1/reports", json=report)).json()
            place = f"/v1/cases/{heard['case']}/papers"
            timeline = ["timeline.pdf", "timeline.json", "timeline.html"]
            desk = await client.get(f"{place}/timeline", params={"language": "en"})
            assert names_in(desk) == timeline
            assert heard["case"].replace(" ", "").replace("-", "") in desk.headers["content-disposition"]
            mine = {"number": heard["number"], "secret": heard["secret"], "paper": "timeline"}
            assert names_in(await client.post("/v1/cases/follow/papers", json=mine)) == timeline

            claimed = {**report, "standing": "claimed", "account": "wallet-0043"}
            other = (await client.post("/v1/reports", json=claimed)).json()
            theirs = {**mine, "number": other["number"], "secret": other["secret"]}
            refused = [
                await client.get(f"{place}/novel"),
                await client.get(f"{place}/forensic-certificate"),
                await client.post("/v1/cases/follow/papers", json={**mine, "secret": "x" * 20}),
                await client.post("/v1/cases/follow/papers", json={**mine, "paper": "self-assessment"}),
                await client.post("/v1/cases/follow/papers", json=theirs),
            ]
            assert [(one.status_code, one.json()["code"]) for one in refused] == [
                (400, "invalid_request"),
                (403, "role_lacks_verb"),
                (404, "receipt_unknown"),
                (403, "paper_for_desk"),
                (403, "holder_not_proven"),
            ]
