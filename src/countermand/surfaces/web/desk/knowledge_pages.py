"""The knowledge base: what is in force, every version, drafts judged, answers read again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.cases.permissions import may_ever
from countermand.flows.answer_message import answers_to_check, check_answer, rate_of_answers
from countermand.flows.keep_knowledge import search_knowledge
from countermand.flows.show_knowledge import draft_of, ending_soon, judge_draft, list_versions
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, trace_of, typed_in
from countermand.vocabulary.staff import Verb

RATE_DAYS = 30


@get("/desk/knowledge", page="staff", verb=Verb.LIST_CASES)
async def read_knowledge(request: Asked, q: FromQuery[str] = "") -> Response[bytes]:
    """Articles in force, searched as customers' questions are; macros; how many answers settled it."""
    house, staff = house_of(request), staff_of(request)
    now, desk = house.clock.now(), house.case_desk
    checks = may_ever(staff.roles, Verb.CHECK_QUALITY)
    values: dict[str, Any] = {
        "articles": search_knowledge(house.knowledge, house.clock, q[:500]),
        "asked": q,
        "ending": ending_soon(house.knowledge, house.clock),
        "rate": await rate_of_answers(house.reception, now - RATE_DAYS * MICROS_PER_DAY, now + 1),
        "checks": await answers_to_check(house.reception) if checks else [],
        "macros": sorted(desk.macros.values(), key=lambda one: one.id),
        "phrases": sorted(desk.phrases.values(), key=lambda one: one.id),
    }
    return desk_page(request, "desk/knowledge.html", **values, room="knowledge")


@get("/desk/knowledge/{article:str}", page="staff", verb=Verb.LIST_CASES)
async def read_article(request: Asked, article: FromPath[str]) -> Response[bytes]:
    """Every version of an article in both languages, with its laws and when it counts."""
    return await _article(request, identifier(article, "article"), {}, None)


async def _article(
    request: Asked, name: str, typed: dict[str, str], refusal: CountermandError | None
) -> Response[bytes]:
    house = house_of(request)
    versions = list_versions(house.knowledge, house.clock, name)
    newest = max(
        (one for one in house.knowledge.library.articles if one.id == name), key=lambda one: one.version
    )
    faults: Any = None
    if typed.get("draft") and refusal is None:
        _, faults = judge_draft(house.knowledge, typed["draft"])
    values: dict[str, Any] = {
        "versions": versions,
        "name": name,
        "draft": typed.get("draft") or draft_of(newest),
        "typed": defaultdict(str, typed),
        "faults": faults,
        "refusal": refusal,
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/article.html", status=status, **values, room="knowledge")


@post("/desk/knowledge/{article:str}/draft", page="staff", verb=Verb.EDIT_KNOWLEDGE, status_code=200)
async def check_draft(request: Asked, article: FromPath[str]) -> Response[bytes]:
    """Say what is wrong with a draft; nothing is kept: versions come with the knowledge folder."""
    name, typed = identifier(article, "article"), await typed_in(request)
    try:
        if not typed.get("draft"):
            raise invalid_request("there is nothing to look at", "draft")
        judge_draft(house_of(request).knowledge, typed["draft"])
    except CountermandError as refusal:
        return await _article(request, name, typed, refusal)
    return await _article(request, name, typed, None)


@post("/desk/knowledge/checks/{reply:str}", page="staff", verb=Verb.CHECK_QUALITY, status_code=303)
async def check_one_answer(request: Asked, reply: FromPath[str]) -> Response[bytes]:
    """A second reader says whether an answer of the machine was right."""
    name, typed = identifier(reply, "reply"), await typed_in(request)
    if typed.get("found") not in ("right", "wrong"):
        raise invalid_request("it is right or wrong", "found")
    right, by = typed["found"] == "right", staff_of(request).name
    await check_answer(house_of(request).reception, name, right=right, actor=by, trace=trace_of(request))
    return see_other("/desk/knowledge")


KNOWLEDGE_PAGES = (read_knowledge, read_article, check_draft, check_one_answer)
