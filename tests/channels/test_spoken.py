"""Goal: calls and visits end with a receipt, no caller is trusted for a number, secrets are not kept.

Method: the doors of the house over HTTP, notices delivered from the outbox, the database read afterwards.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from channels.channel_stage import ChannelStage
from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.flows.kept_words import open_kept
from countermand.flows.show_case import dossier_of
from countermand.flows.show_notices import list_notices
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.notices import NoticeChannel

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOUR = 3600 * 10**6
NOT_ME = "刚才有一笔转账不是我操作的"


async def reached(stage: ChannelStage, account: str, phone: str) -> None:
    """Somebody whose account is reached at a number."""
    point = GivenPoint(NoticeChannel.SMS, phone, stage.clock.now())
    await put_contacts(
        stage.house, account, GivenContacts([point], "zh", "Asia/Shanghai", None), "core", None
    )


async def log_call(stage: ChannelStage, name: str, **more: Any) -> dict[str, Any]:
    """A call that was logged."""
    body = {"call": name, "agent": "8027", "text": NOT_ME, **more}
    answer = await stage.call("POST", "/v1/hotline/calls", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_call_ends_with_a_receipt_of_time_agent_and_promise(stage: ChannelStage) -> None:
    """Kept once; the promise is due in the case; the holder's feed says who and what, in both languages."""
    await reached(stage, "a-call", "13800000010")
    due = rfc3339(stage.clock.now() + HOUR)
    given = {"caller": "138 0000 0010", "promise": {"what": "contact", "due_at": due}}
    answer = await log_call(stage, "call-1", **given)
    assert await log_call(stage, "call-1", **given) == answer
    assert answer["staff"] == "8027"
    assert "再次联系您" in answer["promise"]["zh"]
    dossier = await dossier_of(stage.house.reception, answer["receipt"]["case"])
    assert (dossier.case.account, dossier.case.standing) == ("a-call", "likely")
    assert [one.code for one in dossier.promises if one.due_at == stage.clock.now() + HOUR] == ["contact"]
    await stage.work()
    feed = (await list_notices(stage.house, "a-call"))["notices"]
    (notice,) = [one for one in feed if one["kind"] == "call_receipt"]
    assert "8027" in notice["text"].zh
    assert answer["receipt"]["number"] in notice["text"].en


async def test_a_shown_number_is_never_enough(stage: ChannelStage) -> None:
    """A spoofed number and right digits make a caller likely: a hold of a day, no freeze of the proven."""
    await reached(stage, "a-spoof", "13800000011")
    await stage.call("PUT", "/v1/accounts/a-spoof/last-fours", json={"last_fours": ["0128"]})
    check = await stage.call(
        "POST", "/v1/hotline/checks", json={"call": "c-2", "caller": "13800000011", "last_four": "0128"}
    )
    proof = check.json()["proof"]
    more = {"caller": "13800000011", "account": "a-spoof", "proof": proof, "stop": "everything"}
    answer = await log_call(stage, "c-2", **more)
    assert answer["receipt"]["for_a_day"]
    case = (await dossier_of(stage.house.reception, answer["receipt"]["case"])).case
    assert (case.standing, case.contained.value) == ("likely", "soft_hold")


async def test_three_wrong_digits_lock_and_nothing_tells_which_part_was_wrong(stage: ChannelStage) -> None:
    """Unknown number, no digits registered, wrong digits: the same words; the fourth try is a person's."""
    await reached(stage, "a-digits", "13800000012")
    await reached(stage, "a-none", "13800000013")
    await stage.call("PUT", "/v1/accounts/a-digits/last-fours", json={"last_fours": ["4321", "987X"]})

    async def tried(caller: str | None, digits: str) -> dict[str, Any]:
        body = {"call": "c-3", "last_four": digits} | ({} if caller is None else {"caller": caller})
        return dict((await stage.call("POST", "/v1/hotline/checks", json=body)).json())

    wrong = [await tried(who, "1111") for who in ("13800000012", "13800000013", "13800000099", None)]
    assert len({str(one) for one in wrong}) == 1
    assert not wrong[0]["confirmed"]
    assert (await tried("13800000012", "987x"))["account"] == "a-digits"
    for _ in range(2):
        assert not (await tried("13800000012", "1111"))["person"]
    locked = await tried("13800000012", "1111")
    assert (locked["confirmed"], locked["person"]) == (False, True)
    assert await tried("13800000012", "4321") == locked
    stage.clock.advance(HOUR)
    assert (await tried("13800000012", "4321"))["confirmed"]
    connection = await asyncpg.connect(stage.dsn)
    rows = str(await connection.fetch("SELECT * FROM last_four, phone_check"))
    await connection.close()
    assert "4321" not in rows
    assert "13800000012" not in rows


async def test_a_secret_that_is_typed_is_not_kept_at_all(stage: ChannelStage) -> None:
    """Not even sealed: the agent is warned, and nobody can open it again."""
    answer = await log_call(stage, "c-4", text="客户说验证码是384756，密码：hunter2222，钱不是他转的")
    assert "384756" not in str(answer)
    assert "未予保存" in answer["warning"]["zh"]
    message = (await dossier_of(stage.house.reception, answer["receipt"]["case"])).messages[0]
    async with stage.house.works.open() as unit:
        inbound = await unit.cases.inbound_named(message.inbound or "")
        assert inbound is not None
        house = stage.house.reception
        raw = (await open_kept(house, unit, inbound.sealed, f"inbound {inbound.id}")).decode()
        text = (await open_kept(house, unit, message.sealed, f"message {message.id}")).decode()
    assert "384756" not in raw + text
    assert "hunter" not in raw + text
    assert "钱不是他转的" in text


async def test_a_visit_prints_a_receipt_whose_code_opens_the_case(stage: ChannelStage) -> None:
    """Two proofs make a visitor proven; the square holds number and secret; what is missing is named."""
    body = {
        "visit": "v-1",
        "branch": "Xi'an Road",
        "staff": "3301",
        "text": NOT_ME,
        "account": "a-visit",
        "documents": [{"kind": "identity_document", "form": "original"}],
        "checked_by": "3301",
        "proofs": ["card_chip"],
    }
    answer = (await stage.call("POST", "/v1/branch/visits", json=body)).json()
    assert [one["kind"] for one in answer["missing"]] == ["statement"]
    assert "3301" in str(answer["paper"])
    head, _, query = answer["qr"].partition("?")
    parts = dict(part.split("=") for part in query.split("&"))
    assert head == "countermand:case"
    followed = await stage.client.post("/v1/cases/follow", json={"number": parts["n"], "secret": parts["c"]})
    assert followed.status_code == 200
    case = (await dossier_of(stage.house.reception, parts["n"])).case
    assert (case.standing, case.channel) == ("proven", "branch")
    strange = {**body, "visit": "v-2", "documents": [{"kind": "passbook", "form": "copy"}]}
    refused = await stage.call("POST", "/v1/branch/visits", json=strange)
    assert refused.json()["code"] == "document_unknown"


async def test_what_the_agent_says_the_app_shows(stage: ChannelStage) -> None:
    """The same code on both sides; the customer's own code differs; both end within five minutes."""
    receipt = (await log_call(stage, "c-5"))["receipt"]
    number, secret = receipt["case"], receipt["secret"]
    said = (await stage.call("GET", f"/v1/cases/{number}/spoken-code", key=stage.desk)).json()
    app = (await stage.call("GET", f"/v1/cases/{number}/app-code")).json()
    assert said["agent_says"] == app["agent_says"]
    assert said["you_say"] is None
    assert app["you_say"] != app["agent_says"]
    follow = {"number": number, "secret": secret, "code": said["agent_says"]}

    async def fits(path: str, key: str | None, **body: str) -> bool:
        answer = await stage.call("POST", path, key=key, json=body)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["fits"])

    desk, public = f"/v1/cases/{number}/spoken-code", "/v1/cases/follow/spoken-code"
    assert await fits(public, None, **follow)
    assert not await fits(public, None, **{**follow, "code": app["you_say"]})
    assert await fits(desk, stage.desk, code=app["you_say"])
    assert not await fits(desk, stage.desk, code=said["agent_says"])
    stage.clock.advance(300 * 10**6)
    assert not await fits(public, None, **follow)
    assert not await fits(desk, stage.desk, code=app["you_say"])
