"""What the holder of a receipt does in their case: says more, checks a caller, appeals, withdraws."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, post

from countermand.cases.spoken_codes import Speaker
from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import HOLDER
from countermand.flows.receipt_sessions import Entered
from countermand.flows.say_codes import check_code
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.kernel.text import Text
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.case_pages import not_open, show_case
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of
from countermand.surfaces.web.report_pages import new_key
from countermand.surfaces.web.talk_pages import show_talk
from countermand.vocabulary.acts import WORDS_MAX, Appeal, Withdraw

WHY_CHARACTERS_MAX = 500


@post("/case/messages", open=True, page="open", status_code=200)
async def say_more(request: Asked) -> Response[bytes]:
    """A message to the desk."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    again, then = (show_talk, "/case/talk#talk") if form["on"] == "talk" else (show_case, "/case#talk")
    if not form["text"]:
        form.wrong("text", "Write something first.", "请先写点内容。")
        return await again(request, found, form, status=400)

    async def say() -> None:
        await say_in(request, found, form["text"], form["key"])

    return await tried(request, found, form, say, again, then)


@post("/case/appeal", open=True, page="open", status_code=200)
async def appeal(request: Asked) -> Response[bytes]:
    """“I do not agree”: somebody who has not decided the case looks again."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    if not form["grounds"]:
        form.wrong("grounds", "Say in a few words what is wrong with the result.", "请简单说明对结果的异议。")
        return await show_case(request, found, form, status=400)

    async def act() -> None:
        await _act(request, found, Appeal(grounds=form["grounds"][:WORDS_MAX]))

    return await tried(request, found, form, act, show_case, "/case")


@post("/case/withdraw", open=True, page="open", status_code=200)
async def withdraw(request: Asked) -> Response[bytes]:
    """Withdraw the case, once its holder has ticked that they mean it."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    if not form["sure"]:
        form.wrong("sure", "Tick this if you mean it.", "如确定撤回，请勾选。")
        return await show_case(request, found, form, status=400)

    async def act() -> None:
        await _act(request, found, Withdraw(why=form["why"][:WHY_CHARACTERS_MAX] or None))

    return await tried(request, found, form, act, show_case, "/case")


@post("/case/caller", open=True, page="open", status_code=200)
async def check_caller(request: Asked) -> Response[bytes]:
    """Whether somebody who says that they work on this case does: by the code they say."""
    form, house = await filled(request), house_of(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request)
    try:
        house.channels.count_code(found.case.id)
    except CountermandError as error:
        form.faults["code"] = error.text
        return await show_case(request, found, form, status=error.http_status)
    checked = check_code(house.reception, found.case, Speaker.AGENT, form["code"])
    return page(
        request,
        "case/caller.html",
        entered=found,
        fits=checked["fits"],
        text=Text(**checked["text"]),
    )


Shown = Callable[..., Awaitable[Response[bytes]]]


async def tried(
    request: Asked, found: Entered, form: Filled, act: Callable[[], Awaitable[None]], again: Shown, then: str
) -> Response[bytes]:
    """Do it and go on; refused, the page comes back with what was typed and the reason."""
    try:
        await act()
    except Unavailable:
        raise
    except CountermandError as error:
        form.refuse(error)
        return await again(request, found, form, status=error.http_status)
    return see_other(then)


async def say_in(request: Asked, found: Entered, text: str, key: str) -> None:
    """A message in the case that is open here; the same key again is the same message."""
    trace = visit_of(request.scope).trace_id
    await house_of(request).public_door.more_in(found.case, text, key or new_key(), trace)


async def _act(request: Asked, found: Entered, act: Any) -> None:
    house, trace = house_of(request), visit_of(request.scope).trace_id
    await act_on_case(house.case_desk, found.case.number, act, HOLDER, trace=trace)


CASE_ACTS = (say_more, appeal, withdraw, check_caller)
