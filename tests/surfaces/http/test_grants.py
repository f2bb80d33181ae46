"""Goal: a case opened to somebody outside is read by them alone, masked, on record, and only so long.

Method: over a real house on real PostgreSQL, with a manual clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import MICROS_PER_HOUR, ManualClock
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.stage import NOON, POLICY
from surfaces.http.test_desk_doors import REPORT

PEOPLE = {
    "li": Role.AGENT, "chen": Role.APPROVER, "office": Role.REGULATOR_VIEWER, "other": Role.REGULATOR_VIEWER,
    "bank-b": Role.PEER, "firm": Role.AUDITOR,
}  # fmt: skip


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Any) -> AsyncIterator[dict[str, Any]]:
    """A door over a house with a manual clock, a client for each of some people, and two cases."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    clock = ManualClock(NOON)
    async with open_house(settings, clock) as house, open_door(make_front(house), "127.0.0.1", 0) as address:
        stage: dict[str, Any] = {"clock": clock}
        _, key = await create_key(house, "app", ["contain"], "test")
        async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as app:
            for name, account in (("case", "a-123456789"), ("another", "a-2")):
                said = {**REPORT, "account": account}
                stage[name] = f"/v1/cases/{(await app.post('/v1/reports', json=said)).json()['case']}"
        for name, role in PEOPLE.items():
            _, key = await create_key(house, name, ["desk"], "test", staff=name, roles=[role])
            stage[name] = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"})
        yield stage
        for name in PEOPLE:
            await stage[name].aclose()


def until(hours: int) -> str:
    """So many hours from noon."""
    return datetime.fromtimestamp((NOON + hours * MICROS_PER_HOUR) / 10**6, UTC).isoformat()


async def granted(stage: dict[str, Any], to: str, hours: int = 48, by: str = "chen") -> httpx.Response:
    """Somebody opens the case."""
    asked = {"to": to, "until": until(hours), "purpose": "legal_request", "why": "监管调取"}
    answer: httpx.Response = await stage[by].post(f"{stage['case']}/grant-access", json=asked)
    return answer


async def test_what_is_opened_is_read_masked_on_record_and_nothing_else(
    real: dict[str, Any], database_dsn: str
) -> None:
    """One case, one person; no notes, no account, no text as it was; each look is an event of the case."""
    office, case = real["office"], real["case"]
    await real["li"].post(f"{case}/note", json={"text": "内部意见"})
    assert (await office.get(case)).status_code == 403
    assert (await granted(real, "office")).status_code == 200
    shown = (await office.get(case)).json()
    assert [one["direction"] for one in shown["messages"]] == ["in"]
    assert "13812345678" not in str(shown)
    assert shown["case"]["account"] == "…6789"
    assert (shown["tasks"], shown["looks"]) == ([], [])
    assert [one["to"] for one in shown["grants"]] == ["office"]
    seen = (await real["li"].get(case)).json()
    (look,) = [one for one in seen["events"] if one["kind"] == "disclosed"]
    assert (look["actor"], look["body"]["purpose"]) == ("office", "legal_request")
    tables = await asyncpg.connect(database_dsn)
    noted = await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'case.data_disclosed'")
    await tables.close()
    assert noted == 1
    for other in (real["another"], "/v1/cases", "/v1/cases/search?q=转账", f"{case}/suggested"):
        assert (await office.get(other)).status_code == 403, other
    assert (await real["other"].get(case)).status_code == 403


async def test_whoever_looks_from_outside_never_writes(real: dict[str, Any]) -> None:
    """Not a note, not an unmasking, not even that they are there; nor do they pass the grant on."""
    message = (await real["li"].get(real["case"])).json()["messages"][0]["id"].replace("/", "%2F")
    wanted = {"field": "contact", "purpose": "legal_request", "reason": "看看"}
    for name in ("office", "bank-b", "firm"):
        assert (await granted(real, name)).status_code == 200
        tried = [
            await real[name].post(f"{real['case']}/note", json={"text": "x"}),
            await real[name].post(f"{real['case']}/messages/{message}/unmask", json=wanted),
            await real[name].put(f"{real['case']}/presence", json={"doing": "reading"}),
            await real[name].get(f"{real['case']}/spoken-code"),
            await granted(real, "other", by=name),
        ]
        assert [one.status_code for one in tried] == [403] * 5, name
    peer = (await real["bank-b"].get(real["case"])).json()
    assert (peer["messages"], peer["case"]["account"]) == ([], "…")


async def test_at_its_end_nothing_is_readable(real: dict[str, Any]) -> None:
    """When its time is over, and at once when it is taken back."""
    office, case, clock = real["office"], real["case"], real["clock"]
    await granted(real, "office", 2)
    assert (await office.get(case)).status_code == 200
    clock.advance(2 * MICROS_PER_HOUR)
    assert (await office.get(case)).status_code == 403
    grant = (await granted(real, "office", 4)).json()["grant"]
    assert (await office.get(case)).status_code == 200
    for _ in range(2):
        assert (await real["chen"].post(f"{case}/end-access", json={"grant": grant})).status_code == 200
        assert (await office.get(case)).status_code == 403
    kinds = [one["kind"] for one in (await real["li"].get(case)).json()["events"]]
    assert kinds.count("access_ended") == 1
    gone = await real["chen"].post(f"{case}/end-access", json={"grant": "grant-0"})
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_grant")


async def test_a_grant_that_cannot_be_is_refused(real: dict[str, Any]) -> None:
    """To staff or nobody, in the past, too long, by an agent."""
    refused = [
        await granted(real, "li"),
        await granted(real, "nobody"),
        await granted(real, "office", -1),
        await granted(real, "office", 91 * 24),
    ]
    assert [one.json()["code"] for one in refused] == ["grant_refused"] * 4
    assert (await granted(real, "office", by="li")).json()["code"] == "role_lacks_verb"
