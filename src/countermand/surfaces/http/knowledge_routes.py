"""The routes of knowledge and of answers: search, verdict, second reading, how many answers settled it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.answer_message import answers_to_check, check_answer, rate_of_answers
from countermand.flows.keep_knowledge import search_knowledge
from countermand.flows.settle_case import judge_and_settle
from countermand.kernel.clock import MICROS_PER_DAY, micros_of, rfc3339
from countermand.surfaces.http.knowledge_messages import (
    CheckRequest,
    CheckShown,
    ChecksPage,
    KnowledgePage,
    RateShown,
    VerdictRequest,
    VerdictShown,
    shown_rate,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.answers import Verdict

Asked = Request[Any, Any, Any]
RATE_DAYS = 30
LAST_INSTANT = micros_of(datetime(9999, 1, 1, tzinfo=UTC))


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/knowledge", scope="read", gives=KnowledgePage)
async def read_knowledge(request: Asked, q: FromQuery[str] = "", lang: FromQuery[str] = "") -> dict[str, Any]:
    """The articles that fit a question, best first; only what is in force. `lang`: zh, en; without, both."""
    house = _house(request)
    _only(request, "q", "lang")
    return {"articles": search_knowledge(house.knowledge, house.clock, q, lang)}


@post("/v1/answers/{reply_id:str}/verdict", scope="confirm", status_code=200, gives=VerdictShown)
async def put_verdict(
    request: Asked, reply_id: FromPath[str], data: JSONBody[VerdictRequest]
) -> dict[str, Any]:
    """Relay what a customer says to “did this settle it?”; “no” and “person” hand it over."""
    visit, reply = visit_of(request.scope), identifier(reply_id, "reply_id")
    return await judge_and_settle(_house(request), reply, Verdict(data.verdict), visit.actor, visit.trace_id)


@post("/v1/answers/{reply_id:str}/check", scope="manage", status_code=200, gives=CheckShown)
async def put_check(request: Asked, reply_id: FromPath[str], data: JSONBody[CheckRequest]) -> dict[str, Any]:
    """Record what a second reader found; a wrong answer counts against the confirmed rate."""
    visit, reply = visit_of(request.scope), identifier(reply_id, "reply_id")
    return await check_answer(
        _house(request), reply, right=data.right, actor=visit.actor, trace=visit.trace_id
    )


@get("/v1/answers/checks", scope="read", gives=ChecksPage)
async def read_checks(request: Asked) -> dict[str, Any]:
    """The answers that a person is to read again, the oldest first."""
    return {"answers": await answers_to_check(_house(request))}


@get("/v1/answers/rate", scope="read", gives=RateShown)
async def read_rate(request: Asked, since: FromQuery[str] = "", until: FromQuery[str] = "") -> RateShown:
    """How many answers settled the matter, of those sent in a time; without one, of the last 30 days."""
    house = _house(request)
    _only(request, "since", "until")
    now = house.clock.now()
    end = _instant(until, "until") if until else now
    begin = _instant(since, "since") if since else max(0, end - RATE_DAYS * MICROS_PER_DAY)
    rate = await rate_of_answers(house, begin, end)
    return shown_rate(rfc3339(begin), rfc3339(end), rate)


def _only(request: Asked, *known: str) -> None:
    """A misspelt name would silently ask for something else: everything instead of an answer."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        raise invalid_request(f"there are {' and '.join(known)}", unknown[0] or None)


def _instant(text: str, field: str) -> int:
    try:
        at = micros_of(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise invalid_request("it is no RFC 3339 time with an offset", field) from None
    if not 0 <= at < LAST_INSTANT:
        raise invalid_request("nothing was answered at that time", field)
    return at


KNOWLEDGE_HANDLERS = (read_knowledge, put_verdict, put_check, read_checks, read_rate)
