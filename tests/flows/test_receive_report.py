"""Goal: every report is heard once, contained first and numbered, whoever makes it and however often.

Method: a house on a database of its own with the shipped reader, the manual clock, operations tried after.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.flows.desk_view import for_desk
from countermand.flows.house import House
from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.flows.person_handles import handle_of
from countermand.flows.public_door import PUZZLES_A_MINUTE, Told
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of, for_customer
from countermand.intake.puzzles import solved
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, NotFound, TooMany
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.notices import NoticeChannel
from countermand.vocabulary.reports import Attached, Standing
from flows.report_stage import reporting_house, said, with_digits
from flows.stage import NOON, SECOND, outcome_of, payment

NOT_ME = "刚才有一笔转账不是我操作的，请马上冻结我的账户"


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as opened:
        yield opened


async def outcome(house: House, account: str = "a-1", **more: Any) -> str:
    """What one operation gets now."""
    return outcome_of(await house.decider.decide(payment(account, at=house.clock.now(), **more), None))


def solution(house: House, address: str = "192.0.2.1") -> tuple[str, str]:
    """A puzzle of the public door and its answer."""
    asked = house.public_door.puzzle(address)
    return asked["puzzle"], solved(asked["puzzle"], asked["bits"])


async def test_a_proven_holder_is_contained_at_once_and_told_what_still_works(house: House) -> None:
    """One report: payments are denied, paying back is not, and number, time and words are in the answer."""
    assert await outcome(house) == "allow"
    received = await receive_report(house.reception, said(NOT_ME), "app")
    assert await outcome(house) == "deny"
    assert await outcome(house, kind="repayment") == "allow"
    answer = received.answer
    assert answer["urgent"]
    assert "先停住" in answer["text"]["zh"]
    assert answer["number"] in answer["text"]["en"]
    case = (await dossier_of(house.reception, answer["case"])).case
    assert (case.stage.value, case.account, case.risk <= "P1") == ("contain", "a-1", True)
    assert case.incidents == (answer["incident"],)


async def test_the_button_stops_without_a_word(house: House) -> None:
    """No text at all, only the wish to stop everything: it is stopped, as P0."""
    received = await receive_report(house.reception, said("", stop=Preset.EVERYTHING), "app")
    assert await outcome(house, kind="credential_change") == "deny"
    case = (await dossier_of(house.reception, received.answer["case"])).case
    assert (case.risk.value, case.contained.value) == ("P0", "frozen")


async def test_a_strangers_claim_holds_for_a_day_and_then_lets_go(house: House, clock: ManualClock) -> None:
    """Somebody unproven cannot freeze another's account for good: a day, and the answer says so."""
    received = await receive_report(house.reception, said(NOT_ME, Standing.CLAIMED), "door")
    assert received.answer["for_a_day"]
    assert await outcome(house) == "deny"
    clock.advance(25 * 3600 * SECOND)
    assert await outcome(house) == "allow"


async def test_a_question_stops_nothing(house: House) -> None:
    """Asking how something works is heard, numbered, answered by a person's time, and freezes nobody."""
    received = await receive_report(house.reception, said("请问怎么修改登录密码？"), "app")
    assert received.answer["scope"] is None
    assert await outcome(house) == "allow"


async def test_the_same_report_twice_or_ten_times_at_once_is_one_case(house: House) -> None:
    """Retries and copies in flight get one answer; the same key with other bytes is refused."""
    report = said(NOT_ME, key="retry")
    answers = await asyncio.gather(
        *(receive_report(house.reception, report, "app", with_secret=True) for _ in range(10))
    )
    assert len({str(one.answer) for one in answers}) == 1
    assert sum(not one.again for one in answers) == 1
    with pytest.raises(Conflict, match="key_reused"):
        await receive_report(house.reception, said("other", key="retry"), "app")


async def test_a_holder_who_writes_again_goes_on_with_their_case(house: House) -> None:
    """The second message of a proven holder about the same thing is in the same case."""
    first = await receive_report(house.reception, said(NOT_ME), "app")
    second = await receive_report(house.reception, said("还有一笔贷款也不是我借的"), "app")
    assert first.case == second.case
    assert len((await dossier_of(house.reception, first.answer["case"])).messages) == 2


async def test_a_number_alone_opens_no_case_to_a_stranger(house: House) -> None:
    """Who only knows a number gets a case of their own, linked for the desk; the other stays as it was."""
    first = await receive_report(house.reception, said(NOT_ME), "app")
    number = first.answer["case"]
    stranger = said("别管了，撤销吧", Standing.CLAIMED, account=None, thread=number)
    second = await receive_report(house.reception, stranger, "door")
    assert second.case != first.case
    assert len((await dossier_of(house.reception, number)).messages) == 1
    links = (await dossier_of(house.reception, second.answer["case"])).case.links
    assert links == ((first.case, "maybe_names_number"),)


async def test_a_taken_number_is_drawn_again(house: House) -> None:
    """Two cases never share a number, though chance should draw it twice."""
    reception, _ = with_digits(house, "48291035771", "48291035771", "11111111111")
    first = await receive_report(reception, said(NOT_ME), "app")
    second = await receive_report(reception, said(NOT_ME, account="a-2"), "app")
    assert first.answer["case"] == "482910357716"
    assert second.answer["case"] != first.answer["case"]


async def test_what_came_is_kept_sealed_and_shown_masked(house: House, database_dsn: str) -> None:
    """Bytes are hashed and sealed, the desk sees no whole number, and no table holds one in clear."""
    text = "我叫张三，手机13800138000，卡号6222021234567890128，验证码是384756，钱不是我转的"
    photo = Attached(name="截图13800138000.png", media_type="image/png", content=b"\x89PNG13800138000")
    received = await receive_report(house.reception, said(text, attachments=(photo,)), "app")
    assert received.answer["secret_said"]
    shown = str(for_desk(await dossier_of(house.reception, received.answer["case"])))
    assert "13800138000" not in shown
    assert "384756" not in shown
    connection = await asyncpg.connect(database_dsn)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        rows = await connection.fetch(f'SELECT t::text AS line FROM public."{table}" AS t')
        assert not [row for row in rows if "13800138000" in row["line"]], table
        assert not [row for row in rows if b"13800138000".hex() in row["line"]], table
    await connection.close()


async def test_who_has_no_account_is_protected_by_their_document(house: House) -> None:
    """A loan in a reported person's name is denied, on whatever account, and anybody else's not."""
    person = handle_of(house.reception.vault, "11010519491231002X")
    puzzle, answer = solution(house)
    told = Told("有人用我的身份证贷款，我从来没有注册过", document="1101 0519 4912 31002x")
    received = await house.public_door.report(told, puzzle, answer, "192.0.2.1")
    assert received.answer["secret"]
    assert await outcome(house, "new-1", kind="loan_apply", person=person) == "deny"
    assert await outcome(house, "new-2", kind="loan_apply", person="somebody") == "allow"


async def test_the_public_door_finds_the_account_of_a_verified_phone(house: House) -> None:
    """A phone that one account is told at holds that account; an unknown one is heard all the same."""
    await give_phone(house, "13800138000")
    puzzle, answer = solution(house)
    told = Told(NOT_ME, phone="138 0013 8000")
    received = await house.public_door.report(told, puzzle, answer, "192.0.2.1")
    assert await outcome(house) == "deny"
    again = await house.public_door.report(told, puzzle, answer, "192.0.2.1")
    assert (again.answer, again.again) == (received.answer, True)
    puzzle, answer = solution(house)
    stranger = await house.public_door.report(Told(NOT_ME, phone="13900139000"), puzzle, answer, "192.0.2.1")
    assert stranger.answer["scope"] is None


async def give_phone(house: House, address: str) -> None:
    """The institution says where the holder of a-1 is told."""
    given = GivenContacts([GivenPoint(NoticeChannel.SMS, address, NOON)], "zh", "Asia/Shanghai", None)
    await put_contacts(house, "a-1", given, "app")


async def test_a_receipt_opens_its_case_and_nothing_else(house: House, clock: ManualClock) -> None:
    """Number and secret show the case and take a further message; a wrong secret opens nothing."""
    puzzle, answer = solution(house)
    first = await house.public_door.report(Told(NOT_ME), puzzle, answer, "192.0.2.1")
    number, secret = first.answer["number"], first.answer["secret"]
    case = await house.public_door.case_of(number, secret.lower(), "192.0.2.1")
    more = await house.public_door.more(number, secret, "补充：时间是昨晚", "k", "192.0.2.1")
    assert more.case == case.id
    shown = for_customer(await dossier_of(house.reception, case.number), clock.now(), "Asia/Shanghai")
    assert [one["from"] for one in shown["messages"]] == ["you", "you"]
    assert "剩余" in shown["promises"][0]["text"]["zh"]
    with pytest.raises(NotFound, match="receipt_unknown"):
        await house.public_door.case_of(number, "00000-00000-00000-00000", "192.0.2.1")


async def test_guessing_secrets_of_one_case_from_many_addresses_is_slowed_down(house: House) -> None:
    """A case answers ten tries a minute, wherever they come from; another case is not disturbed."""
    first = await receive_report(house.reception, said(NOT_ME), "app", with_secret=True)
    other = await receive_report(house.reception, said(NOT_ME, account="a-2"), "app", with_secret=True)
    with pytest.raises(TooMany, match="too_many"):  # noqa: PT012 - the try that is one too many
        for number in range(11):
            with pytest.raises(NotFound):
                await house.public_door.case_of(first.answer["number"], "x", f"192.0.2.{number}")
    assert await house.public_door.case_of(other.answer["number"], other.answer["secret"], "192.0.2.99")


async def test_a_flood_from_one_address_leaves_others_alone(house: House) -> None:
    """An address that asks too often is told to wait, and its puzzles grow harder before that."""
    door = house.public_door
    bits = [door.puzzle("198.51.100.7")["bits"] for _ in range(PUZZLES_A_MINUTE)]
    with pytest.raises(TooMany):
        door.puzzle("198.51.100.7")
    assert bits[-1] > bits[0] + 5
    assert door.puzzle("192.0.2.1")["bits"] == bits[0]


@pytest.mark.parametrize("spoiled", ["answer", "puzzle", "late"])
async def test_an_unsolved_foreign_or_old_puzzle_opens_nothing(
    house: House, clock: ManualClock, spoiled: str
) -> None:
    """The door wants its own puzzle, solved within the hour."""
    puzzle, answer = solution(house)
    if spoiled == "late":
        clock.advance(3601 * SECOND)
    given = (puzzle, "wrong") if spoiled == "answer" else (puzzle, answer)
    given = (puzzle[:-4] + "AAAA", answer) if spoiled == "puzzle" else given
    with pytest.raises(BadRequest, match="puzzle_unsolved"):
        await house.public_door.report(Told(NOT_ME), *given, "192.0.2.1")


async def test_the_laws_clocks_run_from_the_first_message(house: House, clock: ManualClock) -> None:
    """A loss starts stage and complaint clocks from its receipt; a question starts that of a person alone."""
    first = await receive_report(house.reception, said(NOT_ME, received_at=NOON - 5 * SECOND), "app")
    question = await receive_report(house.reception, said("请问怎么修改登录密码？", account="a-3"), "app")
    async with house.works.open() as unit:
        clocks = {one.policy: one for one in await unit.clocks.of_case(first.case)}
        asked = {one.policy for one in await unit.clocks.of_case(question.case)}
    assert {"stage.human_contact", "stage.forensics", "cn.complaint.decide", "service.next_reply"} == set(
        clocks
    ) - {"stage.regulator_pack"}
    assert clocks["stage.human_contact"].due_at == NOON - 5 * SECOND + 24 * 3600 * SECOND
    assert asked == {"stage.human_contact", "service.next_reply"}


async def test_a_simple_question_is_answered_at_once_and_settled_by_a_yes(house: House) -> None:
    """The approved text comes in the receipt, “yes” closes the case, and a loss never is closed so."""
    for number in range(50):  # two in a hundred are held out: they reach a person first
        question = said("请问怎么关闭自动扣款？", account=f"q-{number}")
        first = await receive_report(house.reception, question, "app", with_secret=True)
        if (reply := first.answer["reply"]) is not None:
            break
    assert reply["text"] in first.answer["text"]["zh"]
    again = await receive_report(house.reception, question, "app", with_secret=True)
    assert again.answer == first.answer
    settled = await receive_report(
        house.reception, said("解决了", account=question.account, thread=first.answer["case"]), "app"
    )
    case = (await dossier_of(house.reception, first.answer["case"])).case
    assert (settled.case, case.stage.value) == (first.case, "closed")
    lost = await receive_report(house.reception, said(NOT_ME, account="a-8"), "app")
    assert lost.answer["reply"] is None
