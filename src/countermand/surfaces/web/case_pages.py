"""Follow my case: opened with number and code, who acts next and by when, what was said, and the way out."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.hand_out_receipt import Handed, ReceiptHouse, hand_out_receipt
from countermand.flows.prove_step import prove_step, steps_in_log
from countermand.flows.receipt_sessions import (
    GROUPS_ASKED,
    Entered,
    begin_session,
    leave_session,
    secret_in,
    secret_saved,
)
from countermand.flows.show_exhibits import accesses_of
from countermand.flows.show_receipt import opening_answer
from countermand.kernel.errors import CountermandError, NotFound, Unavailable
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.case_view import case_view
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, forget_cookie, house_of, keep_cookie
from countermand.surfaces.web.receipt_view import receipt_view
from countermand.surfaces.web.report_pages import new_key
from countermand.surfaces.web.telling import instant_of

OPEN = "/case/open"
TALK = "talk"  # where somebody was going, when their case was not open


@get(OPEN, open=True, page="open")
async def ask_number(request: Asked) -> Response[bytes]:
    """Number and code of a receipt; nothing else is needed to see how the case stands."""
    form = Filled({"then": TALK}) if request.query_params.get("then") == TALK else Filled()
    return page(request, "case/open.html", form=form)


@post(OPEN, open=True, page="open", status_code=200)
async def open_case(request: Asked) -> Response[bytes]:
    """Open a case; what was typed while the last session ended is still there."""
    form, house = await filled(request), house_of(request)
    try:
        case = await house.public_door.case_of(
            form["number"], form["secret"], address_of(request, house.public_door.trusted)
        )
    except Unavailable:
        raise
    except CountermandError as error:
        form.fault = error.text
        return page(request, "case/open.html", status=error.http_status, form=form)
    found = await begin_session(house.reception, case, shared=bool(form["shared"]))
    if form["kept"]:
        again = Filled({"text": form["kept"]})
        answer = await show_case(request, found, again)
    else:
        answer = see_other("/case/talk" if form["then"] == TALK else "/case")
    keep_cookie(request, answer, found)
    return answer


def not_open(request: Asked, form: Filled | None = None) -> Response[bytes]:
    """No case is open here (any more): back to number and code, and what was typed goes along."""
    if form is None:
        return see_other(OPEN)
    kept = Filled({"kept": form["text"] or form["grounds"] or form["why"], "over": "yes"})
    return page(request, "case/open.html", status=401, form=kept)


@get("/case", open=True, page="open")
async def read_case(request: Asked) -> Response[bytes]:
    """Where it stands."""
    found = await entered(request)
    return not_open(request) if found is None else await show_case(request, found, Filled())


async def show_case(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    """The page of a case, with a form of it that was refused."""
    leaves = await steps_in_log(request.app.state["house"], found.case)
    view = await case_view(house_of(request), found.case, leaves)
    return page(request, "case/case.html", status=status, case=view, entered=found, form=form, key=new_key())


@get("/case/receipt", open=True, page="open")
async def read_receipt_page(request: Asked) -> Response[bytes]:
    """What was stopped, and the number and code: the code only in the browser that was just given it."""
    found = await entered(request)
    return not_open(request) if found is None else await _receipt(request, found, Filled())


async def _receipt(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    reception = house_of(request).reception
    answer = await opening_answer(reception, found.case, secret_in(reception, found))
    view = receipt_view(reception, answer)
    groups = GROUPS_ASKED
    return page(
        request, "report/stopped.html", status=status, receipt=view, entered=found, form=form, groups=groups
    )


@post("/case/saved", open=True, page="open", status_code=200)
async def say_saved(request: Asked) -> Response[bytes]:
    """Two groups of the code, typed back: then it is kept somewhere, and not shown here again."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request)
    if await secret_saved(house_of(request).reception, found, (form["first"], form["second"])):
        return see_other("/case/details")
    form.wrong(
        "first",
        "That does not fit the code above. Compare the two groups once more.",
        "与上面的查询码不符，请再核对这两组。",
    )
    return await _receipt(request, found, form, status=400)


@get("/case/looks", open=True, page="open")
async def read_looks(request: Asked) -> Response[bytes]:
    """Who looked at my data: when, at what, what for, and who agreed."""
    found = await entered(request)
    if found is None:
        return not_open(request)
    room: EvidenceRoom = house_of(request).room
    looks = (await accesses_of(room, found.case))["accesses"]
    shown = [{**one, "at": instant_of(one["at"])} for one in looks]
    return page(request, "case/looks.html", entered=found, looks=shown)


@get("/case/receipt.zip", open=True, page="open")
async def fetch_receipt_zip(request: Asked) -> Response[bytes]:
    """The proof of what was said and promised, checkable without us; a page while it is being made."""
    return await _file(request, paper=False)


@get("/case/receipt.pdf", open=True, page="open")
async def fetch_receipt_paper(request: Asked) -> Response[bytes]:
    """The signed paper of the same."""
    return await _file(request, paper=True)


async def _file(request: Asked, *, paper: bool) -> Response[bytes]:
    found = await entered(request)
    if found is None:
        return not_open(request)
    house: ReceiptHouse = request.app.state["house"]
    handed = await hand_out_receipt(house, found.case, to_holder=True)
    if not isinstance(handed, Handed):
        after = str(handed.retry_after_seconds)
        headers = {"retry-after": after, "refresh": f"{after}; url={request.scope['path']}"}
        return page(request, "case/soon.html", status=202, headers=headers, entered=found, text=handed.text)
    name, content, media = handed.file_name, handed.receipt.paper, "application/pdf"
    if paper and content is None:
        raise NotFound(
            "no_paper",
            "No papers are made here. The .zip proves the same; print this page instead.",
            "此处不提供纸质文件。.zip 文件具有同等证明作用；可打印网页。",
        )
    if not paper:
        content, media = handed.receipt.packed(), "application/zip"
    name = name.replace(".zip", ".pdf") if paper else name
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content or b"", media_type=media, headers=headers)


@get("/case/steps/{step:int}", open=True, page="open")
async def fetch_step(request: Asked, step: FromPath[int]) -> Response[bytes]:
    """The proof of one step of the case, checkable without us."""
    found = await entered(request)
    if found is None:
        return not_open(request)
    house: ReceiptHouse = request.app.state["house"]
    return handed(await prove_step(house, found.case, step))


def handed(found: Handed) -> Response[bytes]:
    """A proof as a file to keep."""
    headers = {
        "content-disposition": f'attachment; filename="{found.file_name}"',
        "cache-control": "no-store",
    }
    return Response(found.receipt.packed(), media_type="application/zip", headers=headers)


@post("/case/leave", open=True, page="open", status_code=200)
async def leave_case(request: Asked) -> Response[bytes]:
    """Forget the case in this browser at once; or in every browser in which it is open."""
    form = await filled(request)
    found = await entered(request, form)
    if found is not None:
        await leave_session(house_of(request).reception, found, everywhere=bool(form["everywhere"]))
    answer = see_other("/case/left")
    forget_cookie(request, answer)
    return answer


@get("/case/left", open=True, page="open")
async def read_left(request: Asked) -> Response[bytes]:
    """It is closed here, and how to come back."""
    return page(request, "case/left.html")


CASE_PAGES = (
    ask_number, open_case, read_case, read_receipt_page, say_saved, read_looks, fetch_receipt_zip, fetch_step,
    fetch_receipt_paper, leave_case, read_left,
)  # fmt: skip
