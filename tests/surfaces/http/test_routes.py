"""The ordinary routes: accounts, lists, policies, health, and what is not there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from surfaces.http.door import Door


async def test_a_freeze_binds_when_it_is_answered(door: Door, operation: dict[str, Any]) -> None:
    """After the freeze answered, the next operation is denied; after the lift, allowed again."""
    frozen = await door.send("POST", "/v1/accounts/a-1/freeze", json={"reason": "lost phone"})
    assert frozen.status_code == 200
    assert (await door.decide(operation)).json()["decision"]["outcome"] == "deny"
    assert (await door.send("DELETE", "/v1/accounts/a-1/freeze")).status_code == 200
    lifted = await door.decide({**operation, "id": "op-2"})
    assert lifted.json()["decision"]["outcome"] == "allow"


@pytest.mark.parametrize("account", ["a/b", "a%2Fb", "账户 1", "a?b#c", "a+b", "freeze"])
async def test_any_account_name_reaches_the_story_as_it_is(door: Door, account: str) -> None:
    """A path segment is decoded exactly once, also when the name holds a slash or a percent sign."""
    response = await door.send("POST", f"/v1/accounts/{quote(account, safe='')}/freeze", json={"reason": "r"})
    assert response.status_code == 200
    assert list(door.house.orders.freezes) == [account]
    assert response.json()["account"] == account
    fact = door.house.orders.facts[0]
    assert fact.body["actor"] == "all"
    assert fact.trace == response.headers["x-trace-id"]


@pytest.mark.parametrize("segment", ["%00", "%FF", "x" * 129, "a%0Ab"])
async def test_a_name_that_cannot_be_is_400(door: Door, segment: str) -> None:
    """Control characters, broken UTF-8 and overlong names are refused with the field."""
    response = await door.send("POST", f"/v1/accounts/{segment}/freeze", json={"reason": "r"})
    assert (response.status_code, response.json()["field"]) == (400, "account_id")
    assert door.house.orders.facts == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "r", "more": 1}, "more"),
    ],
)
async def test_a_bad_freeze_names_the_field(door: Door, body: Any, field: str) -> None:
    """The field is in the problem, in both languages' text."""
    response = await door.send("POST", "/v1/accounts/a-1/freeze", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "invalid_request")
    assert field in problem["text"]["en"]
    assert field in problem["text"]["zh"]


async def test_an_operation_can_be_read_back(door: Door, operation: dict[str, Any]) -> None:
    """What was answered is found under its id; an unknown id is 404."""
    answered = await door.decide(operation)
    found = await door.send("GET", "/v1/operations/op-1")
    assert found.json()["answer"] == answered.json()
    assert found.json()["body"]["amount"] == operation["amount"]
    assert "payouts_24h" in found.json()["facts"]
    missing = await door.send("GET", "/v1/operations/op-9")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_operation")


async def test_a_profile_is_kept_and_read(door: Door) -> None:
    """PUT replaces, GET answers the same, an unknown account is 404."""
    assert (await door.send("GET", "/v1/accounts/a-1")).status_code == 404
    profile = {"type": "wallet", "home_ips": ["203.0.113.7"]}
    kept = await door.send("PUT", "/v1/accounts/a-1", json=profile)
    assert (kept.status_code, kept.json()["home_ips"]) == (200, ["203.0.113.7"])
    assert (await door.send("GET", "/v1/accounts/a-1")).json() == kept.json()
    for body in ({"home_ips": ["no"]}, {"surprise": 1}, {"kyc_level": -1}):
        refused = await door.send("PUT", "/v1/accounts/a-1", json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_profile")


async def test_a_list_is_filled_read_and_emptied(door: Door) -> None:
    """An entry has its source, reason and end; removing it twice is 404."""
    entry = {
        "value": "c-9",
        "source": "police",
        "reason": "mule account",
        "expires_at": "2027-01-01T00:00:00+08:00",
    }
    assert (await door.send("POST", "/v1/lists/mules/entries", json=entry)).status_code == 200
    rows = (await door.send("GET", "/v1/lists/mules/entries")).json()["entries"]
    assert [row["value"] for row in rows] == ["c-9"]
    gone = {"value": "c-9"}
    assert (await door.send("DELETE", "/v1/lists/mules/entries", params=gone)).status_code == 200
    assert (await door.send("DELETE", "/v1/lists/mules/entries", params=gone)).status_code == 404
    assert (await door.send("DELETE", "/v1/lists/mules/entries")).status_code == 400
    assert (await door.send("GET", "/v1/lists/Not-A-List/entries")).status_code == 400
    naive = {**entry, "expires_at": "2027-01-01T00:00:00"}
    assert (await door.send("POST", "/v1/lists/mules/entries", json=naive)).status_code == 400


async def test_policies_are_shown(door: Door) -> None:
    """All recorded policies by name, the live one rule by rule."""
    assert (await door.send("GET", "/v1/policies")).json()["policies"][0]["live"] is True
    assert (await door.send("GET", "/v1/policies/live")).json()["rules"][0]["id"] == "many-payouts"


async def test_findings_point_at_file_line_and_column(door: Door) -> None:
    """A policy that does not parse answers 200 with findings; nothing is published."""
    files = {"policy.yaml": "policy: demo\nversion: '1'\ntitle: {en: Demo, zh: 示例}\nrules:\n  - id: 5 > \n"}
    response = await door.send("POST", "/v1/policies/check", json={"files": files})
    answer = response.json()
    assert response.status_code == 200
    assert answer["publishable"] is False
    assert {"code", "file", "line", "column", "text"} <= answer["findings"][0].keys()
    assert answer["findings"][0]["line"] >= 1
    assert set(answer["findings"][0]["text"]) == {"en", "zh"}


@pytest.mark.parametrize(
    "body", [{}, {"files": {}}, {"files": {"../x.yaml": ""}}, {"files": {"a.yaml": 1}}, {"files": []}]
)
async def test_files_that_are_none_are_400(door: Door, body: Any) -> None:
    """The check takes file names without paths, and texts."""
    response = await door.send("POST", "/v1/policies/check", json=body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


async def test_health_and_readiness_differ(door: Door) -> None:
    """A server that lost its epoch is alive and not ready."""
    assert (await door.send("GET", "/healthz", headers={"authorization": ""})).json() == {"status": "ok"}
    assert (await door.send("GET", "/readyz", headers={"authorization": ""})).json()["ready"] is True
    door.house.checks["epoch"] = False
    response = await door.send("GET", "/readyz")
    assert (response.status_code, response.json()["details"]["checks"]["epoch"]) == (503, False)
    assert response.headers["retry-after"] == "1"
    assert (await door.send("GET", "/healthz")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/v2", "/v1/operations/", "/v1/operations/a/b", "/v1/accounts", "/%ff", "//"]
)
async def test_an_unknown_address_is_a_problem(door: Door, path: str) -> None:
    """404 as problem details, whatever the method's fate."""
    response = await door.send("GET" if path != "/v1/operations/" else "POST", path, json={})
    assert response.status_code in (404, 405)
    assert response.headers["content-type"] == "application/problem+json"
    assert "x-trace-id" in response.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/operations", "POST"),
        ("DELETE", "/v1/operations", "POST"),
        ("PUT", "/v1/accounts/a-1/freeze", "DELETE, OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_405_with_the_right_ones(
    door: Door, method: str, path: str, allowed: str
) -> None:
    """The Allow header names what would work."""
    response = await door.send(method, path, json={})
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) <= set(allowed.split(", "))
    assert response.headers["allow"]


async def test_a_failing_story_tells_nothing(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception in an ordinary route: 500, an incident, not a word of the exception."""

    async def broken(account_id: str) -> None:
        raise RuntimeError("the secret is swordfish")

    monkeypatch.setattr(door.house.profiles, "find", broken)
    response = await door.send("GET", "/v1/accounts/a-1")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "swordfish" not in response.text
    assert response.json()["details"]["incident"] == response.headers["x-trace-id"]


async def test_a_body_over_the_limit_is_413_on_ordinary_routes(door: Door) -> None:
    """64 KiB bound every route that takes a body, but the policy check."""
    response = await door.send("POST", "/v1/accounts/a-1/freeze", json={"reason": "r" * 70_000})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert door.house.orders.facts == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x", "channel": "app", "said_at": 5}, "said_at"),
        ({"text": "x", "channel": "app", "said_at": "5"}, "said_at"),
    ],
)
async def test_a_value_of_another_type_is_refused_not_read_as_one(
    door: Door, body: dict[str, Any], field: str
) -> None:
    """A number is no instant, whatever a framework makes of it; the refusal names the field."""
    refused = await door.client.post("/v1/reports", json=body)
    assert (refused.status_code, refused.json()["field"]) == (400, field)
