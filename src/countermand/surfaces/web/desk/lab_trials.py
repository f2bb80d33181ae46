"""Trials of policies: shadows beside the live one, and backtests over what was decided here."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.keep_shadows import (
    compare_shadow,
    find_shadow,
    pause_shadow,
    remove_shadow,
    resume_shadow,
    shown_shadow,
)
from countermand.flows.run_backtests import begin_backtest, find_backtest
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import HTML, see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, trace_of, typed_in
from countermand.surfaces.web.desk.lab_pages import lab_page
from countermand.surfaces.web.desk.lab_rights import may_work, require_look, require_work
from countermand.vocabulary.staff import Verb

_JOB = "/desk/lab/backtests/{job:str}"
DAYS = (1, 7, 30, 90)
# A report brings its own style and script and names them by their hashes; nothing else may stand around it.
_OWN_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
_AROUND = "; frame-ancestors 'none'"


@get("/desk/lab/shadows/{shadow:str}", page="staff", verb=Verb.READ_CASE)
async def read_shadow(request: Asked, shadow: FromPath[str], days: FromQuery[str] = "") -> Response[bytes]:
    """What would have changed had the candidate decided, with its guardrail."""
    staff, house = staff_of(request), house_of(request)
    require_look(staff)
    name = identifier(shadow, "shadow")
    if days and not (days.isascii() and days.isdigit() and int(days) in DAYS):
        raise invalid_request("days is one of 1, 7, 30, 90", "days")
    found = await find_shadow(house, name)
    values: dict[str, Any] = {
        "shadow": shown_shadow(found),
        "found": await compare_shadow(house, name, int(days) if days else None),
        "days": days,
        "spans": DAYS,
        "may_work": may_work(staff),
    }
    return desk_page(request, "lab/shadow.html", **values, room="lab")


@post("/desk/lab/shadows/{shadow:str}", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def act_on_shadow(request: Asked, shadow: FromPath[str]) -> Response[bytes]:
    """Pause, resume or remove a candidate."""
    staff, house, typed = staff_of(request), house_of(request), await typed_in(request)
    require_work(staff)
    name, acts = identifier(shadow, "shadow"), {"pause": pause_shadow, "resume": resume_shadow}
    if typed.get("act") == "remove":
        await remove_shadow(house, name, staff.name, trace_of(request))
        return see_other("/desk/lab")
    if typed.get("act") not in acts:
        raise invalid_request("it is no act", "act")
    await acts[typed["act"]](house, name, staff.name, trace_of(request))
    return see_other(f"/desk/lab/shadows/{name}")


@post("/desk/lab/backtests", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def start_backtest(request: Asked) -> Response[bytes]:
    """Begin a backtest of the record, beside the house; it is watched on a page of its own."""
    staff, typed = staff_of(request), await typed_in(request)
    try:
        require_work(staff)
        job = await begin_backtest(
            request.app.state["house"],
            typed.get("policy", ""),
            typed.get("against") or None,
            typed.get("since") or None,
            typed.get("until") or None,
            staff.name,
        )
    except CountermandError as refusal:
        return await lab_page(request, {**typed, "form": "backtest"}, refusal)
    return see_other(f"/desk/lab/backtests/{job.id}")


@get(_JOB, page="staff", verb=Verb.READ_CASE)
async def read_backtest(request: Asked, job: FromPath[str]) -> Response[bytes]:
    """How far a backtest is, and where its report is."""
    staff = staff_of(request)
    require_look(staff)
    found = find_backtest(request.app.state["house"], job)
    return desk_page(request, "lab/backtest.html", job=found, may_work=may_work(staff), room="lab")


@post(
    "/desk/lab/backtests/{job:str}/cancel", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303
)
async def cancel_backtest(request: Asked, job: FromPath[str]) -> Response[bytes]:
    """End a backtest that runs; one that is over stays as it is."""
    require_work(staff_of(request))
    house = house_of(request)
    await house.backtests.cancel(find_backtest(request.app.state["house"], job).id)
    return see_other(f"/desk/lab/backtests/{job}")


@get(_JOB + "/report", page="staff", verb=Verb.READ_CASE)
async def read_report(request: Asked, job: FromPath[str]) -> Response[bytes]:
    """The report, whole, as the command writes it. Raises NotFound (`unknown_backtest`)."""
    require_look(staff_of(request))
    report = house_of(request).backtests.report(job)
    own = None if report is None else _OWN_POLICY.search(report)
    if report is None or own is None:
        raise NotFound("unknown_backtest", "There is no such report.", "没有这份报告。")
    policy = own[1].decode().replace("&#39;", "'").replace("&#x27;", "'") + _AROUND
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return Response(report, media_type=HTML, headers=headers)


TRIAL_PAGES = (
    read_shadow, act_on_shadow, start_backtest, read_backtest, cancel_backtest, read_report,
)  # fmt: skip
