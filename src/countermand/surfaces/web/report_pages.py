"""“That was not me”: one button, two choices, who you are; stopped at once, with number, code and proof."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from countermand.flows.public_door import Told
from countermand.flows.receipt_sessions import begin_fresh_session
from countermand.flows.receive_report import Received
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.kernel.ids import new_nonce
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import (
    house_of,
    keep_cookie,
    keeps_cookies,
    probe_cookies,
)
from countermand.surfaces.web.receipt_view import receipt_view
from countermand.surfaces.web.words import said
from countermand.vocabulary.incidents import Preset

STOPS = {"outgoing": Preset.OUTGOING, "everything": Preset.EVERYTHING}
WHO = ("account", "phone", "document", "none")
_SHORT_CHARACTERS = {"account": 128, "phone": 64, "document": 64}


@get("/not-me", open=True, page="open")
async def ask_not_me(request: Asked) -> Response[bytes]:
    """Two choices, and who you are; nothing else stands between the button and the stop."""
    return _asked(request, Filled({"stop": "outgoing", "who": "account"}))


@post("/not-me", open=True, page="open", status_code=200)
async def say_not_me(request: Asked) -> Response[bytes]:
    """Stopped, with number and code: the same form again is answered the same."""
    form = await filled(request)
    told = _pressed(form, page_language(request))
    if told is None:
        return _asked(request, form, status=400)
    received = await heard(request, form, told)
    if isinstance(received, int):
        return _asked(request, form, status=received)
    return await told_heard(request, received)


async def heard(request: Asked, form: Filled, told: Told) -> Received | int:
    """What came of a report by form; refused, the form says why, and this is its status.

    Raises Unavailable.
    """
    door, trace = house_of(request).public_door, visit_of(request.scope).trace_id
    address = address_of(request, door.trusted)
    try:
        return await door.report_by_form(told, form["puzzle"], form["answer"], address, trace)
    except Unavailable:
        raise
    except CountermandError as error:
        form.refuse(error)
        if error.code == "key_reused":
            form.values["puzzle"] = ""  # it was heard once; what is sent now is another report
        return error.http_status


async def told_heard(request: Asked, received: Received) -> Response[bytes]:
    """Number and code of what was just heard, on a page of their own where the browser keeps cookies."""
    house = house_of(request)
    view = receipt_view(house.reception, received.answer)
    if "secret" not in received.answer:
        return page(request, "report/stopped.html", receipt=view, entered=None)
    found = await begin_fresh_session(house.reception, received.case)
    if found is None:
        return page(request, "report/stopped.html", receipt=view, entered=None)
    if keeps_cookies(request):
        answer = see_other("/case/receipt")
    else:
        # Without cookies nothing would be known on the next page, so all of it stands on this one.
        answer = page(request, "report/stopped.html", receipt=view, entered=None)
    keep_cookie(request, answer, found)
    return answer


def _pressed(form: Filled, language: str) -> Told | None:
    """The form as a report; None, with the fields marked, where something is missing."""
    stop, who = STOPS.get(form["stop"]), form["who"]
    if stop is None:
        form.wrong("stop", "Choose what should stop.", "请选择要停住什么。")
    if who not in WHO:
        form.wrong(
            "who", "Choose one of the four, or “none of these”.", "请在四项中选择一项，或选“以上都没有”。"
        )
    given = form[who] if who in _SHORT_CHARACTERS else ""
    if who in _SHORT_CHARACTERS and not 0 < len(given) <= _SHORT_CHARACTERS[who]:
        form.wrong(who, "Type it here, or choose another of the four.", "请在此填写，或改选其他一项。")
    if form.faults or stop is None:
        return None
    words = said("report.said", language, what=said(f"report.stop_{stop.value}", language))
    named: dict[str, str | None] = dict.fromkeys(_SHORT_CHARACTERS) | ({who: given} if given else {})
    return Told(
        text=words,
        language=language,
        account=named["account"],
        phone=named["phone"],
        document=named["document"],
        stop=stop,
    )


def _asked(request: Asked, form: Filled, *, status: int = 200) -> Response[bytes]:
    """The form: whatever was typed stands in it again."""
    return form_with_puzzle(request, "report/not_me.html", form, status=status)


def form_with_puzzle(
    request: Asked, template: str, form: Filled, *, status: int = 200, **values: Any
) -> Response[bytes]:
    """A form that anybody may send, with a little work for the browser that shows it."""
    door = house_of(request).public_door
    puzzle = door.form_puzzle(address_of(request, door.trusted), form["puzzle"])
    answer = page(request, template, status=status, form=form, puzzle=puzzle, **values)
    probe_cookies(answer)
    return answer


def new_key() -> str:
    """What a form carries so that it is heard once, however often it is sent."""
    return new_nonce().hex()


REPORT_PAGES = (ask_not_me, say_not_me)
