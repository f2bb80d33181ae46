"""Coming in to one's own pages, by a link or by what the institution signed, and going out again."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.holder_access import HolderAccess, enter_by_code, enter_by_token, leave
from countermand.surfaces.http.page_safety import HOLDER, set_cookie
from countermand.surfaces.http.visits import holder_of_visit, visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.filled import filled

HOME = "/me"


def _access(request: Asked) -> HolderAccess:
    access: HolderAccess = request.app.state["house"].holder_access
    return access


@get("/me/enter/{code:str}", open=True, page="open")
async def read_entry(request: Asked, code: FromPath[str]) -> Response[Any]:
    """One tap before the link is used: what only looks at links in messages must not use them up."""
    return page(request, "mine/enter.html", code=code)


@post("/me/enter", open=True, page="open", status_code=303)
async def come_in(request: Asked) -> Response[Any]:
    """Use the link, once."""
    cookie = await enter_by_code(_access(request), (await filled(request))["code"], _browser(request))
    return _inside(request, cookie)


@post("/me/enter/token", open=True, page="open", anywhere=True, status_code=303)
async def come_in_by_token(request: Asked) -> Response[Any]:
    """From the institution's own page or app, which posts what it signed (JWT, field `token`)."""
    cookie = await enter_by_token(_access(request), (await filled(request))["token"], _browser(request))
    return _inside(request, cookie)


@post("/me/leave", page="holder", status_code=303)
async def go_out(request: Asked) -> Response[Any]:
    """Sign out here, or, with `everywhere`, on all devices."""
    everywhere = (await filled(request))["everywhere"] == "yes"
    await leave(_access(request), holder_of_visit(request), everywhere=everywhere)
    answer = see_other("/")
    answer.headers["set-cookie"] = set_cookie(visit_of(request.scope), HOLDER, "", 0)
    return answer


def _inside(request: Asked, cookie: str) -> Response[Any]:
    """No age on the cookie: it ends with the browser, whoever's device it is."""
    answer = see_other(HOME)
    answer.headers["set-cookie"] = set_cookie(visit_of(request.scope), HOLDER, cookie)
    return answer


def _browser(request: Asked) -> str:
    return str(request.headers.get("user-agent", ""))


COMING_PAGES = (read_entry, come_in, come_in_by_token, go_out)
