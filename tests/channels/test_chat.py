"""Goal: a chat opens for who is signed in and encrypted, loses no line and doubles none, whatever breaks.

Method: the `websockets` client over a real socket, connections cut in the middle, staff answering meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from channels.channel_stage import ChannelStage
from countermand.flows.chat import CHAT_REPLIES_PORT
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.cases import Direction, Message
from countermand.vocabulary.effects import Effect

pytestmark = pytest.mark.asyncio(loop_scope="session")
PROXY = {"x-forwarded-proto": "https"}
NOT_ME = "刚才有一笔转账不是我操作的"


def door(stage: ChannelStage, **more: Any) -> connect:
    """A connection as a proxy on this machine makes it, which has taken the encryption off."""
    given = {"additional_headers": PROXY, "proxy": None, **more}
    return connect(stage.address.replace("http", "ws") + "/v1/chat", **given)


async def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next frame."""
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def tell(socket: ClientConnection, **frame: Any) -> None:
    """One frame."""
    await socket.send(json.dumps(frame))


async def opened(socket: ClientConnection, token: str, **more: Any) -> dict[str, Any]:
    """The chat that a token opens."""
    await tell(socket, type="open", token=token, **more)
    frame = await heard(socket)
    assert frame["type"] == "opened", frame
    return frame


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """How the other side ended it."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await heard(socket)
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def staff_writes(stage: ChannelStage, number: str, text: str) -> None:
    """An answer of the desk in a case, as any story writes one."""
    house = stage.house
    case = (await dossier_of(house.reception, number)).case
    name = house.ids.new("msg", stage.clock.now())
    async with house.works.open() as unit:
        message = Message(
            id=name,
            case=case.id,
            direction=Direction.OUT,
            channel="chat",
            author="li",
            at=stage.clock.now(),
            language="zh",
            masked=text,
            sealed=house.reception.vault.seal(text.encode(), f"message {name}"),
        )
        await unit.cases.add_messages([message])
        now, body = stage.clock.now(), {"case": case.id, "message": name}
        effect = Effect(
            id=f"{name}/send",
            port=CHAT_REPLIES_PORT,
            action="send",
            lane=None,
            body=body,
            placed_at=now,
            due_at=now,
        )
        await unit.effects.put([effect])
    await stage.work()


@pytest.mark.parametrize("headers", [{}, {"x-forwarded-proto": "http"}])
async def test_a_connection_that_is_not_encrypted_is_told_so(
    stage: ChannelStage, headers: dict[str, str]
) -> None:
    """Even a good token gets nothing over a plain connection: 4426, in both languages, before any token."""
    async with door(stage, additional_headers=headers) as socket:
        assert await closed(socket) == (4426, "非加密连接 / not encrypted")


async def test_who_is_not_signed_in_is_told_the_other_thing(stage: ChannelStage) -> None:
    """Expired, long-lived, for others, forged, none at all: 4401, and never a chat."""
    now = stage.seconds
    good = stage.token("a-x")
    bad = [
        stage.token("a-x", iat=now - 700, exp=now - 1),
        stage.token("a-x", exp=now + 86400),
        stage.token("a-x", aud="somebody-else"),
        good[:-8] + "AAAAAAAA",
        "eyJhbGciOiJub25lIn0.e30.",
        "",
    ]
    for token in bad:
        async with door(stage) as socket:
            await tell(socket, type="open", token=token)
            assert await closed(socket) == (4401, "身份验证失败 / authentication failed"), token


async def test_a_line_is_a_case_and_a_person_is_one_step_away(stage: ChannelStage) -> None:
    """The chat id cannot be guessed; a line is acknowledged with its number; 转人工 is promised a time."""
    async with door(stage) as socket:
        chat = await opened(socket, stage.token("a-chat-1"))
        assert len(chat["chat"]) >= 40
        await tell(socket, type="typing")
        await tell(socket, type="say", id="m1", text=NOT_ME)
        first = await heard(socket)
        assert (first["type"], first["id"], first["seq"]) == ("received", "m1", 1)
        assert first["receipt"]["scope"] is not None
        await tell(socket, type="say", id="m1", text=NOT_ME)
        assert (await heard(socket))["seq"] == 1
        await tell(socket, type="say", id="m1", text="other words under the same id")
        assert (await heard(socket))["code"] == "key_reused"
        await tell(socket, type="person", id="m2")
        second = await heard(socket)
        assert (second["seq"], second["id"]) == (2, "m2")
        case = (await dossier_of(stage.house.reception, second["receipt"]["case"])).case
        assert "human" in case.flags
        await tell(socket, type="bye")
        assert (await closed(socket))[0] == 1000


async def test_a_cut_connection_loses_nothing_and_doubles_nothing(stage: ChannelStage) -> None:
    """Cut before the acknowledgement, answered meanwhile, taken up again: each line once, in order."""
    token = stage.token("a-chat-2")
    async with door(stage) as socket:
        chat = await opened(socket, token)
        await tell(socket, type="say", id="m1", text=NOT_ME)
        first = await heard(socket)
        await tell(socket, type="say", id="m2", text="还有一笔贷款也不是我借的")
        socket.transport.abort()  # nobody knows whether m2 arrived
    await staff_writes(stage, first["receipt"]["case"], "已为您停住，请放心。")
    async with door(stage) as socket:
        await opened(socket, token, chat=chat["chat"], seen=1)
        await tell(socket, type="say", id="m2", text="还有一笔贷款也不是我借的")
        frames = [await heard(socket), await heard(socket)]
        assert sorted(one["seq"] for one in frames) == [2, 3]
        assert {one.get("id") or one["text"] for one in frames} == {"m2", "已为您停住，请放心。"}
        await staff_writes(stage, first["receipt"]["case"], "请保持电话畅通。")
        pushed = [await heard(socket)]
        while pushed[-1]["seq"] != 4:
            pushed.append(await heard(socket))
        assert pushed[-1]["text"] == "请保持电话畅通。"
        assert {one["seq"] for one in pushed} <= {2, 4}  # m2 may be acknowledged again, under its number
    messages = (await dossier_of(stage.house.reception, first["receipt"]["case"])).messages
    assert [one.direction for one in messages].count(Direction.IN) == 2


async def test_a_chat_is_nobody_elses_and_ends_on_a_public_device(stage: ChannelStage) -> None:
    """Another account cannot come back to it; on a public device nobody can, and no id is handed out."""
    async with door(stage) as socket:
        chat = (await opened(socket, stage.token("a-chat-3")))["chat"]
    async with door(stage) as socket:
        await tell(socket, type="open", token=stage.token("a-chat-4"), chat=chat)
        assert (await closed(socket))[0] == 4404
    async with door(stage) as socket:
        public = await opened(socket, stage.token("a-chat-3", device="public"))
        assert (public["chat"], public["public_device"], public["idle_seconds"]) == (None, True, 180)


async def test_floods_and_junk_are_refused_and_the_chat_goes_on(stage: ChannelStage) -> None:
    """A line too long is refused by name; too many in a minute wait; what is no frame ends it."""
    async with door(stage) as socket:
        await opened(socket, stage.token("a-chat-5"))
        await tell(socket, type="say", id="long", text="x" * 4001)
        assert (await heard(socket))["code"] == "chat_line_refused"
        for number in range(20):
            await tell(socket, type="say", id=f"q{number}", text="请问怎么修改登录密码？")
            assert (await heard(socket))["type"] == "received"
        await tell(socket, type="say", id="q20", text="请问怎么修改登录密码？")
        assert (await heard(socket))["code"] == "too_many"
        await socket.send("no frame")
        assert (await heard(socket))["code"] == "chat_frame_refused"
        assert (await closed(socket))[0] == 4400


async def test_only_the_chat_is_spoken_over_a_socket(stage: ChannelStage) -> None:
    """Other addresses answer an upgrade as plain HTTP, and no hot request is lost by asking for one."""
    with pytest.raises(InvalidStatus) as refusal:
        await connect(stage.address.replace("http", "ws") + "/v1/policies/live", proxy=None)
    assert refusal.value.response.status_code == 401
    upgrade = {"connection": "upgrade", "upgrade": "websocket"}
    refused = await stage.call("GET", "/v1/policies/live", headers=upgrade)
    assert refused.status_code in (200, 403)
