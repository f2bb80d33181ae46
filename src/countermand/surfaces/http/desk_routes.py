"""The doors of the desk that are no single act: merges, second looks, covered texts, drafts, people."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from countermand.flows.agree_act import agree
from countermand.flows.beside_case import be_there, keep_draft, read_draft
from countermand.flows.disclose import Unmask, break_glass, review_glass, unmask
from countermand.flows.keep_staff import list_staff, put_staff
from countermand.flows.link_cases import suggested
from countermand.flows.mass_incident import answer_all, gather, take_back
from countermand.flows.merge_cases import merge, split, unmerge
from countermand.kernel.clock import micros_of
from countermand.surfaces.http.act_routes import ACT_HANDLERS, Asked, desk_of, version_of
from countermand.surfaces.http.desk_messages import (
    Acted,
    DeskBooks,
    DraftRequest,
    DraftShown,
    GatherRequest,
    GlassRequest,
    GlassReview,
    GlassShown,
    LookRequest,
    MemberRequest,
    MemberShown,
    MergeRequest,
    PresenceRequest,
    PresenceShown,
    SplitRequest,
    StaffShown,
    SuggestedShown,
    TakeBackRequest,
    Unmasked,
    UnmergeRequest,
)
from countermand.surfaces.http.visits import identifier, staff_of, visit_of
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.staff import Verb


def _trace(request: Asked) -> str:
    return visit_of(request.scope).trace_id


@post("/v1/cases/{number:str}/merge", scope="desk", verb=Verb.LINK, status_code=200, gives=Acted,
      refuses=(404, 409), matches=True)  # fmt: skip
async def merge_cases(request: Asked, number: FromPath[str], data: JSONBody[MergeRequest]) -> dict[str, Any]:
    """Make other cases part of this one; `unmerge` gives back exactly what was."""
    staff, version = staff_of(request), version_of(request)
    return await merge(desk_of(request), number, data.cases, staff, version=version, trace=_trace(request))


@post("/v1/cases/{number:str}/unmerge", scope="desk", verb=Verb.LINK, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def unmerge_cases(
    request: Asked, number: FromPath[str], data: JSONBody[UnmergeRequest]
) -> dict[str, Any]:
    """Give back what became part of this case."""
    return await unmerge(desk_of(request), number, staff_of(request), only=data.cases, trace=_trace(request))


@post("/v1/cases/{number:str}/split", scope="desk", verb=Verb.LINK, status_code=200, gives=Acted,
      refuses=(404, 409), matches=True)  # fmt: skip
async def split_case(request: Asked, number: FromPath[str], data: JSONBody[SplitRequest]) -> dict[str, Any]:
    """Make a case of its own of some messages; its clocks run from the first report all the same."""
    staff, version = staff_of(request), version_of(request)
    return await split(desk_of(request), number, data.messages, staff, version=version, trace=_trace(request))


@get("/v1/cases/{number:str}/suggested", scope="desk", verb=Verb.READ_MESSAGES, gives=SuggestedShown,
     refuses=(404,))  # fmt: skip
async def suggest_duplicates(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """Open cases that may be the same, surest first, each with why."""
    return await suggested(desk_of(request), number, staff_of(request))


@post("/v1/cases/{number:str}/gather", scope="desk", verb=Verb.LINK, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def gather_cases(
    request: Asked, number: FromPath[str], data: JSONBody[GatherRequest]
) -> dict[str, Any]:
    """Link up to 500 cases with the one that stands for a fault, or let them go again."""
    return await gather(
        desk_of(request), number, data.cases, staff_of(request), on=data.on, trace=_trace(request)
    )


@post("/v1/cases/{number:str}/answer-all", scope="desk", verb=Verb.ANSWER_MANY, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def answer_all_cases(request: Asked, number: FromPath[str], data: JSONBody[Reply]) -> dict[str, Any]:
    """One message to all cases of a fault, once a second person has agreed on it."""
    return await answer_all(desk_of(request), number, data, staff_of(request), _trace(request))


@post("/v1/cases/{number:str}/answer-all/take-back", scope="desk", verb=Verb.ANSWER_MANY, status_code=200,
      gives=Acted, refuses=(404, 409))  # fmt: skip
async def take_back_answer(
    request: Asked, number: FromPath[str], data: JSONBody[TakeBackRequest]
) -> dict[str, Any]:
    """Take one message to many back within five minutes, before it goes out."""
    return await take_back(desk_of(request), number, data.answer, staff_of(request), _trace(request))


@post("/v1/second-looks/{look:str}", scope="desk", verb=Verb.APPROVE, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def answer_look(request: Asked, look: FromPath[str], data: JSONBody[LookRequest]) -> dict[str, Any]:
    """The second person agrees, and it is done in the name of the first; or does not, and it is not."""
    name = identifier(look, "look")
    return await agree(
        desk_of(request),
        name,
        staff_of(request),
        agreed=data.agreed,
        reason=data.reason,
        trace=_trace(request),
    )


@post("/v1/cases/{number:str}/messages/{message:str}/unmask", scope="desk", verb=Verb.UNMASK, status_code=200,
      fresh=True, gives=Unmasked, refuses=(404, 409))  # fmt: skip
async def unmask_message(
    request: Asked, number: FromPath[str], message: FromPath[str], data: JSONBody[Unmask]
) -> dict[str, Any]:
    """One text as it was, for a purpose; the look is written down, and the customer can read that it was."""
    name = identifier(message, "message")
    return await unmask(desk_of(request), number, name, data, staff_of(request), _trace(request))


@post("/v1/cases/{number:str}/glass", scope="desk", verb=Verb.BREAK_GLASS, status_code=200, gives=GlassShown,
      refuses=(404,))  # fmt: skip
async def break_case_glass(
    request: Asked, number: FromPath[str], data: JSONBody[GlassRequest]
) -> dict[str, Any]:
    """Open a case beyond one's role for 15 minutes; somebody else reviews why."""
    return await break_glass(desk_of(request), number, data.reason, staff_of(request), _trace(request))


@post("/v1/glass/{glass:str}/review", scope="desk", verb=Verb.REVIEW_GLASS, status_code=200, gives=GlassShown,
      refuses=(404, 409))  # fmt: skip
async def review_case_glass(
    request: Asked, glass: FromPath[str], data: JSONBody[GlassReview]
) -> dict[str, Any]:
    """Whether it was needed, by somebody else."""
    return await review_glass(
        desk_of(request),
        identifier(glass, "glass"),
        staff_of(request),
        justified=data.justified,
        finding=data.finding,
        trace=_trace(request),
    )


@put(
    "/v1/cases/{number:str}/presence",
    fresh=True,
    scope="desk",
    verb=Verb.READ_CASE,
    gives=PresenceShown,
    refuses=(404,),
)
async def be_at_case(
    request: Asked, number: FromPath[str], data: JSONBody[PresenceRequest]
) -> dict[str, Any]:
    """Say that one is here, and learn who else is."""
    return await be_there(desk_of(request), number, data.doing, staff_of(request))


@put("/v1/cases/{number:str}/draft", fresh=True, scope="desk", verb=Verb.WORK, gives=Acted, refuses=(404,))
async def put_draft(request: Asked, number: FromPath[str], data: JSONBody[DraftRequest]) -> dict[str, Any]:
    """Keep what one has begun to write, for a week."""
    return await keep_draft(desk_of(request), number, data.text, staff_of(request))


@get("/v1/cases/{number:str}/draft", scope="desk", verb=Verb.WORK, gives=DraftShown, refuses=(404,))
async def get_draft(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """What one has begun to write."""
    return await read_draft(desk_of(request), number, staff_of(request))


@get("/v1/desk/books", scope="desk", verb=Verb.LIST_CASES, gives=DeskBooks)
async def read_books(request: Asked) -> dict[str, Any]:
    """Approved phrases, playbooks and macros, with their versions."""
    desk = desk_of(request)
    return {
        name: [msgspec.to_builtins(one) for one in getattr(desk, name).values()]
        for name in ("phrases", "playbooks", "macros")
    }


@get("/v1/desk/staff", scope="desk", verb=Verb.LIST_CASES, gives=StaffShown)
async def read_staff(request: Asked) -> StaffShown:
    """Everybody with a good key for the desk, and how many open cases they have."""
    return msgspec.convert({"staff": await list_staff(desk_of(request))}, StaffShown)


@put("/v1/desk/staff/{name:str}", scope="desk", verb=Verb.CONFIGURE, gives=MemberShown, refuses=(404,))
async def write_staff(request: Asked, name: FromPath[str], data: JSONBody[MemberRequest]) -> MemberShown:
    """What assigning needs to know of somebody: team, skills, room, and what they must not touch."""
    away = None if data.away_until is None else micros_of(data.away_until)
    entered = {**msgspec.to_builtins(data), "away_until": away}
    shown = await put_staff(desk_of(request), identifier(name, "name"), entered, staff_of(request))
    return msgspec.convert(shown, MemberShown)


DESK_HANDLERS = (
    *ACT_HANDLERS, merge_cases, unmerge_cases, split_case, suggest_duplicates, gather_cases, answer_all_cases,
    take_back_answer,
    answer_look, unmask_message, break_case_glass, review_case_glass, be_at_case, put_draft, get_draft,
    read_books, read_staff, write_staff,
)  # fmt: skip
