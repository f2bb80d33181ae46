"""Who may enter: every route asks for a scope, and every refusal is noted without the key."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from countermand.surfaces.http.measures import labels_of
from countermand.surfaces.http.routes import ROUTE_HANDLERS
from countermand.vocabulary.staff import Role, Staff, Verb
from surfaces.http.door import Door
from surfaces.http.fake_house import FakeKey

OPEN_ROUTES = {
    ("GET", "/v1/permits/keys"),
    ("GET", "/v1/sessions/keys"),
    ("GET", "/v1/notices/receipts/x/x"),
    ("GET", "/v1/notices/replies/x"),
    ("GET", "/v1/not-me/puzzle"),
    ("POST", "/v1/not-me"),
    ("POST", "/v1/cases/follow"),
    ("POST", "/v1/cases/follow/messages"),
    ("POST", "/v1/cases/follow/appeal"),
    ("POST", "/v1/cases/follow/withdraw"),
    ("POST", "/v1/cases/follow/spoken-code"),
    ("POST", "/v1/cases/follow/receipt"),
    ("POST", "/v1/cases/follow/papers"),
    ("POST", "/v1/cases/follow/checklist"),
    ("POST", "/v1/cases/follow/incident-facts"),
    ("POST", "/v1/cases/follow/exhibits"),
    ("POST", "/v1/cases/follow/exhibits/unlock"),
    ("POST", "/v1/cases/follow/accesses"),
    ("HEAD", "/v1/uploads/x"),
    ("GET", "/v1/uploads/x"),
    ("PATCH", "/v1/uploads/x"),
    ("GET", "/v1/channels/wechat/x"),
    ("POST", "/v1/channels/wechat/x"),
    ("GET", "/log/x/checkpoint"),
    ("GET", "/log/x/tile/x"),
    ("GET", "/log/x/anchors"),
    ("GET", "/verify"),
    ("GET", "/.well-known/official-channels.jws"),
    ("GET", "/.well-known/official-channels-keys.json"),
    ("POST", "/v1/official/check"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
}
# The one door without a key that writes: a report by anybody, behind a puzzle, a receipt and rate limits.
PUBLIC_DOOR = {
    ("POST", "/v1/not-me"),
    ("POST", "/v1/cases/follow"),
    ("POST", "/v1/cases/follow/messages"),
    ("POST", "/v1/cases/follow/appeal"),
    ("POST", "/v1/cases/follow/withdraw"),
    ("POST", "/v1/cases/follow/spoken-code"),
    ("POST", "/v1/cases/follow/receipt"),
    ("POST", "/v1/cases/follow/papers"),
    ("POST", "/v1/cases/follow/checklist"),
    ("POST", "/v1/cases/follow/incident-facts"),
    ("POST", "/v1/cases/follow/exhibits"),
    ("POST", "/v1/cases/follow/exhibits/unlock"),
    ("POST", "/v1/cases/follow/accesses"),
    # Behind an address that is drawn by chance and shown once to whoever has a receipt or a desk key.
    ("PATCH", "/v1/uploads/x"),
    ("HEAD", "/v1/uploads/x"),
    # Asks, and writes nothing.
    ("POST", "/v1/official/check"),
    # Behind the signature of the platform.
    ("POST", "/v1/channels/wechat/x"),
}
CONFIGURED_BY_ADMINS = ("PUT", "/v1/desk/staff/x")
SCOPES_OF = {
    ("POST", "/v1/operations"): "decide",
    ("POST", "/v1/operations/batch"): "decide",
    ("GET", "/v1/operations/x"): "read",
    ("POST", "/v1/accounts/x/freeze"): "contain",
    ("DELETE", "/v1/accounts/x/freeze"): "contain",
    ("GET", "/v1/accounts/x"): "read",
    ("PUT", "/v1/accounts/x"): "manage",
    ("POST", "/v1/accounts/x/entries"): "confirm",
    ("GET", "/v1/lists/x/entries"): "read",
    ("POST", "/v1/lists/x/entries"): "manage",
    ("DELETE", "/v1/lists/x/entries"): "manage",
    ("POST", "/v1/reports"): "contain",
    ("GET", "/v1/cases/x"): "desk",
    ("GET", "/v1/cases/x/receipt"): "desk",
    ("GET", "/v1/cases/x/papers/x"): "desk",
    ("POST", "/v1/cases/x/bundle"): "desk",
    ("POST", "/v1/cases/x/assign"): "desk",
    ("POST", "/v1/cases/x/take"): "desk",
    ("POST", "/v1/cases/x/release"): "desk",
    ("POST", "/v1/cases/x/note"): "desk",
    ("POST", "/v1/cases/x/reply"): "desk",
    ("POST", "/v1/cases/x/add-task"): "desk",
    ("POST", "/v1/cases/x/take-task"): "desk",
    ("POST", "/v1/cases/x/done-task"): "desk",
    ("POST", "/v1/cases/x/begin-playbook"): "desk",
    ("POST", "/v1/cases/x/done-step"): "desk",
    ("POST", "/v1/cases/x/promise"): "desk",
    ("POST", "/v1/cases/x/keep-promise"): "desk",
    ("POST", "/v1/cases/x/snooze"): "desk",
    ("POST", "/v1/cases/x/tag"): "desk",
    ("POST", "/v1/cases/x/macro"): "desk",
    ("POST", "/v1/cases/x/move"): "desk",
    ("POST", "/v1/cases/x/pass-ball"): "desk",
    ("POST", "/v1/cases/x/set-side"): "desk",
    ("POST", "/v1/cases/x/set-risk"): "desk",
    ("POST", "/v1/cases/x/decide"): "desk",
    ("POST", "/v1/cases/x/close"): "desk",
    ("POST", "/v1/cases/x/reopen"): "desk",
    ("POST", "/v1/cases/x/withdraw"): "desk",
    ("POST", "/v1/cases/x/appeal"): "desk",
    ("POST", "/v1/cases/x/review"): "desk",
    ("POST", "/v1/cases/x/pause-collection"): "desk",
    ("POST", "/v1/cases/x/resume-collection"): "desk",
    ("POST", "/v1/cases/x/police-report"): "desk",
    ("POST", "/v1/cases/x/renew-receipt"): "desk",
    ("POST", "/v1/cases/x/grant-access"): "desk",
    ("POST", "/v1/cases/x/end-access"): "desk",
    ("POST", "/v1/cases/x/freeze"): "desk",
    ("POST", "/v1/cases/x/unfreeze"): "desk",
    ("POST", "/v1/cases/x/link"): "desk",
    ("POST", "/v1/cases/x/unlink"): "desk",
    ("POST", "/v1/cases/x/merge"): "desk",
    ("POST", "/v1/cases/x/unmerge"): "desk",
    ("POST", "/v1/cases/x/split"): "desk",
    ("POST", "/v1/cases/x/gather"): "desk",
    ("POST", "/v1/cases/x/answer-all"): "desk",
    ("POST", "/v1/cases/x/glass"): "desk",
    ("POST", "/v1/cases/x/answer-all/take-back"): "desk",
    ("GET", "/v1/cases/x/suggested"): "desk",
    ("POST", "/v1/cases/x/messages/x/unmask"): "desk",
    ("PUT", "/v1/cases/x/presence"): "desk",
    ("PUT", "/v1/cases/x/draft"): "desk",
    ("GET", "/v1/cases/x/draft"): "desk",
    ("POST", "/v1/second-looks/x"): "desk",
    ("POST", "/v1/glass/x/review"): "desk",
    ("GET", "/v1/desk/books"): "desk",
    ("GET", "/v1/desk/staff"): "desk",
    ("PUT", "/v1/desk/staff/x"): "desk",
    ("GET", "/v1/cases"): "desk",
    ("GET", "/v1/cases/search"): "desk",
    ("GET", "/v1/queues"): "desk",
    ("PUT", "/v1/queues/x"): "desk",
    ("DELETE", "/v1/queues/x"): "desk",
    ("GET", "/v1/desk/measures"): "desk",
    ("GET", "/v1/webhooks"): "admin",
    ("PUT", "/v1/webhooks/x"): "admin",
    ("DELETE", "/v1/webhooks/x"): "admin",
    ("GET", "/v1/webhooks/x/deliveries"): "admin",
    ("POST", "/v1/webhooks/x/deliveries/x/replay"): "admin",
    ("GET", "/v1/cases/x/readings"): "desk",
    ("POST", "/v1/cases/x/readings"): "desk",
    ("POST", "/v1/cases/x/readings/confirm"): "desk",
    ("POST", "/v1/cases/x/files/mark"): "desk",
    ("GET", "/v1/cases/x/checklist"): "desk",
    ("POST", "/v1/cases/x/incident-facts"): "desk",
    ("POST", "/v1/cases/x/exhibits"): "desk",
    ("POST", "/v1/cases/x/exhibits/unlock"): "desk",
    ("GET", "/v1/cases/x/exhibits"): "desk",
    ("GET", "/v1/cases/x/exhibits/x"): "desk",
    ("POST", "/v1/cases/x/exhibits/x/open"): "desk",
    ("POST", "/v1/cases/x/legal-holds"): "desk",
    ("POST", "/v1/cases/x/legal-holds/x/lift"): "desk",
    ("POST", "/v1/merchants/x/tokens"): "detokenise",
    ("POST", "/v1/merchants/x/tokens/x/number"): "detokenise",
    ("GET", "/v1/cases/x/spoken-code"): "desk",
    ("POST", "/v1/cases/x/spoken-code"): "desk",
    ("GET", "/v1/cases/x/app-code"): "confirm",
    ("POST", "/v1/hotline/checks"): "contain",
    ("POST", "/v1/hotline/calls"): "contain",
    ("POST", "/v1/branch/visits"): "contain",
    ("PUT", "/v1/accounts/x/last-fours"): "manage",
    ("POST", "/v1/persons"): "decide",
    ("GET", "/v1/policies"): "policy",
    ("GET", "/v1/policies/live"): "policy",
    ("POST", "/v1/labels"): "manage",
    ("POST", "/v1/operations/x/label"): "manage",
    ("GET", "/v1/operations/x/labels"): "read",
    ("POST", "/v1/policies"): "policy",
    ("POST", "/v1/policies/x/steps"): "policy",
    ("GET", "/v1/policies/x/history"): "policy",
    ("GET", "/v1/policies/x/diff"): "policy",
    ("POST", "/v1/policies/x/canary"): "policy",
    ("GET", "/v1/canaries"): "policy",
    ("POST", "/v1/canaries/stop"): "policy",
    ("POST", "/v1/canaries/promote"): "policy",
    ("POST", "/v1/policies/check"): "policy",
    ("GET", "/v1/thresholds"): "policy",
    ("GET", "/v1/thresholds/x/history"): "policy",
    ("POST", "/v1/thresholds/x/pin"): "policy",
    ("POST", "/v1/thresholds/x/release"): "policy",
    ("GET", "/v1/operations/x/approvals"): "read",
    ("POST", "/v1/operations/x/approvals"): "approve",
    ("GET", "/v1/operations/x/consent"): "read",
    ("POST", "/v1/operations/x/consent/statement"): "confirm",
    ("POST", "/v1/operations/x/consent"): "confirm",
    ("GET", "/v1/approvals"): "approve",
    ("GET", "/v1/approvers"): "read",
    ("PUT", "/v1/approvers/x"): "admin",
    ("POST", "/v1/delegations"): "approve",
    ("POST", "/v1/purposes/x/statement"): "confirm",
    ("GET", "/v1/accounts/x/consents"): "read",
    ("PUT", "/v1/accounts/x/consents/x"): "confirm",
    ("DELETE", "/v1/accounts/x/consents/x"): "confirm",
    ("GET", "/v1/holds"): "read",
    ("GET", "/v1/accounts/x/incoming"): "read",
    ("GET", "/v1/operations/x/hold"): "read",
    ("POST", "/v1/operations/x/revoke"): "confirm",
    ("POST", "/v1/operations/x/release"): "confirm",
    ("POST", "/v1/operations/x/permit"): "decide",
    ("POST", "/v1/contain"): "contain",
    ("POST", "/v1/contain/preview"): "contain",
    ("GET", "/v1/incidents/x"): "read",
    ("POST", "/v1/incidents/x/lift"): "contain",
    ("POST", "/v1/incidents/x/appeal-upheld"): "contain",
    ("POST", "/v1/police-stops"): "contain",
    ("GET", "/v1/tasks"): "read",
    ("POST", "/v1/tasks/x/done"): "contain",
    ("GET", "/v1/sessions/revoked"): "read",
    ("POST", "/v1/sessions/check"): "read",
    ("GET", "/v1/accounts/x/contacts"): "read",
    ("PUT", "/v1/accounts/x/contacts"): "manage",
    ("DELETE", "/v1/accounts/x/contacts"): "manage",
    ("GET", "/v1/knowledge"): "read",
    ("POST", "/v1/answers/x/verdict"): "confirm",
    ("POST", "/v1/answers/x/check"): "manage",
    ("GET", "/v1/answers/checks"): "read",
    ("GET", "/v1/answers/rate"): "read",
    ("GET", "/v1/accounts/x/notices"): "read",
    ("GET", "/v1/accounts/x/notices/stream"): "read",
    ("GET", "/v1/accounts/x/limit"): "read",
    ("PUT", "/v1/accounts/x/limit"): "confirm",
    ("DELETE", "/v1/accounts/x/limit/raise"): "confirm",
    ("GET", "/v1/accounts/x/mandates"): "read",
    ("PUT", "/v1/accounts/x/mandates/x"): "manage",
    ("POST", "/v1/accounts/x/mandates/x/off"): "confirm",
    ("POST", "/v1/accounts/x/mandates/x/on"): "confirm",
    ("GET", "/v1/accounts/x/orders"): "read",
    ("GET", "/v1/shadows"): "policy",
    ("POST", "/v1/shadows"): "policy",
    ("GET", "/v1/shadows/x/diff"): "policy",
    ("POST", "/v1/shadows/x/pause"): "policy",
    ("POST", "/v1/shadows/x/resume"): "policy",
    ("DELETE", "/v1/shadows/x"): "policy",
    ("POST", "/v1/operations/x/challenge"): "confirm",
    ("GET", "/v1/operations/x/challenge"): "confirm",
    ("POST", "/v1/operations/x/challenge/answer"): "confirm",
    ("POST", "/v1/operations/x/challenge/deny"): "confirm",
    ("POST", "/v1/operations/x/challenge/call"): "approve",
    ("POST", "/v1/accounts/x/challenge"): "confirm",
    ("POST", "/v1/accounts/x/challenge/answer"): "confirm",
    ("GET", "/v1/accounts/x/authenticators"): "confirm",
    ("POST", "/v1/accounts/x/authenticators"): "confirm",
    ("POST", "/v1/accounts/x/authenticators/x/finish"): "confirm",
    ("POST", "/v1/accounts/x/authenticators/x/name"): "confirm",
    ("POST", "/v1/accounts/x/authenticators/x/remove"): "confirm",
}


def _routes(door: Door) -> set[tuple[str, str]]:
    """Every route there is, hot or not, with x for each path parameter."""
    found = {("POST", route.path) for route in door.front.lane.routes.values()}
    for handler in ROUTE_HANDLERS:
        for path in handler.paths:
            plain = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
            found |= {(str(method), plain) for method in handler.http_methods}
    return found


async def test_every_route_is_in_the_table_of_scopes(door: Door) -> None:
    """A new route must be entered here with the scope it asks for: none is open by oversight."""
    assert _routes(door) == SCOPES_OF.keys() | OPEN_ROUTES


def test_every_route_of_the_desk_declares_its_verb() -> None:
    """A door of the desk that does not say what it is for would be open to every role."""
    desk = [handler for handler in ROUTE_HANDLERS if handler.opt.get("scope") == "desk"]
    assert desk
    assert [handler for handler in desk if not isinstance(handler.opt.get("verb"), Verb)] == []


async def test_a_key_that_is_nobodys_does_not_open_the_desk(door: Door) -> None:
    """The desk takes people: a system's key with its scope, and a role without the verb, are refused."""
    system = door.house.keys.create("system", "desk")
    door.house.keys.known[system] = FakeKey("system", frozenset({"desk"}))
    editor = door.house.keys.create("editor", "desk")
    peer = Staff(name="editor", roles=frozenset({Role.PEER}))
    door.house.keys.known[editor] = FakeKey("editor", frozenset({"desk"}), peer)
    for key, code in ((system, "staff_needed"), (editor, "role_lacks_verb")):
        headers = {"authorization": f"Bearer {key}"}
        refused = await door.send("POST", "/v1/cases/482910357716/note", headers=headers, json={"text": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, code)


async def test_no_state_changing_route_is_open(door: Door) -> None:
    """Whatever changes something, but the public door, refuses a caller without a key, body unseen."""
    changing = [route for route in _routes(door) if route[0] != "GET" and route not in PUBLIC_DOOR]
    assert len(changing) >= 8
    for method, path in changing:
        response = await door.send(method, path, headers={"authorization": ""}, content=b"{")
        assert (response.status_code, response.json()["code"]) == (401, "missing_key"), (method, path)
    assert door.house.orders.facts == []
    assert door.house.decider.decided == 0


@pytest.mark.parametrize(("route", "scope"), SCOPES_OF.items())
async def test_each_route_wants_its_own_scope(door: Door, route: tuple[str, str], scope: str) -> None:
    """A key with every other scope is refused; a key with this scope alone gets past the keeper."""
    others = door.house.keys.create(
        "others", *({"decide", "contain", "read", "manage", "policy", "admin"} - {scope})
    )
    alone = door.house.keys.create("alone", scope)
    if route == CONFIGURED_BY_ADMINS:
        admin = Staff(name="alone", roles=frozenset({Role.ADMIN}))
        door.house.keys.known[alone] = FakeKey("alone", frozenset({scope}), admin)
    method, path = route
    refused = await door.send(method, path, headers={"authorization": f"Bearer {others}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    admitted = await door.send(method, path, headers={"authorization": f"Bearer {alone}"})
    assert admitted.status_code not in (401, 403)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Basic Y206Y20=", "Bearer cm_all_wrong", "cm_all", "Bearer \xe9\xe9"]
)
async def test_a_wrong_key_is_401(door: Door, operation: dict[str, Any], header: str) -> None:
    """Anything but a known key is refused with a challenge, on the hot route and on others."""
    for method, path in (("POST", "/v1/operations"), ("GET", "/v1/policies")):
        response = await door.send(
            method, path, json=operation, headers=[("authorization", header.encode("latin-1"))]
        )
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_revoked_key_is_refused_at_once(door: Door, operation: dict[str, Any]) -> None:
    """A key that worked and was revoked gets 401 on the same connection."""
    key = door.house.keys.create("short-lived", "decide")
    assert (await door.decide(operation, authorization=f"Bearer {key}")).status_code == 200
    door.house.keys.revoke(key)
    assert (await door.decide(operation, authorization=f"Bearer {key}")).status_code == 401


async def test_a_refusal_is_noted_without_the_key(door: Door, operation: dict[str, Any]) -> None:
    """Log, metric and journal note say why and where, and hold no part of the key."""
    secret = "cm_thief_topsecretvalue"  # it opens nothing
    with capture_logs() as logs:
        for _ in range(3):
            await door.decide(operation, authorization=f"Bearer {secret}")
    refused = [line for line in logs if line["event"] == "access_refused"]
    assert len(refused) == 3
    assert "topsecret" not in str(logs)
    assert door.front.measures.access_refused["unknown_key"] == 3
    await door.front.note_refusals()
    await door.front.note_refusals()
    body = {"reason": "unknown_key", "route": "/v1/operations", "count": 3}
    assert [fact.body for fact in door.house.journal.facts] == [body]


async def test_metrics_are_open_to_the_machine_itself_only(door: Door) -> None:
    """A loopback peer reads them without a key; one that forwards for somebody needs `read`."""
    assert (await door.send("GET", "/metrics", headers={"authorization": ""})).status_code == 200
    forwarded = {"x-forwarded-for": "198.51.100.1"}
    closed = await door.send("GET", "/metrics", headers={"authorization": "", **forwarded})
    assert closed.status_code == 401
    assert (await door.send("GET", "/metrics", headers=forwarded)).status_code == 200


async def test_metrics_hold_no_personal_data(door: Door, operation: dict[str, Any]) -> None:
    """Counters move, and no label is an account, an id, a key or an address."""
    await door.decide({**operation, "ip": "203.0.113.7"})
    await door.decide({**operation, "kind": "nonsense"})
    await door.send("POST", "/v1/accounts/a-secret-account/freeze", json={"reason": "lost phone"})
    text = (await door.send("GET", "/metrics")).text
    assert 'countermand_decisions_total{outcome="allow"} 1.0' in text
    assert 'countermand_refusals_total{code="invalid_operation",status="400"} 1.0' in text
    assert "countermand_decision_seconds_bucket" in text
    labels = " ".join(labels_of(door.front.measures.collect()))
    for personal in ("a-1", "op-1", "a-secret-account", "203.0.113.7", door.key, "127.0.0.1"):
        assert personal not in text
        assert personal not in labels.split()
