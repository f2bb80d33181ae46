"""Goal: agents never leave the keys, never lose a word, and stop money within six of them.

Method: a real house and door, sessions as staff have them, the system's Chromium.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from countermand.flows.act_on_case import act_on_case
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.acts import Decide
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.staff import Role, Staff
from flows.stage import outcome_of, payment
from pages.desk_stage import NOT_ME, QUESTION, SESSION_COOKIE, at_desk, decided, reported, signed_in
from pages.looking import violations
from pages.served import Served

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
# Open the first case, freeze it, confirm, acknowledge, assign it, to oneself.
KEYS = ("Enter", "f", "Enter", "y", "a", "Enter")


@pytest.fixture(scope="module")
def people(served: Served) -> dict[str, str]:
    """Cookies of an agent, an investigator, an approver, an auditor and an admin."""
    roles = {
        "li": Role.AGENT, "wang": Role.INVESTIGATOR, "chen": Role.APPROVER, "eye": Role.AUDITOR,
        "root": Role.ADMIN,
    }  # fmt: skip
    return {name: signed_in(served, name, role) for name, role in roles.items()}


def outcome(served: Served, account: str) -> str:
    """What a payment of the account gets now."""
    asked = payment(account, at=served.house.clock.now())
    return outcome_of(served.run(served.house.decider.decide(asked, None)))


def test_from_triage_to_assigned_in_six_keys(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """Money is stopped, the customer told, the case owned; then a macro and the end, all by keys."""
    account = f"a-six-{language}"
    number = reported(served, "我账户里的钱正在被转走，不是我操作的，马上帮我停掉", account=account)
    with at_desk(browser, served, people["li"], language) as page:
        page.goto("/desk?queue=unowned")
        page.locator(f"[href*='{number}']").focus()
        seen = (
            "#composer", "#do-freeze[open]", "[role=status].good", ".said.out", "#do-assign[open]",
            "main[data-owner=li]",
        )  # fmt: skip
        for key, appears in zip(KEYS, seen, strict=True):
            page.keyboard.press(key)
            page.locator(appears).wait_for()
        assert len(KEYS) <= 6
        assert outcome(served, account) == "deny"
        assert violations(page) == []
        for key in ("r", "/advise-police", "Enter"):
            page.keyboard.press(key) if len(key) == 1 or key == "Enter" else page.keyboard.type(key)
        page.locator(".chip [name=macro]").wait_for(state="attached")
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile("done=write"))
        assert "110" in page.locator(".said.out").last.inner_text()
        page.keyboard.press("Shift+E")
        page.locator("#do-resolve[open]").wait_for()
        for key in ("ArrowDown", "Tab"):
            page.keyboard.press(key)
        page.keyboard.type("核实为非本人操作")
        for key in ("Tab", *["ArrowDown"] * 4, "Enter"):
            page.keyboard.press(key)
        page.wait_for_url(re.compile("done=resolve|/desk$"))
        closed = served.run(dossier_of(served.house.reception, number)).case
        assert (closed.stage, closed.outcome) == ("closed", "unauthorised_confirmed")
        assert (closed.root_cause, closed.owner) == ("customer_device", "li")


def test_a_freeze_is_taken_back_by_one_key(browser: Any, served: Served, people: dict[str, str]) -> None:
    """What it would stop is shown before; afterwards the account is as it was."""
    number = reported(served, QUESTION, account="a-undo")
    with at_desk(browser, served, people["li"], "en") as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("f")
        assert "transferring" in page.locator("#do-freeze .scope").first.inner_text()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("done=freeze"))
        assert outcome(served, "a-undo") == "deny"
        page.keyboard.press("u")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("done=unfreeze"))
        assert outcome(served, "a-undo") == "allow"


def test_two_agents_on_one_case_lose_nothing(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """Each sees the other; the slower one's words stay, with what changed meanwhile, and then go."""
    number = reported(served, account=f"a-two-{language}")
    first = at_desk(browser, served, people["li"], language)
    second = at_desk(browser, served, people["wang"], language)
    with first as li, second as wang:
        li.goto(f"/desk/cases/{number}")
        wang.goto(f"/desk/cases/{number}")
        assert "li" in wang.locator("#presence").inner_text()
        wang.keyboard.press("x")
        wang.keyboard.type(f"双方核对 {SCRIPT}")
        li.keyboard.press("a")
        li.keyboard.press("Enter")
        li.wait_for_url(re.compile("done=assign"))
        wang.keyboard.press("Control+Enter")
        wang.locator(".refusal").wait_for()
        assert "li" in wang.locator(".refusal li").last.inner_text()
        assert SCRIPT in wang.locator("#write").input_value()
        wang.locator("#write").focus()
        wang.keyboard.press("Control+Enter")
        wang.wait_for_url(re.compile("done=write"))
        assert SCRIPT in wang.locator(".said.note .said-text").inner_text()
        assert wang.title() != "owned"
        assert violations(wang) == []


def test_what_was_begun_is_there_on_another_machine(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """The draft is kept as it is typed; phrases and people come by their signs."""
    number = reported(served, account="a-draft")
    with at_desk(browser, served, people["li"], "zh") as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("r")
        with page.expect_response(lambda answer: answer.url.endswith("/draft")):
            page.keyboard.type("您好，我们正在核实 @wa")
        page.locator("#write-menu li").wait_for()
        with page.expect_response(lambda answer: answer.url.endswith("/draft")):
            page.keyboard.press("Enter")
        assert page.locator("#write").input_value() == "您好，我们正在核实 @wang "
    with at_desk(browser, served, people["li"], "zh") as page:
        page.goto(f"/desk/cases/{number}")
        assert page.locator("#write").input_value() == "您好，我们正在核实 @wang "
        page.locator("#write").fill("/never")
        page.keyboard.press("Enter")
        page.locator(".chip").wait_for()
        page.locator("#write").press("Control+Enter")
        page.wait_for_url(re.compile("done=write"))
        assert "不会索要密码" in page.locator(".said.out").inner_text()
        assert page.locator("#write").input_value() == ""


def test_of_a_decided_case_the_reply_is_the_draft(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """Beside the boxes for explanation and plan, what is kept, and comes back, is the reply."""
    number = reported(served, account="a-told-draft")
    found = Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why="设备与登录地均不符")
    wang = Staff(name="wang", roles=frozenset({Role.INVESTIGATOR}))
    served.run(act_on_case(served.house.case_desk, number, found, wang))
    with at_desk(browser, served, people["wang"], "zh") as page:
        page.goto(f"/desk/cases/{number}")
        page.locator("#composer [name=explanation]").fill("转账由陌生设备发起。")
        with page.expect_response(lambda answer: answer.url.endswith("/draft")):
            page.locator("#write").fill("您好，结果如下")
    with at_desk(browser, served, people["wang"], "zh") as page:
        page.goto(f"/desk/cases/{number}")
        assert page.locator("#write").input_value() == "您好，结果如下"
        assert page.locator("#composer [name=explanation]").input_value() == ""


def test_everything_by_name(browser: Any, served: Served, people: dict[str, str], language: str) -> None:
    """The palette does what a button does; help lists the keys; they can be turned off; tabs are fetched."""
    number = reported(served, QUESTION, account=f"a-pal-{language}")
    decided(served, f"a-pal-{language}", counterparty={"id": "6222021234567890128"})
    with at_desk(browser, served, people["wang"], language) as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("Control+k")
        page.keyboard.type({"en": "freez", "zh": "冻结"}[language])
        key = page.locator("#palette li:has(kbd)").first
        assert key.locator("kbd").inner_text() == "f"
        named = key.evaluate("line => line.firstChild.textContent")
        assert page.locator("[data-key=f]").first.inner_text().startswith(named)
        assert not named.endswith("f")
        page.locator("#palette input").fill("")
        page.keyboard.type({"en": "snooz", "zh": "延后"}[language])
        page.keyboard.press("Enter")
        page.locator("#do-snooze[open]").wait_for()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("done=snooze"))
        page.locator("[data-part*='tab=money']").click()
        page.locator(".operation").wait_for()
        assert "6222021234567890128" not in page.content()
        page.keyboard.press("?")
        page.locator("#keys[open]").wait_for()
        assert violations(page) == []
        page.locator("[data-keys-switch]").click()
        page.keyboard.press("Escape")
        page.keyboard.press("f")
        assert page.locator("dialog[open]").count() == 0


def test_a_masked_text_is_shown_for_a_purpose_once(
    browser: Any, served: Served, people: dict[str, str]
) -> None:
    """With reason and purpose, on record; a reload covers it; a purpose that does not fit is refused."""
    number = reported(served, NOT_ME, account="a-mask")
    with at_desk(browser, served, people["li"], "en") as page:
        page.goto(f"/desk/cases/{number}")
        assert "13812345678" not in page.content()
        page.locator(".unmask").click()
        page.locator("#unmask-1 [name=reason]").fill("call back")
        page.keyboard.press("Enter")
        page.locator(".said [role=status]").wait_for()
        assert "13812345678" in page.locator(".said-text").inner_text()
        page.goto(f"/desk/cases/{number}")
        assert "13812345678" not in page.content()
        assert "li" in page.locator("#panel").inner_text()
        page.locator(".unmask").click()
        page.locator("#unmask-1 [name=field]").select_option("third_party")
        page.locator("#unmask-1 [name=reason]").fill("kept words")
        page.keyboard.press("Enter")
        page.locator(".refusal").wait_for()
        assert page.locator("#unmask-1 [name=reason]").input_value() == "kept words"


def test_who_only_looks_is_offered_nothing_to_do(served: Served, people: dict[str, str]) -> None:
    """An auditor reads and cannot write; an admin reads no message; whoever is revoked reads nothing more."""
    number = reported(served, account="a-look")
    with httpx.Client(base_url=served.address, headers={"accept": "text/html"}) as client:
        for name, words in (("eye", True), ("root", False)):
            client.cookies.set(SESSION_COOKIE, people[name])
            shown = client.get(f"/desk/cases/{number}")
            assert shown.status_code == 200
            assert ("马上处理" in shown.text) is words
            assert '<form method="post"' not in shown.text
            token = re.search(r'name="csrf" content="([^"]*)"', shown.text)
            assert token is not None
            note = {"csrf": token[1], "mode": "note", "text": "x"}
            sent = client.post(
                f"/desk/cases/{number}/do/write", data=note, headers={"origin": served.address}
            )
            assert sent.status_code == 403
        client.cookies.set(SESSION_COOKIE, people["li"])
        foreign = client.post(f"/desk/cases/{number}/do/write", data={"mode": "note", "text": "x"})
        assert foreign.status_code == 403
        assert client.get("/desk/cases/000000000000").status_code == 404
