"""Labels over HTTP: what an operation turned out to be, one or many, and what is no label."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from surfaces.http.door import Door

GOOD = {"fraud": True, "source": "chargeback", "known_at": "2026-11-18T09:00:00Z"}


async def test_a_label_is_recorded_and_the_same_again_changes_nothing(
    door: Door, operation: dict[str, Any]
) -> None:
    """The answer says what stands now, and whether this request made it so."""
    await door.decide(operation)
    first = await door.send("POST", "/v1/operations/op-1/label", json=GOOD)
    again = await door.send("POST", "/v1/operations/op-1/label", json=GOOD)
    assert (first.status_code, first.json()["changed"], first.json()["fraud"]) == (200, True, True)
    assert (again.status_code, again.json()["changed"]) == (200, False)
    assert door.house.decider.labels["op-1"].source == "chargeback"


async def test_an_unknown_operation_cannot_be_labelled(door: Door) -> None:
    """404, whatever its id looks like."""
    for name in ("op-9", "账户/1", "label"):
        response = await door.send("POST", f"/v1/operations/{quote(name, safe='')}/label", json=GOOD)
        assert (response.status_code, response.json()["code"]) == (404, "unknown_operation")


BAD = [
    {},
    {"fraud": True},
    {"source": "chargeback"},
    {"fraud": "yes", "source": "chargeback"},
    {"fraud": 7, "source": "chargeback"},
    {"fraud": None, "source": "chargeback"},
    {"fraud": True, "source": ""},
    {"fraud": True, "source": "x" * 65},
    {"fraud": True, "source": "a\nb"},
    {"fraud": True, "source": "s", "known_at": "yesterday"},
    {"fraud": True, "source": "s", "known_at": "2026-11-18T09:00:00"},
    {"fraud": True, "source": "s", "more": 1},
    [],
]


@pytest.mark.parametrize("body", BAD, ids=str)
async def test_what_is_no_label_is_400(door: Door, operation: dict[str, Any], body: Any) -> None:
    """Nothing is recorded; a time without an offset is no time."""
    await door.decide(operation)
    response = await door.send("POST", "/v1/operations/op-1/label", json=body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert door.house.decider.labels == {}


async def test_a_batch_answers_row_by_row(door: Door, operation: dict[str, Any]) -> None:
    """One row's trouble is its own; more than a thousand are refused together."""
    await door.decide(operation)
    rows = [{**GOOD, "operation": "op-1"}, {**GOOD, "operation": "op-2"}, {**GOOD, "operation": "op-1"}]
    response = await door.send("POST", "/v1/labels", json={"labels": rows})
    results = response.json()["results"]
    assert response.status_code == 200
    assert [one.get("changed") for one in results] == [True, None, False]
    assert results[1]["error"]["code"] == "unknown_operation"
    many = await door.send("POST", "/v1/labels", json={"labels": [rows[0]] * 1001})
    assert (many.status_code, many.json()["code"]) == (400, "invalid_request")
    torn = await door.send(
        "POST", "/v1/labels", content=b'{"labels": [', headers={"content-type": "application/json"}
    )
    assert torn.status_code == 400


async def test_labels_need_the_scope_manage(door: Door, operation: dict[str, Any]) -> None:
    """Who may only decide cannot say how it ended."""
    await door.decide(operation)
    key = door.house.keys.create("till", "decide", "read")
    for path, body in (("/v1/operations/op-1/label", GOOD), ("/v1/labels", {"labels": []})):
        response = await door.send("POST", path, json=body, headers={"authorization": f"Bearer {key}"})
        assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


async def test_labels_and_corrections_are_read_in_their_order(door: Door, operation: dict[str, Any]) -> None:
    """Each with its source and instants; the next page begins behind a label's id; none where none came."""
    await door.decide(operation)
    empty = await door.send("GET", "/v1/operations/op-1/labels")
    assert (empty.status_code, empty.json()) == (200, {"operation": "op-1", "labels": []})
    for fraud, source in ((True, "chargeback"), (True, "chargeback"), (False, "dispute")):
        await door.send("POST", "/v1/operations/op-1/label", json={**GOOD, "fraud": fraud, "source": source})
    first, second = (await door.send("GET", "/v1/operations/op-1/labels")).json()["labels"]
    assert (first["fraud"], first["source"], first["corrects"]) == (True, "chargeback", None)
    assert (second["fraud"], second["source"], second["corrects"]) == (False, "dispute", first["label"])
    assert first["known_at"] == "2026-11-18T09:00:00.000000Z"
    assert first["seq"] < second["seq"]
    later = await door.send("GET", f"/v1/operations/op-1/labels?after={first['label']}")
    assert later.json()["labels"] == [second]
    unknown = await door.send("GET", "/v1/operations/op-9/labels")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_operation")
    key = door.house.keys.create("till", "decide", "manage")
    refused = await door.send("GET", "/v1/operations/op-1/labels", headers={"authorization": f"Bearer {key}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
