"""One door for each act on a case, made from the acts themselves: path, body, verb and summary are theirs."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from countermand.flows.act_on_case import VERBS, act_on_case
from countermand.flows.case_desk import CaseDesk
from countermand.flows.link_cases import link
from countermand.kernel.errors import BadRequest
from countermand.surfaces.http.desk_messages import Acted
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of, visit_of
from countermand.vocabulary.acts import AnyAct, Link, Unlink

Asked = Request[Any, Any, Any]
_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def desk_of(request: Asked) -> CaseDesk:
    """Where staff work on cases."""
    desk: CaseDesk = request.app.state["house"].case_desk
    return desk


def version_of(request: Asked) -> int | None:
    """The version that somebody had before them (`If-Match`, RFC 9110); None where they do not say.

    Raises BadRequest (`invalid_request`) for anything but a number.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _VERSION.fullmatch(given.strip())
    if found is None:
        raise _bad_version()
    return int(found[1])


def _bad_version() -> BadRequest:
    return invalid_request("If-Match is the version of the case, a number", "If-Match")


def _door(kind: type[AnyAct]) -> HTTPRouteHandler:
    name = str(kind.__struct_config__.tag)

    async def act(request: Asked, number: str, data: Any) -> dict[str, Any]:
        staff, trace = staff_of(request), visit_of(request.scope).trace_id
        desk, version = desk_of(request), version_of(request)
        if isinstance(data, Link | Unlink):
            return await link(desk, number, data, staff, version=version, trace=trace)
        return await act_on_case(desk, number, data, staff, version=version, trace=trace)

    act.__name__ = act.__qualname__ = f"{name}_case" if "_" not in name else name
    act.__doc__ = kind.__doc__
    # Made at run time: the checker cannot follow a parameter of a type that is a value here.
    path_of, body_of = cast("Any", FromPath), cast("Any", JSONBody)
    act.__annotations__ = {
        "request": Asked, "number": path_of[str], "data": body_of[kind], "return": dict[str, Any],
    }  # fmt: skip
    path = f"/v1/cases/{{number:str}}/{name.replace('_', '-')}"
    declare = post(
        path, scope="desk", verb=VERBS[kind], status_code=200, gives=Acted, refuses=(404, 409), matches=True
    )
    return declare(act)


ACT_HANDLERS = tuple(_door(kind) for kind in get_args(AnyAct))
