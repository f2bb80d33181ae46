"""The customers' door: one red button, and what follows from it."""

from __future__ import annotations

from litestar import Response, get

from countermand.surfaces.web.answers import Asked, page


@get("/", open=True, page="open")
async def read_home(request: Asked) -> Response[bytes]:
    """Where everybody arrives: stop it first, details later."""
    return page(request, "portal/home.html")


PORTAL_PAGES = (read_home,)
