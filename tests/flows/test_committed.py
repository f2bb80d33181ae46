"""Goal: the journal shows nobody and binds everything: what was said and answered can be shown later.

Method: people with names, numbers and addresses go through every door; each row is then scanned and opened.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.flows.bind_decisions import DecisionBinder
from countermand.flows.committed import Label, openings
from countermand.flows.house import House
from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.flows.keep_lists import add_entry
from countermand.flows.keep_reports import report_values
from countermand.flows.kept_words import open_kept
from countermand.flows.public_door import Told
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.intake.puzzles import solved
from countermand.intake.redaction import mask
from countermand.kernel.clock import ManualClock, micros_of
from countermand.transparency.entries import entry_of
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.notices import NoticeChannel
from countermand.vocabulary.reports import Attached
from countermand.vocabulary.staff import Role
from flows.case_stage import acted, somebody
from flows.report_stage import said
from flows.stage import NOON, house_on, payment

PHONE, DOCUMENT, CARD, NAME = "13812345678", "11010519491231002X", "6222021234567890128", "欧阳春晓"
ADDRESS, MAIL = "杭州市西湖区文三路90号3幢602室", "chunxiao@example.com"
WORDS = f"我叫{NAME}，身份证{DOCUMENT}，手机{PHONE}，卡号{CARD}，住在{ADDRESS}，刚才一笔转账不是我操作的"
FILE = f"收据 {NAME} {CARD}".encode()
SECRETS = (PHONE, DOCUMENT, CARD, NAME, ADDRESS, MAIL, WORDS)


@pytest.fixture
async def house(database_dsn: str, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports, at noon."""
    given = {"policy": "cn-consumer-finance", "vault_key_file": tmp_path / "vault.key"}
    async with house_on(database_dsn, ManualClock(NOON), **given) as opened:
        yield opened


async def busy_day(house: House) -> dict[str, str]:
    """Everything a person can say at a door, and what the desk does with it; the numbers of the cases."""
    points = [GivenPoint(NoticeChannel.SMS, PHONE, NOON), GivenPoint(NoticeChannel.EMAIL, MAIL, NOON)]
    for count in (1, 2):
        await put_contacts(house, PHONE, GivenContacts(points[:count], "zh", "Asia/Shanghai", None), "bank")
    await add_entry(house, "mules", CARD, "police", f"{NAME} said so", "2027-01-01T00:00:00Z", "bank")
    lent = payment(PHONE, at=house.clock.now(), kind="loan_disburse", minor=9_000_000)
    await house.decider.decide(lent, None)
    files = (Attached(name=f"{NAME}.txt", media_type="text/plain", content=FILE),)
    mine = await receive_report(house.reception, said(WORDS, account=PHONE, attachments=files), "app")
    asked = house.public_door.puzzle("192.0.2.1")
    told = Told(text=WORDS, phone=PHONE, document=DOCUMENT, stop=Preset.LIMITED)
    door = await house.public_door.report(
        told, asked["puzzle"], solved(asked["puzzle"], asked["bits"]), "192.0.2.1"
    )
    agent = await somebody(house, "li", Role.AGENT)
    await acted(house, mine.answer["case"], agent, Reply(text=f"{NAME}您好，{PHONE}已停用"))
    return {"app": mine.answer["case"], "door": door.answer["case"]}


async def rows_of(dsn: str) -> list[asyncpg.Record]:
    """The whole journal."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch("SELECT seq, at, kind, body FROM journal ORDER BY seq")
    finally:
        await connection.close()


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value, however deep, names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from (name, *texts_in(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


async def test_no_row_of_the_journal_tells_who_or_what(house: House, database_dsn: str) -> None:
    """Neither a row nor the entry made of it holds a name, number, address or word of anybody."""
    await busy_day(house)
    rows = await rows_of(database_dsn)
    assert {row["kind"] for row in rows} >= {
        *("report.received", "case.opened", "case.changed"),
        *("operation.decided", "contacts.changed", "list.entry_added"),
    }  # fmt: skip
    for row in rows:
        body = json.loads(row["body"])
        entry = entry_of(
            number=row["seq"], kind=row["kind"], at=micros_of(row["at"]), tenant="main", body=body
        )
        assert [one for one in SECRETS if one in row["body"] or one in entry.decode()] == [], row["kind"]
        found = [text for text in texts_in(body) if mask(text).text != text]
        assert found == [], row["kind"]


async def test_what_was_said_and_answered_opens_the_fact(house: House, database_dsn: str) -> None:
    """From what is kept of reports and events the openings are made again, and every commitment opens."""
    numbers = await busy_day(house)
    rows = await rows_of(database_dsn)
    facts = [row for row in rows if row["kind"] == "report.received"]
    changes = [json.loads(row["body"]) for row in rows if row["kind"] == "case.changed"]
    for number, files, count in ((numbers["app"], [FILE], 4), (numbers["door"], [], 3)):
        dossier = await dossier_of(house.reception, number)
        (fact,) = [one for row in facts if (one := json.loads(row["body"]))["case"] == dossier.case.id]
        (message,) = [one for one in dossier.messages if one.inbound is not None]
        async with house.works.open() as unit:
            inbound = await unit.cases.inbound_named(fact["report"])
            assert inbound is not None
            key, _ = await house.salts.keys(unit, dossier.case)
            raw = await open_kept(house.reception, unit, inbound.sealed, f"inbound {inbound.id}")
            text = (await open_kept(house.reception, unit, message.sealed, f"message {message.id}")).decode()
        shown = openings(key, Label.report(inbound.id), report_values(raw, text, inbound.answer, files))
        assert len(shown) == count
        # Beside the values of the report, the row that keeps it is bound.
        assert fact["commit"].keys() - shown.keys() == {f"inbound/{inbound.id}"}
        assert all(opened.opens(fact["commit"][name]) for name, opened in shown.items())
        assert fact["promised"]["human_contact"] > NOON
        bound = {one["seq"]: one["commit"]["body"] for one in changes if one["case"] == dossier.case.id}
        assert len(dossier.events) == len(bound) > 3
        for event in dossier.events:
            body = openings(key, Label.event(event.case, event.seq), {"body": event.body})["body"]
            assert body.opens(bound[event.seq]), event.kind


async def test_a_decision_is_bound_with_its_request_and_its_answer(house: House, database_dsn: str) -> None:
    """The fact of a decision opens with the request in its canonical form and the answer as it was given."""
    asked = payment(PHONE, at=house.clock.now())
    answer = await house.decider.decide(asked, None)
    assert isinstance(answer, bytes)
    stored = await house.archive.find(asked.id)
    assert stored is not None
    bodies = [
        json.loads(row["body"]) for row in await rows_of(database_dsn) if row["kind"] == "operation.decided"
    ]
    (fact,) = bodies
    binder = house.decider.decider.binder
    assert binder is not None
    assert fact["commit"] == binder.bound(asked.id, stored.row.body, answer)["commit"]
    salts = binder.salts(asked.id)
    assert hmac.new(salts[32:], answer, "sha256").hexdigest() == fact["commit"]["answer"]


@settings(max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.text(max_size=40), st.binary(max_size=200))
def test_the_binder_makes_the_hmac_of_the_standard(key: bytes, operation: str, data: bytes) -> None:
    """HMAC as it is written out here and as the library has it are the same."""
    salts = hmac.digest(key, operation.encode("utf-8", "replace"), "sha512")
    bound = DecisionBinder(key).bound(operation.encode("utf-8", "replace").decode(), data, b"")["commit"]
    assert bound["request"] == hmac.digest(salts[:32], data, "sha256").hex()
    assert bound["answer"] == hmac.digest(salts[32:], b"", "sha256").hex()
