"""The hot routes over a real socket: answers, repeats, and everything that can be wrong with a body."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from countermand.kernel.errors import Unavailable
from surfaces.http.door import Door

Operation = dict[str, Any]


async def test_an_operation_is_answered(door: Door, operation: Operation) -> None:
    """The answer names the operation and holds a whole decision."""
    response = await door.decide(operation)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["operation"] == "op-1"
    assert response.json()["decision"]["outcome"] == "allow"


async def test_the_same_request_gets_the_same_bytes(door: Door, operation: Operation) -> None:
    """A repeat is byte-identical, whatever its trace and its blanks, and decides nothing again."""
    first = await door.decide(operation)
    spaced = json.dumps(operation, indent=2)
    again = await door.send(
        "POST", "/v1/operations", content=spaced, headers={"content-type": "application/json; charset=utf-8"}
    )
    assert again.content == first.content
    assert again.headers["x-trace-id"] != first.headers["x-trace-id"]
    assert door.house.decider.decided == 1


async def test_concurrent_repeats_get_the_same_bytes(door: Door, operation: Operation) -> None:
    """Twenty requests with one id at the same time are one decision."""
    door.house.decider.pause_seconds = 0.02
    responses = await asyncio.gather(*(door.decide(operation) for _ in range(20)))
    assert len({response.content for response in responses}) == 1
    assert door.house.decider.decided == 1


async def test_a_reused_id_is_a_conflict(door: Door, operation: Operation) -> None:
    """Same id, other body: 409, and the first answer stands."""
    await door.decide(operation)
    response = await door.decide({**operation, "account": "a-2"})
    assert response.status_code == 409
    assert response.json()["code"] == "id_reused"


BAD = [
    ({"kind": "teleport"}, "invalid_operation", "kind"),
    ({"amount": {"minor": 1, "currency": "ZZZ"}}, "unknown_currency", "amount.currency"),
    ({"amount": {"minor": -1, "currency": "CNY"}}, "invalid_operation", "amount.minor"),
    ({"amount": {"minor": 10**30, "currency": "CNY"}}, "invalid_operation", "amount.minor"),
    ({"amount": {"minor": 1.5, "currency": "CNY"}}, "invalid_operation", "amount.minor"),
    ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_too_long_ago", "occurred_at"),
    ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_in_the_future", "occurred_at"),
    ({"occurred_at": "2026-11-18T10:00:00"}, "invalid_operation", "occurred_at"),
    ({"ip": "999.1.1.1"}, "invalid_ip", "ip"),
    ({"id": "x" * 129}, "invalid_operation", "id"),
    ({"surprise": 1}, "invalid_operation", "surprise"),
]


@pytest.mark.parametrize(("change", "code", "field"), BAD)
async def test_a_bad_field_is_named(
    door: Door, operation: Operation, change: Operation, code: str, field: str
) -> None:
    """What is wrong is a 400 problem with a stable code and the field, in both languages."""
    response = await door.decide({**operation, **change})
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (400, code, field)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:countermand:error:{code}"
    assert problem["detail"] == problem["text"]["en"] != problem["text"]["zh"]
    assert door.house.decider.decided == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b'{"id": "\xff"}', b"[" * 30_000, b"\x00", b"{}{}"]
)
async def test_malformed_json_is_refused(door: Door, body: bytes) -> None:
    """Bytes that are no operation are a 400 problem."""
    response = await door.send(
        "POST", "/v1/operations", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["code"] in ("malformed_json", "invalid_operation")


async def test_the_detail_speaks_the_callers_language(door: Door) -> None:
    """Accept-Language chooses between Chinese and English; `text` always has both."""
    response = await door.send(
        "POST", "/v1/operations", content=b"{", headers={
            "content-type": "application/json", "accept-language": "fr, zh-CN;q=0.9, en;q=0.8"
        },
    )  # fmt: skip
    assert response.headers["content-language"] == "zh-CN"
    assert response.json()["detail"] == response.json()["text"]["zh"]


async def test_a_body_that_is_not_json_is_415(door: Door) -> None:
    """Only application/json is read."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        response = await door.send(
            "POST", "/v1/operations", content=b"{}", headers={"content-type": content_type}
        )
        assert response.status_code == 415
        assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(("key", "status"), [("op-1", 200), ('"op-1"', 200), ("op-2", 400)])
async def test_the_idempotency_key_is_the_operation_id(
    door: Door, operation: Operation, key: str, status: int
) -> None:
    """A header that says another id than the body is refused."""
    response = await door.decide(operation, **{"idempotency-key": key})
    assert response.status_code == status
    if status == 400:
        assert response.json()["code"] == "idempotency_key_mismatch"


async def test_a_batch_is_answered_row_by_row(door: Door, operation: Operation) -> None:
    """One bad row is reported in its place; the others are decided."""
    rows = [
        {**operation, "id": "b-0"},
        {**operation, "id": "b-1", "kind": "teleport"},
        {**operation, "id": "b-2", "occurred_at": "9999-12-31T23:59:59Z"},
        7,
        {**operation, "id": "b-4"},
    ]
    response = await door.send("POST", "/v1/operations/batch", json={"operations": rows})
    results = response.json()["results"]
    assert response.status_code == 200
    assert [result.get("operation") for result in results] == ["b-0", None, None, None, "b-4"]
    assert [result["error"]["code"] for result in results[1:4]] == [
        "invalid_operation", "occurred_in_the_future", "invalid_operation",
    ]  # fmt: skip
    alone = await door.decide({**operation, "id": "b-4"})
    assert alone.json() == results[4]
    assert alone.content in response.content


async def test_an_unreadable_batch_is_one_problem(door: Door, operation: Operation) -> None:
    """No list of operations, or more than a thousand: the whole batch is refused."""
    for body, code in (
        ({"rows": []}, "invalid_operation"),
        ({"operations": [{**operation, "id": f"m-{i}"} for i in range(1001)]}, "batch_too_long"),
    ):
        response = await door.send("POST", "/v1/operations/batch", json=body)
        assert (response.status_code, response.json()["code"]) == (400, code)
    empty = await door.send("POST", "/v1/operations/batch", json={"operations": []})
    assert (empty.status_code, empty.json()) == (200, {"results": []})


async def test_unavailable_says_when_to_come_back(door: Door, operation: Operation) -> None:
    """A 503 has Retry-After, and the retry then succeeds."""
    door.house.decider.failure = Unavailable(
        "database_gone", "The database does not answer.", "数据库无响应。"
    )
    refused = await door.decide(operation)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    door.house.decider.failure = None
    assert (await door.decide(operation)).status_code == 200


async def test_the_unexpected_tells_nothing(door: Door, operation: Operation) -> None:
    """An unknown exception is a 500 problem with an incident id and not a word of the exception."""
    door.house.decider.failure = RuntimeError("the secret is swordfish")
    response = await door.decide(operation)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "internal_error")
    assert problem["details"]["incident"] == response.headers["x-trace-id"]
    assert "swordfish" not in response.text
    assert "RuntimeError" not in response.text


async def test_the_trace_is_the_callers_own(door: Door, operation: Operation) -> None:
    """A valid traceparent keeps its trace id with our span; an invalid one starts a new trace."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    response = await door.decide(operation, traceparent=f"00-{trace}-b7ad6b7169203331-01")
    assert response.headers["x-trace-id"] == trace
    assert response.headers["traceparent"].startswith(f"00-{trace}-")
    assert response.headers["traceparent"] != f"00-{trace}-b7ad6b7169203331-01"
    assert door.house.decider.traces == [trace]
    other = await door.decide({**operation, "id": "op-2"}, traceparent=f"00-{'0' * 32}-b7ad6b7169203331-01")
    assert other.headers["x-trace-id"] != "0" * 32
