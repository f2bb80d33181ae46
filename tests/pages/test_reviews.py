"""Goal: what is looked at twice is there, covered, and done only by two. Method: a real house, Chromium."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from countermand.flows.act_on_case import act_on_case
from countermand.flows.read_pictures import read_file
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.acts import Decide
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.staff import Role, Staff
from flows.report_stage import said
from flows.test_read_evidence import PHOTO, SCREEN, ToldReader
from pages.desk_stage import NOT_ME, at_desk, decided, reported, signed_in
from pages.looking import violations
from pages.served import Served

WANG = Staff(name="wang", roles=frozenset({Role.INVESTIGATOR}))


@pytest.fixture(scope="module")
def people(served: Served) -> dict[str, str]:
    """Cookies of an investigator and an approver."""
    return {
        "wang": signed_in(served, "wang", Role.INVESTIGATOR),
        "chen": signed_in(served, "chen", Role.APPROVER),
    }


def test_a_decision_is_explained_in_its_case_and_in_no_other(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """Reasons with values, what was unknown, the policy; no number whole; another case does not open it."""
    account = f"a-why-{language}"
    number = reported(served, account=account)
    decided(served, account, counterparty={"id": "6222021234567890128"}, minor=12_345_600)
    other = reported(served, account=f"a-other-{language}")
    with at_desk(browser, served, people["wang"], language) as page:
        page.goto(f"/desk/cases/{number}?tab=rules")
        page.locator(".operation a").first.click()
        page.wait_for_url(re.compile("/decisions/"))
        assert page.locator("article.card").count() >= 1
        assert "6222021234567890128" not in page.content()
        assert violations(page) == []
        answer = page.goto(page.url.replace(number, other))
        assert answer.status == 404


def test_what_takes_two_waits_in_the_inbox_of_the_other(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """Whoever asked does not see it there; the approver agrees in the case, with a reason, and it is done."""
    number = reported(served, account=f"a-look-{language}")
    asked = Decide(outcome=CaseOutcome.AUTHORISED, why="客户确认系家人操作")
    served.run(act_on_case(served.house.case_desk, number, asked, WANG))
    with at_desk(browser, served, people["wang"], language) as page:
        page.goto("/desk/approvals")
        assert page.locator(f".look-line[href*='{number}']").count() == 0
    with at_desk(browser, served, people["chen"], language) as page:
        page.goto("/desk/approvals")
        assert violations(page) == []
        page.locator(f".look-line[href*='{number}']").click()
        page.locator("[name=reason]").first.fill("同意，录音核实")
        page.locator("[name=agreed][value=yes]").click()
        page.wait_for_url(re.compile("done=look"))
    case = served.run(dossier_of(served.house.reception, number)).case
    assert case.outcome is CaseOutcome.AUTHORISED
    with at_desk(browser, served, people["chen"], language) as page:
        page.goto("/desk/clocks")
        assert violations(page) == []


def test_a_picture_stands_with_its_fields_and_is_confirmed(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """Boxes where they were read, numbers covered; what is confirmed is compared; what is wrong stays."""
    house = served.house
    reception = replace(house.reception, effect_ports=house.reception.effect_ports | {READING_PORT})
    told = said(NOT_ME, attachments=(PHOTO,), account="a-picture", received_at=house.clock.now())
    received = served.run(receive_report(reception, told, "app"))
    number = str(received.answer["case"]).replace(" ", "")
    (file,) = served.run(dossier_of(house.reception, number)).files
    reading = replace(house.reading_desk, reader=ToldReader(SCREEN))
    served.run(read_file(reading, number, file.id, WANG))
    with at_desk(browser, served, people["wang"], "zh") as page:
        page.goto(f"/desk/cases/{number}/evidence")
        assert page.locator("svg polygon.box").count() >= 3
        assert "13812345678" not in page.content()
        assert violations(page) == []
        page.locator("[name=field_amount]").fill("many")
        page.locator("form.card button").click()
        page.locator("[role=alert]").wait_for()
        assert page.locator("[name=field_amount]").input_value() == "many"
        page.locator("[name=field_amount]").fill("100")
        page.locator("[name=field_sign]").fill("out")
        page.locator("form.card button").click()
        page.get_by_text(re.compile("wang .* 确认")).wait_for()
