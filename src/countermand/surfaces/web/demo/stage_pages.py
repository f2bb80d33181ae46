"""The stage: the story as a timeline, the company behind it, and ways in for everybody in it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from countermand.drills.demo_company.links import CustomerIn, Visitor, link_refused
from countermand.drills.demo_story.acts import Look
from countermand.drills.demo_story.company import Company
from countermand.flows.staff_access import SignedIn
from countermand.kernel.errors import Conflict, CountermandError, Forbidden, NotFound
from countermand.surfaces.http.page_safety import HOLDER, browser_of, is_local, keep_cookie, keep_session
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import HEADERS, Asked, page, see_other
from countermand.surfaces.web.demo.stage_view import LIVE_BOARD, bundle_of, called_of, stage_view
from countermand.surfaces.web.filled import filled
from countermand.vocabulary.bundle_names import BUNDLE_MEDIA

STAGE = "/demo"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SAID = frozenset({"moved"})


def demo_pages(company: Company) -> tuple[HTTPRouteHandler, ...]:
    """The pages of one demo; they answer this very machine and nobody else."""
    return (*_stage_routes(company), *_ways_in(company))


def _stage_routes(company: Company) -> tuple[HTTPRouteHandler, ...]:
    show = company.show

    @get(STAGE, open=True, page="open")
    async def read_stage(request: Asked, said: FromQuery[str] = "") -> Response[bytes]:
        """The story as it stands."""
        here_only(request)
        return _stage(request, company, said=said if said in SAID else "")

    @post(f"{STAGE}/do", open=True, page="open", status_code=303)
    async def direct(request: Asked) -> Response[bytes]:
        """On, pause, one act, again, or at another speed; never twice what another page has done."""
        here_only(request)
        form = await filled(request)
        place, moved = form["place"], False
        try:
            match form["do"]:
                case "play":
                    show.play()
                case "pause":
                    show.pause()
                case "step":
                    moved = not await show.step(place)
                case "replay":
                    await show.replay(place)
                case "speed":
                    show.at_speed(_speed_of(form["speed"]))
        except Conflict:
            moved = True
        return see_other(f"{STAGE}?said=moved" if moved else STAGE)

    @get(f"{STAGE}/bundle", open=True, page="open")
    async def take_bundle(request: Asked) -> Response[bytes]:
        """The bundle that the story has made last. Raises NotFound (`demo_no_bundle`)."""
        here_only(request)
        found = bundle_of(company)
        if found is None:
            raise NotFound("demo_no_bundle", "The story has not come that far yet.", "故事尚未进行到这一步。")
        named = {"content-disposition": f'attachment; filename="{found.name}"'}
        return Response(found.read_bytes(), media_type=BUNDLE_MEDIA, headers={**HEADERS, **named})

    return (read_stage, direct, take_bundle)


def _ways_in(company: Company) -> tuple[HTTPRouteHandler, ...]:
    links = company.links

    @post(f"{STAGE}/look", open=True, page="open", status_code=303)
    async def look(request: Asked) -> Response[bytes]:
        """Come in at once as somebody of the story, at the page that an act names or their own first one."""
        here_only(request)
        form = await filled(request)
        to = _target(company, form["act"], form["look"]) if form["act"] else None
        if form["to"] == "live":
            to = LIVE_BOARD
        code = links.make(_visitor(company, form["who"], to))
        return await _come_in(request, company, code)

    @post(f"{STAGE}/link", open=True, page="open", status_code=200)
    async def give_link(request: Asked) -> Response[bytes]:
        """Another link, to open in another browser."""
        here_only(request)
        who = (await filled(request))["who"]
        code = links.make(_visitor(company, who, None))
        address = f"http://{request.headers.get('host', '')}{STAGE}/in/{code}"
        return _stage(request, company, link={"who": who, "address": address})

    @get(f"{STAGE}/in/{{code:str}}", open=True, page="open")
    async def read_link(request: Asked, code: FromPath[str]) -> Response[bytes]:
        """One tap before a link is used: what only looks at it must not use it up."""
        here_only(request)
        called = called_of(links.see(code).who)
        return page(request, "demo/way_in.html", called=called, code=code)

    @post(f"{STAGE}/in", open=True, page="open", status_code=303)
    async def use_link(request: Asked) -> Response[bytes]:
        """Come in, once."""
        here_only(request)
        return await _come_in(request, company, (await filled(request))["code"])

    return (look, give_link, read_link, use_link)


async def _come_in(request: Asked, company: Company, code: str) -> Response[bytes]:
    agent = request.headers.get("user-agent", "")
    visitor, came = await company.links.use(code, browser_of(request), agent)
    answer, visit = see_other(visitor.to), visit_of(request.scope)
    if isinstance(came, CustomerIn):
        keep_cookie(answer, visit, HOLDER, came.cookie)
    else:
        assert isinstance(came, SignedIn), "customers and staff come in"
        keep_session(answer, visit, came)
    return answer


def here_only(request: Asked) -> None:
    """The demo signs anybody in as anybody, so it answers a browser on this machine alone.

    The name in the address counts too: a page of somebody else's must not have itself resolved to here.
    Raises Forbidden (`demo_local_only`).
    """
    name = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if not is_local(request) or name not in _LOOPBACK_NAMES:
        raise Forbidden(
            "demo_local_only",
            "The demo answers browsers on its own machine only.",
            "演示页面仅供本机浏览器访问。",
        )


def _stage(request: Asked, company: Company, **more: Any) -> Response[bytes]:
    shown = stage_view(company)
    return page(request, "demo/stage.html", **{"said": "", "link": None, **shown, **more})


def _visitor(company: Company, who: str, to: str | None) -> Visitor:
    try:
        return company.visitor(who, to)
    except (ValueError, KeyError):
        raise link_refused() from None


def _target(company: Company, act: str, look: str) -> str:
    """The page of a look, as it stands now. Raises NotFound (`demo_nothing_there`)."""
    found: list[Look] = [one for each in company.show.acts if each.name == act for one in each.looks]
    number = int(look) if look.isascii() and look.isdigit() and len(look) < 3 else -1
    to = found[number].to(company.show.scene) if 0 <= number < len(found) else None
    if to is None:
        raise _nothing_there()
    return to


def _nothing_there() -> CountermandError:
    return NotFound(
        "demo_nothing_there",
        "There is nothing to see there yet: let the story go on first.",
        "此处暂无可看内容：请先让故事继续。",
    )


def _speed_of(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
