"""What every act from a case's page comes to: done and shown there, or the form again with why not."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import quote

from litestar import Response

from countermand.flows.act_on_case import act_on_case
from countermand.flows.link_cases import link
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.case_forms import Filled, Typed
from countermand.surfaces.web.desk.case_view import TABS, case_values
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, plain_number, rail_of, trace_of
from countermand.vocabulary.acts import AnyAct, Link, Unlink

# What is told after an act: how it is taken back, or why it cannot be.
AFTER = frozenset(
    {
        "freeze", "unfreeze", "acknowledge", "assign", "release", "write", "snooze", "link", "unlink",
        "triage", "merge", "unmerge", "resolve", "look", "tag", "task", "task_taken", "task_done", "promise",
        "kept", "ball", "stage", "side", "playbook", "step", "police", "ask", "reopen", "review",
        "collection", "collect", "split", "gather", "ungather", "take_back", "peer",
    }
)  # fmt: skip


def blank(do: str = "", done: str = "") -> dict[str, Any]:
    """The values of a case's page of which no form was refused; `do` is one that is open."""
    return {
        "do": do,
        "done": done if done in AFTER | {"waits"} else "",
        "typed": defaultdict(str),
        "refusal": None,
        "meanwhile": [],
        "unmasked": None,
    }


async def again(
    request: Asked, number: str, do: str, typed: Typed, refusal: CountermandError
) -> Response[bytes]:
    """The case as it is now, the form as it was filled in, and why nothing was done."""
    values = await case_values(request, number, "", typed.get("tab", ""), "")
    before = int(typed["version"]) if typed.get("version", "").isdecimal() else None
    changed = refusal.code == "case_changed" and before is not None
    events = values["shown"]["events"]
    shown = {
        **blank(do),
        "typed": defaultdict(str, typed),
        "refusal": refusal,
        "meanwhile": [one for one in events if changed and one["seq"] > (before or 0)],
    }
    rail = await rail_of(request, typed.get("queue", ""))
    status = refusal.http_status
    return desk_page(request, "desk/case.html", status=status, **{**values, **shown}, rail=rail, room="cases")


def version_of(typed: Typed) -> int | None:
    """The version of the case that somebody had before them. Raises BadRequest (`invalid_request`)."""
    version = typed.get("version", "")
    if not version:
        return None
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise invalid_request("it is the version of the case, a number", "version")
    return int(version)


def filled_of(request: Asked, typed: Typed) -> Filled:
    """The form, by whom it was filled in, when and where."""
    house = house_of(request)
    return Filled(typed, staff_of(request).name, house.clock.now(), house.reception.timezone)


async def perform(request: Asked, number: str, act: AnyAct, version: int | None) -> dict[str, Any]:
    """Do one act. Raises as `act_on_case` and `link`."""
    desk, staff, trace = house_of(request).case_desk, staff_of(request), trace_of(request)
    if isinstance(act, Link | Unlink):
        return await link(desk, number, act, staff, version=version, trace=trace)
    return await act_on_case(desk, number, act, staff, version=version, trace=trace)


async def perform_all(request: Asked, number: str, acts: list[AnyAct], version: int | None) -> dict[str, Any]:
    """One after the other, each on what the one before left; the last answer, or that one waits."""
    answer: dict[str, Any] = {}
    for act in acts:
        answer = await perform(request, number, act, version)
        if "waits" in answer:
            break
        version = answer["version"]
    return answer


def back(number: str, typed: Typed, done: str) -> Response[bytes]:
    """To the case, which says what was done and how it is taken back."""
    queue, tab = typed.get("queue", ""), typed.get("tab", "")
    kept = f"&queue={quote(queue, safe='')}" if queue else ""
    beside = f"&tab={tab}" if tab in TABS else ""
    return see_other(f"/desk/cases/{plain_number(number)}?done={done}{kept}{beside}")
