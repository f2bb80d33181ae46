"""What everybody may know: whether things work now, and notices in every version, with what changed."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from countermand.flows.public_status import DOWN, WORKS, public_status
from countermand.intake.public_notices import PublicNotice, changes_between
from countermand.kernel.errors import NotFound
from countermand.surfaces.web.answers import Asked, page, page_language


def _notices(request: Asked) -> tuple[PublicNotice, ...]:
    found: tuple[PublicNotice, ...] = request.app.state["house"].public_notices
    return found


@get("/status", open=True, page="open")
async def read_status(request: Asked) -> Response[bytes]:
    """Reports, payments, sign-in, messages and proofs: asked at this moment."""
    parts = await public_status(request.app.state["house"])
    states = {one.state for one in parts}
    whole = WORKS if states == {WORKS} else DOWN if DOWN in states else "slow"
    headers = {"refresh": "60"}
    return page(request, "notices/status.html", headers=headers, parts=parts, whole=whole)


@get("/notices", open=True, page="open")
async def list_public_notices(request: Asked) -> Response[bytes]:
    """The newest version of each, newest first."""
    newest: dict[str, PublicNotice] = {}
    for one in _notices(request):
        if one.id not in newest or newest[one.id].version < one.version:
            newest[one.id] = one
    return page(request, "notices/list.html", notices=list(newest.values()))


@get("/notices/{notice:str}", open=True, page="open")
async def read_public_notice(
    request: Asked, notice: FromPath[str], version: FromQuery[str] = "", since: FromQuery[str] = ""
) -> Response[bytes]:
    """One notice, in a version of it, and with `since` what changed from that one on."""
    versions = {one.version: one for one in _notices(request) if one.id == notice}
    shown = _one(versions, version) if version else versions.get(max(versions, default=0))
    if shown is None:
        raise _unknown()
    older = _one(versions, since) if since else None
    language: Any = page_language(request)
    changes = None if older is None else changes_between(older.text(language), shown.text(language))
    values: dict[str, Any] = {"versions": [versions[one] for one in sorted(versions, reverse=True)]}
    return page(
        request,
        "notices/notice.html",
        notice=shown,
        said=shown.text(language),
        changes=changes,
        older=older,
        **values,
    )


def _one(versions: dict[int, PublicNotice], written: str) -> PublicNotice:
    """Raises NotFound (`unknown_notice`)."""
    plain = written.isascii() and written.isdigit() and len(written) <= 4
    found = versions.get(int(written)) if plain else None
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("unknown_notice", "There is no such notice, or no such version.", "没有该公告或该版本。")


NOTICE_PAGES = (read_status, list_public_notices, read_public_notice)
