"""“Have us call you”: a number and a time; what becomes of them stands in the case."""

from __future__ import annotations

from litestar import Response, get, post

from countermand.cases.call_times import SOON, call_said, call_times
from countermand.flows.ask_call import ask_call
from countermand.flows.case_desk import HOLDER
from countermand.flows.receipt_sessions import Entered
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.case_pages import not_open
from countermand.surfaces.web.case_view import case_view
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of


@get("/case/call", open=True, page="open")
async def read_call(request: Asked) -> Response[bytes]:
    """A field for the number, and when."""
    found = await entered(request)
    return not_open(request) if found is None else await _asked(request, found, Filled({"time": SOON}))


@post("/case/call", open=True, page="open", status_code=200)
async def want_call(request: Asked) -> Response[bytes]:
    """Promised, and told in the case."""
    form, house = await filled(request), house_of(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request, form)
    if not form["phone"]:
        form.wrong("phone", "Type the number that we should call.", "请填写回电号码。")
        return await _asked(request, found, form, status=400)
    given = (found.case.number, form["phone"], form["time"], HOLDER)
    try:
        await ask_call(house.case_desk, *given, visit_of(request.scope).trace_id)
    except Unavailable:
        raise
    except CountermandError as error:
        form.refuse(error)
        return await _asked(request, found, form, status=error.http_status)
    return see_other("/case/call")


async def _asked(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    house = house_of(request)
    zone, now = house.reception.timezone, house.clock.now()
    times = [(one.name, call_said(one.from_at, one.until_at, zone)) for one in call_times(now, zone)]
    return page(
        request,
        "case/call.html",
        status=status,
        entered=found,
        form=form,
        times=times,
        case=await case_view(house, found.case),
        through=house.channels.privacy_number,
    )


CALL_PAGES = (read_call, want_call)
