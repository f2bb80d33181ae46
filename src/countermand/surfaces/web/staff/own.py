"""One's own: where one is signed in, what one signs in with, and a form that was sent too late."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.invite_staff import Joining
from countermand.flows.sign_in_by_provider import go_to_provider, unlink
from countermand.flows.staff_credentials import (
    begin_adding,
    change_password,
    finish_adding,
    list_credentials,
    remove_credential,
)
from countermand.flows.staff_sessions import (
    drop_form,
    end_all,
    end_session,
    is_linked,
    kept_form,
    list_sessions,
)
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import BadRequest, CountermandError, Forbidden, TooMany
from countermand.surfaces.http.page_safety import KEPT_PATH, PROVE_PATH, step_cookie
from countermand.surfaces.http.visits import opened_of
from countermand.surfaces.web.answers import Asked, see_other
from countermand.surfaces.web.filled import typed
from countermand.surfaces.web.staff.forms import (
    HOME,
    access_of,
    form_page,
    leave,
    second_answer,
    setting_up,
    step_on,
)
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.staff_access import is_recent


@get(HOME, page="staff", own=True)
async def read_own(request: Asked) -> Response[bytes]:
    """Where one is signed in, and what with."""
    return await _own_page(request)


@post(f"{HOME}/sessions/end", page="staff", own=True)
async def send_end(request: Asked) -> Response[bytes]:
    """One of one's own sessions ends, or all the others."""
    (session,) = await typed(request, "session")
    mine = opened_of(request).session
    if session:
        await end_session(access_of(request), mine, session)
    else:
        await end_all(access_of(request), mine, here_too=False)
    return see_other(HOME)


@post(f"{HOME}/password", page="staff", own=True, step_up=True)
async def send_new_password(request: Asked) -> Response[bytes]:
    """Another password; the form comes back with what is wrong with it."""
    old, new, again = await typed(request, "old", "password", "again")
    try:
        if new != again:
            raise BadRequest(
                "passwords_differ",
                "The two passwords are not the same.",
                "两次输入的密码不一致。",
                field="again",
            )
        await change_password(access_of(request), opened_of(request), old, new)
    except (BadRequest, Forbidden, TooMany) as refused:
        return await _own_page(request, refused)
    return see_other(HOME)


@post(f"{HOME}/factors", page="staff", own=True, step_up=True)
async def send_factor(request: Asked) -> Response[bytes]:
    """One more second factor to set up."""
    method, name = await typed(request, "method", "name")
    wanted = Method(method) if method in (Method.TOTP, Method.WEBAUTHN) else Method.TOTP
    try:
        adding = await begin_adding(access_of(request), opened_of(request), wanted, name or wanted.value)
    except CountermandError as refused:
        return await _own_page(request, refused)
    return step_on(request, _set_up_page(request, adding), adding.token)


@post(f"{HOME}/factors/finish", page="staff", own=True)
async def send_tried(request: Asked) -> Response[bytes]:
    """It worked, and is good from now on."""
    answer = await second_answer(request)
    await finish_adding(access_of(request), opened_of(request), step_cookie(request) or "", answer)
    return see_other(HOME)


@post(f"{HOME}/factors/{{credential:str}}/remove", page="staff", own=True, step_up=True)
async def send_removed(request: Asked, credential: FromPath[str]) -> Response[bytes]:
    """A second factor is good no more."""
    await remove_credential(access_of(request), opened_of(request), credential)
    return see_other(HOME)


@get(f"{HOME}/provider", page="staff", own=True)
async def read_link(request: Asked) -> Response[bytes]:
    """To the provider, to be linked; the second factor comes first."""
    opened = opened_of(request)
    if not is_recent(opened.session, access_of(request).clock.now()):
        return see_other(f"{PROVE_PATH}?next={HOME}/provider")
    address, token = await go_to_provider(access_of(request), HOME, opened)
    return step_on(request, leave(address), token)


@post(f"{HOME}/provider/unlink", page="staff", own=True, step_up=True)
async def send_unlink(request: Asked) -> Response[bytes]:
    """The provider vouches no more."""
    await unlink(access_of(request), opened_of(request))
    return see_other(HOME)


@get(f"{KEPT_PATH}{{form:str}}", page="staff", own=True)
async def read_kept(request: Asked, form: FromPath[str]) -> Response[bytes]:
    """What was sent when the session was over: to be sent now, or not."""
    kept = await kept_form(access_of(request), opened_of(request).session, form)
    return form_page(request, "staff/kept.html", form=form, path=kept.path, fields=kept.fields)


@post(f"{KEPT_PATH}{{form:str}}/drop", page="staff", own=True)
async def send_drop(request: Asked, form: FromPath[str]) -> Response[bytes]:
    """It is not wanted any more."""
    await drop_form(access_of(request), opened_of(request).session, form)
    return see_other(HOME)


async def _own_page(request: Asked, refused: CountermandError | None = None) -> Response[bytes]:
    access, opened = access_of(request), opened_of(request)
    credentials = await list_credentials(access, opened)
    return form_page(
        request,
        "staff/own.html",
        refused=refused,
        sessions=await list_sessions(access, opened.session),
        credentials=credentials,
        old_password=_old_password(request, credentials),
        provider=access.provider is not None,
        linked=await is_linked(access, opened.session),
        roles=sorted(role.value for role in opened.staff.roles),
    )


def _old_password(request: Asked, credentials: list[dict[str, Any]]) -> int | None:
    """How many days one's password is old, where that is worth a word; nobody is locked out by it."""
    house = request.app.state["house"]
    since = [one["created_at"] for one in credentials if one["method"] == Method.PASSWORD.value]
    days = (house.clock.now() - max(since)) // MICROS_PER_DAY if since else 0
    limit = house.reminders.password_days
    return days if limit and days >= limit else None


def _set_up_page(request: Asked, adding: Joining) -> Response[bytes]:
    given = {**setting_up(adding), "action": f"{HOME}/factors/finish"}
    return form_page(request, "staff/set_up.html", **given)


OWN_PAGES = (
    read_own, send_end, send_new_password, send_factor, send_tried, send_removed, read_link, send_unlink,
    read_kept, send_drop,
)  # fmt: skip
