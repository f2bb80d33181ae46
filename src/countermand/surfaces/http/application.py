"""The ordinary application: Litestar over all that is not hot, closed unless a route says otherwise."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from countermand.kernel.errors import BadRequest, CountermandError
from countermand.surfaces.http.contract import contract_document
from countermand.surfaces.http.exact_types import refuse_other_types
from countermand.surfaces.http.guard import guard
from countermand.surfaces.http.hot import MANY, ONE, HotLane, is_json, too_large
from countermand.surfaces.http.keeper import Keeper
from countermand.surfaces.http.measures import Measures
from countermand.surfaces.http.page_safety import FORMS, elsewhere
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import (
    invalid_request,
    language_of,
    problem_bytes,
    problem_headers,
    unexpected,
    unknown_route,
    wrong_media_type,
    wrong_method,
)
from countermand.surfaces.http.replays import Replays, keep
from countermand.surfaces.http.routes import ROUTE_HANDLERS
from countermand.surfaces.http.visits import visit_of
from countermand.vocabulary.reading import BODY_BYTES_MAX

_MISSING = re.compile(r"missing required field `([^`]+)`")


def make_application(
    house: House, keeper: Keeper, measures: Measures, lane: HotLane, pages: Pages
) -> Litestar:
    """The ASGI application of the ordinary routes; it must be called through the Front."""
    document = msgspec.json.encode(contract_document(ROUTE_HANDLERS, lane.routes))
    return Litestar(
        route_handlers=[*ROUTE_HANDLERS, *pages.handlers],
        guards=[guard],
        before_request=_begin,
        after_request=keep,
        exception_handlers={
            CountermandError: _refused,
            HTTPException: _http_refused,
            Exception: _failed,
        },
        state=State(
            {
                "house": house,
                "keeper": keeper,
                "measures": measures,
                "pages": pages,
                "document": document,
                "replays": Replays(),
            }
        ),
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )


async def _begin(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    _well_formed(request)
    await refuse_other_types(request)
    replays: Replays = request.app.state["replays"]
    return await replays.before(request)


def _well_formed(request: Request[Any, Any, Any]) -> None:
    _only_known_parameters(request)
    _only_json(request)


def _only_known_parameters(request: Request[Any, Any, Any]) -> None:
    """A filter that is misspelt must not list everything. Open routes take what gateways add."""
    handler = request.route_handler
    if handler.opt.get("open") or not request.query_params:
        return
    for name in request.query_params:
        if name not in _parameters_of(handler.fn) and name not in handler.opt.get("asks", ()):
            raise invalid_request("this parameter is not known here", name or "?")


@cache
def _parameters_of(function: Any) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def _only_json(request: Request[Any, Any, Any]) -> None:
    if request.method in ("POST", "PUT", "PATCH"):
        if request.route_handler.opt.get("takes_xml"):
            return
        content_type = request.headers.get("content-type", "")
        if request.route_handler.opt.get("page"):
            if content_type.partition(";")[0].strip().lower() not in FORMS:
                raise wrong_media_type(FORMS[0])
            return
        own = request.route_handler.opt.get("takes_media")
        if own is not None:
            if content_type.partition(";")[0].strip().lower() != own:
                raise wrong_media_type(own)
            return
        if not is_json(content_type.encode("latin-1", "replace")):
            raise wrong_media_type()


def _refused(request: Request[Any, Any, Any], error: CountermandError) -> Response[bytes]:
    measures: Measures = request.app.state["measures"]
    measures.refusals[str(error.http_status), error.code] += 1
    if (moved := elsewhere(request, error)) is not None:
        return moved
    pages: Pages = request.app.state["pages"]
    if pages.shown_to(request):
        return pages.refuse(request, error)
    language = language_of(request.headers.get("accept-language"))
    headers = {name.decode(): value.decode() for name, value in problem_headers(error, language)}
    media_type = headers.pop("content-type")
    body = problem_bytes(error, language, visit_of(request.scope).trace_id)
    return Response(body, status_code=error.http_status, headers=headers, media_type=media_type)


def _http_refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return _refused(request, _translated(request, error))


def _translated(request: Request[Any, Any, Any], error: HTTPException) -> CountermandError:
    """Litestar's own refusals in our words."""
    status = error.status_code
    if status == 404:
        return unknown_route(request.scope["path"])
    if status == 405:
        known = methods_at(request.scope["path"], request.app.state["pages"])
        return wrong_method(request.method, known)
    if status == 413:
        return too_large(BODY_BYTES_MAX)
    if status >= 500:
        return unexpected(error, visit_of(request.scope).trace_id, request.scope["path_template"])
    return _invalid(error)


def methods_at(path: str, pages: Pages) -> list[str]:
    """The methods that a path knows."""
    sent = [part for part in path.split("/") if part]
    found: set[str] = {"POST"} if path.encode() in (ONE, MANY) else set()
    for handler in (*ROUTE_HANDLERS, *pages.handlers):
        for template in handler.paths:
            known = [part for part in template.split("/") if part]
            if len(known) == len(sent) and all(
                mine.startswith("{") or mine == theirs for mine, theirs in zip(known, sent, strict=True)
            ):
                found |= set(map(str, handler.http_methods))
    return sorted(found)


def _invalid(error: HTTPException) -> BadRequest:
    extra = error.extra
    first = extra[0] if isinstance(extra, list) and extra and isinstance(extra[0], dict) else None
    if first is not None:
        message = str(first.get("message", ""))
        # Of a body that lacks a field only the body is named; the field stands in the message.
        missing = _MISSING.search(message)
        return invalid_request(message, missing[1] if missing else str(first.get("key", "")) or None)
    return invalid_request(str(error.detail).rstrip("."), None)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    visit = visit_of(request.scope)
    where = str(request.scope.get("path_template", request.scope["path"]))
    return _refused(request, unexpected(error, visit.trace_id, where))
