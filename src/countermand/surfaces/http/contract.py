"""The OpenAPI 3.1 document, derived from the routes themselves and the structures they take and give."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, get_origin, get_type_hints

import msgspec
from litestar.handlers import HTTPRouteHandler

from countermand import __version__
from countermand.kernel.money import EXPONENTS
from countermand.surfaces.http.hot import HotRoute
from countermand.surfaces.http.problems import PROBLEM_TYPE, TITLES, Problem
from countermand.surfaces.http.replays import takes_key
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.operations import Identifier, Operation
from countermand.vocabulary.reading import BATCH_OPERATIONS_MAX

# One server-sent event, as the HTML standard names its fields; `data` is a NoticeShown in JSON.
_EVENT = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")}
    | {"retry": {"type": "integer"}},
}
_REF = "#/components/schemas/{name}"
_PROBLEM = PROBLEM_TYPE.decode()
_PARAMETER = re.compile(r"\{(\w+):(?:str|path)\}")
_BODY_METHODS = ("POST", "PUT", "PATCH")
_DESCRIPTION = (
    "Decides on every operation of a customer (allow, challenge, hold, approve, deny), and contains what the"
    " customer never wanted. Every refusal is an RFC 9457 problem with its text in English and Chinese."
)

BATCH_REQUEST = {
    "type": "object",
    "required": ["operations"],
    "additionalProperties": False,
    "properties": {
        "operations": {
            "type": "array",
            "maxItems": BATCH_OPERATIONS_MAX,
            "description": "Operations; a row that is none is answered in its place with its error.",
            "items": {"anyOf": [{"$ref": "#/components/schemas/Operation"}, {}]},
        }
    },
}
BATCH_RESULTS = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "description": "One per row, in order.",
            "items": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Answer"},
                    {
                        "type": "object",
                        "required": ["error"],
                        "properties": {"error": {"$ref": "#/components/schemas/Problem"}},
                    },
                ]
            },
        }
    },
}


def contract_document(handlers: Iterable[HTTPRouteHandler], hot: Mapping[bytes, HotRoute]) -> dict[str, Any]:
    """The whole document as JSON values."""
    handlers = list(handlers)
    structures = _structures(handlers)
    _, components = msgspec.json.schema_components(
        [*structures, Operation, Answer, Problem], ref_template=_REF
    )
    components.update(BatchRequest=BATCH_REQUEST, BatchResults=BATCH_RESULTS)
    _sharpen(components)
    paths: dict[str, dict[str, Any]] = {}
    for route in hot.values():
        paths.setdefault(route.path, {})["post"] = _hot_operation(route)
    for handler in handlers:
        (raw_path,) = handler.paths
        path = _PARAMETER.sub(r"{\1}", raw_path)
        for method in handler.http_methods:
            paths.setdefault(path, {})[str(method).lower()] = _operation(handler, raw_path, str(method))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Countermand",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `countermand key create`",
                }
            },
        },
    }


def _structures(handlers: list[HTTPRouteHandler]) -> list[Any]:
    found: list[Any] = []
    for handler in handlers:
        hints = _hints(handler)
        for hint in (
            handler.opt.get("takes"),
            hints.get("data"),
            handler.opt.get("gives"),
            handler.opt.get("later"),
            handler.opt.get("waits"),
            hints.get("return"),
        ):
            if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint not in found:
                found.append(hint)
    return found


def _hints(handler: HTTPRouteHandler) -> dict[str, Any]:
    """The handler's annotations, without Litestar's marks."""
    return {name: _plain(hint) for name, hint in get_type_hints(handler.fn, include_extras=True).items()}


def _plain(hint: Any) -> Any:
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, msgspec.Meta)]
    if get_origin(hint) is not Annotated:
        return hint
    return Annotated[(hint.__origin__, *marks)] if marks else hint.__origin__


def _sharpen(components: dict[str, Any]) -> None:
    """Say what the types cannot: which currencies are known, what an address looks like."""
    components["Amount"]["properties"]["currency"] = {"enum": sorted(EXPONENTS), "description": "ISO 4217"}
    address = [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}, {"type": "null"}]
    components["Operation"]["properties"]["ip"] = {"anyOf": address, "default": None}


def _operation(handler: HTTPRouteHandler, raw_path: str, method: str) -> dict[str, Any]:
    hints = _hints(handler)
    parameters = [_path_parameter(name) for name in _PARAMETER.findall(raw_path)]
    in_path = {parameter["name"] for parameter in parameters}
    signature = inspect.signature(handler.fn).parameters
    for name in sorted(hints.keys() - in_path - {"request", "data", "return"}):
        required = signature[name].default is inspect.Parameter.empty
        parameters.append(
            {"name": name, "in": "query", "required": required, "schema": _text_schema(hints[name])}
        )
    parameters.extend(
        {"name": name, "in": "query", "required": False, "schema": _text_schema(str)}
        for name in handler.opt.get("asks", ())
    )
    parameters.extend(_sent_header(name) for name in handler.opt.get("sends", ()))
    keyed = takes_key(handler)
    if keyed or handler.opt.get("keyed"):
        parameters.append(_KEY_PARAMETER)
    if handler.opt.get("matches"):
        parameters.append(_VERSION_PARAMETER)
    takes = handler.opt.get("takes") or hints.get("data")
    summary = (inspect.getdoc(handler.fn) or "").split("\n\n")[0].replace("\n", " ")
    described: dict[str, Any] = {
        "operationId": handler.handler_name.rsplit(".", 1)[-1],
        "summary": summary,
        "parameters": [*parameters, *_TRACE_PARAMETERS],
        "responses": {
            str(handler.status_code): _success(handler, hints),
            **_waiting(handler),
            **_problems(
                scoped="scope" in handler.opt,
                body=method in _BODY_METHODS,
                parameters=bool(parameters),
                own=(*handler.opt.get("refuses", ()), *((409,) if keyed else ())),
            ),
        },
    }
    if (later := handler.opt.get("later")) is not None:
        described["responses"]["202"] = _answer(_REF.format(name=later.__name__))
    if takes is not None:
        described["requestBody"] = _json_body(_REF.format(name=takes.__name__))
    if handler.opt.get("takes_xml"):
        described["requestBody"] = {"required": True, "content": {"text/xml": {"schema": {"type": "string"}}}}
    own = handler.opt.get("takes_media")
    if own is not None:
        described["requestBody"] = {"content": {own: {"schema": {"type": "string", "format": "binary"}}}}
    secured = _secured(described, handler.opt.get("scope"))
    if handler.opt.get("open_on_loopback"):
        secured["security"] = [{}, {"key": []}]
    return secured


def _success(handler: HTTPRouteHandler, hints: Mapping[str, Any]) -> dict[str, Any]:
    if handler.opt.get("gives_nothing"):
        return {"description": "Done"}
    return _answered(handler.opt.get("gives") or hints.get("return"), handler.opt.get("media"))


def _waiting(handler: HTTPRouteHandler) -> dict[str, Any]:
    """202: it waits for a second person."""
    waits = handler.opt.get("waits")
    return {} if waits is None else {"202": _answer(_REF.format(name=waits.__name__))}


def _sent_header(name: str) -> dict[str, Any]:
    """A header that a route reads; of an upload's offset it cannot do without."""
    offset = name == "Upload-Offset"
    schema = {"type": "integer", "minimum": 0} if offset else {"type": "string", "enum": ["1.0.0"]}
    return {"name": name, "in": "header", "required": offset, "schema": schema}


_VERSION_PARAMETER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The version of the case one has before oneself; else 409 case_changed.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "One for each request; a repetition with the same key changes nothing.",
    "schema": {"type": "string", "maxLength": 200},
}


def _hot_operation(route: HotRoute) -> dict[str, Any]:
    batch = route.path.endswith("/batch")
    parameters = list(_TRACE_PARAMETERS)
    if not batch:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "If sent, it must equal the operation's id, which is the key.",
                "schema": {"type": "string"},
            }
        )
    described = {
        "operationId": "decide_operations" if batch else "decide_operation",
        "summary": "Decide on up to 1,000 operations, one result per row."
        if batch
        else "Decide on one operation.",
        "parameters": parameters,
        "requestBody": _json_body(_REF.format(name="BatchRequest" if batch else "Operation")),
        "responses": {
            "200": _answer(_REF.format(name="BatchResults" if batch else "Answer")),
            **_problems(scoped=True, body=True, parameters=False, own=() if batch else (409,)),
        },
    }
    return _secured(described, route.scope)


_TRACE_PARAMETERS = (
    {
        "name": "traceparent",
        "in": "header",
        "required": False,
        "description": "W3C Trace Context; anything invalid starts a new trace.",
        "schema": {"type": "string"},
    },
)


def _text_schema(hint: Any) -> dict[str, Any]:
    return msgspec.json.schema(hint)


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _text_schema(Identifier)}


def _json_body(reference: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": {"$ref": reference}}}}


def _answer(reference: str) -> dict[str, Any]:
    return {"description": "Done", "content": {"application/json": {"schema": {"$ref": reference}}}}


def _answered(hint: Any, media: str | None) -> dict[str, Any]:
    if media == "text/event-stream":
        return {"description": "Done", "content": {media: {"schema": _EVENT}}}
    if media is not None:
        kind = "object" if media == "application/json" else "string"
        return {"description": "Done", "content": {media: {"schema": {"type": kind}}}}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _answer(_REF.format(name=hint.__name__))
    return {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}}


def _problems(*, scoped: bool, body: bool, parameters: bool, own: tuple[int, ...]) -> dict[str, Any]:
    statuses = {*own, 500, 503}
    if scoped:
        statuses |= {401, 403}
    if body:
        statuses |= {400, 413, 415}
    if parameters:
        statuses |= {400, 404}
    return {str(status): _problem(status) for status in sorted(statuses)}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": TITLES[status].en,
        "content": {_PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _secured(described: dict[str, Any], scope: str | None) -> dict[str, Any]:
    if scope is None:
        return {**described, "security": []}
    return {**described, "security": [{"key": []}], "x-scope": scope}
