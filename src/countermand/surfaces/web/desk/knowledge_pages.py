"""The knowledge base: what is in force, every version, proposals of the desk, answers read again."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.cases.permissions import may_ever, role_lacks
from countermand.flows.answer_message import answers_to_check, check_answer, rate_of_answers
from countermand.flows.keep_knowledge import Knowledge, search_knowledge
from countermand.flows.publish_knowledge import (
    KnowledgeHouse,
    faults_of_proposal,
    judge_proposal,
    next_number,
    proposals_of,
    propose_article,
    waiting_proposals,
)
from countermand.flows.show_knowledge import (
    article_of,
    changed_parts,
    earlier_of,
    ending_soon,
    fields_of,
    list_versions,
    newest_of,
)
from countermand.intake.proposals import Proposal, ProposalState
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, trace_of, typed_in
from countermand.vocabulary.knowledge import Article
from countermand.vocabulary.staff import Staff, Verb
from countermand.vocabulary.triage import Category

RATE_DAYS = 30
_ARTICLE = "/desk/knowledge/{article:str}"
_ACTS = {
    "publish": ProposalState.PUBLISHED,
    "reject": ProposalState.REJECTED,
    "withdraw": ProposalState.WITHDRAWN,
}
_NAME = re.compile(r"[a-z][a-z0-9-]{2,63}")
_JUDGES = (Verb.EDIT_KNOWLEDGE, Verb.APPROVE)


@get("/desk/knowledge", page="staff", verb=Verb.LIST_CASES)
async def read_knowledge(request: Asked, q: FromQuery[str] = "") -> Response[bytes]:
    """Articles in force, searched as customers' questions are; macros; how many answers settled it."""
    house, staff = house_of(request), staff_of(request)
    now, desk = house.clock.now(), house.case_desk
    checks = may_ever(staff.roles, Verb.CHECK_QUALITY)
    values: dict[str, Any] = {
        "articles": search_knowledge(house.knowledge, house.clock, q[:500]),
        "asked": q,
        "waiting": await waiting_proposals(_house(request)),
        "ending": ending_soon(house.knowledge, house.clock),
        "rate": await rate_of_answers(house.reception, now - RATE_DAYS * MICROS_PER_DAY, now + 1),
        "checks": await answers_to_check(house.reception) if checks else [],
        "macros": sorted(desk.macros.values(), key=lambda one: one.id),
        "phrases": sorted(desk.phrases.values(), key=lambda one: one.id),
    }
    return desk_page(request, "desk/knowledge.html", **values, room="knowledge")


@get("/desk/knowledge/new/article", page="staff", verb=Verb.EDIT_KNOWLEDGE)
async def write_article(request: Asked, name: FromQuery[str] = "") -> Response[bytes]:
    """An empty form for an article that there is not yet, or the way to the one that there is."""
    if newest_of(house_of(request).knowledge, name) is not None:
        return see_other(f"/desk/knowledge/{name}")
    if name and not _NAME.fullmatch(name):
        refusal = invalid_request("3 to 64 small letters, digits and hyphens, a letter first", "name")
        return await _article(request, "", {}, refusal, new=True)
    return await _article(request, name, {}, None, new=True)


@get(_ARTICLE, page="staff", verb=Verb.LIST_CASES)
async def read_article(request: Asked, article: FromPath[str]) -> Response[bytes]:
    """Every version of an article in both languages, what each changed, and who proposed what."""
    return await _article(request, identifier(article, "article"), {}, None)


async def _article(
    request: Asked,
    name: str,
    typed: dict[str, str],
    refusal: CountermandError | None,
    *,
    judged: bool = False,
    new: bool = False,
) -> Response[bytes]:
    """The page of an article; what was typed comes back with what is wrong with each field."""
    house, staff = house_of(request), staff_of(request)
    newest = newest_of(house.knowledge, name)
    proposals = await proposals_of(_house(request), name) if name else []
    if newest is None and not proposals and not typed and not new:
        raise NotFound("unknown_article", "There is no such article.", "没有这篇文章。", article=name)
    number = await next_number(_house(request), name)
    begun = _empty(house.clock.now(), request) if newest is None else fields_of(newest)
    faults, refusal = _faults(house.knowledge, name, number, typed, refusal, judged=judged)
    values: dict[str, Any] = {
        "versions": [] if newest is None else list_versions(house.knowledge, house.clock, name),
        "proposals": [_shown(house.knowledge, one, staff) for one in proposals],
        "name": name,
        "new": newest is None,
        "number": number,
        "fields": defaultdict(str, typed if _has_article(typed) else {**begun, "number": str(number)}),
        "typed": defaultdict(str, typed),
        "faults": faults,
        "sound": judged and refusal is None and not faults,
        "refusal": refusal,
        "categories": [one.value for one in Category],
        "laws": sorted(house.knowledge.library.laws.items()),
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/article.html", status=status, **values, room="knowledge")


def _faults(
    knowledge: Knowledge,
    name: str,
    number: int,
    typed: dict[str, str],
    refusal: CountermandError | None,
    *,
    judged: bool,
) -> tuple[dict[str, list[dict[str, str]]], CountermandError | None]:
    """What is wrong with each field of a form, by its name; the refusal where it is no article at all."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    if not _has_article(typed) or not (judged or refusal is not None):
        return found, refusal
    try:
        article = article_of(name, number, typed)
    except BadRequest as unreadable:
        return found, unreadable
    for where, en, zh in faults_of_proposal(knowledge, article, typed.get("source", "")):
        field = where.split(".")[0] + ".questions" if ".question " in where else where
        found[field].append({"en": en, "zh": zh})
    return found, refusal


def _has_article(typed: dict[str, str]) -> bool:
    return any(name.startswith(("zh.", "en.")) for name in typed)


def _empty(now: int, request: Asked) -> dict[str, str]:
    """The fields of an article that there is not yet: from today on, for everybody."""
    day = house_of(request).knowledge.shelf(now).day
    return {"valid_from": day.isoformat(), "audience": "everyone", "category": Category.HOW_TO_QUESTION.value}


def _shown(knowledge: Knowledge, one: Proposal, staff: Staff) -> dict[str, Any]:
    """A proposal as the page shows it: what it changes, and what whoever looks may do with it."""
    waits, own = one.state is ProposalState.PROPOSED, one.proposer == staff.name
    judges = waits and not own and _may_judge(staff)
    return {
        "proposal": one,
        "changes": changed_parts(earlier_of(knowledge, one.article), one.article),
        "waits": waits,
        "own": waits and own,
        "acts": ["publish", "reject"] if judges else ["withdraw"] if waits and own else [],
    }


@post(_ARTICLE + "/draft", page="staff", verb=Verb.EDIT_KNOWLEDGE, status_code=200)
async def check_draft(request: Asked, article: FromPath[str]) -> Response[bytes]:
    """Say what is wrong with a version; nothing is kept."""
    name, typed = identifier(article, "article"), await typed_in(request)
    return await _article(request, name, typed, None, judged=True)


@post(_ARTICLE + "/proposals", page="staff", verb=Verb.EDIT_KNOWLEDGE, status_code=303)
async def propose_version(request: Asked, article: FromPath[str]) -> Response[bytes]:
    """Propose the next version; refused, it comes back as it was typed, each field with its reason."""
    name, typed = identifier(article, "article"), await typed_in(request)
    try:
        number = typed.get("number", "")
        if not (number.isascii() and number.isdigit() and len(number) <= 6):
            raise invalid_request("it is a whole number", "number")
        made: Article = article_of(name, int(number), typed)
        source, why = typed.get("source", ""), typed.get("why", "")
        await propose_article(_house(request), made, source, why, staff_of(request).name, trace_of(request))
    except CountermandError as refusal:
        if refusal.code == "article_overtaken":
            typed["number"] = str(await next_number(_house(request), name))
        return await _article(request, name, typed, refusal)
    return see_other(f"/desk/knowledge/{name}")


@post(
    "/desk/knowledge/proposals/{proposal:str}",
    page="staff",
    verb=Verb.LIST_CASES,
    step_up=True,
    status_code=303,
)
async def act_on_proposal(request: Asked, proposal: FromPath[str]) -> Response[bytes]:
    """Publish, reject or take back a version, with words for the record."""
    name, typed, staff = identifier(proposal, "proposal"), await typed_in(request), staff_of(request)
    if not _may_judge(staff):
        raise role_lacks(Verb.EDIT_KNOWLEDGE)
    if typed.get("act") not in _ACTS:
        raise invalid_request("it is no act", "act")
    article = identifier(typed.get("article", ""), "article")
    try:
        state, why = _ACTS[typed["act"]], typed.get("why", "")
        ended = await judge_proposal(_house(request), name, state, why, staff.name, trace_of(request))
    except CountermandError as refusal:
        return await _article(request, article, {**typed, "proposal": name}, refusal)
    return see_other(f"/desk/knowledge/{ended.article.id}")


@post("/desk/knowledge/checks/{reply:str}", page="staff", verb=Verb.CHECK_QUALITY, status_code=303)
async def check_one_answer(request: Asked, reply: FromPath[str]) -> Response[bytes]:
    """A second reader says whether an answer of the machine was right."""
    name, typed = identifier(reply, "reply"), await typed_in(request)
    if typed.get("found") not in ("right", "wrong"):
        raise invalid_request("it is right or wrong", "found")
    right, by = typed["found"] == "right", staff_of(request).name
    await check_answer(house_of(request).reception, name, right=right, actor=by, trace=trace_of(request))
    return see_other("/desk/knowledge")


def _may_judge(staff: Staff) -> bool:
    return any(may_ever(staff.roles, verb) for verb in _JUDGES)


def _house(request: Asked) -> KnowledgeHouse:
    """Where articles are kept, and answered from."""
    house: KnowledgeHouse = house_of(request).reception
    return house


KNOWLEDGE_PAGES = (
    read_knowledge, write_article, read_article, check_draft, propose_version, act_on_proposal,
    check_one_answer,
)  # fmt: skip
