"""Goal: the inbox of approvals through its door is the key's own. Method: over a real house."""

from __future__ import annotations

from typing import Any

import httpx

from countermand.app import open_house
from countermand.flows.approve_operation import name_approver
from countermand.flows.manage_keys import create_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from flows.stage import answer_of, payment


async def test_the_inbox_is_whose_key_asks(database_dsn: str, tmp_path: Any) -> None:
    """One sees what waits in one's roles, nobody looks into another's, and another scope stays outside."""
    settings = Settings(database_url=database_dsn, policy="cn-consumer-finance", data_dir=tmp_path)
    async with open_house(settings) as house, open_door(make_front(house), "127.0.0.1", 0) as address:
        await name_approver(house, "li", ["payments"], "admin")
        asked = payment("a-1", at=house.clock.now(), minor=30_000_000, person="zhao")
        (answer,) = await house.decider.decide_many([asked], None)
        assert answer_of(answer)["outcome"] == "approve"
        seen = {}
        for name, scope in (("li", "approve"), ("wang", "approve"), ("reader", "read")):
            _, key = await create_key(house, name, [scope], "test")
            headers = {"authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=address, headers=headers) as client:
                for query in ("", "?role=payments", "?whose=li"):
                    seen[name, query] = await client.get(f"/v1/approvals{query}")
    mine = seen["li", "?role=payments"].json()
    assert [one["operation"] for one in mine["waiting"]] == [asked.id]
    assert mine == seen["li", ""].json() | {"waiting": mine["waiting"]}
    assert seen["wang", ""].json() == {"roles": [], "waiting": [], "next": None}
    assert seen["wang", "?role=payments"].json()["code"] == "not_an_approver"
    assert seen["reader", ""].json()["code"] == "missing_scope"
    assert seen["li", "?whose=li"].status_code == 400
