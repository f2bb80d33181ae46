"""Acts on more than one case from the page of one: split, gather, give back, answer many, ask outside."""

from __future__ import annotations

from litestar import Response, post
from litestar.params import FromPath

from countermand.flows.mass_incident import answer_all, gather, take_back
from countermand.flows.merge_cases import split, unmerge
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.case_answers import again, back, filled_of, perform_all, version_of
from countermand.surfaces.web.desk.case_forms import Typed, act_of
from countermand.surfaces.web.desk.frame import Asked, house_of, plain_number, trace_of, typed_in
from countermand.surfaces.web.desk.work_forms import asking_outside
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.staff import Verb

_DO = "/desk/cases/{number:str}/do"


def _numbers(typed: Typed, name: str = "case") -> list[str]:
    """Numbers of cases, one a line or behind a comma. Raises BadRequest (`invalid_request`)."""
    text = typed.get(name, "").replace(",", "\n").replace("，", "\n").replace(";", "\n")
    found = [one.strip() for one in text.splitlines() if one.strip()]
    if not found:
        raise invalid_request("name the other case", name)
    return found


@post(_DO + "/split", page="staff", verb=Verb.LINK, status_code=303)
async def split_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """A case of its own of the messages that were ticked; shown next, where merging takes it back."""
    typed = await typed_in(request)
    try:
        chosen = [one for one in typed.get("message", "").split("\n") if one]
        done = await split(
            house_of(request).case_desk, number, chosen, staff_of(request), version=version_of(typed),
            trace=trace_of(request),
        )  # fmt: skip
    except CountermandError as refusal:
        return await again(request, number, "split", typed, refusal)
    return see_other(f"/desk/cases/{plain_number(done['new'])}?done=split")


@post(_DO + "/gather", page="staff", verb=Verb.LINK, status_code=303)
async def gather_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Cases that one fault has caused hang on this one, or are let go again."""
    typed = await typed_in(request)
    wanted = typed.get("on") != "no"
    try:
        await gather(
            house_of(request).case_desk, number, _numbers(typed), staff_of(request), on=wanted,
            trace=trace_of(request),
        )  # fmt: skip
    except CountermandError as refusal:
        return await again(request, number, "gather", typed, refusal)
    return back(number, typed, "gather" if wanted else "ungather")


@post(_DO + "/answer-all", page="staff", verb=Verb.ANSWER_MANY, status_code=303)
async def answer_all_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """One message to all whose case hangs here, once a second person has agreed."""
    typed = await typed_in(request)
    try:
        act = act_of(Reply, text=typed.get("text"))
        await answer_all(house_of(request).case_desk, number, act, staff_of(request), trace_of(request))
    except CountermandError as refusal:
        return await again(request, number, "answer_all", typed, refusal)
    return back(number, typed, "waits")


@post(_DO + "/take-back", page="staff", verb=Verb.ANSWER_MANY, status_code=303)
async def take_back_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """The message to many, while it waits to go out."""
    typed = await typed_in(request)
    try:
        await take_back(
            house_of(request).case_desk, number, typed.get("answer", ""), staff_of(request), trace_of(request)
        )
    except CountermandError as refusal:
        return await again(request, number, "take_back", typed, refusal)
    return back(number, typed, "take_back")


@post(_DO + "/unmerge", page="staff", verb=Verb.LINK, status_code=303)
async def unmerge_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Give back what became part of this case: one, or all."""
    typed = await typed_in(request)
    only = [one for one in typed.get("case", "").split("\n") if one]
    try:
        desk = house_of(request).case_desk
        await unmerge(desk, number, staff_of(request), only=only, trace=trace_of(request))
    except CountermandError as refusal:
        return await again(request, number, "unmerge", typed, refusal)
    return back(number, typed, "unmerge")


@post(_DO + "/peer", page="staff", verb=Verb.MOVE, status_code=303)
async def ask_outside_from_page(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Ask another bank or a merchant to hold, to return or to answer, and by when."""
    typed = await typed_in(request)
    try:
        await perform_all(request, number, asking_outside(filled_of(request, typed)), version_of(typed))
    except CountermandError as refusal:
        return await again(request, number, "peer", typed, refusal)
    return back(number, typed, "peer")


WHOLE_PAGES = (
    split_from_page, gather_from_page, answer_all_from_page, take_back_from_page, unmerge_from_page,
    ask_outside_from_page,
)  # fmt: skip
