"""Goal: what came with a report is read, confirmed by a person, checked, and never asked for again.

Method: a house on its own database, a reader that gives the lines it was told to, and one that cannot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from countermand.evidence.allegation import questionnaire_digest
from countermand.evidence.checklist import Held
from countermand.evidence.fields import FieldName
from countermand.evidence.incident_facts import IncidentFacts
from countermand.extensions import image_unreadable, reader_stuck
from countermand.flows.case_desk import HOLDER
from countermand.flows.confirm_reading import check_value, confirm_reading
from countermand.flows.read_pictures import TRIES_MAX, ReadingPort, captured_at, read_file
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.flows.show_checklist import mark_file, show_checklist
from countermand.flows.show_readings import show_readings
from countermand.flows.tell_facts import add_facts, open_questions, tell_facts, told_facts
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, CountermandError, Forbidden, NotFound, Unavailable
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.effects import EffectState
from countermand.vocabulary.pictures import READING_PORT, PictureText
from countermand.vocabulary.reports import Attached
from countermand.vocabulary.staff import Role
from evidence.screens import picture
from flows.case_stage import somebody
from flows.report_stage import reporting_house, said
from flows.stage import NOON, payment

SCREEN = picture(
    (370, 270, "转账-转给王*明", 40), (350, 350, "-1.00", 76), (450, 460, "交易成功", 38),
    (75, 580, "对方账户", 38), (310, 580, "13812345678", 38), (75, 680, "创建时间", 38),
    (310, 680, "2026-11-21 12:00:10", 38), (75, 780, "订单号", 38), (310, 780, "300000123456", 38),
)  # fmt: skip
PHOTO = Attached(name="截图.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n shown")
LETTER = Attached(name="合同.pdf", media_type="application/pdf", content=b"%PDF-1.7")
AMOUNT = {FieldName.AMOUNT: 100, FieldName.SIGN: "out"}


class ToldReader:
    """Reads what it was told, or fails as it was told."""

    def __init__(self, found: PictureText | CountermandError) -> None:
        self.found = found
        self.seen: list[tuple[bytes, str]] = []

    async def read(self, image: bytes, media_type: str) -> PictureText:
        self.seen.append((image, media_type))
        if isinstance(self.found, CountermandError):
            raise self.found
        return self.found

    async def close(self) -> None:
        return None


@pytest.fixture
async def house(database_dsn, tmp_path):
    """A house without an engine of its own."""
    async with reporting_house(database_dsn, ManualClock(NOON), tmp_path) as opened:
        yield opened


async def reported(house: Any, desk: Any, **more: Any) -> str:
    """The number of a case that came with a picture and a letter, its effects put as with an engine."""
    reception = replace(house.reception, effect_ports=house.effect_ports | {READING_PORT})
    told = said("刚才有一笔转账不是我操作的", attachments=(PHOTO, LETTER), **more)
    return str((await receive_report(reception, told, "app")).answer["case"])


async def effect_of(house: Any, number: str) -> Any:
    """The effect by which the picture of a case is to be read."""
    file = (await dossier_of(house.reception, number)).files[0].id
    async with house.works.open() as unit:
        found = await unit.effects.find(f"{file}/reading")
        assert await unit.effects.find(f"{file.removesuffix('1')}2/reading") is None, "letters are not read"
    assert found is not None
    return found


async def test_a_picture_is_read_confirmed_and_checked(house):
    """From the report to the confirmed reading: fields, boxes, events, the operation that it is about."""
    reader = ToldReader(SCREEN)
    desk = replace(house.reading_desk, reader=reader)
    await house.decider.decide(payment(minor=100, counterparty={"id": "6222021234569999"}), None)
    number = await reported(house, desk)
    agent = await somebody(house, "ann", Role.AGENT)
    effect = await effect_of(house, number)
    port = ReadingPort(desk)
    assert (await port.deliver(effect)).state is EffectState.DONE
    assert (await port.deliver(effect)).answer == {"read": True}
    assert reader.seen == [(PHOTO.content, "image/png")], "read once, however often the effect comes"

    (file,) = (await show_readings(desk, number, agent))["files"]
    (record,) = file["records"]
    fields = {one["name"]: one for one in record["fields"]}
    assert (fields["amount"]["value"], fields["sign"]["value"]) == (100, "out")
    assert fields["amount"]["needs_confirmation"]
    assert fields["amount"]["boxes"]
    assert "13812345678" not in str(file), "numbers of people are masked"
    assert record["confirmed"] is None

    with pytest.raises(BadRequest) as refusal:
        await confirm_reading(desk, number, file["file"], 0, {FieldName.AMOUNT: 100}, agent)
    assert refusal.value.code == "field_unconfirmed"
    answer = await confirm_reading(desk, number, file["file"], 0, AMOUNT, agent)
    assert answer["check"]["verdict"] == "contradicts"
    answer = await confirm_reading(
        desk, number, file["file"], 0, {**AMOUNT, FieldName.COUNTERPARTY_TAIL: "9999"}, agent
    )
    assert (answer["check"]["verdict"], answer["check"]["operation"]) == (
        "matched",
        answer["check"]["operation"],
    )
    shown = (await show_readings(desk, number, agent))["files"][0]["records"][0]
    assert shown["confirmed"]["by"] == "ann"
    assert shown["check"]["verdict"] == "matched"

    dossier = await dossier_of(house.reception, number)
    assert [one.name for one in dossier.files] == ["截图.png", "合同.pdf"], (
        "derived files are no files of theirs"
    )
    kinds = [one.kind for one in dossier.events]
    assert kinds.count(EventKind.FILE_READ) == 1
    assert kinds.count(EventKind.READING_CONFIRMED) == 2
    told = [one.body for one in dossier.events if one.kind is EventKind.READING_CONFIRMED]
    assert told[-1]["changed"] == ["counterparty_tail"]
    assert not [one for one in told if "9999" in str(one["fields"])], "an event holds no value"


async def test_a_confirmed_police_receipt_is_a_report_to_the_police(house):
    """The number that a person confirmed raises the case as if they had typed it in."""
    receipt = picture(
        (400, 100, "接报回执单", 60),
        (80, 300, "警情编号：A330106190000202611", 40),
        (80, 380, "西湖派出所", 40),
    )
    desk = replace(house.reading_desk, reader=ToldReader(receipt))
    number = await reported(house, desk)
    agent = await somebody(house, "lee", Role.AGENT)
    file = (await dossier_of(house.reception, number)).files[0].id
    await read_file(desk, number, file, agent)
    assert (await dossier_of(house.reception, number)).case.police_report is None, "a machine reports nothing"
    await confirm_reading(desk, number, file, 0, {FieldName.POLICE_REFERENCE: "A330106190000202611"}, agent)
    assert (await dossier_of(house.reception, number)).case.police_report == "A330106190000202611"
    found = await show_checklist(desk, number, HOLDER)
    assert {one["id"]: one["state"] for one in found["items"]}["police-receipt"] == "held"
    assert (READING_PORT in house.worker.deliverer.ports) == (READING_PORT in house.effect_ports)


async def test_what_cannot_be_read_is_left_to_people(house):
    """A broken picture fails for good, a stuck reader is tried again, and not for ever."""
    number = await reported(house, house.reading_desk)
    effect = await effect_of(house, number)
    unreadable = ReadingPort(replace(house.reading_desk, reader=ToldReader(image_unreadable("it is empty"))))
    found = await unreadable.deliver(effect)
    assert (found.state, found.answer) == (EffectState.FAILED, {"refused": "image_unreadable"})
    stuck = ReadingPort(replace(house.reading_desk, reader=ToldReader(reader_stuck("no answer"))))
    with pytest.raises(Unavailable):
        await stuck.deliver(effect)
    found = await stuck.deliver(msgspec.structs.replace(effect, attempts=TRIES_MAX))
    assert (found.state, found.answer) == (EffectState.FAILED, {"refused": "reader_stuck"})
    absent = replace(house.reading_desk, reader=None)
    agent = await somebody(house, "bob", Role.AGENT)
    with pytest.raises(Unavailable) as refusal:
        await read_file(absent, number, (await dossier_of(house.reception, number)).files[0].id, agent)
    assert refusal.value.code == "ocr_absent"
    with pytest.raises(NotFound):
        await read_file(absent, number, "nothing/1", agent)
    gone = msgspec.structs.replace(effect, body={"case": "case-0", "file": "x"})
    assert (await stuck.deliver(gone)).answer == {"refused": "unknown_case"}


async def test_reading_is_for_those_who_work_with_money(house):
    """Whoever only edits articles reads no pictures; whoever only reviews confirms none."""
    desk = replace(house.reading_desk, reader=ToldReader(SCREEN))
    number = await reported(house, desk)
    file = (await dossier_of(house.reception, number)).files[0].id
    editor = await somebody(house, "eve", Role.KB_EDITOR)
    for story in (
        lambda: show_readings(desk, number, editor),
        lambda: read_file(desk, number, file, editor),
        lambda: confirm_reading(desk, number, file, 0, AMOUNT, editor),
        lambda: mark_file(desk, number, file, Held.CHAT, editor),
    ):
        with pytest.raises(Forbidden):
            await story()


async def test_nobody_is_asked_for_what_is_held(house):
    """The checklist fills with what came, was read, was marked and told; the holder sees the same."""
    desk = replace(house.reading_desk, reader=ToldReader(SCREEN))
    await house.decider.decide(payment("a-2"), None)
    number = await reported(house, desk, account="a-2")
    agent = await somebody(house, "zoe", Role.AGENT)

    async def states() -> dict[str, str]:
        found = await show_checklist(desk, number, HOLDER)
        assert found == await show_checklist(desk, number, agent)
        return {one["id"]: one["state"] for one in found["items"]} | {"score": found["score"]}

    before = await states()
    assert (before["own-operations"], before["account-of-events"]) == ("held", "held")
    assert (before["whereabouts"], before["structured-facts"]) == ("ask", "collect")
    files = (await dossier_of(house.reception, number)).files
    await read_file(desk, number, files[0].id, agent)
    await mark_file(desk, number, files[1].id, Held.WHEREABOUTS, agent)
    with pytest.raises(BadRequest):
        await mark_file(desk, number, files[1].id, Held.OPERATIONS, agent)
    with pytest.raises(BadRequest) as refusal:
        await tell_facts(desk, number, IncidentFacts(), HOLDER)
    assert "amounts" in refusal.value.details["missing"]
    facts = {
        "noticed_at": "2026-11-21T11:59:00+08:00", "happened_at": ["2026-11-21T11:30:00+08:00"],
        "amounts": [{"minor": 100}], "payees": ["shop"], "told_by": "13812345678",
    }  # fmt: skip
    await tell_facts(desk, number, msgspec.convert(facts, IncidentFacts), HOLDER)
    after = await states()
    assert {after["whereabouts"], after["structured-facts"], after["payment-screen"]} == {"held"}
    assert after["score"] > before["score"]
    told = [
        one.body
        for one in (await dossier_of(house.reception, number)).events
        if one.kind is EventKind.FACTS_TOLD
    ]
    assert "13812345678" not in str(told)


async def test_answers_come_one_by_one_and_are_asked_once(house):
    """What is on our record is not asked; what was answered stays; nothing is lost by a wrong answer."""
    await house.decider.decide(payment("a-3"), None)
    known = await reported(house, house.reading_desk, account="a-3")
    number = await reported(house, house.reading_desk, account="a-4")
    desk = house.reading_desk
    assert {one.fact.value for one in (await open_questions(desk, known))[0]} == {
        "noticed_at", "found_by", "asked_by", "shared",
    }  # fmt: skip
    await add_facts(desk, number, msgspec.convert({"shared": ["code"]}, IncidentFacts), HOLDER)
    await add_facts(desk, number, msgspec.convert({"amounts": [{"minor": 5}]}, IncidentFacts), HOLDER)
    wrong = msgspec.convert({"shared": ["code", "nothing"]}, IncidentFacts)
    with pytest.raises(BadRequest, match="incident_fact_wrong"):
        await add_facts(desk, number, wrong, HOLDER)
    questions, told = await open_questions(desk, number)
    assert {"shared", "amounts"}.isdisjoint(one.fact.value for one in questions)
    assert told is not None
    assert told == await told_facts(desk, number, await somebody(house, "zoe", Role.AGENT))
    assert (told.facts.shared, told.facts.amounts[0].minor) == (("code",), 5)
    assert told.questions == questionnaire_digest().hex()
    states = {one["id"]: one["state"] for one in (await show_checklist(desk, number, HOLDER))["items"]}
    assert states["structured-facts"] == "collect", "it lacks what a case of this kind needs"


@pytest.mark.parametrize(
    ("fields", "said_wrong"),
    [
        ({FieldName.AMOUNT: -5}, "amount"),
        ({FieldName.AMOUNT: "12"}, "amount"),
        ({FieldName.SIGN: "minus"}, "sign"),
        ({FieldName.TIME: "yesterday"}, "time"),
        ({FieldName.CODE: "123456"}, "code"),
        ({FieldName.POLICE_REFERENCE: "没有号码"}, "police_reference"),
        ({FieldName.COUNTERPARTY: ""}, "counterparty"),
    ],
)
def test_a_value_that_cannot_be_is_refused(fields, said_wrong):
    """What somebody types is checked like anything else that comes in."""
    ((name, value),) = fields.items()
    with pytest.raises(BadRequest) as refusal:
        check_value(name, value)
    assert (refusal.value.code, refusal.value.details["field"]) == ("field_wrong", said_wrong)


def test_the_capture_is_known_only_by_the_file_itself():
    """EXIF and PNG texts tell it; nonsense does not."""
    assert str(captured_at({"taken_at": "2026:11:06 08:00:00"})) == "2026-11-06 08:00:00"
    assert captured_at({"taken_at": "0000:00:00 00:00:00"}) is None
    assert captured_at({}) is None
