"""What every page needs: its scripts and styles, and the choice of language and of light or dark."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from countermand.surfaces.http.problems import unknown_route
from countermand.surfaces.web.answers import LANGUAGE, THEME, THEMES, Asked, see_other, way_back
from countermand.surfaces.web.assets import ENCODINGS, assets
from countermand.surfaces.web.words import LANGUAGES

_YEAR_SECONDS = 365 * 86_400


@get("/static/{name:str}", open=True, page="open")
async def read_asset(request: Asked, name: FromPath[str]) -> Response[bytes]:
    """A script, a style or the icons, compressed as the browser likes it, and kept by it for ever."""
    found = assets().get(name)
    if found is None:
        raise unknown_route(f"/static/{name}")
    accepted = request.headers.get("accept-encoding", "")
    headers = {
        "cache-control": f"public, max-age={_YEAR_SECONDS}, immutable",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    for encoding, _ in ENCODINGS:
        if encoding in accepted:
            headers["content-encoding"] = encoding
            return Response(found.encoded[encoding], media_type=found.media, headers=headers)
    return Response(found.plain, media_type=found.media, headers=headers)


@get("/language/{language:str}", open=True, page="open")
async def choose_language(language: FromPath[str], back: FromQuery[str] = "/") -> Response[bytes]:
    """Read on in this language, on this device."""
    return _chosen(LANGUAGE, language, LANGUAGES, back)


@get("/theme/{theme:str}", open=True, page="open")
async def choose_theme(theme: FromPath[str], back: FromQuery[str] = "/") -> Response[bytes]:
    """Read on in light, in dark, or as the device is set."""
    return _chosen(THEME, theme, THEMES, back)


def _chosen(cookie: str, value: str, known: tuple[str, ...], back: str) -> Response[bytes]:
    if value not in known:
        raise unknown_route(f"/{cookie}/{value}")
    answer = see_other(way_back(back))
    answer.set_cookie(key=cookie, value=value, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
    return answer


CHOICE_PAGES = (read_asset, choose_language, choose_theme)
