"""Is this you? What waits for the customer's proof: shown whole, answered in their ways, or stopped."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.confirmation.holds import asked_from, release_refused
from countermand.confirmation.linking import linked_of_account, linked_of_hold, linked_text
from countermand.flows.challenge_customer import Asking
from countermand.flows.challenge_subjects import ABOUT_HOLDS
from countermand.flows.keep_mandates import list_mandates, switch_on
from countermand.flows.keep_own_limits import put_limit
from countermand.flows.proving import Answer
from countermand.flows.release_hold import release_hold
from countermand.flows.revoke_hold import revoke_hold
from countermand.kernel.errors import Conflict, CountermandError, NotFound
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.filled import Filled, filled, typed, typed_credential
from countermand.surfaces.web.mine.own import (
    house_of,
    own_hold,
    refused_form,
    report_not_me,
    stop_for,
    visitor_of,
)
from countermand.vocabulary.authenticators import SENT, Method, Purpose
from countermand.vocabulary.holds import Hold, HoldState, Need
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.operation_words import titled
from countermand.vocabulary.own_limits import is_mandate_ref, limit_of_ref, ref_of_mandate

# A code of ours is answered on this page; who is called answers there, and a face by the provider's own app.
ANSWERED_HERE = frozenset({Method.PASSWORD, Method.TOTP, Method.WEBAUTHN, *SENT})


@get("/me/challenges/{ref:str}", page="holder")
async def read_challenge(
    request: Asked, ref: FromPath[str], purpose: FromQuery[str] = "operation"
) -> Response[Any]:
    """What is asked for, by whom it is paid to, and how it can be answered. Looking sends no code."""
    return await _challenge_page(request, await asking_of(request, ref, purpose))


@post("/me/challenges/{ref:str}/begin", page="holder", status_code=303)
async def begin_challenge(request: Asked, ref: FromPath[str]) -> Response[Any]:
    """Begin to answer, or have a code sent (again) by `method`."""
    form = await filled(request)
    asking = await asking_of(request, ref, form["purpose"])
    try:
        await _check_elsewhere(request, asking)
        await house_of(request).challenges.begin(asking, _method(form["method"]))
    except CountermandError as refusal:
        return await _challenge_page(request, asking, refused_form(form, refusal), refusal.http_status)
    return see_other(address_of(asking))


@post("/me/challenges/{ref:str}/answer", page="holder", status_code=303)
async def answer_challenge(request: Asked, ref: FromPath[str]) -> Response[Any]:
    """One answer. With the last one that is missing, what waited for it is done."""
    form = await filled(request)
    asking = await asking_of(request, ref, form["purpose"])
    method = _method(form["method"]) or Method.PASSWORD
    answer = Answer(
        method=method,
        code="".join(form["code"].split()) or None,
        password=(await typed(request, "password"))[0] or None,
        credential=await typed_credential(request),
    )
    try:
        await _check_elsewhere(request, asking)
        shown = await house_of(request).challenges.answer(asking, answer)
        if shown["state"] == "satisfied":
            return see_other(await _done(request, asking, shown["confirmation"]))
    except CountermandError as refusal:
        return await _challenge_page(request, asking, refused_form(form, refusal), refusal.http_status)
    return see_other(address_of(asking))


@post("/me/challenges/{ref:str}/not-me", page="holder", status_code=200)
async def deny_challenge(request: Asked, ref: FromPath[str]) -> Response[Any]:
    """One tap: it can never be confirmed any more, what waited is taken back, and the account is stopped."""
    form = await filled(request)
    asking = await asking_of(request, ref, form["purpose"])
    house, operation, stop = house_of(request), "", Preset.EVERYTHING
    with suppress(NotFound):  # nothing had begun; what waits is taken back all the same
        await house.challenges.deny(asking)
    if asking.purpose in ABOUT_HOLDS:
        hold = await own_hold(request, ref)
        operation, stop = hold.operation, stop_for(hold.kind)
        with suppress(Conflict):  # it has taken effect already: then the report sets the recall going
            await revoke_hold(house, operation, "customer", asking.actor, asking.trace)
    told = await report_not_me(request, operation, stop)
    return page(request, "mine/stopped.html", holder=holder_of_visit(request), told=told)


def address_of(asking: Asking) -> str:
    """The page of a challenge."""
    more = "" if asking.purpose is Purpose.OPERATION else f"?purpose={asking.purpose.value}"
    return f"/me/challenges/{quote(asking.ref, safe='')}{more}"


async def asking_of(request: Asked, ref: str, purpose: str) -> Asking:
    """What is asked about. Raises NotFound (`unknown_hold`) for what is not theirs, BadRequest."""
    holder, visit = holder_of_visit(request), visit_of(request.scope)
    if purpose not in set(Purpose):
        raise invalid_request(f"{purpose[:32]!r} is no purpose", "purpose")
    wanted, name = Purpose(purpose), identifier(ref, "ref")
    if wanted in ABOUT_HOLDS:
        name = (await own_hold(request, ref)).operation
    elif wanted is Purpose.ENROL:
        name = holder.account
    elif limit_of_ref(name) is None and not is_mandate_ref(name):
        raise invalid_request("say what is to be raised, or switched on", "ref")
    return Asking(
        purpose=wanted,
        ref=name,
        account=holder.account,
        visitor=visitor_of(request),
        actor=visit.actor,
        trace=visit.trace_id,
    )


async def _check_elsewhere(request: Asked, asking: Asking) -> None:
    """A wait ends early from another device and sign-in only, so here nobody is asked for nothing.

    Raises Forbidden (`release_refused`).
    """
    if asking.purpose is Purpose.RELEASE:
        hold = await own_hold(request, quote(asking.ref, safe=""))
        if same := asked_from(hold, asking.visitor.session, asking.visitor.device):
            raise release_refused(hold, same)


async def _done(request: Asked, asking: Asking, confirmation: str) -> str:
    """What waited for the proof is done now; where to go on."""
    house, account = house_of(request), asking.account
    if asking.purpose in ABOUT_HOLDS:
        operation = quote(asking.ref, safe="")
        if asking.purpose is Purpose.RELEASE:
            await release_hold(house, asking.ref, confirmation, asking.actor, asking.trace)
            return f"/me/holds/{operation}?done=released"
        return f"/me/holds/{operation}?done=confirmed"
    if asking.purpose is Purpose.ENROL:
        return "/me/ways?done=proven"
    if (wanted := limit_of_ref(asking.ref)) is not None:
        await put_limit(house.holders, account, wanted.limit, confirmation, asking.actor, asking.trace)
        return "/me/limit?done=raise_asked"
    for one in (await list_mandates(house.holders, account))["mandates"]:
        if one["order"] is not None and ref_of_mandate(one["order"]) == asking.ref:
            await switch_on(house.holders, account, one["mandate"], confirmation, asking.actor, asking.trace)
    return "/me/debits?done=on"


async def _challenge_page(
    request: Asked, asking: Asking, form: Filled | None = None, status: int = 200
) -> Response[Any]:
    """The page as the challenge stands; what is over has a page of its own."""
    hold = await own_hold(request, quote(asking.ref, safe="")) if asking.purpose in ABOUT_HOLDS else None
    if hold is not None and form is None and not _still_asked(hold, asking.purpose):
        return see_other(f"/me/holds/{quote(asking.ref, safe='')}")
    try:
        shown = await house_of(request).challenges.status(asking)
    except NotFound:
        shown = None
    details = None if shown is None else shown["details"]
    return page(
        request,
        "mine/challenge.html",
        status=status,
        holder=holder_of_visit(request),
        purpose=asking.purpose.value,
        ref=quote(asking.ref, safe=""),
        about=_about(asking, hold),
        challenge=shown if shown is not None and shown["state"] in ("open", "failed") else None,
        over=None if shown is None else shown["state"],
        ways=[] if details is None else [_way(one) for one in details["methods"]],
        passkey=None if details is None else json.dumps(details["webauthn"]),
        form=form or Filled(),
    )


def _still_asked(hold: Hold, purpose: Purpose) -> bool:
    if hold.state is not HoldState.OPEN:
        return False
    return purpose is Purpose.RELEASE or Need.CHALLENGE in hold.unmet


def _about(asking: Asking, hold: Hold | None) -> dict[str, Any]:
    """What the proof is linked to, word for word: the same that the code and the passkey are bound to."""
    if hold is None:
        linked = linked_of_account(asking.purpose, asking.ref, asking.account)
    else:
        linked = linked_of_hold(hold, asking.purpose)
    amount = None
    if linked.amount_minor is not None:
        amount = {"minor": linked.amount_minor, "currency": linked.currency}
    return {
        "text": linked_text(linked),
        "title": None if hold is None else titled(hold.kind),
        "amount": amount,
        "payee": linked.payee,
        "institution": linked.institution,
        "at": None if hold is None else hold.placed_at,
        "device": None if hold is None else hold.device,
        "by": None if hold is None else hold.expires_at,
    }


def _way(offer: dict[str, Any]) -> dict[str, Any]:
    return {**offer, "here": offer["method"] in ANSWERED_HERE, "sent": offer["method"] in SENT}


def _method(word: str) -> Method | None:
    return Method(word) if word in set(Method) else None


CHALLENGE_PAGES = (read_challenge, begin_challenge, answer_challenge, deny_challenge)
