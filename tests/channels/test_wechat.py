"""Goal: what somebody writes to an official account is a case within seconds, once, and nobody else gets in.

Method: wechatpy, which is not ours, encrypts and signs what we read, and reads what we answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from channels.channel_stage import AES_KEY, APP_ID, OLD_AES_KEY, OPENID, PNG, TOKEN, ChannelStage, message_xml
from countermand.cases.ports import Inbound
from countermand.flows.desk_view import for_desk
from countermand.flows.hear_wechat import SUCCESS
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.effects import EffectState

pytestmark = pytest.mark.asyncio(loop_scope="session")
ENTITY = '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>'
NOT_ME = "刚才有一笔转账不是我操作的"


def reply_of(stage: ChannelStage, response: Any) -> str:
    """The text of a passive reply, as another program reads it."""
    assert response.status_code == 200, response.text
    message = parse_message(stage.unsealed(response))
    assert message.target == OPENID
    return str(message.content)


def number_in(text: str) -> str:
    """The number of a case in a receipt."""
    return "".join(letter for letter in text.split("编号是 ")[1][:14] if letter.isdigit())


async def test_the_handshake_gives_the_echo_to_the_platform_only(stage: ChannelStage) -> None:
    """Signed: its echo comes back; forged or unknown: refused with a code."""
    path = "/v1/channels/wechat/main"
    good = await stage.client.get(path, params={**stage.signed(), "echostr": "4711"})
    assert (good.status_code, good.text) == (200, "4711")
    forged = await stage.client.get(path, params={**stage.signed(), "nonce": "x", "echostr": "4711"})
    assert (forged.status_code, forged.json()["code"]) == (401, "wechat_unsigned")
    nowhere = await stage.client.get("/v1/channels/wechat/none", params=stage.signed())
    assert nowhere.json()["code"] == "wechat_account_unknown"


async def test_an_encrypted_message_becomes_a_case_and_gets_its_number_back(stage: ChannelStage) -> None:
    """A peer encrypts, we read; we encrypt, it reads: number, secret, warning, in the sender's language."""
    text = reply_of(stage, await stage.wechat(message_xml(f"{NOT_ME}，对方让我先转账", openid=OPENID)))
    assert "查询码" in text
    assert "96110" in text
    shown = for_desk(await dossier_of(stage.house.reception, number_in(text)))
    assert shown["messages"][0]["channel"] == "wechat"
    assert OPENID not in str(shown)
    english = await stage.wechat(message_xml("I did not make this payment", openid=OPENID))
    assert "case number" in reply_of(stage, english)


async def test_retries_are_one_message_and_a_second_one_goes_on_with_the_case(stage: ChannelStage) -> None:
    """Three copies, encrypted anew each time, get one answer; more from the same sender joins."""
    openid = "oRetry"
    first = message_xml(NOT_ME, openid=openid)
    replies = await asyncio.gather(*(stage.wechat(first) for _ in range(3)))
    texts = {str(parse_message(stage.unsealed(one)).content) for one in replies}
    assert len(texts) == 1
    number = number_in(texts.pop())
    second = await stage.wechat(message_xml("还有一笔贷款也不是我借的", openid=openid))
    assert number_in(str(parse_message(stage.unsealed(second)).content)) == number
    assert len((await dossier_of(stage.house.reception, number)).messages) == 2
    stranger = await stage.wechat(message_xml(NOT_ME, openid="oStranger"))
    assert number_in(str(parse_message(stage.unsealed(stranger)).content)) != number


async def test_what_is_not_the_platforms_is_refused_without_a_word_of_it(stage: ChannelStage) -> None:
    """Forged, late, for others, under another key, plain or no XML: each with its code, none kept."""
    secret = message_xml("我的密码是 hunter2222")
    strange = WeChatCrypto(TOKEN, "e5" * 21 + "f", APP_ID)
    other = WeChatCrypto(TOKEN, AES_KEY, "wxother")
    with capture_logs() as logs:
        cases = [
            (await stage.wechat(secret, msg_signature="0" * 40), 401, "wechat_unsigned"),
            (await stage.wechat(secret, signature="0" * 40), 401, "wechat_unsigned"),
            (await stage.wechat(secret, timestamp=stage.seconds - 400), 401, "wechat_too_old"),
            (await stage.wechat(secret, crypto=other), 401, "wechat_not_ours"),
            (await stage.wechat(secret, crypto=strange), 400, "wechat_unreadable"),
            (await stage.wechat_plain(secret, "main"), 401, "wechat_plain_refused"),
            (await stage.wechat_plain("<xml>"), 400, "wechat_unreadable"),
            (
                await stage.wechat_plain('<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>'),
                400,
                "wechat_unreadable",
            ),
        ]
    for response, status, code in cases:
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert {line["code"] for line in logs if line["event"] == "wechat_refused"} == {one[2] for one in cases}
    assert "hunter" not in str(logs)


async def test_the_previous_key_still_opens_and_plain_accounts_speak_plain(stage: ChannelStage) -> None:
    """While the platform changes keys nothing is lost; compatible accounts take both."""
    old = WeChatCrypto(TOKEN, OLD_AES_KEY, APP_ID)
    assert "编号" in reply_of(stage, await stage.wechat(message_xml(NOT_ME), crypto=old))
    for account in ("plain", "both"):
        plain = await stage.wechat_plain(message_xml(NOT_ME), account)
        assert "编号" in str(parse_message(plain.text).content)
    assert "编号" in reply_of(stage, await stage.wechat(message_xml(NOT_ME), account="both"))


async def test_every_kind_of_message_is_heard(stage: ChannelStage) -> None:
    """Voice with its words, video, link and place become cases; following gets a welcome, leaving nothing."""
    kinds: list[dict[str, str]] = [
        {"MsgType": "voice", "MediaId": "v", "Format": "amr", "Recognition": NOT_ME},
        {"MsgType": "video", "MediaId": "v", "ThumbMediaId": "t"},
        {"MsgType": "link", "Title": "骗子网站", "Description": "d", "Url": "https://example.invalid"},
        {"MsgType": "location", "Location_X": "31.2", "Location_Y": "121.4", "Scale": "20", "Label": "上海"},
        {"MsgType": "event", "Event": "CLICK", "EventKey": "not_me"},
    ]
    for number, fields in enumerate(kinds):
        response = await stage.wechat(message_xml(openid=f"oKind{number}", **fields))
        assert "编号" in str(parse_message(stage.unsealed(response)).content), fields
    welcome = await stage.wechat(message_xml(MsgType="event", Event="subscribe", EventKey=""))
    assert "不是我" in reply_of(stage, welcome)
    gone = await stage.wechat(message_xml(MsgType="event", Event="unsubscribe", EventKey=""))
    assert gone.content == SUCCESS


async def test_a_picture_is_fetched_after_the_answer_and_kept_with_its_digest(stage: ChannelStage) -> None:
    """The platform is away at first: the picture comes later, once; a lost one is given up for good."""
    photo = {"MsgType": "image", "PicUrl": "https://example.invalid/p", "MediaId": "photo"}
    response = await stage.wechat(message_xml(openid="oPhoto", **photo))
    number = number_in(str(parse_message(stage.unsealed(response)).content))
    assert (await dossier_of(stage.house.reception, number)).files == ()
    stage.platform.away = 1
    await stage.work()
    stage.clock.advance(60 * 10**6)
    await stage.work()
    dossier = await dossier_of(stage.house.reception, number)
    (file,) = dossier.files
    assert (file.media_type, file.size) == ("image/png", len(PNG))
    assert dossier.events[-1].kind.value == "file_added"
    assert dossier.events[-1].body["sha256"] == file.digest.hex()
    lost = await stage.wechat(message_xml(openid="oPhoto2", **{**photo, "MediaId": "gone"}))
    await stage.work()
    inbound = await inbound_of(stage, number_in(str(parse_message(stage.unsealed(lost)).content)))
    async with stage.house.works.open() as unit:
        effect = await unit.effects.find(f"{inbound.id}/media/1")
    assert effect is not None
    assert (effect.state, effect.answer) == (EffectState.FAILED, {"refused": "error 40007"})


async def inbound_of(stage: ChannelStage, number: str) -> Inbound:
    """What the first message of a case came in as."""
    message = (await dossier_of(stage.house.reception, number)).messages[0]
    async with stage.house.works.open() as unit:
        found = await unit.cases.inbound_named(message.inbound or "")
    assert found is not None
    return found


async def test_a_late_receipt_goes_out_as_a_message_of_its_own(stage: ChannelStage) -> None:
    """When hearing takes too long, the platform is told success, and the receipt follows, once."""
    door = replace(stage.house.channels.wechat, patience_seconds=0.0)
    query = stage.signed()
    xml = message_xml(NOT_ME, openid="oLate").encode()
    before = len(stage.platform.sent)
    assert await door.hear("plain", query, xml, None) == SUCCESS
    await asyncio.gather(*door.late)
    await stage.work()
    (sent,) = stage.platform.sent[before:]
    assert sent["touser"] == "oLate"
    dossier = await dossier_of(stage.house.reception, number_in(sent["text"]["content"]))
    assert len(dossier.messages) == 1
