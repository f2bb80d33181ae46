"""Goal: all that agents do with a case is a form of its page, by keys, with its way back; no word is lost.

Method: a real house and door, sessions as staff have them, the system's Chromium; forms also by plain HTTP.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pyotp
import pytest

from countermand.flows.keep_staff import remove_staff
from countermand.flows.show_case import dossier_of
from countermand.flows.staff_changes import change_roles
from countermand.vocabulary.cases import Case, Direction
from countermand.vocabulary.staff import Role, Staff
from flows.staff_stage import LIGHT, PASSWORD, join, light
from pages.desk_stage import NOT_ME, QUESTION, SESSION_COOKIE, at_desk, reported, signed_in
from pages.looking import violations
from pages.served import Served

EVIL = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>"
LATER = "2099-01-02T10:00"


@pytest.fixture(scope="module", autouse=True)
def hashed_lightly(served: Served) -> None:
    """A hash that costs nothing."""
    object.__setattr__(served.house.access.kit, "passwords", LIGHT)


@pytest.fixture(scope="module")
def people(served: Served) -> dict[str, str]:
    """Cookies of an investigator and an approver."""
    roles = {"wang": Role.INVESTIGATOR, "chen": Role.APPROVER}
    return {name: signed_in(served, name, role) for name, role in roles.items()}


@pytest.fixture
def wang(served: Served, people: dict[str, str]) -> Iterator[Forms]:
    """Somebody who sends forms without a browser."""
    with httpx.Client(base_url=served.address, headers={"accept": "text/html"}) as client:
        client.cookies.set(SESSION_COOKIE, people["wang"])
        yield Forms(client, served)


class Forms:
    """The forms of a case as a browser without a script sends them."""

    def __init__(self, client: httpx.Client, served: Served) -> None:
        self.client, self.served = client, served
        found = re.search(r'name="csrf" content="([^"]*)"', client.get("/desk").text)
        assert found is not None
        self.csrf = found[1]

    def send(self, number: str, name: str, **fields: Any) -> httpx.Response:
        """A form of a case."""
        fields |= {"csrf": self.csrf}
        headers = {"origin": self.served.address}
        return self.client.post(f"/desk/cases/{number}/do/{name}", data=fields, headers=headers)

    def done(self, number: str, name: str, **fields: Any) -> Case:
        """It was taken, and the case as it is then."""
        answer = self.send(number, name, **fields)
        assert answer.status_code == 303, answer.text[answer.text.find("refusal") :][:400]
        assert self.client.get(answer.headers["location"]).status_code == 200
        return self.served.run(dossier_of(self.served.house.reception, number)).case


def ids(served: Served, number: str) -> dict[str, str]:
    """Names of the task, the promises and the messages of a case."""
    dossier = served.run(dossier_of(served.house.reception, number))
    found = {f"promise {one.code}": one.id for one in dossier.promises}
    return found | {f"task {one.title}": one.id for one in dossier.tasks}


def test_every_small_act_has_a_form_and_a_way_back(wang: Forms, served: Served) -> None:
    """Tags, tasks, promises, who moves next, stage, regulator, playbook, police, material, collection."""
    number = reported(served, account="w-small")
    assert wang.done(number, "tag", tag="vip").tags == {"vip"}
    assert wang.done(number, "tag", tag="vip", on="no").tags == frozenset()
    wang.done(number, "task", title="call", role="investigator", due=LATER)
    task = ids(served, number)["task call"]
    for name, on in (("task_taken", "yes"), ("task_taken", "no"), ("task_done", "yes"), ("task_done", "no")):
        wang.done(number, name, task=task, on=on)
    wang.done(number, "promise", what="answer", due=LATER)
    wang.done(number, "kept", promise=ids(served, number)["promise answer"])
    assert wang.done(number, "ball", ball="police").ball == "police"
    assert wang.done(number, "side", side="litigation").sides == {"litigation"}
    assert wang.done(number, "side", side="litigation", on="no").sides == frozenset()
    assert wang.done(number, "playbook").playbook == "unwanted-operation@1"
    first = wang.done(number, "step", step="contain")
    assert first.steps == ("contain",)
    assert wang.done(number, "stage", stage="investigate").stage == "investigate"
    assert wang.done(number, "police", reference="A3101").police_report == "A3101"
    asked = wang.done(number, "ask", item="付款截图", more="短信")
    assert (asked.ball, asked.tags) == ("customer", {"material-asked"})
    assert wang.done(number, "collection", debts="loan-1\nloan-2").collection_paused
    assert wang.done(number, "peer", title="please hold", ball="merchant", due=LATER).ball == "merchant"
    dossier = served.run(dossier_of(served.house.reception, number))
    said = next(one.masked for one in dossier.messages if one.direction is Direction.OUT)
    assert "付款截图；短信" in said


def test_more_than_one_case(wang: Forms, served: Served) -> None:
    """Merged and given back, linked and not, split off, gathered and let go: each is undone from the page."""
    one, other = reported(served, account="w-more"), reported(served, QUESTION, account="w-more")
    assert len(wang.done(one, "merge", case=other).absorbed) == 1
    assert wang.done(one, "unmerge", case=other).absorbed == ()
    assert len(wang.done(one, "link", case=other, kind="same_ring").links) == 1
    assert wang.done(one, "unlink", case=other, kind="same_ring").links == ()
    assert len(wang.done(one, "gather", case=f"{other}\n").links) == 1
    assert wang.send(one, "answer-all", text="已修复，无需操作。").headers["location"].endswith("done=waits")
    assert wang.done(one, "gather", case=other, on="no").links == ()
    reported(served, "还有一笔也不是我", account="w-more")
    wang.done(one, "write", mode="reply", text="请稍候，正在核实。")
    first = served.run(dossier_of(served.house.reception, one)).messages[0].id
    new = wang.send(one, "split", message=first)
    assert new.status_code == 303
    part = wang.client.get(new.headers["location"])
    assert part.status_code == 200
    refused = wang.send(one, "split", message="")
    assert (refused.status_code, "split_refused" in refused.text or "refusal" in refused.text) == (400, True)


def test_an_end_with_a_cause_of_ours_and_back_again(wang: Forms, served: Served) -> None:
    """It names who removes the cause; without, the form comes back filled; the case can be opened again."""
    number = reported(served, QUESTION, account="w-end")
    form = {"outcome": "answered", "why": f"说明 {EVIL}", "root_cause": "system_flaw"}
    refused = wang.send(number, "resolve", **form)
    assert refused.status_code == 400
    assert "&lt;script&gt;" in refused.text
    assert EVIL not in refused.text
    assert wang.done(number, "resolve", **form, fix_owner="wang", fix_due=LATER).stage == "closed"
    assert wang.done(number, "reopen", why="again").stage == "investigate"


def test_script_in_every_field_is_text(wang: Forms, served: Served) -> None:
    """Whatever is typed anywhere is shown as it was typed, where it is kept and where it is refused."""
    number = reported(served, f"{NOT_ME} {EVIL}", account="w-evil")
    fields = {
        "task": {"title": EVIL, "owner": "wang"}, "tag": {"tag": EVIL}, "police": {"reference": EVIL},
        "promise": {"what": EVIL, "due": EVIL}, "ask": {"item": EVIL, "more": EVIL},
        "peer": {"title": EVIL, "owner": "x"}, "split": {"message": EVIL}, "gather": {"case": EVIL},
        "link": {"case": EVIL, "kind": EVIL}, "merge": {"case": EVIL}, "freeze": {"why": EVIL},
        "triage": {"risk": "P1", "why": EVIL}, "collection": {"debts": EVIL}, "stage": {"stage": EVIL},
        "write": {"mode": "note", "text": EVIL}, "snooze": {"length": EVIL}, "ball": {"ball": EVIL},
    }  # fmt: skip
    for name, typed in fields.items():
        answer = wang.send(number, name, **typed)
        assert answer.status_code in (303, 400, 404, 409), (name, answer.status_code)
        assert "<script>document" not in answer.text, name
        assert "<img src=x" not in answer.text, name
    for tab in ("person", "work", "money", "clocks", "rules", "kb"):
        shown = wang.client.get(f"/desk/cases/{number}", params={"tab": tab, "view": "timeline", "q": EVIL})
        assert shown.status_code == (400 if tab in ("money", "rules") else 200), (
            "there it is a place in a list"
        )
        assert "<script>document" not in shown.text


def test_work_by_keys_and_the_palette(
    browser: Any, served: Served, people: dict[str, str], language: str
) -> None:
    """The playbook beside the case, a task by name, its wording into the reply; nothing is at fault."""
    number = reported(served, account=f"w-keys-{language}")
    with at_desk(browser, served, people["wang"], language) as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("w")
        page.locator("#panel form[action$='do/playbook'] button").press("Enter")
        page.locator(".step.next").wait_for()
        assert page.locator("#panel [aria-current='step']").count() == 1
        page.keyboard.press("Control+k")
        page.keyboard.type({"en": "add a task", "zh": "添加待办"}[language])
        page.keyboard.press("Enter")
        page.locator("#do-task[open]").wait_for()
        assert violations(page) == []
        page.keyboard.type(f"核对 {EVIL}")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("done=task"))
        page.keyboard.press("w")
        page.locator("#panel", has_text=EVIL).wait_for()
        page.locator(".wording summary").press("Enter")
        page.locator("[data-phrase=never-ask]").press("Enter")
        page.locator(".chip").wait_for()
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile("done=write"))
        assert page.locator(".said.out").count() == 1
        assert page.title() != "owned"


def test_merged_by_keys_and_given_back(browser: Any, served: Served, people: dict[str, str]) -> None:
    """The other number, Enter; beside the case it is given back, and linked instead."""
    number, other = reported(served, account="w-key"), reported(served, QUESTION, account="w-key")
    with at_desk(browser, served, people["wang"], "zh") as page:
        page.goto(f"/desk/cases/{number}")
        for key, typed, then in (("m", other, "merge"), ("l", other, "link")):
            page.keyboard.press(key)
            page.locator(f"#do-{then}[open]").wait_for()
            page.keyboard.type(typed)
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile(f"done={then}"))
            page.keyboard.press("w")
            undo = {"merge": "unmerge", "link": "unlink"}[then]
            page.locator(f"#panel form[action$='do/{undo}'] button").press("Enter")
            page.wait_for_url(re.compile(f"done={undo}"))
    case = served.run(dossier_of(served.house.reception, number)).case
    assert (case.absorbed, case.links) == ((), ())


async def time_is_up(served: Served, name: str) -> None:
    """As if they had been away for hours."""
    async with served.house.works.open() as unit:
        for session in await unit.access.sessions(name):
            await unit.access.put_session(session._replace(seen_at=0))


def test_a_session_that_ended_while_one_wrote_loses_nothing(browser: Any, served: Served) -> None:
    """Whoever signs in again finds what they sent, and sends it; it is written once."""
    person = served.run(join(light(served.house.access), "zhao", Role.AGENT))
    number = reported(served, account="w-over")
    with at_desk(browser, served, person.cookie, "zh") as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("x")
        page.keyboard.type(f"已核对设备 {EVIL}")
        served.run(time_is_up(served, "zhao"))
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/staff/sign-in*")
        page.locator("#name").fill("zhao")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator("#code").fill(pyotp.TOTP(person.totp).at(int(time.time()) + 30))
        page.keyboard.press("Enter")
        page.wait_for_url("**/staff/kept/*")
        assert EVIL in page.locator("dl").inner_text()
        page.locator("main .button.main").press("Enter")
        page.wait_for_url(re.compile("done=write"))
        assert [EVIL in one for one in page.locator(".said.note .said-text").all_inner_texts()] == [True]
        assert page.title() != "owned"


@pytest.mark.parametrize(("change", "told"), [("roles", "role_lacks_verb"), ("leaves", "sign_in")])
def test_who_may_no_longer_is_told_so_and_nothing_is_written(
    browser: Any, served: Served, change: str, told: str
) -> None:
    """An open tab: the next act is refused where its role was taken or it left, and the money stays free."""
    name = f"qian-{change}"
    cookie, account = signed_in(served, name, Role.AGENT), f"w-{change}"
    number = reported(served, QUESTION, account=account)
    with at_desk(browser, served, cookie, "en") as page:
        page.goto(f"/desk/cases/{number}")
        page.keyboard.press("f")
        page.locator("#do-freeze[open]").wait_for()
        if change == "roles":
            served.run(change_roles(served.house.access, name, [Role.QUALITY], "cli"))
        else:
            remover = Staff(name="cli", roles=frozenset({Role.ADMIN}))
            served.run(remove_staff(served.house, served.house.case_desk, name, remover))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        shown = page.url + page.content()
        assert ("role_lacks_verb" in shown) is (told == "role_lacks_verb")
        assert ("/staff/sign-in" in page.url) is (told == "sign_in")
        assert violations(page) == []
    case = served.run(dossier_of(served.house.reception, number)).case
    assert (case.contained, case.version) == ("none", case.version)
    assert not [
        one for one in served.run(dossier_of(served.house.reception, number)).events if one.actor == name
    ]


def test_a_forged_way_in_opens_nothing(served: Served) -> None:
    """An invitation, a session and a link to prove that nobody made; and their script is text."""
    with httpx.Client(base_url=served.address, headers={"accept": "text/html"}) as client:
        for path in (
            "/staff/invitation/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            f"/staff/invitation/{EVIL}",
        ):
            refused = client.get(path)
            assert (refused.status_code, EVIL in refused.text) == (404, False)
        client.cookies.set(SESSION_COOKIE, "A" * 43)
        sent = client.get("/desk")
        assert (sent.status_code, sent.headers["location"]) == (303, "/staff/sign-in?next=%2Fdesk")
        away = client.get("/staff/sign-in", params={"next": "//evil.example"})
        assert "//evil.example" not in away.text
