"""Who may do what, and to whom outside the desk a case is open: shown to those who watch, given and ended."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.cases.permission_table import permission
from countermand.flows.act_on_case import act_on_case
from countermand.flows.opened_cases import every_grant, opened_cases
from countermand.flows.trace_case import TracingHouse, trace_case
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.case_answers import filled_of
from countermand.surfaces.web.desk.case_forms import Typed, act_of
from countermand.surfaces.web.desk.frame import (
    Asked,
    desk_page,
    house_of,
    plain_number,
    rail_of,
    trace_of,
    typed_in,
)
from countermand.vocabulary.acts import EndAccess, GrantAccess
from countermand.vocabulary.staff import FieldClass, Purpose, Role, Verb, Verdict

ACCESS = "/desk/access"


@get(ACCESS, page="staff", verb=Verb.READ_CASE)
async def read_access(
    request: Asked, case: FromQuery[str] = "", done: FromQuery[str] = ""
) -> Response[bytes]:
    """To whom cases are open, until when, and who opened them; with the form, for who may open one."""
    return await _access(request, {"case": case}, None, done)


async def _access(
    request: Asked, typed: Typed, refusal: CountermandError | None, done: str = ""
) -> Response[bytes]:
    found = await every_grant(house_of(request).case_desk, staff_of(request))
    values: dict[str, Any] = {
        **found,
        "purposes": [one.value for one in Purpose],
        "typed": defaultdict(str, typed),
        "refusal": refusal,
        "done": done if done in ("given", "ended") else "",
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/access.html", status=status, **values, room="access")


@post(ACCESS, page="staff", verb=Verb.GRANT, status_code=303)
async def give_access(request: Asked) -> Response[bytes]:
    """Open a case to a regulator, an auditor or another institution, until a time."""
    typed = await typed_in(request)
    try:
        if not typed.get("case"):
            raise invalid_request("name the case", "case")
        act = act_of(
            GrantAccess,
            to=typed.get("to"),
            until=filled_of(request, typed).moment("until"),
            purpose=typed.get("purpose"),
            why=typed.get("why"),
        )
        desk = house_of(request).case_desk
        await act_on_case(desk, typed["case"], act, staff_of(request), trace=trace_of(request))
    except CountermandError as refusal:
        return await _access(request, typed, refusal)
    return see_other(f"{ACCESS}?done=given")


@post(ACCESS + "/{number:str}/{grant:str}/end", page="staff", verb=Verb.GRANT, status_code=303)
async def take_access(request: Asked, number: FromPath[str], grant: FromPath[str]) -> Response[bytes]:
    """They read it no longer."""
    desk, act = house_of(request).case_desk, EndAccess(grant=identifier(grant, "grant"))
    try:
        await act_on_case(desk, number, act, staff_of(request), trace=trace_of(request))
    except CountermandError as refusal:
        return await _access(request, await typed_in(request), refusal)
    return see_other(f"{ACCESS}?done=ended")


@get(ACCESS + "/matrix", page="staff", verb=Verb.READ_CASE)
async def read_matrix(request: Asked, role: FromQuery[str] = "") -> Response[bytes]:
    """What each role gets for each verb; with a role, for each class of data too. The same rules decide."""
    await every_grant(house_of(request).case_desk, staff_of(request))
    roles = list(Role)
    chosen = Role(role) if role in {one.value for one in roles} else None
    rows = []
    for verb in Verb:
        given = [permission(chosen, verb)] if chosen else [permission(one, verb) for one in roles]
        cells = list(given[0]) if chosen else [max(one) for one in given]
        if any(cells):
            rows.append({"verb": verb.value, "cells": [one.name.lower() for one in cells]})
    columns = [one.value for one in FieldClass] if chosen else [one.value for one in roles]
    values: dict[str, Any] = {
        "rows": rows,
        "columns": columns,
        "chosen": None if chosen is None else chosen.value,
        "all_roles": [one.value for one in roles],
        "verdicts": [one.name.lower() for one in sorted(Verdict, reverse=True)],
    }
    return desk_page(request, "desk/matrix.html", **values, room="access")


@get("/desk/opened", page="staff", verb=Verb.READ_CASE)
async def read_opened(request: Asked) -> Response[bytes]:
    """The cases that were opened to whoever looks, until when, and what for."""
    opened = await opened_cases(house_of(request).case_desk, staff_of(request))
    return desk_page(request, "desk/opened.html", opened=opened, room="opened")


@get("/desk/cases/{number:str}/trace", page="staff", verb=Verb.READ_CASE)
async def read_trace(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """From the case to its clocks, decisions, policies and leaves in the log; nothing here can be changed."""
    house: TracingHouse = request.app.state["house"]
    clocks = house_of(request).reception.clocks.house
    found = await trace_case(house, clocks, number, staff_of(request), trace_of(request))
    shown = found["shown"]
    values: dict[str, Any] = {
        **found,
        "spoken": found["number"],
        "number": plain_number(found["number"]),
        "case": {"owner": None, "outcome": None, "account": None, **shown["case"]},
        "rail": await rail_of(request),
    }
    return desk_page(request, "desk/trace.html", **values, room="cases")


ACCESS_PAGES = (read_access, give_access, take_access, read_matrix, read_opened, read_trace)
