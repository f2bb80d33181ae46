"""Joining: the page that an invitation's link opens, once, and the second factor set up on it."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.invite_staff import (
    INVITATION_PATH,
    Joining,
    begin_joining,
    finish_joining,
    see_invitation,
)
from countermand.kernel.errors import BadRequest, CountermandError
from countermand.surfaces.http.page_safety import browser_of, step_cookie
from countermand.surfaces.web.answers import Asked
from countermand.surfaces.web.filled import typed
from countermand.surfaces.web.staff.forms import (
    HOME,
    access_of,
    form_page,
    go_signed_in,
    second_answer,
    setting_up,
    step_on,
)
from countermand.vocabulary.authenticators import Method


@get(f"{INVITATION_PATH}{{token:str}}", open=True, page="open")
async def read_invitation(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """Who is invited, as what; a password to choose, and a second factor. Looking uses nothing up."""
    return await _invitation_page(request, token)


@post(f"{INVITATION_PATH}{{token:str}}", open=True, page="open")
async def send_first(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """The second factor to set up; or the form again with what is wrong with the password."""
    password, again, method = await typed(request, "password", "again", "method")
    try:
        if password != again:
            raise BadRequest(
                "passwords_differ",
                "The two passwords are not the same.",
                "两次输入的密码不一致。",
                field="again",
            )
        wanted = Method(method) if method in (Method.TOTP, Method.WEBAUTHN) else Method.TOTP
        joining = await begin_joining(access_of(request), token, password, wanted, browser_of(request))
    except BadRequest as refused:
        return await _invitation_page(request, token, refused)
    return step_on(request, _set_up_page(request, joining), joining.token)


@post("/staff/join", open=True, page="open")
async def send_joining(request: Asked) -> Response[bytes]:
    """One of the staff from now on, and signed in; a wrong code is typed again on the page before."""
    token = step_cookie(request) or ""
    signed_in = await finish_joining(
        access_of(request), token, await second_answer(request), browser_of(request)
    )
    return go_signed_in(request, signed_in, HOME)


async def _invitation_page(
    request: Asked, token: str, refused: CountermandError | None = None
) -> Response[bytes]:
    invitation = await see_invitation(access_of(request), token)
    roles = sorted(role.value for role in invitation.roles)
    given = {"name": invitation.name, "roles": roles, "token_text": token, "ends_at": invitation.ends_at}
    return form_page(request, "staff/invitation.html", refused=refused, **given)


def _set_up_page(request: Asked, joining: Joining) -> Response[bytes]:
    given = {**setting_up(joining), "action": "/staff/join"}
    return form_page(request, "staff/set_up.html", **given)


JOINING_PAGES = (read_invitation, send_first, send_joining)
