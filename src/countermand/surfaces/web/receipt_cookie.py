"""The cookie of a browser in which a case is open: read, set, and taken away again."""

from __future__ import annotations

from litestar import Response

from countermand.flows.receipt_sessions import Entered, check_form, enter_session
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import Unauthenticated
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import Asked
from countermand.surfaces.web.filled import Filled

COOKIE = "countermand-receipt"
# It says only that this browser keeps cookies, so that nobody is sent on to a page that cannot know them.
PROBE = "countermand-keeps"


def house_of(request: Asked) -> House:
    """The house behind the pages."""
    house: House = request.app.state["house"]
    return house


async def entered(request: Asked, form: Filled | None = None) -> Entered | None:
    """The case that is open in this browser, for a page of its own or for a form of one; None: none is.

    Raises Forbidden (`form_refused`), Unavailable.
    """
    try:
        found = await enter_session(house_of(request).reception, token_of(request))
    except Unauthenticated:
        return None
    if form is not None:
        check_form(found, form["form"])
    return found


def token_of(request: Asked) -> str | None:
    """What the browser shows of the case that is open in it."""
    return request.cookies.get(_named(request))


def keep_cookie(request: Asked, answer: Response[bytes], found: Entered) -> None:
    """Let the browser show the case again; on a shared device only until it is closed."""
    seconds = (found.session.ends_at - found.session.begun_at) // MICROS_PER_SECOND
    _set(request, answer, found.token, None if found.session.shared else seconds)


def forget_cookie(request: Asked, answer: Response[bytes]) -> None:
    """Nothing of the case stays in this browser."""
    _set(request, answer, "", 0)
    answer.headers["clear-site-data"] = '"cache", "storage"'


def keeps_cookies(request: Asked) -> bool:
    """Whether this browser brought back what it was given with the form."""
    return PROBE in request.cookies


def probe_cookies(answer: Response[bytes]) -> None:
    """Find out whether this browser keeps cookies."""
    answer.set_cookie(key=PROBE, value="yes", httponly=True, samesite="lax")


def _set(request: Asked, answer: Response[bytes], value: str, seconds: int | None) -> None:
    answer.set_cookie(
        key=_named(request),
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=visit_of(request.scope).secure,
        samesite="lax",
    )


def _named(request: Asked) -> str:
    """Over HTTPS its name begins with `__Host-` (RFC 6265bis): no other host can set it."""
    return f"__Host-{COOKIE}" if visit_of(request.scope).secure else COOKIE
