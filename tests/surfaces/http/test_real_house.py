"""The door over the real house: real policy, real PostgreSQL, the promises as a caller sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest_asyncio

from countermand.app import open_follower, open_house
from countermand.flows.manage_keys import create_key, revoke_key
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.holder_messages import LimitShown, MandateList, MandateShown, OrdersShown
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.operations import Amount

SCOPES = ("decide", "contain", "confirm", "read", "manage", "policy")


@dataclass
class RealDoor:
    """A client with every scope, and the house it reaches."""

    client: httpx.AsyncClient
    house: Any


@pytest_asyncio.fixture
async def real(database_dsn: str, tmp_path: Path) -> AsyncIterator[RealDoor]:
    """A door over a house on a database of its own."""
    settings = Settings(database_url=database_dsn, policy="cn-consumer-finance", data_dir=tmp_path)
    async with open_house(settings) as house:
        _, key = await create_key(house, "all", SCOPES, "test")
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as client,
        ):
            yield RealDoor(client, house)


def withdrawal(name: str, **more: Any) -> dict[str, Any]:
    """A withdrawal of this moment."""
    now = datetime.now(UTC).isoformat()  # the house runs on the system's clock
    amount = {"minor": 120050, "currency": "CNY"}
    return {"id": name, "kind": "withdrawal", "account": "a-1", "occurred_at": now, "amount": amount, **more}


async def test_the_main_walk(real: RealDoor) -> None:
    """Decide, repeat, conflict, freeze, read back, lift: each as the contract says."""
    client, operation = real.client, withdrawal("op-1")
    first = await client.post("/v1/operations", json=operation)
    assert first.status_code == 200
    assert first.json()["decision"]["policy"].startswith("cn-consumer-finance@")
    again = await client.post("/v1/operations", json=operation)
    assert again.content == first.content
    other = await client.post("/v1/operations", json={**operation, "account": "a-2"})
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")

    frozen = await client.post("/v1/accounts/a-1/freeze", json={"reason": "lost phone"})
    assert (frozen.status_code, frozen.json()["frozen"]) == (200, True)
    denied = await client.post("/v1/operations", json=withdrawal("op-2"))
    assert denied.json()["decision"]["outcome"] == "deny"
    assert (await client.get("/v1/accounts/a-1")).json()["frozen"]["reason"] == "lost phone"
    assert (await client.delete("/v1/accounts/a-1/freeze")).json()["order"] == frozen.json()["order"]

    found = (await client.get("/v1/operations/op-1")).json()
    assert found["answer"] == first.json()
    assert found["trace"] == first.headers["x-trace-id"]
    assert found["facts"]["amount"] is not None


async def test_the_real_ordinary_routes_fit_the_contract(real: RealDoor) -> None:
    """Profiles, lists, policies, readiness and metrics answer from the database."""
    client = real.client
    profile = {"type": "wallet", "timezone": "Asia/Shanghai", "home_ips": ["203.0.113.7"]}
    assert (await client.put("/v1/accounts/a-7", json=profile)).json()["home_ips"] == ["203.0.113.7"]
    entry = {
        "value": "c-9",
        "source": "police",
        "reason": "mule account",
        "expires_at": "2099-01-01T00:00:00+08:00",
    }
    added = await client.post("/v1/lists/mule_accounts/entries", json=entry)
    assert (added.status_code, added.json()["active"]) == (200, True)
    page = (await client.get("/v1/lists/mule_accounts/entries")).json()
    assert [row["value"] for row in page["entries"]] == ["c-9"]
    policies = (await client.get("/v1/policies")).json()["policies"]
    live = (await client.get("/v1/policies/live")).json()
    assert (policies[0]["name"], policies[0]["live"]) == (live["name"], True)
    assert len(live["rules"]) >= 60
    checked = await client.post("/v1/policies/check", json={"files": dict(real.house.policy_source)})
    assert (checked.status_code, checked.json()["publishable"]) == (200, True)
    assert (await client.get("/readyz")).json()["ready"] is True
    await client.post("/v1/operations", json=withdrawal("op-m"))
    metrics = (await client.get("/metrics")).text
    assert "countermand_queue_length 0.0" in metrics
    assert 'countermand_group_size_bucket{le="1.0"} 1.0' in metrics


async def test_concurrent_requests_with_one_id_get_one_answer(real: RealDoor) -> None:
    """Thirty requests at once: the same bytes for all."""
    operation = withdrawal("op-c")
    answers = await asyncio.gather(*(real.client.post("/v1/operations", json=operation) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


async def test_a_batch_reports_its_bad_rows(real: RealDoor) -> None:
    """The good rows are decided, the others named in their places."""
    rows = [
        withdrawal("b-1"),
        {**withdrawal("b-2"), "kind": "teleport"},
        withdrawal("b-3"),
        withdrawal("b-1"),
    ]
    rows[3] = rows[0]
    rows.append(withdrawal("b-4", occurred_at="2001-01-01T00:00:00Z"))
    results = (await real.client.post("/v1/operations/batch", json={"operations": rows})).json()["results"]
    assert [result.get("operation") for result in results] == ["b-1", None, "b-3", "b-1", None]
    assert results[3] == results[0]
    assert results[4]["error"]["code"] == "occurred_too_long_ago"


async def test_a_revoked_key_is_refused_by_the_real_keys(real: RealDoor) -> None:
    """Revoking binds at once; a key without the scope is told which one it lacks."""
    _, key = await create_key(real.house, "reader", ["read"], "test")
    bearer = {"authorization": f"Bearer {key}"}
    lacking = await real.client.post("/v1/operations", json=withdrawal("op-k"), headers=bearer)
    assert (lacking.status_code, lacking.json()["details"]["scope"]) == (403, "decide")
    assert (await real.client.get("/v1/operations/op-k", headers=bearer)).status_code == 404
    await revoke_key(real.house, "reader", "test")
    assert (await real.client.get("/v1/operations/op-k", headers=bearer)).status_code == 401


async def test_a_shadow_follows_and_is_compared(real: RealDoor, database_dsn: str) -> None:
    """Added over HTTP, it answers what comes after; paused, resumed and removed over HTTP as well."""
    client = real.client
    files = dict(real.house.policy_source)
    refused = await client.post("/v1/shadows", json={"files": {"policy.yaml": "policy: x"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "policy_refused")
    added = await client.post("/v1/shadows", json={"files": files, "name": "twin"})
    assert added.status_code == 200
    assert (added.json()["state"], added.json()["never_recorded"]) == ("running", [])
    again = await client.post("/v1/shadows", json={"files": files, "name": "twin"})
    assert (again.status_code, again.json()["code"]) == (409, "shadow_name_taken")
    for number in range(3):
        assert (await client.post("/v1/operations", json=withdrawal(f"op-{number}"))).status_code == 200
    async with open_follower(Settings(database_url=database_dsn)) as follower:
        await follower.attend()
        assert await follower.advance() == 3
    found = (await client.get("/v1/shadows/twin/diff?days=1")).json()
    assert (found["operations"], found["examples"], found["guardrail"]) == (3, [], None)
    assert sum(one["amount"]["minor"] for one in found["transitions"]) == 3 * 120050
    assert [one["difference"]["value"] for one in found["shares"]] == [0.0] * 5
    assert (await client.get("/v1/shadows/twin/diff?days=0")).status_code == 400
    paused = (await client.post("/v1/shadows/twin/pause", json={})).json()
    assert (paused["state"], paused["reason"]["code"], paused["operations"]) == ("paused", "by_hand", 3)
    assert (await client.post("/v1/shadows/twin/resume", json={})).json()["state"] == "running"
    assert (await client.delete("/v1/shadows/twin")).json() == {"shadow": "twin", "removed": True}
    assert (await client.get("/v1/shadows")).json() == {"shadows": []}
    unknown = await client.get("/v1/shadows/twin/diff")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_shadow")


async def test_a_holder_keeps_their_limit_and_their_debits(real: RealDoor) -> None:
    """Each answer is what the contract says it gives; a raise without a proof says what to prove."""
    client, path = real.client, "/v1/accounts/a-7"
    ten = {"minor": 1000, "currency": "CNY"}
    lowered = await client.put(f"{path}/limit", json={"limit": ten})
    assert msgspec.json.decode(lowered.content, type=LimitShown).limit == Amount(1000, "CNY")
    over = await client.post("/v1/operations", json=withdrawal("op-7", account="a-7"))
    assert over.json()["decision"]["outcome"] == "deny"
    refused = await client.put(f"{path}/limit", json={"limit": None})
    assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_needed")
    about = {key: refused.json()["details"][key] for key in ("purpose", "ref")}
    asked = await client.post(f"{path}/challenge", json={**about, "session": "s", "device": "d"})
    assert asked.json()["code"] == "cannot_be_challenged", "nothing is enrolled to prove it with"
    assert (await client.delete(f"{path}/limit/raise")).content == (await client.get(f"{path}/limit")).content
    told = await client.put(f"{path}/mandates/m%2F1", json={"payee": "Gym", "at_most": ten})
    assert msgspec.json.decode(told.content, type=MandateShown).on
    off = await client.post(f"{path}/mandates/m%2F1/off", headers={"content-type": "application/json"})
    assert off.json().get("on") is False, off.text
    assert (await client.post(f"{path}/mandates/m%2F1/on", json={})).json()["code"] == "confirmation_needed"
    found = msgspec.json.decode((await client.get(f"{path}/mandates")).content, type=MandateList)
    assert [one.mandate for one in found.mandates] == ["m/1"]
    said = msgspec.json.decode((await client.get(f"{path}/orders")).content, type=OrdersShown)
    assert [one.code for one in said.orders] == ["own_limit", "own_mandate"]


async def test_a_field_that_is_missing_is_named(real: RealDoor) -> None:
    """Not the body it is missing from."""
    answer = await real.client.post("/v1/contain/preview", json={"account": "a-1"})
    assert (answer.status_code, answer.json()["field"]) == (400, "reason")
