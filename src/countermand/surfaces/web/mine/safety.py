"""How safe the account is kept, where its data goes, who looked at it; and consent, given or taken back."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.confirmation.statements import purpose_statement
from countermand.flows.check_account import check_account
from countermand.flows.consent_to_data import give_data_consent, show_purpose, withdraw_data_consent
from countermand.flows.show_own_data import DataHouse, looks_at, show_own_data
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.mine.own import refused_form

# Where each item of the check-up is mended.
MENDED_AT = {
    "second_factor": "/me/ways",
    "passkey": "/me/ways",
    "reachable": "/me/contacts",
    "devices": "/me/devices",
    "strange": "/me/devices",
    "limit": "/me/limit",
    "debits": "/me/debits",
    "shared": "/me/devices",
    "password": "/me/ways",
    "waiting": "/me",
    "contained": "/case",
}
LANGUAGES = ("zh", "en")
NAMED_USES = frozenset({"biometrics", "sharing", "profiling", "security", "rights", "service"})


@get("/me/check-up", page="holder")
async def read_check_up(request: Asked) -> Response[Any]:
    """The score, and each item with the page where it is mended; the most useful first."""
    holder = holder_of_visit(request)
    found = await check_account(request.app.state["house"], holder.account)
    items = [{**one._asdict(), "at": MENDED_AT[one.id]} for one in found.items]
    return page(
        request,
        "mine/check_up.html",
        holder=holder,
        score=found.score,
        to_mend=[one for one in items if one["well"] is False],
        well=[one for one in items if one["well"]],
    )


@get("/me/privacy", page="holder")
async def read_privacy(request: Asked) -> Response[Any]:
    """Where the data goes, on what ground, and who looked at it."""
    holder = holder_of_visit(request)
    house: DataHouse = request.app.state["house"]
    return page(
        request,
        "mine/privacy.html",
        holder=holder,
        data=await show_own_data(house, holder.account),
        looks=await looks_at(house, holder.account),
        banking=house.settlement.banking,
        named=NAMED_USES,
    )


@get("/me/privacy/{purpose:str}", page="holder")
async def read_purpose(request: Asked, purpose: FromPath[str]) -> Response[Any]:
    """What is agreed to, word for word. Raises NotFound (`unknown_purpose`)."""
    return await _purpose_page(request, identifier(purpose, "purpose"))


@post("/me/privacy/{purpose:str}", page="holder", status_code=303)
async def agree(request: Asked, purpose: FromPath[str]) -> Response[Any]:
    """Agree to exactly these words."""
    form, name = await filled(request), identifier(purpose, "purpose")
    visit, account = visit_of(request.scope), holder_of_visit(request).account
    language = form["language"] if form["language"] in LANGUAGES else page_language(request)
    house = request.app.state["house"]
    try:
        await give_data_consent(
            house, account, name, language, form["digest"], None, visit.actor, visit.trace_id
        )
    except NotFound:
        raise
    except CountermandError as refusal:
        return await _purpose_page(request, name, refused_form(form, refusal), refusal.http_status)
    return see_other("/me/privacy")


@post("/me/privacy/{purpose:str}/withdraw", page="holder", status_code=303)
async def withdraw(request: Asked, purpose: FromPath[str]) -> Response[Any]:
    """From now on nothing is done on the strength of it; withdrawn already: nothing more happens."""
    name, visit = identifier(purpose, "purpose"), visit_of(request.scope)
    account, house = holder_of_visit(request).account, request.app.state["house"]
    try:
        await withdraw_data_consent(house, account, name, None, visit.actor, visit.trace_id)
    except NotFound:
        if purpose_statement(name, house.agreements.statements) is None:
            raise
    return see_other("/me/privacy")


async def _purpose_page(
    request: Asked, purpose: str, form: Filled | None = None, status: int = 200
) -> Response[Any]:
    put = show_purpose(request.app.state["house"], purpose, page_language(request))
    return page(
        request,
        "mine/purpose.html",
        status=status,
        holder=holder_of_visit(request),
        put=put,
        purpose=purpose,
        form=form or Filled(),
    )


SAFETY_PAGES = (read_check_up, read_privacy, read_purpose, agree, withdraw)
