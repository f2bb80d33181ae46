"""The two hot routes, free of any server's types: a head and a body in, a reply out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from countermand.kernel.errors import BadRequest, CountermandError, TooLarge
from countermand.surfaces.http.keeper import Keeper
from countermand.surfaces.http.measures import Measures
from countermand.surfaces.http.ports import Decider
from countermand.surfaces.http.problems import (
    language_of,
    problem_bytes,
    problem_headers,
    unexpected,
    wrong_media_type,
)
from countermand.surfaces.http.traces import begin_trace
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.reading import BATCH_BYTES_MAX, BODY_BYTES_MAX, read_batch, read_operation

ONE, MANY = b"/v1/operations", b"/v1/operations/batch"
_OUTCOME_MARK = b'"outcome":"'
_JSON = (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")


class Head:
    """The few header fields a hot route looks at."""

    __slots__ = (
        "accept_language", "authorization", "content_length", "content_type", "expect_continue",
        "idempotency_key", "traceparent",
    )  # fmt: skip

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.authorization: bytes | None = None
        self.content_type: bytes | None = None
        self.content_length = 0
        self.expect_continue = False
        self.idempotency_key: bytes | None = None
        self.traceparent: bytes | None = None
        self.accept_language: bytes | None = None
        for name, value in headers:
            if name == b"authorization":
                self.authorization = value
            elif name == b"content-type":
                self.content_type = value
            elif name == b"content-length":
                self.content_length = int(value) if value.isdigit() else 0
            elif name == b"traceparent":
                self.traceparent = value
            elif name == b"idempotency-key":
                self.idempotency_key = value
            elif name == b"accept-language":
                self.accept_language = value
            elif name == b"expect":
                self.expect_continue = value.lower() == b"100-continue"


class Reply:
    """What goes back: the body, and for a refusal its status and headers."""

    __slots__ = ("body", "headers", "status", "trace_id", "traceparent")

    def __init__(
        self,
        body: bytes,
        trace_id: str,
        traceparent: str,
        status: int = 200,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        self.body = body
        self.trace_id = trace_id
        self.traceparent = traceparent
        self.status = status
        self.headers = headers


class HotRoute:
    """One hot route: the scope it asks for, the bytes it takes, and how it answers a body."""

    __slots__ = ("_answer", "_keeper", "_measures", "bytes_max", "path", "scope")

    def __init__(
        self, path: str, scope: str, bytes_max: int, answer: Callable[[bytes, Head, str], Awaitable[bytes]],
        keeper: Keeper, measures: Measures,
    ) -> None:  # fmt: skip
        self.path = path
        self.scope = scope
        self.bytes_max = bytes_max
        self._answer = answer
        self._keeper = keeper
        self._measures = measures

    def refusal_of(self, head: Head) -> CountermandError | None:
        """What can be refused before a byte of the body is read: the key, the type, the length."""
        try:
            self._keeper.admit(head.authorization, self.scope, self.path)
        except CountermandError as refusal:
            return refusal
        if head.content_type not in _JSON and not is_json(head.content_type):
            return wrong_media_type()
        if head.content_length > self.bytes_max:
            return too_large(self.bytes_max)
        return None

    async def reply(self, head: Head, body: bytes) -> Reply:
        """The answer, or the refusal as a problem; never an exception but cancellation."""
        trace_id, traceparent = begin_trace(head.traceparent)
        try:
            answer = await self._answer(body, head, trace_id)
        except CountermandError as refusal:
            return self._refused(refusal, head, trace_id, traceparent)
        except Exception as error:  # noqa: BLE001  # the edge: whatever it is, the caller gets a problem
            return self._refused(unexpected(error, trace_id, self.path), head, trace_id, traceparent)
        return Reply(answer, trace_id, traceparent)

    def refuse(self, refusal: CountermandError, head: Head) -> Reply:
        """The reply to what `refusal_of` found, or the server while reading the body."""
        return self._refused(refusal, head, *begin_trace(head.traceparent))

    def _refused(self, refusal: CountermandError, head: Head, trace_id: str, traceparent: str) -> Reply:
        language = language_of(head.accept_language)
        self._measures.refusals[str(refusal.http_status), refusal.code] += 1
        return Reply(
            problem_bytes(refusal, language, trace_id),
            trace_id,
            traceparent,
            refusal.http_status,
            problem_headers(refusal, language),
        )


class HotLane:
    """`POST /v1/operations` and `POST /v1/operations/batch` over one decider."""

    def __init__(self, decider: Decider, keeper: Keeper, measures: Measures) -> None:
        self._decider = decider
        self._measures = measures
        one = HotRoute(ONE.decode(), "decide", BODY_BYTES_MAX, self._one, keeper, measures)
        many = HotRoute(MANY.decode(), "decide", BATCH_BYTES_MAX, self._many, keeper, measures)
        self.routes = {route.path.encode(): route for route in (one, many)}

    async def _one(self, body: bytes, head: Head, trace_id: str) -> bytes:
        started = time.perf_counter()
        operation = read_operation(body)
        if head.idempotency_key is not None:
            _same_id(head.idempotency_key, operation)
        answer = await self._decider.decide(operation, trace_id)
        self._count(answer)
        self._measures.latency_seconds.observe(time.perf_counter() - started)
        return answer

    async def _many(self, body: bytes, head: Head, trace_id: str) -> bytes:
        rows = read_batch(body)
        self._measures.batch_rows += len(rows)
        operations = [row for row in rows if isinstance(row, Operation)]
        decided = iter(await self._decider.decide_many(operations, trace_id) if operations else ())
        language = language_of(head.accept_language)
        results: list[bytes] = []
        for row in rows:
            result = next(decided) if isinstance(row, Operation) else row
            if isinstance(result, CountermandError):
                self._measures.refusals[str(result.http_status), result.code] += 1
                results.append(b'{"error":%b}' % problem_bytes(result, language, trace_id))
            else:
                self._count(result)
                results.append(result)
        return b'{"results":[%b]}' % b",".join(results)

    def _count(self, answer: bytes) -> None:
        # The answer is the house's own compact JSON: looking for the word is cheaper than parsing it again.
        start = answer.find(_OUTCOME_MARK) + len(_OUTCOME_MARK)
        self._measures.answers[answer[start : answer.index(b'"', start)].decode()] += 1


def is_json(content_type: bytes | None) -> bool:
    """Whether a Content-Type names JSON, whatever its parameters."""
    return content_type is not None and content_type.partition(b";")[0].strip().lower() == b"application/json"


def too_large(bytes_max: int) -> TooLarge:
    """413, said before the body is read."""
    return TooLarge(
        "body_too_large",
        f"The body is larger than {bytes_max:,} bytes.",
        f"请求体超过 {bytes_max:,} 字节。",
        bytes_max=bytes_max,
    )


def _same_id(idempotency_key: bytes, operation: Operation) -> None:
    # The draft standard writes the key as a quoted string; most clients send it bare.
    given = idempotency_key.decode("utf-8", "replace")
    if operation.id not in (given, given.strip('"')):
        raise BadRequest(
            "idempotency_key_mismatch",
            "The Idempotency-Key header and the operation's id differ; the id is the key.",
            "Idempotency-Key 请求头与操作 id 不一致；操作 id 就是幂等键。",
            field="id",
        )
