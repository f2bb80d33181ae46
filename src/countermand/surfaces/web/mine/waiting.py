"""What waits: a held operation with its countdown and who decides, and what the customer agrees to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.confirmation.holds import asked_from
from countermand.flows.approve_operation import ApprovalHouse, approvals_of
from countermand.flows.give_consent import (
    Agreed,
    ConsentingHouse,
    consent_of,
    give_consent,
    show_statement,
)
from countermand.flows.show_holds import show_hold
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.mine.own import (
    house_of,
    own_hold,
    own_operation,
    refused_form,
    visitor_of,
)
from countermand.vocabulary.consent import Shown
from countermand.vocabulary.holds import Hold, HoldState, Need
from countermand.vocabulary.operation_words import titled

DONE = frozenset({"confirmed", "released", "revoked"})
QUESTIONS_MAX = 3
LANGUAGES = ("zh", "en")


@get("/me/holds/{operation_id:str}", page="holder")
async def read_hold(request: Asked, operation_id: FromPath[str], done: FromQuery[str] = "") -> Response[Any]:
    """Where it stands, until when it can be taken back, who else decides, and how it could end sooner."""
    house, hold = house_of(request), await own_hold(request, operation_id)
    visitor = visitor_of(request)
    return page(
        request,
        "mine/hold.html",
        holder=holder_of_visit(request),
        hold=await show_hold(house, hold.operation),
        title=titled(hold.kind),
        device=hold.device,
        approval=await _approval(request, hold),
        release=_release(hold, house.clock.now()),
        same=asked_from(hold, visitor.session, visitor.device),
        done=done if done in DONE else None,
    )


@get("/me/consents/{operation_id:str}", page="holder")
async def read_consent(request: Asked, operation_id: FromPath[str]) -> Response[Any]:
    """What is to be agreed to, word for word; or the receipt, where somebody has agreed."""
    operation = await _own(request, operation_id)
    try:
        receipt = await consent_of(_consenting(request), operation)
    except NotFound:
        put = await show_statement(_consenting(request), operation, page_language(request))
        return await _consent_page(request, operation, put)
    return page(
        request, "mine/agreed.html", holder=holder_of_visit(request), receipt=receipt, operation=operation
    )


@post("/me/consents/{operation_id:str}", page="holder", status_code=303)
async def write_consent(request: Asked, operation_id: FromPath[str]) -> Response[Any]:
    """Agree to exactly what was shown. What was not understood is explained, and asked again."""
    operation, form = await _own(request, operation_id), await filled(request)
    visitor, visit = visitor_of(request), visit_of(request.scope)
    language = form["language"] if form["language"] in LANGUAGES else page_language(request)
    names = [f"answer-{number}" for number in range(QUESTIONS_MAX)]
    given = [form[name] for name in names if form[name]]
    said = Agreed(
        digest=form["digest"],
        language=language,
        answers=tuple(int(one) if one in "01234" else -1 for one in given),
        credit=None,
        session=visitor.session,
        device=visitor.device,
    )
    try:
        await give_consent(_consenting(request), operation, said, visit.actor, visit.trace_id)
    except CountermandError as refusal:
        put = await show_statement(_consenting(request), operation, page_language(request))
        return await _consent_page(request, operation, put, refused_form(form, refusal), refusal.http_status)
    return see_other(f"/me/consents/{quote(operation, safe='')}")


async def _consent_page(
    request: Asked, operation: str, put: Shown, form: Filled | None = None, status: int = 200
) -> Response[Any]:
    hold = await house_of(request).holds.find(operation)
    return page(
        request,
        "mine/consent.html",
        status=status,
        holder=holder_of_visit(request),
        put=put,
        operation=operation,
        waits=hold is not None and hold.state is HoldState.OPEN,
        form=form or Filled(),
    )


async def _own(request: Asked, segment: str) -> str:
    """Raises NotFound (`unknown_operation`) for what is not theirs."""
    asked = identifier(segment, "operation_id")
    found = await own_operation(house_of(request), holder_of_visit(request).account, asked)
    return str(found["id"])


def _consenting(request: Asked) -> ConsentingHouse:
    house: ConsentingHouse = request.app.state["house"]
    return house


async def _approval(request: Asked, hold: Hold) -> dict[str, Any] | None:
    """Who decides, by role and never by name, and what they have said; None where nobody need."""
    if Need.APPROVAL not in hold.needs:
        return None
    house: ApprovalHouse = request.app.state["house"]
    found = await approvals_of(house, hold.operation)
    said = [(one["level"], one["verdict"]) for one in found["said"]]
    levels = [
        {**level, "agreed": said.count((number, "approve")), "refused": (number, "refuse") in said}
        for number, level in enumerate(found["levels"])
    ]
    waits = found["waits_for"] if hold.state is HoldState.OPEN else None
    return {"levels": levels, "waits_for": waits, "by": hold.expires_at, "open": waits is not None}


def _release(hold: Hold, now: int) -> bool:
    """Whether time alone is waited for, so that a stronger proof could end it."""
    return hold.state is HoldState.OPEN and not hold.unmet and now < hold.until


WAITING_PAGES = (read_hold, read_consent, write_consent)
