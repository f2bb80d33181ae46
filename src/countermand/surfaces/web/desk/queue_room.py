"""The queues of the desk: made, changed and removed, with live counts; and many cases given away at once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from countermand.flows.assign_many import CASES_MAX, assign_many, preview_assign
from countermand.flows.find_cases import drop_queue, filter_of, list_cases, list_queues, save_queue
from countermand.flows.keep_staff import list_staff
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import QUEUE_FIRST, Asked, desk_page, house_of, trace_of, typed_in
from countermand.surfaces.web.desk.queue_forms import (
    FLAGS,
    NAMES,
    ORDERS,
    WORDS,
    TypedQueue,
    queue_of,
    typed_of,
)
from countermand.vocabulary.staff import Verb

QUEUES, MANY = "/desk/queues", "/desk/many"
TRIED_MAX = 8


@get(QUEUES, page="staff", verb=Verb.LIST_CASES)
async def read_queues(
    request: Asked, name: FromQuery[str] = "", shared: FromQuery[str] = "", done: FromQuery[str] = ""
) -> Response[bytes]:
    """Every queue with how many cases are in it now, and the form of one of them, or of a new one."""
    house = house_of(request)
    typed: dict[str, str] = {}
    if name:
        wanted = await filter_of(house.reception, name, staff_of(request).name)
        typed = typed_of(name, shared == "yes", wanted, house.reception.timezone)
    return await _queues(request, typed, done=done)


async def _queues(
    request: Asked,
    typed: dict[str, str],
    *,
    refusal: CountermandError | None = None,
    tried: dict[str, Any] | None = None,
    done: str = "",
) -> Response[bytes]:
    found = await list_queues(house_of(request).reception, staff_of(request).name)
    values: dict[str, Any] = {
        "queues": found["queues"],
        "typed": defaultdict(str, typed),
        "options": WORDS,
        "names": NAMES,
        "flags": FLAGS,
        "orders": ORDERS,
        "refusal": refusal,
        "tried": tried,
        "done": done if done in ("kept", "removed") else "",
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/queues.html", status=status, **values, room="cases")


def _typed_queue(request: Asked, typed: dict[str, str]) -> TypedQueue:
    return queue_of(typed, house_of(request).reception.timezone)


@post(QUEUES + "/try", page="staff", verb=Verb.LIST_CASES, status_code=200)
async def try_queue(request: Asked) -> Response[bytes]:
    """What it would let through now; nothing is kept."""
    typed = await typed_in(request)
    try:
        wanted = _typed_queue(request, {**typed, "name": typed.get("name") or "-"})
        reception, me = house_of(request).reception, staff_of(request).name
        tried = await list_cases(reception, wanted.filter, me, "", TRIED_MAX)
    except CountermandError as refusal:
        return await _queues(request, typed, refusal=refusal)
    return await _queues(request, typed, tried=tried)


@post(QUEUES, page="staff", verb=Verb.LIST_CASES, status_code=303)
async def keep_queue(request: Asked) -> Response[bytes]:
    """Kept under its name; the same name again replaces it."""
    typed = await typed_in(request)
    try:
        queue = _typed_queue(request, typed)
        reception, me = house_of(request).reception, staff_of(request).name
        await save_queue(reception, queue.name, queue.filter, me, shared=queue.shared)
    except CountermandError as refusal:
        return await _queues(request, typed, refusal=refusal)
    return see_other(f"{QUEUES}?done=kept")


@post(QUEUES + "/remove", page="staff", verb=Verb.LIST_CASES, status_code=303)
async def remove_queue(request: Asked) -> Response[bytes]:
    """Forgotten; the cases stay where they are."""
    typed = await typed_in(request)
    reception, me = house_of(request).reception, staff_of(request).name
    try:
        await drop_queue(reception, typed.get("name", ""), me, shared=typed.get("shared") == "yes")
    except CountermandError as refusal:
        return await _queues(request, {}, refusal=refusal)
    return see_other(f"{QUEUES}?done=removed")


@get(MANY, page="staff", verb=Verb.ASSIGN)
async def read_many(request: Asked, queue: FromQuery[str] = "") -> Response[bytes]:
    """The first cases of a queue, to be ticked and given to somebody."""
    return await _many(request, {"queue": queue})


async def _many(
    request: Asked,
    typed: dict[str, str],
    *,
    refusal: CountermandError | None = None,
    preview: list[dict[str, Any]] | None = None,
    given: list[dict[str, Any]] | None = None,
) -> Response[bytes]:
    house, me = house_of(request), staff_of(request).name
    queue = typed.get("queue") or QUEUE_FIRST
    try:
        wanted = await filter_of(house.reception, queue, me)
    except NotFound:
        queue = QUEUE_FIRST
        wanted = await filter_of(house.reception, queue, me)
    found = await list_cases(house.reception, wanted, me, "", CASES_MAX)
    values: dict[str, Any] = {
        **await list_queues(house.reception, me),
        "queue": queue,
        "cases": found["cases"],
        "people": await list_staff(house.case_desk),
        "typed": defaultdict(str, typed),
        "chosen": [one for one in typed.get("case", "").split("\n") if one],
        "refusal": refusal,
        "preview": preview,
        "given": given,
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/many.html", status=status, **values, room="cases")


@post(MANY + "/preview", page="staff", verb=Verb.ASSIGN, status_code=200)
async def preview_many(request: Asked) -> Response[bytes]:
    """Who would get which, and who would not and why; nothing is written."""
    typed = await typed_in(request)
    try:
        chosen = [one for one in typed.get("case", "").split("\n") if one]
        if not chosen:
            raise invalid_request("tick at least one case", "case")
        desk = house_of(request).case_desk
        preview = await preview_assign(desk, chosen, typed.get("to") or None, staff_of(request))
    except CountermandError as refusal:
        return await _many(request, typed, refusal=refusal)
    return await _many(request, typed, preview=preview)


@post(MANY, page="staff", verb=Verb.ASSIGN, status_code=200)
async def give_many(request: Asked) -> Response[bytes]:
    """Done as it was previewed; a case that has changed since then stays as it is, and says so."""
    typed = await typed_in(request)
    try:
        seen = [_seen(one) for one in typed.get("give", "").split("\n") if one]
        if not seen:
            raise invalid_request("nothing is left to give", "give")
        desk = house_of(request).case_desk
        given = await assign_many(desk, seen, staff_of(request), trace_of(request))
    except CountermandError as refusal:
        return await _many(request, typed, refusal=refusal)
    return await _many(request, {"queue": typed.get("queue", "")}, given=given)


def _seen(text: str) -> tuple[str, int, str]:
    """A case, the version it was previewed at, and to whom it goes."""
    number, _, rest = text.partition("|")
    version, _, to = rest.partition("|")
    if not (version.isascii() and version.isdigit() and len(version) <= 9 and to):
        raise invalid_request("look at the preview first", "give")
    return number, int(version), to


QUEUE_ROOM = (read_queues, try_queue, keep_queue, remove_queue, read_many, preview_many, give_many)
