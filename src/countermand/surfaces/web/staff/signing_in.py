"""Signing in: name and password, the second factor, single sign-on; and the second factor again for acts."""

from __future__ import annotations

import json
from urllib.parse import quote

from litestar import Response, get, post

from countermand.flows.sign_in_by_provider import come_back, go_to_provider
from countermand.flows.sign_in_staff import (
    Step,
    ask_passkey,
    ask_proof,
    begin_sign_in,
    finish_sign_in,
    prove,
    see_step,
)
from countermand.flows.staff_access import sign_in_refused
from countermand.flows.staff_sessions import end_session
from countermand.kernel.errors import CountermandError, Forbidden, TooMany, Unauthenticated
from countermand.surfaces.http.guard import look_who_is_in
from countermand.surfaces.http.page_safety import (
    PROVE_PATH,
    SESSION,
    SIGN_IN_PATH,
    browser_of,
    keep_cookie,
    step_cookie,
)
from countermand.surfaces.http.visits import opened_of, visit_of
from countermand.surfaces.web.answers import Asked, see_other
from countermand.surfaces.web.filled import typed
from countermand.surfaces.web.staff.forms import (
    access_of,
    form_page,
    go_signed_in,
    leave,
    second_answer,
    step_on,
    way_on,
)
from countermand.vocabulary.authenticators import Method

SECOND_PATH = f"{SIGN_IN_PATH}/second"


@get(SIGN_IN_PATH, open=True, page="open")
async def read_sign_in(request: Asked) -> Response[bytes]:
    """Name and password; whoever is signed in goes on."""
    back = way_on(request.query_params.get("next"))
    if await look_who_is_in(request) is not None:
        return see_other(back)
    return _sign_in_page(request, back)


@post(SIGN_IN_PATH, open=True, page="open")
async def send_password(request: Asked) -> Response[bytes]:
    """On to the second factor; or the form again, with the name that was typed."""
    name, password, back = await typed(request, "name", "password", "next")
    try:
        step = await begin_sign_in(access_of(request), name.strip(), password, browser_of(request))
    except (Forbidden, TooMany) as refused:
        return _sign_in_page(request, way_on(back), name=name[:64], refused=refused)
    return step_on(request, see_other(f"{SECOND_PATH}?next={quote(way_on(back), safe='')}"), step.token)


@get(SECOND_PATH, open=True, page="open")
async def read_second(request: Asked) -> Response[bytes]:
    """The second factors there are; whose step is over begins again."""
    back = way_on(request.query_params.get("next"))
    try:
        step = await see_step(access_of(request), step_cookie(request) or "")
    except Unauthenticated:
        return _begin_again(back)
    return await _second_page(request, step, back)


@post(SECOND_PATH, open=True, page="open")
async def send_second(request: Asked) -> Response[bytes]:
    """Signed in; or the form again."""
    (back,) = await typed(request, "next")
    token = step_cookie(request) or ""
    try:
        answer = await second_answer(request)
        done = await finish_sign_in(access_of(request), token, answer, browser_of(request))
    except Unauthenticated:
        return _begin_again(way_on(back))
    except (Forbidden, TooMany) as refused:
        step = await see_step(access_of(request), token)
        return await _second_page(request, step, way_on(back), refused)
    return go_signed_in(request, done, back)


@get(f"{SIGN_IN_PATH}/provider", open=True, page="open")
async def read_provider(request: Asked) -> Response[bytes]:
    """To the provider of single sign-on."""
    back = way_on(request.query_params.get("next"))
    address, token = await go_to_provider(access_of(request), back)
    return step_on(request, leave(address), token)


@get("/staff/provider/back", open=True, page="open")
async def read_back(request: Asked) -> Response[bytes]:
    """Here again from the provider: on to the second factor, or linked."""
    state, code = (request.query_params.get(name) or "" for name in ("state", "code"))
    if not state or not code:
        raise sign_in_refused()
    opened = await look_who_is_in(request)
    found, back = await come_back(access_of(request), step_cookie(request) or "", state, code, opened)
    if isinstance(found, Step):
        return step_on(request, see_other(f"{SECOND_PATH}?next={quote(way_on(back), safe='')}"), found.token)
    return see_other(way_on(back))


@get(PROVE_PATH, page="staff", own=True, asks=("next",))
async def read_prove(request: Asked) -> Response[bytes]:
    """The second factor once more, before an act of weight."""
    return await _prove_page(request, way_on(request.query_params.get("next")))


@post(PROVE_PATH, page="staff", own=True)
async def send_proof(request: Asked) -> Response[bytes]:
    """On to the act; or the form again."""
    (back,) = await typed(request, "next")
    try:
        await prove(access_of(request), opened_of(request), await second_answer(request))
    except (Forbidden, TooMany, Unauthenticated) as refused:
        return await _prove_page(request, way_on(back), refused)
    return see_other(way_on(back))


@post("/staff/sign-out", page="staff", own=True)
async def sign_out(request: Asked) -> Response[bytes]:
    """This session ends, and its cookie goes."""
    mine = opened_of(request).session
    await end_session(access_of(request), mine, mine.id)
    answer = see_other(SIGN_IN_PATH)
    keep_cookie(answer, visit_of(request.scope), SESSION, "", 0)
    return answer


def _sign_in_page(
    request: Asked, back: str, name: str = "", refused: CountermandError | None = None
) -> Response[bytes]:
    provider = access_of(request).provider is not None
    return form_page(request, "staff/sign_in.html", refused=refused, next=back, name=name, provider=provider)


async def _second_page(
    request: Asked, step: Step, back: str, refused: CountermandError | None = None
) -> Response[bytes]:
    options = None
    if Method.WEBAUTHN in step.methods:
        options = json.dumps(await ask_passkey(access_of(request), step.token))
    methods = [one.value for one in step.methods]
    given = {"next": back, "methods": methods, "options": options, "action": SECOND_PATH, "again": False}
    return form_page(request, "staff/second.html", refused=refused, **given)


async def _prove_page(request: Asked, back: str, refused: CountermandError | None = None) -> Response[bytes]:
    found, asked = await ask_proof(access_of(request), opened_of(request).session)
    options = None if asked is None else json.dumps(asked)
    methods = [one.value for one in found]
    given = {"next": back, "methods": methods, "options": options, "action": PROVE_PATH, "again": True}
    return form_page(request, "staff/second.html", refused=refused, **given)


def _begin_again(back: str) -> Response[bytes]:
    return see_other(f"{SIGN_IN_PATH}?next={quote(back, safe='')}")


SIGN_IN_PAGES = (
    read_sign_in, send_password, read_second, send_second, read_provider, read_back, read_prove, send_proof,
    sign_out,
)  # fmt: skip
