"""A case and what is done to it: read, act, and where somebody was faster, show it with nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from countermand.flows.agree_act import agree
from countermand.flows.beside_case import be_there, keep_draft
from countermand.flows.disclose import Unmask, unmask
from countermand.flows.merge_cases import merge
from countermand.flows.show_case import dossier_of
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.case_answers import (
    again,
    back,
    blank,
    filled_of,
    perform,
    perform_all,
    version_of,
)
from countermand.surfaces.web.desk.case_forms import FORMS, Reader, acknowledgement, act_of, resolving
from countermand.surfaces.web.desk.case_view import case_values
from countermand.surfaces.web.desk.frame import (
    Asked,
    desk_page,
    house_of,
    plain_number,
    rail_of,
    trace_of,
    typed_in,
)
from countermand.surfaces.web.desk.work_forms import WORK_FORMS
from countermand.vocabulary.cases import Contained
from countermand.vocabulary.staff import Verb

_CASE = "/desk/cases/{number:str}"
_ACKNOWLEDGED_WITHIN = timedelta(hours=24)


@get(_CASE, page="staff", verb=Verb.READ_CASE)
async def read_case(
    request: Asked,
    number: FromPath[str],
    view: FromQuery[str] = "",
    tab: FromQuery[str] = "",
    queue: FromQuery[str] = "",
    after: FromQuery[str] = "",
    do: FromQuery[str] = "",
    done: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[bytes]:
    """A case: conversation or timeline, the panel beside it, and with `do` one of its forms open."""
    values = await case_values(request, number, view, tab, q)
    rail = await rail_of(request, queue, after)
    return desk_page(request, "desk/case.html", **values, **blank(do, done), rail=rail, room="cases")


@get(_CASE + "/panel", page="staff", verb=Verb.READ_CASE)
async def read_panel(
    request: Asked, number: FromPath[str], tab: FromQuery[str] = "", q: FromQuery[str] = ""
) -> Response[bytes]:
    """One tab of the panel alone."""
    values = await case_values(request, number, "", tab, q)
    return desk_page(request, "desk/panel.html", **values, rail={"queue": ""}, done="")


def _door(name: str, verb: Verb, read: Reader) -> HTTPRouteHandler:
    async def act(request: Asked, number: str) -> Response[bytes]:
        typed = await typed_in(request)
        try:
            wanted = read(filled_of(request, typed))
            answer = await perform(request, number, wanted, version_of(typed))
        except CountermandError as refusal:
            return await again(request, number, name, typed, refusal)
        if name == "write":
            # What was sent needs no draft any more.
            await keep_draft(house_of(request).case_desk, number, "", staff_of(request))
        return back(number, typed, "waits" if "waits" in answer else name)

    act.__name__ = act.__qualname__ = f"{name}_from_page"
    act.__doc__ = f"The form “{name}” of a case."
    path_of: Any = FromPath
    act.__annotations__ = {"request": Asked, "number": path_of[str], "return": Response[bytes]}
    return post(f"{_CASE}/do/{name}", page="staff", verb=verb, status_code=303)(act)


@post(_CASE + "/do/acknowledge", page="staff", verb=Verb.REPLY, status_code=303)
async def acknowledge(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Tell the customer that it was heard, by whom it is handled, and by when the next word comes."""
    house, typed = house_of(request), await typed_in(request)
    try:
        case = (await dossier_of(house.reception, number)).case
        stopped = case.contained not in (Contained.NONE, Contained.LIFTED)
        zone = ZoneInfo(house.reception.timezone)
        by = (moment_of(house.clock.now()) + _ACKNOWLEDGED_WITHIN).astimezone(zone)
        act = acknowledgement(dict(house.case_desk.phrases), stopped, by, case.language)
        await perform(request, number, act, version_of(typed))
    except CountermandError as refusal:
        return await again(request, number, "acknowledge", typed, refusal)
    return back(number, typed, "acknowledge")


@post(_CASE + "/do/merge", page="staff", verb=Verb.LINK, status_code=303)
async def merge_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """The form “merge” of a case."""
    typed = await typed_in(request)
    others = [one for one in typed.get("case", "").split("\n") if one]
    try:
        if not others:
            raise invalid_request("name the other case", "case")
        desk, staff = house_of(request).case_desk, staff_of(request)
        await merge(desk, number, others, staff, version=version_of(typed), trace=trace_of(request))
    except CountermandError as refusal:
        return await again(request, number, "merge", typed, refusal)
    return back(number, typed, "merge")


@post(_CASE + "/do/resolve", page="staff", verb=Verb.CLOSE, status_code=303)
async def resolve(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Say what was found, close, and go to the next case; what needs a second person waits."""
    typed = await typed_in(request)
    try:
        decided = (await dossier_of(house_of(request).reception, number)).case.outcome is not None
        acts = resolving(filled_of(request, typed), decided=decided)
        if "waits" in await perform_all(request, number, acts, version_of(typed)):
            return back(number, typed, "waits")
    except CountermandError as refusal:
        return await again(request, number, "resolve", typed, refusal)
    rail = await rail_of(request, typed.get("queue", ""))
    following = [plain_number(one["case"]) for one in rail["cases"]]
    following = [one for one in following if one != plain_number(number)]
    return back(following[0], typed, "resolve") if following else see_other("/desk")


@post(_CASE + "/messages/{message:str}/unmask", page="staff", verb=Verb.UNMASK, status_code=200)
async def unmask_from_page(request: Asked, number: FromPath[str], message: FromPath[str]) -> Response[bytes]:
    """One text as it was, for a purpose, once; a reload shows it masked again."""
    typed, name = await typed_in(request), identifier(message, "message")
    try:
        wanted = act_of(
            Unmask, field=typed.get("field"), purpose=typed.get("purpose"), reason=typed.get("reason")
        )
        answer = await unmask(
            house_of(request).case_desk, number, name, wanted, staff_of(request), trace_of(request)
        )
    except CountermandError as refusal:
        return await again(request, number, "unmask", {**typed, "message": name}, refusal)
    if "waits" in answer:
        return back(number, typed, "waits")
    values = await case_values(request, number, "", "", "")
    rail = await rail_of(request, typed.get("queue", ""))
    shown = {**blank(), "unmasked": answer}
    return desk_page(request, "desk/case.html", **{**values, **shown}, rail=rail, room="cases")


@post("/desk/looks/{look:str}", page="staff", verb=Verb.APPROVE, status_code=303)
async def answer_look_from_page(request: Asked, look: FromPath[str]) -> Response[bytes]:
    """The second person agrees, or does not."""
    typed, name = await typed_in(request), identifier(look, "look")
    agreed = typed.get("agreed") == "yes"
    number = typed.get("number", "")
    desk, staff = house_of(request).case_desk, staff_of(request)
    try:
        if not typed.get("reason"):
            raise invalid_request("say why", "reason")
        await agree(desk, name, staff, agreed=agreed, reason=typed["reason"], trace=trace_of(request))
    except CountermandError as refusal:
        return await again(request, number, "look", {**typed, "look": name}, refusal)
    return back(number, typed, "look")


@post(_CASE + "/draft", page="staff", verb=Verb.WORK, status_code=204)
async def keep_draft_from_page(request: Asked, number: FromPath[str]) -> None:
    """Keep what was begun, as it is typed."""
    typed = await typed_in(request)
    await keep_draft(house_of(request).case_desk, number, typed.get("text", ""), staff_of(request))


@post(_CASE + "/presence", page="staff", verb=Verb.WORK, status_code=200)
async def be_at_case_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Say that one is here, and learn who else is, and whether the case has changed."""
    typed = await typed_in(request)
    doing = "writing" if typed.get("doing") == "writing" else "reading"
    there = await be_there(house_of(request).case_desk, number, doing, staff_of(request))
    changed = there["version"] != version_of(typed)
    values = {"others": there["others"], "changed": changed, "number": plain_number(number)}
    return desk_page(request, "desk/presence.html", **values)


CASE_PAGES = (
    read_case, read_panel, acknowledge, merge_from_page, resolve, unmask_from_page, answer_look_from_page,
    keep_draft_from_page, be_at_case_from_page,
    *(_door(name, verb, read) for name, (verb, read) in {**FORMS, **WORK_FORMS}.items()),
)  # fmt: skip
