"""The connection, byte by byte: limits, keep-alive, pipelining, slow and vanishing callers, the drain."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from countermand.surfaces.http import protocol
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from surfaces.http.door import Door
from surfaces.http.fake_house import FakeHouse

MEBIBYTE = 1024 * 1024


def request(
    door: Door, body: bytes, *lines: str, path: str = "/v1/operations", length: int | None = None
) -> bytes:
    """The bytes of a POST; `length` announces another length than the body has."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: door",
        f"Authorization: Bearer {door.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *lines,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def read_response(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and body of the next response."""
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), headers, body


async def connect(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to the door."""
    return await asyncio.open_connection("127.0.0.1", door.port)


async def closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes the connection now."""
    async with asyncio.timeout(5):
        try:
            return await reader.read(1) == b""
        except ConnectionResetError:
            return True


async def test_a_mebibyte_is_refused_unread(door: Door) -> None:
    """The refusal comes after the head, before any of the announced body was sent."""
    reader, writer = await connect(door)
    writer.write(request(door, b"", length=MEBIBYTE))
    status, headers, body = await read_response(reader)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")
    assert headers["connection"] == "close"
    writer.close()


async def test_a_caller_that_sends_a_mebibyte_anyway_still_gets_the_refusal(door: Door) -> None:
    """The rest is swallowed without being kept, so no reset eats the answer; then the connection ends."""
    response = await door.send(
        "POST", "/v1/operations", content=b"x" * MEBIBYTE, headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    reader, writer = await connect(door)
    writer.write(request(door, b"x" * MEBIBYTE))
    assert (await read_response(reader))[0] == 413
    assert await closed(reader)
    writer.close()


async def test_a_chunked_body_is_bounded_too(door: Door, operation: dict[str, Any]) -> None:
    """Without a length the pieces are counted; within the limit a chunked body is answered like any other."""
    head = request(door, b"", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    reader, writer = await connect(door)
    body = json.dumps(operation).encode()
    writer.write(
        head + b"%x\r\n%b\r\n" % (7, body[:7]) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 7, body[7:])
    )
    assert (await read_response(reader))[0] == 200
    writer.write(head + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 5)
    status, _, body = await read_response(reader)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")
    writer.close()


async def test_many_requests_share_a_connection(door: Door, operation: dict[str, Any]) -> None:
    """Keep-alive across hot and ordinary routes, refusals included."""
    reader, writer = await connect(door)
    body = json.dumps(operation).encode()
    for sent, status in ((body, 200), (b"{", 400), (body, 200)):
        writer.write(request(door, sent))
        assert (await read_response(reader))[0] == status
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: door\r\n\r\n")
        assert (await read_response(reader))[0] == 200
    writer.close()


async def test_pipelined_requests_are_answered_in_order(door: Door, operation: dict[str, Any]) -> None:
    """Requests sent at once, hot and ordinary in turn, are answered one after the other."""
    door.house.decider.pause_seconds = 0.01
    reader, writer = await connect(door)
    pieces = []
    for number in range(6):
        pieces.append(request(door, json.dumps({**operation, "id": f"p-{number}"}).encode()))
        pieces.append(b"GET /healthz HTTP/1.1\r\nHost: door\r\n\r\n")
    writer.write(b"".join(pieces))
    for number in range(6):
        assert json.loads((await read_response(reader))[2])["operation"] == f"p-{number}"
        assert json.loads((await read_response(reader))[2]) == {"status": "ok"}
    writer.close()


async def test_a_pipelined_body_may_arrive_late(door: Door, operation: dict[str, Any]) -> None:
    """The second request's body comes in pieces while the first is being answered."""
    door.house.decider.pause_seconds = 0.02
    reader, writer = await connect(door)
    first = request(door, json.dumps({**operation, "id": "l-1"}).encode())
    second = request(door, json.dumps({**operation, "id": "l-2"}).encode())
    for piece in (first + second[:-40], second[-40:-20], second[-20:]):
        writer.write(piece)
        await asyncio.sleep(0.01)
    for name in ("l-1", "l-2"):
        assert json.loads((await read_response(reader))[2])["operation"] == name
    writer.close()


async def test_a_request_in_single_bytes_is_a_request(door: Door, operation: dict[str, Any]) -> None:
    """Every boundary between two reads is harmless."""
    reader, writer = await connect(door)
    for byte in request(door, json.dumps(operation).encode()):
        writer.write(bytes([byte]))
        await writer.drain()
    assert (await read_response(reader))[0] == 200
    writer.close()


async def test_continue_is_said_when_the_body_is_wanted(door: Door, operation: dict[str, Any]) -> None:
    """Expect: 100-continue is answered before the body; a refused request is refused instead."""
    body = json.dumps(operation).encode()
    reader, writer = await connect(door)
    writer.write(request(door, b"", "Expect: 100-continue", length=len(body)))
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await read_response(reader))[0] == 200
    writer.write(request(door, b"", "Expect: 100-continue", length=MEBIBYTE))
    assert (await read_response(reader))[0] == 413
    writer.close()


async def test_http_1_0_and_connection_close_end_the_connection(
    door: Door, operation: dict[str, Any]
) -> None:
    """The answer says so and the server closes."""
    body = json.dumps(operation).encode()
    for sent in (
        request(door, body, "Connection: close"),
        request(door, body).replace(b"HTTP/1.1", b"HTTP/1.0"),
    ):
        reader, writer = await connect(door)
        writer.write(sent)
        status, headers, _ = await read_response(reader)
        assert (status, headers["connection"]) == (200, "close")
        assert await closed(reader)
        writer.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /v1/operations HTTP/9.9\r\n\r\n",
        b"POST /v1/operations HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/operations HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/operations HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000,
        b"GET /" + b"y" * 40_000,
    ],
)
async def test_what_is_not_http_is_a_400_problem(door: Door, garbage: bytes) -> None:
    """Garbage, smuggling attempts and endless heads get a problem and the end of the connection."""
    reader, writer = await connect(door)
    writer.write(garbage)
    status, headers, body = await read_response(reader)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "malformed_http"
    assert await closed(reader)
    writer.close()
    assert (await door.send("GET", "/healthz")).status_code == 200


async def test_slow_callers_are_let_go(
    door: Door, operation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head or a body that does not arrive in time gets 408; an idle connection is closed."""
    monkeypatch.setattr(protocol, "ARRIVAL_SECONDS_MAX", 0.05)
    monkeypatch.setattr(protocol, "IDLE_SECONDS_MAX", 0.05)
    whole = request(door, json.dumps(operation).encode())
    for beginning in (
        whole[:20],
        whole[:-5],
        b"PUT /v1/accounts/a HTTP/1.1\r\nContent-Length: 5\r\n\r\n{",
        b"",
    ):
        reader, writer = await connect(door)
        writer.write(beginning)
        if beginning:
            async with asyncio.timeout(5):
                answered = await reader.read()
            assert answered.count(b"HTTP/1.1 ") == 1
            assert answered.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 401 "))
        else:
            assert await closed(reader)
        writer.close()
    assert door.house.decider.decided == 0


async def test_vanishing_callers_leave_nothing_behind(door: Door, operation: dict[str, Any]) -> None:
    """Callers that hang up in the middle of a body, or before the answer, hold no task and no connection."""
    whole = request(door, json.dumps(operation).encode())
    door.house.decider.pause_seconds = 0.05
    for cut in (10, len(whole) - 10, len(whole)):
        for _ in range(20):
            _, writer = await connect(door)
            writer.write(whole[:cut])
            await writer.drain()
            writer.close()
    async with asyncio.timeout(5):
        while len(door.front.connections) > 1 or door.front.tasks:  # noqa: ASYNC110  # plain sets
            await asyncio.sleep(0.01)
    assert (await door.decide(operation)).status_code == 200


async def test_the_drain_answers_what_has_begun(operation: dict[str, Any]) -> None:
    """Closing the door lets requests under way be decided and answered, and refuses new connections."""
    house = FakeHouse()
    house.decider.pause_seconds = 0.2
    key = house.keys.create("all", "decide")
    front = make_front(house)
    async with open_door(front, "127.0.0.1", 0) as address:
        door = Door(address, house, front, None, key)  # type: ignore[arg-type]
        reader, writer = await connect(door)
        idle_reader, idle_writer = await connect(door)
        writer.write(request(door, json.dumps(operation).encode()))
        await asyncio.sleep(0.05)
    status, headers, body = await read_response(reader)
    assert (status, headers["connection"]) == (200, "close")
    assert json.loads(body)["operation"] == "op-1"
    assert await closed(idle_reader)
    with pytest.raises(OSError):
        await connect(door)
    for each in (writer, idle_writer):
        each.close()
