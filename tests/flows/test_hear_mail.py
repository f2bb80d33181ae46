"""Goal: every mail is heard once, contained first, answered once, and no machine is ever answered.

Method: a house with a mailbox in its settings; mail is put before it by hand, answers go to a mail server.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from countermand.flows.answer_mail import ANSWERS_AN_HOUR
from countermand.flows.hear_mail import Outcome
from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.flows.show_case import dossier_of
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.notices import NoticeChannel
from flows.mail_stage import DESK, MailStage, mail, mail_house
from flows.stage import NOON, SECOND, outcome_of, payment

URGENT = "紧急-非授权操作反馈"
BODY = "账号：a-1\n时间：2026年11月20日 22:15\n金额：3,200元\n描述：手机丢失后被人转走，不是我操作的"


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def stage(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[MailStage]:
    """A house that hears mail."""
    async with mail_house(database_dsn, clock, tmp_path) as opened:
        yield opened


async def outcome(stage: MailStage, account: str = "a-1") -> str:
    """What one payment gets now."""
    asked = payment(account, at=stage.house.clock.now())
    return outcome_of(await stage.house.decider.decide(asked, None))


async def known_address(stage: MailStage, address: str, account: str = "a-1") -> None:
    """The institution says where a holder is told."""
    given = GivenContacts([GivenPoint(NoticeChannel.EMAIL, address, NOON)], "zh", "Asia/Shanghai", None)
    await put_contacts(stage.house, account, given, "app")


async def test_the_urgent_subject_becomes_a_case_with_its_fields(stage: MailStage) -> None:
    """Account, time and amount are read, the account is held at once, the answer has number and secret."""
    heard = await stage.hear(mail(BODY, URGENT))
    assert heard.received is not None
    assert await outcome(stage) == "deny"
    dossier = await dossier_of(stage.house.reception, heard.received.answer["case"])
    assert (dossier.case.account, dossier.case.standing, dossier.case.risk.value <= "P1") == (
        "a-1",
        "claimed",
        True,
    )
    found = next(one for one in dossier.events if one.kind is EventKind.READ).body["found"]
    assert found["urgent_subject"]
    assert found["times"] == [{"at": "2026-11-20T14:15:00.000000Z", "exact": True}]
    assert found["amounts"] == [{"minor": 320000, "currency": "CNY"}]
    (letter,) = await stage.answers()
    number = heard.received.answer["number"]
    assert number in letter["Subject"]
    assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (
        "zhang@qq.example",
        DESK,
        "auto-replied",
    )
    assert letter["In-Reply-To"] == letter["References"] != ""
    text = letter.get_content()
    assert "查询码" in text
    assert text.index("案件编号") < text.index("case number")
    assert "手机丢失" not in text


async def test_the_same_mail_is_one_report_and_another_one_under_its_name_is_another(
    stage: MailStage,
) -> None:
    """Fetched twice, or come on two ways: one case, one letter. A copied name keeps nobody unheard."""
    raw = mail(BODY, URGENT)
    first = await stage.hear(raw)
    again = await stage.hear(raw)
    other_way = await stage.hear(b"Received: from a.example by b.example; now\r\n" + raw)
    assert first.received is not None
    assert again.received is not None
    assert other_way.received is not None
    assert (first.received.again, again.received.again, other_way.received.again) == (False, True, True)
    assert len({one.received.case for one in (first, again, other_way) if one.received}) == 1
    assert len(await stage.answers()) == 1
    assert await outcome(stage, "a-2") == "allow"
    await stage.hear(mail("您好", Message_ID="<victim@qq.example>", sender="evil@x.example"))
    heard = await stage.hear(mail(BODY.replace("a-1", "a-2"), URGENT, Message_ID="<victim@qq.example>"))
    assert heard.received is not None
    assert not heard.received.again
    assert await outcome(stage, "a-2") == "deny"


async def test_a_known_address_finds_its_account_and_only_proof_makes_it_likely(stage: MailStage) -> None:
    """The From line alone is a claim; with a signature of its domain it is likely, and never proven."""
    await known_address(stage, "zhang@qq.example")
    said = "有一笔转账不是我操作的"
    claimed = await stage.hear(mail(said))
    likely = await stage.vouched("Zhang@qq.example").hear(mail(said, sender="Zhang@QQ.example"))
    foreign = await stage.vouched("evil@x.example").hear(mail(f"账号：a-1，{said}", sender="evil@x.example"))
    standings = []
    for heard in (claimed, likely, foreign):
        assert heard.received is not None
        case = (await dossier_of(stage.house.reception, heard.received.answer["case"])).case
        standings.append((case.account, case.standing))
    assert standings == [("a-1", "claimed"), ("a-1", "likely"), ("a-1", "claimed")]


async def test_a_reply_goes_on_with_its_case_without_what_it_quotes(
    stage: MailStage, clock: ManualClock
) -> None:
    """The letter that is answered names the case; within the hour no second answer is sent.

    Later there is one without the secret. Another address with the same number has a case of its own.
    """
    first = await stage.hear(mail(BODY, URGENT))
    (letter,) = await stage.answers()
    quoted = f"补充：对方姓李\n\n------------------ 原始邮件 ------------------\n{letter.get_content()}"
    clock.advance(SECOND)
    reply = mail(quoted, f"回复：{letter['Subject']}", In_Reply_To=letter["Message-ID"])
    second = await stage.hear(reply, NOON + 1)
    assert first.received is not None
    assert second.received is not None
    assert second.received.case == first.received.case
    dossier = await dossier_of(stage.house.reception, first.received.answer["case"])
    assert "查询码" not in dossier.messages[-1].masked
    assert "补充" in dossier.messages[-1].masked
    assert len(await stage.answers()) == 1
    clock.advance(3601 * SECOND)
    await stage.hear(mail("还没有人联系我", In_Reply_To=letter["Message-ID"]), clock.now())
    _, later = await stage.answers()
    assert "查询码" not in later.get_content()
    stranger = mail(
        "请撤销", f"回复：{letter['Subject']}", "evil@x.example", In_Reply_To=letter["Message-ID"]
    )
    other = await stage.hear(stranger, clock.now())
    assert other.received is not None
    assert other.received.case != first.received.case


MACHINES = [
    ("自动回复：您好", {"Auto_Submitted": "auto-replied"}),
    ("Out of office", {"X_Auto_Response_Suppress": "All"}),
    ("weekly", {"List_Id": "<news.example>"}),
    ("weekly", {"Precedence": "bulk"}),
    ("系统退信", {"From": "postmaster@qq.example"}),
    ("您好", {"From": DESK}),
    ("您好", {"X_Loop": "countermand@bank.example"}),
    ("您好", {"From": "no-reply@shop.example"}),
]


async def test_machines_are_never_answered_and_heard_only_where_money_is_lost(stage: MailStage) -> None:
    """Absences, lists, bounces and ourselves: no case, no letter. A web form with the subject is a report."""
    for subject, headers in MACHINES:
        heard = await stage.hear(mail("thank you for your message", subject, **headers))
        assert heard.outcome is Outcome.PASSED_OVER, (subject, headers)
    assert await stage.answers() == []
    heard = await stage.hear(mail(BODY, URGENT, Auto_Submitted="auto-generated"))
    assert heard.outcome is Outcome.REPORTED
    assert await outcome(stage) == "deny"
    assert await stage.answers() == []


async def test_a_bounce_is_noted_where_its_letter_belongs(stage: MailStage) -> None:
    """RFC 3464: status and failure stand in the case as a note; told again it is one; forged it is none."""
    first = await stage.hear(mail(BODY, URGENT))
    (letter,) = await stage.answers()
    bounce = BOUNCE.replace("LETTER", letter["Message-ID"].strip("<>")).encode()
    for _ in range(2):
        assert (await stage.hear(bounce)).outcome is Outcome.NOTED
    forged = bounce.replace(b"case.", b"case.9").replace(b"<dsn@", b"<dsn2@")
    assert (await stage.hear(forged)).outcome is Outcome.PASSED_OVER
    assert first.received is not None
    dossier = await dossier_of(stage.house.reception, first.received.answer["case"])
    notes = [one.masked for one in dossier.messages if one.direction.value == "note"]
    assert len(notes) == 1
    assert "5.1.1" in notes[0]
    assert len(await stage.answers()) == 1


BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@qq.example
To: desk@bank.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn@qq.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; qq.example

Final-Recipient: rfc822; zhang@qq.example
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <LETTER>
Subject: [...]

--b--
"""


def locked_zip() -> bytes:
    """A zip whose one entry says that it is encrypted."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("evidence.png", b"x")
    raw = bytearray(made.getvalue())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


async def test_locked_files_are_kept_and_too_large_ones_refused(
    stage: MailStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says where a password may be given, and where never; and what was not taken."""
    heard = await stage.hear(mail(BODY, URGENT, files={"证据.zip": locked_zip(), "流水.pdf": b"%PDF-1.7 ok"}))
    assert heard.received is not None
    dossier = await dossier_of(stage.house.reception, heard.received.answer["case"])
    assert [one.media_type for one in dossier.files] == ["application/zip", "application/pdf"]
    found = next(one for one in dossier.events if one.kind is EventKind.READ).body["found"]
    assert found["locked"] == [1]
    (letter,) = await stage.answers()
    assert "请勿通过邮件发送密码" in letter.get_content()
    monkeypatch.setattr("countermand.intake.mail.parts.FILES_BYTES_MAX", 5000)
    files = {
        "photo.png": b"\x89PNG\r\n\x1a\n" + b"x" * 1000,
        "video.mp4": b"\0\0\0\x18ftypmp42" + b"x" * 9000,
    }
    heard = await stage.hear(mail(BODY, URGENT, "li@qq.example", files=files))
    assert heard.received is not None
    dossier = await dossier_of(stage.house.reception, heard.received.answer["case"])
    assert [one.name for one in dossier.files] == ["photo.png"]
    text = (await stage.answers())[-1].get_content()
    assert "未能收取" in text
    assert "were not taken" in text


async def test_a_sender_who_writes_without_end_is_heard_and_answered_ten_times(stage: MailStage) -> None:
    """Each mail opens a case of its own here; the letters stop, the cases do not."""
    for number in range(ANSWERS_AN_HOUR + 2):
        await stage.hear(mail(f"建议{number}：增加功能", f"建议{number}"))
    assert len(await stage.answers()) == ANSWERS_AN_HOUR


async def test_letters_wait_for_their_server_and_bytes_that_are_no_mail_for_a_person(
    stage: MailStage, clock: ManualClock
) -> None:
    """The outbox tries again, and the letter comes once; of what cannot be read the bytes are in a case."""
    stage.outbox.answer = "451 later"
    await stage.hear(mail(BODY, URGENT))
    assert await stage.answers() == []
    stage.outbox.answer = "250 OK"
    clock.advance(3600 * SECOND)
    assert len(await stage.answers()) == 1
    heard = await stage.hear(b"\0\x01\xff" * 50)
    assert heard.received is not None
    assert (await dossier_of(stage.house.reception, heard.received.answer["case"])).messages
