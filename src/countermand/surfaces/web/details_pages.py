"""What happened, question by question: of what we hold nothing is asked, and nothing has to be answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post

from countermand.evidence.allegation import QUESTIONS, AskedBy, FoundBy, Shared
from countermand.evidence.incident_facts import IncidentFacts, Sum, told_in
from countermand.flows.case_desk import HOLDER
from countermand.flows.receipt_sessions import Entered
from countermand.flows.tell_facts import add_facts, open_questions
from countermand.kernel.clock import moment_of
from countermand.kernel.money import MINOR_MAX, minor_of
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked, page
from countermand.surfaces.web.case_acts import say_in, tried
from countermand.surfaces.web.case_pages import not_open
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of
from countermand.surfaces.web.report_pages import new_key
from countermand.surfaces.web.told_facts import facts_shown

CURRENCY = "CNY"
_WORDS_MAX = 200


@get("/case/details", open=True, page="open")
async def ask_details(request: Asked) -> Response[bytes]:
    """The questions that are still open, and what was answered before."""
    found = await entered(request)
    return not_open(request) if found is None else await show_details(request, found, Filled())


async def show_details(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    """The questions, with what was typed where an answer was refused."""
    house = house_of(request)
    questions, told = await open_questions(house.reading_desk, found.case.number)
    return page(
        request,
        "case/details.html",
        status=status,
        form=form,
        entered=found,
        key=form["key"] or new_key(),
        questions=questions,
        asked_all=len(questions) == len(QUESTIONS),
        told=() if told is None else facts_shown(told.facts, house.reception.timezone),
    )


@post("/case/details", open=True, page="open", status_code=200)
async def tell_details(request: Asked) -> Response[bytes]:
    """Answers become facts of the case, own words a message; whatever of both is there."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    house = house_of(request)
    now = moment_of(house.clock.now()).astimezone(ZoneInfo(house.reception.timezone))
    facts = facts_of(form, now)
    if not form.faults and not form["text"] and not told_in(facts):
        form.wrong("text", "A few words are enough.", "简单写几句即可。")
    if form.faults:
        return await show_details(request, found, form, status=400)

    async def tell() -> None:
        if told_in(facts):
            desk, trace = house.reading_desk, visit_of(request.scope).trace_id
            await add_facts(desk, found.case.number, facts, HOLDER, trace)
        if form["text"]:
            await say_in(request, found, form["text"], form["key"])

    return await tried(request, found, form, tell, show_details, "/case/evidence")


def facts_of(form: Filled, now: datetime) -> IncidentFacts:
    """The answers as facts; one that cannot be is marked in the form, and nothing is guessed."""
    given: dict[str, Any] = {}
    for name, many in (("happened_at", True), ("noticed_at", False)):
        at = _instant(form, name, now) if form[name] else None
        if at is not None:
            given[name] = (at,) if many else at
    if form["amounts"] and (minor := _minor(form)) is not None:
        given["amounts"] = (Sum(minor, CURRENCY),)
    if form["payees"]:
        given["payees"] = (_plain(form["payees"]),)
    if form["device"]:
        given["device"] = _plain(form["device"])
    if form["found_by"] in set(FoundBy):
        given["found_by"] = FoundBy(form["found_by"])
    if form["asked_by"] in set(AskedBy):
        given["asked_by"] = AskedBy(form["asked_by"])
    given["shared"] = tuple(one for one in Shared if form[f"shared_{one.value}"])
    if Shared.NOTHING in given["shared"] and len(given["shared"]) > 1:
        form.wrong("shared", "Either nothing, or what it was.", "“没有”不能与其他选项同选。")
    return IncidentFacts(**given)


def _instant(form: Filled, name: str, now: datetime) -> datetime | None:
    """What a field of day and time holds, on the institution's clock."""
    try:
        at = datetime.fromisoformat(form[name].replace("/", "-")).replace(tzinfo=now.tzinfo)
    except ValueError:
        form.wrong(
            name, "Type day and time, such as 2026-11-21 20:30.", "请填写日期和时间，如 2026-11-21 20:30。"
        )
        return None
    if at > now:
        form.wrong(
            name, "This time is still to come. When did it happen?", "该时间还没到，请填写事情发生的时间。"
        )
        return None
    return at


def _minor(form: Filled) -> int | None:
    plain = form["amounts"].replace(",", "").replace("，", "").lstrip("¥￥").rstrip("元").strip()
    try:
        minor = minor_of(plain, CURRENCY)
    except ValueError:
        minor = 0
    if 0 < minor <= MINOR_MAX:
        return minor
    form.wrong("amounts", "Type an amount in digits, such as 1200.50.", "请用数字填写金额，如 1200.50。")
    return None


def _plain(words: str) -> str:
    """One line, as long as a fact may be."""
    return "".join(one if one.isprintable() else " " for one in words).strip()[:_WORDS_MAX]


DETAILS_PAGES = (ask_details, tell_details)
