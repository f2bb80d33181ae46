"""What the holder of a receipt does in their case: says more, checks a caller, appeals, withdraws."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post

from countermand.cases.spoken_codes import Speaker
from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import HOLDER
from countermand.flows.receipt_sessions import Entered
from countermand.flows.say_codes import check_code
from countermand.flows.show_checklist import asked_facts
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.kernel.text import Text
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.case_pages import not_open, show_case
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of
from countermand.surfaces.web.report_pages import new_key
from countermand.surfaces.web.talk_pages import show_talk
from countermand.surfaces.web.words import said
from countermand.vocabulary.acts import WORDS_MAX, Appeal, Withdraw

AMOUNT_MAX = Decimal(10) ** 12
WHY_CHARACTERS_MAX = 500


@get("/case/details", open=True, page="open")
async def ask_details(request: Asked) -> Response[bytes]:
    """What happened, in one's own words; and of when and how much only what we do not hold."""
    found = await entered(request)
    return not_open(request) if found is None else await _details(request, found, Filled())


async def _details(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    asks = await asked_facts(house_of(request).reading_desk, found.case.number)
    return page(
        request, "case/details.html", status=status, form=form, entered=found, key=new_key(), asks=asks
    )


@post("/case/details", open=True, page="open", status_code=200)
async def tell_details(request: Asked) -> Response[bytes]:
    """Kept as a message of the case, whatever of it is there."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    reception = house_of(request).reception
    now = moment_of(reception.clock.now())
    words = _told(form, page_language(request), now.astimezone(ZoneInfo(reception.timezone)))
    if form.faults:
        return await _details(request, found, form, status=400)

    async def say() -> None:
        await _say(request, found, words, form["key"])

    return await _tried(request, found, form, say, _details, "/case/evidence")


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
        await _say(request, found, form["text"], form["key"])

    return await _tried(request, found, form, say, again, then)


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

    return await _tried(request, found, form, act, show_case, "/case")


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

    return await _tried(request, found, form, act, show_case, "/case")


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


async def _tried(
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


async def _say(request: Asked, found: Entered, text: str, key: str) -> None:
    trace = visit_of(request.scope).trace_id
    await house_of(request).public_door.more_in(found.case, text, key or new_key(), trace)


async def _act(request: Asked, found: Entered, act: Any) -> None:
    house, trace = house_of(request), visit_of(request.scope).trace_id
    await act_on_case(house.case_desk, found.case.number, act, HOLDER, trace=trace)


def _told(form: Filled, language: str, now: datetime) -> str:
    """The details as one message; a field that cannot be is marked, and nothing is guessed."""
    lines = [form["text"]]
    if form["when"]:
        when = _instant(form["when"], now)
        if when is None:
            form.wrong(
                "when",
                "Type day and time, such as 2026-11-21 20:30.",
                "请填写日期和时间，如 2026-11-21 20:30。",
            )
        elif when > now:
            form.wrong(
                "when",
                "This time is still to come. When did it happen?",
                "该时间还没到，请填写事情发生的时间。",
            )
        else:
            lines.append(said("case.told_when", language, when=f"{when:%Y-%m-%d %H:%M}"))
    if form["amount"]:
        amount = _amount(form["amount"])
        if amount is None:
            form.wrong(
                "amount", "Type an amount in digits, such as 1200.50.", "请用数字填写金额，如 1200.50。"
            )
        else:
            lines.append(said("case.told_amount", language, amount=f"{amount:,}"))
    if form["payee"]:
        lines.append(said("case.told_payee", language, payee=form["payee"]))
    words = "\n".join(line for line in lines if line)
    if not words:
        form.wrong("text", "A few words are enough.", "简单写几句即可。")
    return words


def _instant(written: str, now: datetime) -> datetime | None:
    """What a field of day and time holds, on the institution's clock."""
    try:
        return datetime.fromisoformat(written.replace("/", "-")).replace(tzinfo=now.tzinfo)
    except ValueError:
        return None


def _amount(written: str) -> Decimal | None:
    try:
        found = Decimal(written.replace(",", "").replace("，", "").lstrip("¥￥").rstrip("元").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found < AMOUNT_MAX else None


CASE_ACTS = (ask_details, tell_details, say_more, appeal, withdraw, check_caller)
