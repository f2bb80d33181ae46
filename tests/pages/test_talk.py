"""Goal: whoever is lost speaks to somebody: in three taps from anywhere, live, and without scripts.

Method: Chromium over a served house; the desk answers by its own story while the page stands open.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from countermand.flows.act_on_case import act_on_case
from countermand.flows.follow_case import own_cases
from countermand.flows.public_door import MESSAGES_OF_A_CASE
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.staff import Role, Staff
from pages.looking import violations, visiting
from pages.served import Served
from pages.test_my_pages import come_in
from pages.test_portal import MARKUP, caller, press, solved, told

AGENT = Staff(name="agent-talk", roles=frozenset({Role.AGENT}))
STEPS_MAX = 3
FROM_ANYWHERE = ("/", "/not-me", "/check", "/channels", "/process", "/case/open", "/nowhere")


def answer(served: Served, number: str, text: str) -> None:
    """The desk writes to the customer."""
    served.run(act_on_case(served.house.case_desk, number, Reply(text=text), AGENT))


def open_in(page: Any, served: Served, account: str) -> str:
    """A case by the red button, open in this browser; its number."""
    page.goto("/not-me")
    page.fill("#account", account)
    solved(page)
    press(page, "button.big")
    return str(told(page)[0])


def test_an_answer_of_the_desk_comes_without_a_reload(visit: Any, served: Served, language: str) -> None:
    """Written and sent by keyboard, acknowledged in place; the answer appears, and what was typed stays."""
    number = open_in(visit, served, f"talk-{language}")
    visit.goto("/case/talk")
    assert violations(visit) == []
    visit.evaluate("window.stayed = true")
    visit.fill("#text", MARKUP)
    press(visit, ".write button")
    visit.wait_for_selector(".say.mine:nth-of-type(2)")
    assert visit.input_value("#text") == ""
    assert MARKUP in visit.inner_text("#lines")
    visit.fill("#text", "half a sentence")
    answer(served, number, "我们已收到，正在核实。")
    visit.wait_for_selector(".say.ours")
    assert visit.input_value("#text") == "half a sentence"
    assert visit.evaluate("window.stayed") is True
    assert visit.locator("#answers-by strong").count() == 1
    assert violations(visit) == []


def test_a_customer_who_is_signed_in_reaches_the_same(visit: Any, served: Served, language: str) -> None:
    """From their own pages: what they write opens a case, and the answer comes live."""
    account = f"a-talk-{language}"
    come_in(served, visit, account)
    press(visit, "a[href='/me/talk']")
    visit.wait_for_selector(".write")
    assert violations(visit) == []
    visit.fill("#text", MARKUP)
    press(visit, ".write button")
    visit.wait_for_selector(".say.mine")
    visit.reload()
    (case,) = served.run(own_cases(served.house.reception, account))
    answer(served, case.number, "今天内答复您。")
    visit.wait_for_selector(".say.ours:last-of-type")
    visit.wait_for_function("() => document.querySelector('#lines').innerText.includes('今天内答复您。')")
    assert MARKUP in visit.inner_text("#lines")
    assert violations(visit) == []
    visit.goto("/me/talk?case=000000000000")
    assert MARKUP in visit.inner_text("#lines")


def test_help_answers_or_hands_over(visit: Any, language: str) -> None:
    """An answer from the knowledge base at once; by the other button a person, with a number to come back."""
    visit.goto("/help")
    assert violations(visit) == []
    visit.fill("#text", "怎么一键冻结" if language == "zh" else "How do I freeze everything with one tap")
    press(visit, "button[value=answer]")
    visit.wait_for_selector("[data-article=not-me-button]")
    assert violations(visit) == []
    solved(visit)
    press(visit, "button[value=person]")
    number, groups = told(visit)
    assert len(number.replace(" ", "")) == 12
    assert len(groups) == 4


def test_a_conversation_needs_no_script_and_three_steps(browser: Any, served: Served) -> None:
    """From every page of the portal a field that a person reads is two links away; a form and a reload."""
    with visiting(browser, served.address, "zh", java_script_enabled=False) as page:
        page.goto("/not-me")
        page.fill("#account", "talk-plain")
        while page.locator("form[data-puzzle]").count():
            page.click("button.big")
        number, _ = told(page)
        for start in FROM_ANYWHERE:
            page.goto(start)
            taps = ["a[href='/help']", "a[href='/case/talk']"]
            for tap in taps:
                page.locator(tap).first.click()
            assert page.locator("form[action='/case/messages'] textarea").count() == 1, start
            assert len(taps) < STEPS_MAX
        page.fill("#text", "请问进展如何？")
        page.click(".write button")
        answer(served, number, "今天内会有专员联系您。")
        page.reload()
        assert "今天内会有专员联系您。" in page.inner_text("#lines")


def test_a_flood_is_slowed_down_with_a_clear_text(served: Served) -> None:
    """Two hundred lines by a script: so many are kept, then the page says to wait; nothing typed is lost."""
    mine, form, _ = caller(served, "flood-1")
    mark = {"form": form, "on": "talk"}
    with closing(mine):
        sent = [
            mine.post("/case/messages", data={**mark, "key": f"k{n}", "text": f"line {n}"})
            for n in range(MESSAGES_OF_A_CASE + 2)
        ]
        assert [one.status_code for one in sent] == [303] * MESSAGES_OF_A_CASE + [429] * 2
        assert "Wait a minute" in sent[-1].text
        assert f"line {MESSAGES_OF_A_CASE + 1}</textarea>" in sent[-1].text


def test_a_stream_opens_for_its_case_alone(served: Served) -> None:
    """Without a case that is open here there is nothing to follow; looking keeps no session open."""
    mine, _, _ = caller(served, "stream-1")
    with closing(mine):
        house = served.house

        async def ends() -> list[int]:
            async with house.reception.works.open() as unit:
                rows = await unit.receipt_sessions._connection.fetch(
                    "SELECT idle_ends_at FROM receipt_session ORDER BY begun_at DESC LIMIT 1"
                )
                return [row["idle_ends_at"] for row in rows]

        before = served.run(ends())
        with mine.stream("GET", "/case/stream?seen=0") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert any("changed" in next(lines) for _ in range(6))
        assert served.run(ends()) == before
        mine.cookies.clear()
        assert mine.get("/case/stream").status_code == 204


def test_a_call_is_asked_for_and_told(visit: Any, served: Served, language: str) -> None:
    """A wrong number comes back marked; a right one is promised, and stands in the case with its time."""
    open_in(visit, served, f"call-{language}")
    visit.goto("/case/call")
    assert violations(visit) == []
    visit.fill("#phone", MARKUP)
    press(visit, "button.big")
    visit.wait_for_selector("#phone-wrong")
    assert visit.input_value("#phone") == MARKUP
    assert violations(visit) == []
    visit.fill("#phone", "138 0000 1234")
    visit.select_option("#time", index=1)
    press(visit, "button.big")
    visit.wait_for_selector(".message.good")
    visit.goto("/case")
    assert visit.locator("#comes-next strong").count() == 2
    assert "13800001234" not in visit.inner_text("#main").replace(" ", "")
    assert violations(visit) == []
