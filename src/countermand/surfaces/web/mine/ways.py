"""What the customer proves with: seen, added by using it once, named, removed; each change proven first."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pyotp
import segno
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.proving import Answer
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from countermand.surfaces.http.visits import holder_of_visit, identifier
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.filled import Filled, filled, typed, typed_credential
from countermand.surfaces.web.mine.devices import keeping_of
from countermand.surfaces.web.mine.own import house_of, refused_form
from countermand.surfaces.web.telling import instant_of
from countermand.vocabulary.authenticators import ENROLLED, SENT, Method

DONE = frozenset({"added", "removed", "named", "proven"})
# A code by SMS or e-mail is offered where somebody sends them.
OFFERED = (Method.WEBAUTHN, Method.TOTP, Method.SMS, Method.EMAIL, Method.PASSWORD)


@get("/me/ways", page="holder")
async def read_ways(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """What counts as theirs, and what could be added."""
    return await _ways_page(request, done=done)


@post("/me/ways", page="holder", status_code=200)
async def begin_way(request: Asked) -> Response[Any]:
    """Begin to add one: the next page has what is needed to use it once."""
    form = await filled(request)
    method = Method(form["method"]) if form["method"] in ENROLLED else Method.TOTP
    visitor = holder_of_visit(request).session
    wanted = Enrolment(
        method=method,
        name=form["name"] or method.value,
        device=visitor.device if method is Method.WEBAUTHN else None,
        address=form["address"] or None,
        language=page_language(request),
        biometric=False,
    )
    try:
        _check_own_device(visitor.public, method)
        begun = await house_of(request).authenticators.begin(await keeping_of(request), wanted)
    except CountermandError as refusal:
        return await _ways_page(request, refused_form(form, refusal), refusal.http_status)
    return _set_up_page(request, begun, Filled(), 200)


@post("/me/ways/{way:str}/finish", page="holder", status_code=303)
async def finish_way(request: Asked, way: FromPath[str]) -> Response[Any]:
    """It worked once, and counts from now on; else the page comes back with why not."""
    form, name = await filled(request), identifier(way, "way")
    keeper, account = house_of(request).authenticators, holder_of_visit(request).account
    begun = await _pending(request, name)
    password, again = await typed(request, "password", "again")
    answer = Answer(
        method=Method(begun["method"]),
        code="".join(form["code"].split()) or None,
        password=password or None,
        credential=await typed_credential(request),
    )
    try:
        if begun["method"] == Method.PASSWORD.value and password != again:
            raise BadRequest(
                "passwords_differ",
                "The two passwords are not the same.",
                "两次输入的密码不一致。",
                field="again",
            )
        await keeper.finish(await keeping_of(request), name, answer)
    except CountermandError as refusal:
        assert account == begun["account"], "it is their own"
        return _set_up_page(request, begun, refused_form(form, refusal), refusal.http_status)
    return see_other("/me/ways?done=added")


@post("/me/ways/{way:str}/name", page="holder", status_code=303)
async def name_way(request: Asked, way: FromPath[str]) -> Response[Any]:
    """What its holder calls it."""
    form, name = await filled(request), identifier(way, "way")
    try:
        await house_of(request).authenticators.rename(await keeping_of(request), name, form["name"])
    except BadRequest as refusal:
        return await _ways_page(request, refused_form(form, refusal), refusal.http_status, name)
    return see_other("/me/ways?done=named")


@post("/me/ways/{way:str}/remove", page="holder", status_code=303)
async def remove_way(request: Asked, way: FromPath[str]) -> Response[Any]:
    """It proves nothing any more. Raises NotFound (`unknown_authenticator`)."""
    form, name = await filled(request), identifier(way, "way")
    try:
        await house_of(request).authenticators.remove(await keeping_of(request), name)
    except NotFound:
        raise
    except CountermandError as refusal:
        return await _ways_page(request, refused_form(form, refusal), refusal.http_status, name)
    return see_other("/me/ways?done=removed")


def password_age_days(ways: list[dict[str, Any]], now: int) -> int | None:
    """How many whole days the password of an account is old; None where it has none here."""
    since = [one["created_at"] for one in ways if one["method"] == Method.PASSWORD.value]
    return None if not since else (now - max(map(instant_of, since))) // MICROS_PER_DAY


def _check_own_device(public: bool, method: Method) -> None:
    """Raises BadRequest (`public_device`): a passkey would stay behind on a device that others use."""
    if public and method is Method.WEBAUTHN:
        raise BadRequest(
            "public_device",
            "Others use this device too, so no passkey is made on it. Use a device of your own.",
            "该设备他人也在使用，不能在此创建通行密钥；请使用您自己的设备。",
            field="method",
        )


async def _pending(request: Asked, name: str) -> dict[str, Any]:
    """One that was begun here. Raises NotFound (`unknown_authenticator`) for another's as for none."""
    for one in await house_of(request).authenticators.all(holder_of_visit(request).account):
        if one["authenticator"] == name and one["state"] == "pending":
            return {**one, "otpauth": None, "webauthn": None}
    raise NotFound(
        "unknown_authenticator", "This account has no such authenticator.", "该账户没有此验证方式。"
    )


def _set_up_page(request: Asked, begun: dict[str, Any], form: Filled, status: int) -> Response[Any]:
    picture = typed = None
    if begun["otpauth"] is not None:
        picture = segno.make(begun["otpauth"], error="m").svg_data_uri(scale=5, border=4, light="white")
        secret = pyotp.parse_uri(begun["otpauth"]).secret
        typed = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return page(
        request,
        "mine/way.html",
        status=status,
        holder=holder_of_visit(request),
        way=begun,
        ref=quote(begun["authenticator"], safe=""),
        options=None if begun["webauthn"] is None else json.dumps(begun["webauthn"]),
        picture=picture,
        typed=typed,
        form=form,
    )


async def _ways_page(
    request: Asked, form: Filled | None = None, status: int = 200, about: str = "", *, done: str = ""
) -> Response[Any]:
    house, holder = request.app.state["house"], holder_of_visit(request)
    ways = [one for one in await house.authenticators.all(holder.account) if one["state"] == "active"]
    senders = house.challenges.kit.senders
    limit, age = house.reminders.password_days, password_age_days(ways, house.clock.now())
    return page(
        request,
        "mine/ways.html",
        status=status,
        holder=holder,
        ways=ways,
        offered=[one.value for one in OFFERED if one not in SENT or one in senders],
        old_password=age if limit and age is not None and age >= limit else None,
        form=form or Filled(),
        about=about,
        done=done if done in DONE else None,
    )


WAY_PAGES = (read_ways, begin_way, finish_way, name_way, remove_way)
