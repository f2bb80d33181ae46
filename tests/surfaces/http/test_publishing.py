"""The routes of publishing: the story behind them is tested with the flows; here, that they reach it."""

from __future__ import annotations

from typing import Any

import pytest

from surfaces.http.door import Door
from surfaces.http.fake_house import POLICY


async def test_a_draft_is_recorded_in_the_name_of_the_key(door: Door) -> None:
    """The key's name is the author; a step by the same key that needs other eyes is a 403 problem."""
    files = {name: text.replace('version: "1"', 'version: "2"') for name, text in POLICY.items()}
    made = await door.send("POST", "/v1/policies", json={"files": files, "text": "why"})
    assert made.status_code == 200, made.text
    assert (made.json()["state"], made.json()["author"]) == ("checked", "all")
    label = made.json()["policy"]
    proposed = await door.send(
        "POST", f"/v1/policies/{label}/steps", json={"step": "propose", "text": "please"}
    )
    assert proposed.json()["state"] == "proposed"
    refused = await door.send(
        "POST", f"/v1/policies/{label}/steps", json={"step": "approve", "text": "by me"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/policies", {"files": {"policy.yaml": "nonsense: ["}, "text": "why"}, 422, "policy_refused"),
        ("/v1/policies/x@1/steps", {"step": "go_live", "text": "why"}, 400, "invalid_request"),
        ("/v1/policies/x@1/steps", {"step": "propose"}, 400, "invalid_request"),
        ("/v1/policies/x@1/steps", {"step": "propose", "text": "why"}, 404, "unknown_policy_version"),
        ("/v1/policies/x@1/canary", {"share_permille": 501, "text": "why"}, 400, "invalid_request"),
        ("/v1/policies/x@1/canary", {"share_permille": 5, "text": "why"}, 404, "unknown_policy_version"),
        ("/v1/canaries/stop", {"text": "why"}, 404, "no_canary"),
        ("/v1/canaries/promote", {"text": "why"}, 404, "no_canary"),
    ],
)
async def test_what_cannot_be_is_a_problem(door: Door, path: str, body: Any, status: int, code: str) -> None:
    """Each refusal has its status and its stable code."""
    response = await door.send("POST", path, json=body)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


async def test_history_and_canaries_are_read(door: Door) -> None:
    """Lines with who and why; an unknown policy has no difference to show."""
    history = (await door.send("GET", "/v1/policies/fake@1/history")).json()["history"]
    assert [(line["actor"], line["text"]) for line in history] == [("all", "why")]
    assert (await door.send("GET", "/v1/canaries")).json() == {"canaries": []}
    missing = await door.send("GET", "/v1/policies/x@1/diff")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_policy_version")
