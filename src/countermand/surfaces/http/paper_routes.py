"""The doors where papers about a case are fetched: at the desk by role, and by number and secret."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.case_papers import Paper
from countermand.flows.hand_out_paper import HandedPaper, hand_out_paper, hand_out_to_holder
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of, visit_of
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Language = Literal["zh", "en"]
ZIP = "application/zip"


class PaperRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number and secret of a receipt, which paper, and in which language it speaks first."""

    number: Short
    secret: Short
    paper: Paper
    language: Language = "zh"


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/cases/{number:str}/papers/{paper:str}", scope="desk", verb=Verb.READ_MESSAGES, media=ZIP,
     refuses=(404,))  # fmt: skip
async def read_paper(
    request: Asked, number: FromPath[str], paper: FromPath[str], language: FromQuery[str] = "zh"
) -> Response[bytes]:
    """A paper about a case, masked: PDF, signed, its data beside it; that it was fetched is on record."""
    house = _house(request)
    if paper not in {one.value for one in Paper}:
        raise invalid_request(f"a paper is one of {', '.join(one.value for one in Paper)}", "paper")
    if language not in ("zh", "en"):
        raise invalid_request("a language is zh or en", "language")
    trace = visit_of(request.scope).trace_id
    made = await hand_out_paper(house.bundles, number, Paper(paper), language, staff_of(request), trace)
    return _answer(house, made)


@post("/v1/cases/follow/papers", open=True, status_code=200, media=ZIP, refuses=(403, 404, 429))
async def fetch_paper(request: Asked, data: JSONBody[PaperRequest]) -> Response[bytes]:
    """A paper about one's own case, once it is proven whose it is: operations, masked log, timeline."""
    house = _house(request)
    address = address_of(request, house.public_door.trusted)
    case = await house.public_door.case_of(data.number, data.secret, address)
    trace = visit_of(request.scope).trace_id
    made = await hand_out_to_holder(house.bundles, case, data.paper, data.language, trace)
    return _answer(house, made)


def _answer(house: House, made: HandedPaper) -> Response[bytes]:
    named = {
        "content-disposition": f'attachment; filename="{made.file_name}"',
        "cache-control": "no-store",
    }
    return Response(made.packed(house.clock.now()), media_type=ZIP, headers=named)


PAPER_HANDLERS = (read_paper, fetch_paper)
