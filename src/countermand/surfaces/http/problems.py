"""Refusals as RFC 9457 problem details: the one place where an error becomes an HTTP answer."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from countermand.kernel.text import Text

PROBLEM_TYPE = b"application/problem+json"
RETRY_AFTER_SECONDS = 1

_LOG = structlog.get_logger("countermand.http")

TITLES = {
    400: Text(en="Bad request", zh="请求有误"),
    401: Text(en="Not authenticated", zh="未通过身份验证"),
    403: Text(en="Not allowed", zh="没有权限"),
    404: Text(en="Not found", zh="未找到"),
    405: Text(en="Method not allowed", zh="不支持该方法"),
    408: Text(en="Request timed out", zh="请求超时"),
    409: Text(en="Conflict", zh="冲突"),
    412: Text(en="Another version", zh="版本不符"),
    413: Text(en="Body too large", zh="请求体过大"),
    415: Text(en="Unsupported media type", zh="不支持的媒体类型"),
    422: Text(en="Policy refused", zh="策略未通过检查"),
    429: Text(en="Too many requests", zh="请求过于频繁"),
    500: Text(en="Internal error", zh="内部错误"),
    503: Text(en="Temporarily unavailable", zh="暂时不可用"),
}


class MethodNotAllowed(CountermandError):
    """The path exists, the method does not."""

    http_status = 405


class RequestTimeout(CountermandError):
    """The request did not arrive whole in time."""

    http_status = 408


class PreconditionFailed(CountermandError):
    """The caller speaks another version of a protocol."""

    http_status = 412


class UnsupportedMediaType(CountermandError):
    """The body is not JSON by its own account, or not what else a route takes."""

    http_status = 415


class InternalError(CountermandError):
    """Something unexpected; `incident` finds it in the log."""

    http_status = 500


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """RFC 9457 problem details; `code`, `text`, `field` and `details` are extension members.

    `detail` and `title` are in the language the caller asked for, `text` is in both. `instance` names this
    occurrence: `urn:countermand:trace:<trace id>`.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    text: Text
    instance: str | None = None
    field: str | None = None
    details: dict[str, Any] = {}


_ENCODE = msgspec.json.Encoder(enc_hook=str).encode


def problem_of(error: CountermandError, language: str, trace_id: str | None = None) -> Problem:
    """The problem details of a refusal in `language` (`en` or `zh`)."""
    status = error.http_status
    details = dict(error.details)
    field = details.pop("field", None)
    title = TITLES[status] if status in TITLES else TITLES[500]
    return Problem(
        type=f"urn:countermand:error:{error.code}",
        title=getattr(title, language),
        status=status,
        detail=getattr(error.text, language),
        code=error.code,
        text=error.text,
        instance=f"urn:countermand:trace:{trace_id}" if trace_id else None,
        field=field or None,
        details=details,
    )


def problem_bytes(error: CountermandError, language: str, trace_id: str | None = None) -> bytes:
    """The JSON body of `problem_of`."""
    return _ENCODE(problem_of(error, language, trace_id))


def problem_headers(error: CountermandError, language: str) -> list[tuple[bytes, bytes]]:
    """The headers that go with the body; 503 and 429 say when to come back, 401 how to introduce oneself."""
    headers = [
        (b"content-type", PROBLEM_TYPE),
        (b"content-language", b"zh-CN" if language == "zh" else b"en"),
        (b"vary", b"accept-language"),
        (b"cache-control", b"no-store"),
    ]
    if error.http_status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    if error.http_status == 429:
        headers.append((b"retry-after", str(error.details["retry_after_seconds"]).encode()))
    if error.http_status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="countermand"'))
    allowed = error.details.get("allowed")
    if error.http_status == 405 and allowed:
        headers.append((b"allow", ", ".join(allowed).encode()))
    return headers


def language_of(accept_language: str | bytes | None) -> str:
    """`zh` or `en`, by the weights of Accept-Language (RFC 9110 section 12.5.4); `en` when neither is named.

    >>> language_of("fr, zh-CN;q=0.9, en;q=0.8")
    'zh'
    """
    if not accept_language:
        return "en"
    text = accept_language if isinstance(accept_language, str) else accept_language.decode("latin-1")
    best, best_weight = "en", 0.0
    for part in text[:256].split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in ("en", "zh") and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def unexpected(error: BaseException, trace_id: str, where: str) -> InternalError:
    """Log what nobody expected, and tell the caller only where to find it: nothing of it leaves the house."""
    _LOG.error("unexpected_error", incident=trace_id, where=where, exc_info=error)
    return InternalError(
        "internal_error",
        f"Something unexpected happened; it is logged as incident {trace_id}."
        " Sending the same request again is safe.",
        f"发生了意外错误，已记录为事件 {trace_id}。可以安全地重新发送同一请求。",
        incident=trace_id,
    )


def unknown_route(path: str) -> CountermandError:
    """404 for a path that leads nowhere."""
    return NotFound(
        "unknown_route",
        "There is nothing at this address; /openapi.json lists what there is.",
        "该地址不存在；可用地址见 /openapi.json。",
        path=path[:256],
    )


def wrong_method(method: str, allowed: list[str]) -> MethodNotAllowed:
    """405 with the methods that would work."""
    return MethodNotAllowed(
        "method_not_allowed",
        f"{method[:16]} is not possible here; use {', '.join(allowed)}.",
        f"此处不支持 {method[:16]}；请使用 {'、'.join(allowed)}。",
        allowed=allowed,
    )


def wrong_media_type(wanted: str = "application/json") -> UnsupportedMediaType:
    """415: the body says it is something else than what the route takes."""
    return UnsupportedMediaType(
        "unsupported_media_type",
        f"Send the body as Content-Type: {wanted}.",
        f"请以 Content-Type: {wanted} 发送请求体。",
    )


def wrong_tus_version(known: str) -> PreconditionFailed:
    """412: an upload in another version of the tus protocol."""
    return PreconditionFailed(
        "unsupported_tus_version",
        f"Uploads speak tus {known}; send Tus-Resumable: {known}.",
        f"上传使用 tus {known} 协议；请发送 Tus-Resumable: {known}。",
        version=known,
    )


def invalid_request(message: str, field: str | None) -> BadRequest:
    """400: a body or parameter that does not fit the schema."""
    return BadRequest(
        "invalid_request",
        f"The request does not fit the schema: {message}{f' (field {field})' if field else ''}.",
        f"请求不符合数据格式：{message}{f'（字段 {field}）' if field else ''}。",
        field=field,
    )
