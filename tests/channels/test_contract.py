"""Goal: every way in is the same way: same words, same rules; told twice, heard once; a receipt in the end.

Method: one suite over every channel; a new one brings a way to say something and a way to say junk.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg
import pytest
from websockets.asyncio.client import connect
from wechatpy import parse_message

from channels.channel_stage import ChannelStage, message_xml
from countermand.flows.desk_view import for_desk
from countermand.flows.kept_words import open_kept
from countermand.flows.show_case import Dossier, dossier_of
from countermand.intake.puzzles import solved
from countermand.vocabulary.reports import Channel

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOT_ME = "刚才有一笔转账不是我操作的，对方让我先转账，我的密码是hunter2222，手机13800138000"
QUESTION = "请问怎么修改登录密码？"


class Heard(NamedTuple):
    """What came back: the number of the case, and all that was said."""

    number: str
    text: str


async def say_app(stage: ChannelStage, key: str, text: str) -> Heard:
    """Through the institution's app."""
    answer = await stage.call(
        "POST", "/v1/reports", json={"channel": "app", "text": text}, headers={"idempotency-key": key}
    )
    return _of(answer.json())


_PUZZLES: dict[str, tuple[str, str]] = {}


async def say_door(stage: ChannelStage, key: str, text: str) -> Heard:
    """Without login; the puzzle is the key."""
    if key not in _PUZZLES:
        asked = (await stage.client.get("/v1/not-me/puzzle")).json()
        _PUZZLES[key] = (asked["puzzle"], solved(asked["puzzle"], asked["bits"]))
    puzzle, answer = _PUZZLES[key]
    body = {"puzzle": puzzle, "answer": answer, "text": text}
    return _of((await stage.client.post("/v1/not-me", json=body)).json())


async def say_wechat(stage: ChannelStage, key: str, text: str) -> Heard:
    """To an official account."""
    number = int(sha256(key.encode()).hexdigest()[:12], 16)
    reply = await stage.wechat(message_xml(text, number=number, openid=f"o{key}"))
    said = str(parse_message(stage.unsealed(reply)).content)
    return Heard("".join(one for one in said.split("编号是 ")[1][:14] if one.isdigit()), said)


async def say_chat(stage: ChannelStage, key: str, text: str) -> Heard:
    """In a chat, told again in the same one."""
    url = stage.address.replace("http", "ws") + "/v1/chat"
    async with connect(url, additional_headers={"x-forwarded-proto": "https"}, proxy=None) as socket:
        again = {"chat": _CHATS[key], "seen": 0} if key in _CHATS else {}
        await socket.send(json.dumps({"type": "open", "token": stage.token(f"a-{key}"), **again}))
        _CHATS.setdefault(key, json.loads(await socket.recv())["chat"])
        await socket.send(json.dumps({"type": "say", "id": "m", "text": text}))
        frame = json.loads(await socket.recv())
        while frame["type"] != "received":
            frame = json.loads(await socket.recv())
        return _of(frame["receipt"])


_CHATS: dict[str, str] = {}


async def say_hotline(stage: ChannelStage, key: str, text: str) -> Heard:
    """On the phone."""
    body = {"call": key, "agent": "8027", "text": text}
    answer = (await stage.call("POST", "/v1/hotline/calls", json=body)).json()
    return _of(answer["receipt"], answer)


async def say_branch(stage: ChannelStage, key: str, text: str) -> Heard:
    """At a counter."""
    body = {"visit": key, "branch": "b-1", "staff": "3301", "text": text}
    answer = (await stage.call("POST", "/v1/branch/visits", json=body)).json()
    return _of(answer["receipt"], answer)


def _of(receipt: dict[str, Any], whole: dict[str, Any] | None = None) -> Heard:
    return Heard(receipt["case"].replace(" ", "") or receipt["number"], str(whole or receipt))


Say = Callable[[ChannelStage, str, str], Awaitable[Heard]]
WAYS: dict[Channel, Say] = {
    Channel.APP: say_app,
    Channel.DOOR: say_door,
    Channel.WECHAT: say_wechat,
    Channel.CHAT: say_chat,
    Channel.HOTLINE: say_hotline,
    Channel.BRANCH: say_branch,
}
# Mail has a suite of its own (tests/adapters/channels); an import is what another system has heard.
ELSEWHERE = {Channel.EMAIL, Channel.IMPORT}


async def test_every_channel_is_in_the_suite() -> None:
    """A new channel must say how it is spoken to, or who tries it: no way in without a receipt."""
    assert WAYS.keys() | ELSEWHERE == set(Channel)


async def told(stage: ChannelStage, heard: Heard) -> Dossier:
    """The case it became."""
    return await dossier_of(stage.house.reception, heard.number)


@pytest.mark.parametrize("channel", WAYS)
async def test_the_same_words_get_the_same_case_a_number_and_a_warning(
    stage: ChannelStage, channel: Channel
) -> None:
    """Category and risk do not hang on the way in; the answer holds the number, 96110 and no link."""
    heard = await WAYS[channel](stage, f"words-{channel.value}", NOT_ME)
    case = (await told(stage, heard)).case
    assert (case.channel, case.category.value) == (channel.value, "unauthorised_payment")
    assert case.risk <= "P1"
    assert "unauthorised" in case.flags
    assert heard.number[:4] in heard.text
    assert "96110" in heard.text
    assert "http" not in heard.text


@pytest.mark.parametrize("channel", WAYS)
async def test_told_twice_it_is_heard_once(stage: ChannelStage, channel: Channel) -> None:
    """The same thing again gets the same number, one message and one promise."""
    first = await WAYS[channel](stage, f"twice-{channel.value}", NOT_ME)
    second = await WAYS[channel](stage, f"twice-{channel.value}", NOT_ME)
    assert first == second
    dossier = await told(stage, first)
    assert len(dossier.messages) == 1
    assert [one.code for one in dossier.promises] == ["human_contact"]


@pytest.mark.parametrize("channel", WAYS)
async def test_the_bytes_are_kept_hashed_and_nothing_personal_is_shown(
    stage: ChannelStage, channel: Channel
) -> None:
    """What came opens to bytes with the digest on record; the desk and the tables hold no secret in clear."""
    heard = await WAYS[channel](stage, f"bytes-{channel.value}", NOT_ME)
    dossier = await told(stage, heard)
    async with stage.house.works.open() as unit:
        inbound = await unit.cases.inbound_named(dossier.messages[0].inbound or "")
        assert inbound is not None
        raw = await open_kept(stage.house.reception, unit, inbound.sealed, f"inbound {inbound.id}")
    assert sha256(raw).digest() == inbound.digest
    shown = str(for_desk(dossier)) + heard.text
    assert "hunter2222" not in shown
    assert "13800138000" not in shown
    connection = await asyncpg.connect(stage.dsn)
    rows = [
        str(await connection.fetch(f"SELECT t::text FROM {table} AS t"))
        for table in ("message", "inbound", "case_event", "journal", "effect", "chat_line")
    ]
    await connection.close()
    for table in rows:
        assert "hunter2222" not in table
        assert "13800138000" not in table


@pytest.mark.parametrize("channel", WAYS)
async def test_a_question_has_a_number_too(stage: ChannelStage, channel: Channel) -> None:
    """No dead end: even how-to questions are numbered, and nothing is stopped for them."""
    heard = await WAYS[channel](stage, f"question-{channel.value}", QUESTION)
    case = (await told(stage, heard)).case
    assert case.contained.value == "none"


JUNK: dict[Channel, tuple[str, dict[str, Any], str]] = {
    Channel.APP: ("/v1/reports", {"channel": "pigeon", "text": "x"}, "invalid_request"),
    Channel.DOOR: ("/v1/not-me", {"puzzle": "x", "answer": "x", "text": "x"}, "puzzle_unsolved"),
    Channel.WECHAT: ("/v1/channels/wechat/main", {"no": "xml"}, "wechat_unsigned"),
    Channel.HOTLINE: ("/v1/hotline/calls", {"call": "x", "agent": "", "text": "x"}, "invalid_request"),
    Channel.BRANCH: ("/v1/branch/visits", {"visit": "x"}, "invalid_request"),
}


@pytest.mark.parametrize("channel", JUNK)
async def test_junk_is_refused_with_a_code_in_both_languages(stage: ChannelStage, channel: Channel) -> None:
    """What cannot be heard says why (the chat's own junk is tried beside its cut connections)."""
    path, body, code = JUNK[channel]
    answer = await stage.call("POST", path, json=body)
    assert answer.status_code in (400, 401)
    problem = answer.json()
    assert problem["code"] == code
    assert problem["text"]["zh"]
