"""What a page route answers: a page, a way on, or a page that says why not; all under one strict policy."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import quote

from litestar import Request, Response

from countermand.kernel.errors import BadRequest, CountermandError
from countermand.surfaces.http.problems import TITLES, language_of
from countermand.surfaces.http.visits import csrf_of, visit_of
from countermand.surfaces.web.rendering import HTML_LANGUAGE, render

Asked = Request[Any, Any, Any]
HTML = "text/html; charset=utf-8"
# What stands in an address as it is; all else, such as Chinese in a search, is written by its bytes.
_KEPT = "/?#[]@!$&'()*+,;=:%~"
LANGUAGE, THEME = "language", "theme"
THEMES = ("light", "dark", "auto")
# What keeps a page safe beside these is put on by the front: see page_safety.
HEADERS = {"cache-control": "no-store", "vary": "accept-encoding, accept-language, cookie"}
GZIP_LEVEL = 6


def page(
    request: Asked,
    template: str,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> Response[bytes]:
    """The template as a page in the visitor's language, with `values`.

    Every template also has `here` (the path), `theme`, `csrf` (for its forms), `now` (microseconds UTC),
    `member` (the staff who looks, or None), and `official` (what is really ours).
    """
    language, visit = page_language(request), visit_of(request.scope)
    visit.page = True  # also where no route was found that could have said so
    house = request.app.state["house"]
    timezone = house.reception.timezone
    given = {
        "here": request.scope["path"],
        "theme": page_theme(request),
        "csrf": csrf_of(request.scope),
        "now": house.clock.now(),
        "member": visit.staff,
        "official": house.official,
        **values,
    }
    told = {**HEADERS, "content-language": HTML_LANGUAGE[language], **(headers or {})}
    body = render(template, language, timezone, given)
    if _may_shrink(request, given):
        told["content-encoding"] = "gzip"
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
    return Response(body, status_code=status, media_type=HTML, headers=told)


def _may_shrink(request: Asked, given: dict[str, Any]) -> bool:
    """Whether a page may be compressed: never one that holds a secret beside words from outside (BREACH)."""
    secret = given["csrf"] or given.get("entered") is not None or "receipt" in given
    return not secret and "gzip" in request.headers.get("accept-encoding", "")


def see_other(path: str) -> Response[bytes]:
    """303: what was asked is done, and shown there. A reload repeats nothing."""
    assert is_ours(path), "pages lead nowhere else"
    return Response(
        b"", status_code=303, media_type=HTML, headers={**HEADERS, "location": quote(path, safe=_KEPT)}
    )


def problem_page(request: Asked, error: CountermandError) -> Response[bytes]:
    """Why not, what to do about it, and where to find it in the log."""
    title = TITLES.get(error.http_status, TITLES[500])
    trace = visit_of(request.scope).trace_id
    values: dict[str, Any] = {"title": title, "text": error.text, "code": error.code, "trace": trace}
    values["typed"] = list(visit_of(request.scope).typed.items())
    headers = {"retry-after": "1"} if error.http_status == 503 else {}
    return page(request, "problem.html", status=error.http_status, headers=headers, **values)


def page_language(request: Asked) -> str:
    """What the visitor chose (`en` or `zh`), else what their browser asks for."""
    chosen = request.cookies.get(LANGUAGE)
    return chosen if chosen in HTML_LANGUAGE else language_of(request.headers.get("accept-language"))


def page_theme(request: Asked) -> str:
    """`light`, `dark`, or `auto`: as the device is set."""
    chosen = request.cookies.get(THEME)
    return chosen if chosen in THEMES else "auto"


def is_ours(path: str) -> bool:
    """Whether a path leads to a page of ours: nothing that a browser could read as another host."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()


def way_back(given: str) -> str:
    """Where to go back to. Raises BadRequest (`invalid_request`) for anything but a path of ours."""
    if not is_ours(given):
        raise BadRequest(
            "invalid_request",
            "The way back must be a path of this site.",
            "返回地址必须是本站路径。",
            field="back",
        )
    return given
