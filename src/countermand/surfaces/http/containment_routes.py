"""The routes of containment: stop, preview, lift; police stops; tasks; ended sessions."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.contain_now import contain_now, preview_containment, stop_for_police
from countermand.flows.lift_containment import lift_containment, uphold_appeal
from countermand.flows.show_incidents import (
    check_session,
    finish_task,
    list_tasks,
    sessions_since,
    show_incident,
)
from countermand.surfaces.http.containment_messages import (
    ContainmentShown,
    IncidentShown,
    LiftShown,
    LogoutKeys,
    RevocationFeed,
    ScopeShown,
    SessionAnswer,
    TaskPage,
    TaskShown,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, key_of, visit_of
from countermand.vocabulary.incidents import (
    AppealRequest,
    ContainRequest,
    LiftRequest,
    PoliceStopRequest,
    SessionQuestion,
)

Asked = Request[Any, Any, Any]
NUMBER_DIGITS_MAX = 18


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@post("/v1/contain", scope="contain", status_code=200, keyed=True, gives=ContainmentShown, refuses=(404, 409))
async def contain(request: Asked, data: JSONBody[ContainRequest]) -> dict[str, Any]:
    """Stop what somebody never wanted, at once. When this answers, nothing that it stops can be allowed.

    Send an `Idempotency-Key`: a repetition with the same key changes nothing and gets the same answer.
    """
    visit = visit_of(request.scope)
    return await contain_now(_house(request), data, key_of(request), visit.actor, visit.trace_id)


@post("/v1/contain/preview", fresh=True, scope="contain", status_code=200, gives=ScopeShown)
async def preview(request: Asked, data: JSONBody[ContainRequest]) -> dict[str, Any]:
    """What a containment would stop, and what would keep working; changes nothing."""
    visit = visit_of(request.scope)
    return await preview_containment(_house(request), data, visit.actor)


@get("/v1/incidents/{incident_id:str}", scope="read", gives=IncidentShown)
async def read_incident(request: Asked, incident_id: FromPath[str]) -> dict[str, Any]:
    """An incident: what was stopped, what still is, and what others have done about it."""
    return await show_incident(_house(request), identifier(incident_id, "incident_id"))


@post(
    "/v1/incidents/{incident_id:str}/lift",
    scope="contain",
    status_code=200,
    gives=LiftShown,
    refuses=(404, 409),
)
async def lift(request: Asked, incident_id: FromPath[str], data: JSONBody[LiftRequest]) -> dict[str, Any]:
    """Give an account back by a grade, with the proofs for it; the same grade again changes nothing."""
    visit = visit_of(request.scope)
    incident = identifier(incident_id, "incident_id")
    return await lift_containment(_house(request), incident, data, visit.actor, visit.trace_id)


@post(
    "/v1/incidents/{incident_id:str}/appeal-upheld",
    scope="contain",
    status_code=200,
    gives=LiftShown,
    refuses=(404, 409),
)
async def uphold(request: Asked, incident_id: FromPath[str], data: JSONBody[AppealRequest]) -> dict[str, Any]:
    """An appeal was upheld: everything of the incident and of all linked with it is lifted at once."""
    visit = visit_of(request.scope)
    incident = identifier(incident_id, "incident_id")
    return await uphold_appeal(_house(request), incident, data, visit.actor, visit.trace_id)


@post(
    "/v1/police-stops", scope="contain", status_code=200, keyed=True, gives=ContainmentShown, refuses=(409,)
)
async def stop(request: Asked, data: JSONBody[PoliceStopRequest]) -> dict[str, Any]:
    """An emergency stop of the police: 48 hours, at most twice for a case. The answer is the feedback."""
    visit = visit_of(request.scope)
    return await stop_for_police(_house(request), data, key_of(request), visit.actor, visit.trace_id)


@get("/v1/tasks", scope="read", gives=TaskPage)
async def read_tasks(
    request: Asked, done: FromQuery[str] = "false", after: FromQuery[str] = ""
) -> dict[str, Any]:
    """What people must look at, the most urgent first; with `done` true what they have looked at."""
    _only(request, "done", "after")
    if done not in ("true", "false"):
        raise invalid_request("done is true or false", "done")
    return await list_tasks(_house(request), done=done == "true", after=after)


@post("/v1/tasks/{task_id:str}/done", scope="contain", status_code=200, gives=TaskShown, refuses=(404,))
async def end_task(request: Asked, task_id: FromPath[str]) -> dict[str, Any]:
    """Somebody has looked; again: as the first time."""
    visit = visit_of(request.scope)
    return await finish_task(_house(request), identifier(task_id, "task_id"), visit.actor, visit.trace_id)


@get("/v1/sessions/revoked", scope="read", gives=RevocationFeed)
async def read_revoked(request: Asked, since: FromQuery[str] = "0") -> dict[str, Any]:
    """Sessions that were ended, behind number `since`; ask again with `next`."""
    _only(request, "since")
    if not (since.isascii() and since.isdigit() and len(since) <= NUMBER_DIGITS_MAX):
        raise invalid_request("since is a number that this feed gave", "since")
    return await sessions_since(_house(request), int(since))


@post("/v1/sessions/check", fresh=True, scope="read", status_code=200, gives=SessionAnswer)
async def check_one(request: Asked, data: JSONBody[SessionQuestion]) -> dict[str, Any]:
    """Whether a session may act now: asked for every request, it lets nobody go on who was stopped."""
    return await check_session(_house(request), data)


def _only(request: Asked, *names: str) -> None:
    """Raises BadRequest (`invalid_request`) for a parameter that there is not: it would do nothing."""
    unknown = sorted(set(request.query_params) - {*names})
    if unknown:
        raise invalid_request("there is no such parameter", unknown[0])


@get("/v1/sessions/keys", open=True, gives=LogoutKeys)
async def read_logout_keys(request: Asked) -> dict[str, Any]:
    """The public keys with which relying parties verify our logout tokens."""
    return dict(_house(request).session_jwks)


CONTAINMENT_HANDLERS = (
    contain, preview, read_incident, lift, uphold, stop, read_tasks, end_task, read_revoked, check_one,
    read_logout_keys,
)  # fmt: skip
