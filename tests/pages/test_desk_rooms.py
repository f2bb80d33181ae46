"""Goal: queues are one's own, a walk-in leaves with a paper, and whoever only looks writes never.

Method: a real house and door, sessions as staff have them; forms by plain HTTP, pages in Chromium.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from countermand.flows.manage_keys import create_key
from countermand.flows.show_case import dossier_of
from countermand.flows.show_exhibits import accesses_of
from countermand.surfaces.http.routes import ROUTE_HANDLERS
from countermand.surfaces.web.routes import PAGE_HANDLERS
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.staff import Role
from pages.desk_stage import NOT_ME, QUESTION, SESSION_COOKIE, at_desk, decided, reported, signed_in
from pages.looking import DESK, PHONE, violations
from pages.served import Served

EVIL = "<script>document.title='owned'</script>"
ROLES = {
    "wang": Role.INVESTIGATOR, "chen": Role.APPROVER, "eye": Role.AUDITOR, "office": Role.REGULATOR_VIEWER,
    "other": Role.REGULATOR_VIEWER, "bank-b": Role.PEER, "root": Role.ADMIN,
}  # fmt: skip
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Sitting:
    """Somebody at the console without a script."""

    def __init__(self, served: Served, cookie: str) -> None:
        headers = {"accept": "text/html", "origin": served.address}
        self.client = httpx.Client(base_url=served.address, headers=headers)
        self.client.cookies.set(SESSION_COOKIE, cookie)
        self.get = self.client.get
        found = re.search(r'name="csrf" content="([^"]*)"', self.get("/desk/opened").text)
        assert found is not None
        self.csrf = found[1]

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """A form."""
        return self.client.post(path, data={"csrf": self.csrf, **fields})


@pytest.fixture(scope="module")
def cookies(served: Served) -> dict[str, str]:
    """A session for everybody."""
    return {name: signed_in(served, name, role) for name, role in ROLES.items()}


@pytest.fixture(scope="module")
def people(served: Served, cookies: dict[str, str]) -> Iterator[dict[str, Sitting]]:
    """Everybody at their console."""
    sitting = {name: Sitting(served, cookie) for name, cookie in cookies.items()}
    yield sitting
    for one in sitting.values():
        one.client.close()


@pytest.fixture(scope="module")
def opened(served: Served, people: dict[str, Sitting]) -> str:
    """A case with a decision, opened to a regulator and another bank, of which something is asked."""
    operation = decided(served, "a-987654321", counterparty={"id": "6222021234567890128"})
    number = reported(served, NOT_ME, account="a-987654321", operations=(operation,))
    for to in ("office", "bank-b"):
        given = people["chen"].post("/desk/access", **grant(number, to))
        assert given.headers["location"] == "/desk/access?done=given"
    asked = {"title": f"hold 5.00 {EVIL}", "owner": "bank-b", "due": "2099-01-01T10:00"}
    assert people["chen"].post(f"/desk/cases/{number}/do/peer", **asked).status_code == 303
    return number


def grant(number: str, to: str, **more: str) -> dict[str, str]:
    """The form that opens a case."""
    until = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    return {"case": number, "to": to, "until": until, "purpose": "legal_request", "why": "调取"} | more


def paths(handlers: Any, *methods: str) -> list[tuple[str, str, Any]]:
    """Every address that takes one of these methods, with a name in each gap, and its handler."""
    return [
        (method, re.sub(r"\{[^}]*\}", "x", path), handler)
        for handler in handlers
        for path in handler.paths
        for method in map(str, handler.http_methods)
        if method in methods
    ]


def test_an_auditor_cannot_write_by_any_door(served: Served, people: dict[str, Sitting], opened: str) -> None:
    """Every form and every call of the desk is refused (F14), and no page that is read holds such a form."""
    eye = people["eye"]
    before = served.run(dossier_of(served.house.reception, opened)).case.version
    for _, path, handler in paths(PAGE_HANDLERS, "POST"):
        if handler.opt["page"] == "staff" and not handler.opt.get("own"):
            assert eye.post(path.replace("/cases/x", f"/cases/{opened}")).status_code == 403, path
    _, key = served.run(create_key(served.house, "eye", ["desk"], "test", staff="eye", roles=[Role.AUDITOR]))
    with httpx.Client(base_url=served.address, headers={"authorization": f"Bearer {key}"}) as program:
        for method, path, handler in paths(ROUTE_HANDLERS, *WRITES):
            if handler.opt.get("scope") == "desk":
                answer = program.request(method, path.replace("/cases/x", f"/cases/{opened}"), json={})
                assert (answer.status_code, answer.json()["code"]) == (403, "role_lacks_verb"), (method, path)
    shown = 0
    for _, path, handler in paths(PAGE_HANDLERS, "GET"):
        if path.startswith("/desk") and handler.opt["page"] == "staff":
            with eye.client.stream("GET", path.replace("/cases/x", f"/cases/{opened}")) as page:
                if page.headers["content-type"].startswith("text/html"):  # what goes on for ever is no page
                    assert '<form method="post"' not in page.read().decode(), path
                    shown += page.status_code == 200
    assert shown >= 10
    assert served.run(dossier_of(served.house.reception, opened)).case.version == before


def test_a_regulator_sees_one_case_traced_masked_and_on_record(
    served: Served, people: dict[str, Sitting], opened: str
) -> None:
    """From report to decision, policy and clocks; each look is one the customer can read; then it is over."""
    office, other = people["office"], people["other"]
    assert office.get("/desk").headers["location"] == "/desk/opened"
    assert opened in office.get("/desk/opened").text
    assert opened not in other.get("/desk/opened").text
    traced = office.get(f"/desk/cases/{opened}/trace").text
    for told in ("cn-consumer-finance@", "cn.complaint.decide", "…0128", "said not to be wanted"):
        assert told in traced
    for hidden in ("13812345678", "6222021234567890128", "a-987654321", "hold 5.00"):
        assert hidden not in traced
    case = served.run(dossier_of(served.house.reception, opened)).case
    looks = served.run(accesses_of(served.house.room, case))["accesses"]
    assert {(one["by"], one["what"], one["agreed_by"]) for one in looks} == {("office", "case", "chen")}
    for path in (
        f"/desk/cases/{reported(served, QUESTION, account='a-5')}/trace",
        "/desk/access",
        "/desk/clocks",
    ):
        assert office.get(path).status_code == 403, path
    assert other.get(f"/desk/cases/{opened}/trace").status_code == 403


def test_another_bank_sees_what_it_is_asked_and_no_more(
    served: Served, people: dict[str, Sitting], opened: str
) -> None:
    """Its own task with its time, as text; no words, no decisions, no notes of others."""
    bank = people["bank-b"]
    traced = bank.get(f"/desk/cases/{opened}/trace")
    assert "hold 5.00" in traced.text
    assert EVIL not in traced.text
    for hidden in ("马上处理", "cn-consumer-finance@", "cn.complaint.decide", "a-987654321", "cn.complaint"):
        assert hidden not in traced.text
        assert hidden not in bank.get(f"/desk/cases/{opened}?view=timeline&tab=work").text


def test_access_is_given_with_an_end_and_ended(
    served: Served, people: dict[str, Sitting], opened: str
) -> None:
    """To outsiders, within 90 days, by who may; what was typed comes back; once ended, it opens nothing."""
    chen = people["chen"]
    for wrong in (
        {"purpose": "wang"},
        {"until": "2020-01-01T00:00"},
        {"until": "2099-01-01T00:00"},
        {"until": EVIL},
    ):
        refused = chen.post("/desk/access", **grant(opened, "other", **wrong))
        assert refused.status_code == 400
        assert 'value="调取"' in refused.text
        assert EVIL not in refused.text
    assert chen.post("/desk/access", **grant(opened, "wang")).status_code == 400
    assert people["wang"].post("/desk/access", **grant(opened, "other")).status_code == 403
    chen.post("/desk/access", **grant(opened, "other"))
    assert people["other"].get(f"/desk/cases/{opened}").status_code == 200
    assert "other" in people["eye"].get("/desk/access").text
    dossier = served.run(dossier_of(served.house.reception, opened))
    last = next(one for one in dossier.grants if one.staff == "other")
    chen.post(f"/desk/access/{opened}/{last.id}/end")
    assert people["other"].get(f"/desk/cases/{opened}").status_code == 403
    assert people["root"].get("/desk/access/matrix?role=auditor").status_code == 200


def test_a_queue_is_made_tried_changed_and_removed(served: Served, people: dict[str, Sitting]) -> None:
    """With a name in any script, live counts, its own order; a wrong one comes back as it was typed."""
    wang, chen = people["wang"], people["chen"]
    first, second = (reported(served, QUESTION, account=f"q-{at}") for at in (1, 2))
    form = {"name": "问询 & 新", "risk": "P3", "whose": "nobody", "order": "newest", "shared": "yes"}
    tried = wang.post("/desk/queues/try", **form)
    spoken = [f"{one[:4]} {one[4:8]} {one[8:]}" for one in (first, second)]
    assert tried.text.index(spoken[1]) < tried.text.index(spoken[0])
    assert wang.post("/desk/queues", **form).status_code == 303
    rail = chen.get("/desk", params={"queue": "问询 & 新"}).text
    assert rail.index(spoken[1]) < rail.index(spoken[0])
    edited = chen.get("/desk/queues", params={"name": "问询 & 新", "shared": "yes"}).text
    assert re.search(r'name="risk" value="P3" checked', edited)
    refused = wang.post("/desk/queues", **{**form, "name": EVIL * 3, "owner": EVIL})
    assert refused.status_code == 400
    assert EVIL not in refused.text
    assert wang.post("/desk/queues", **{**form, "name": "all"}).status_code == 409
    assert wang.post("/desk/queues/remove", name="问询 & 新", shared="yes").status_code == 303
    assert "问询" not in chen.get("/desk/queues").text


def test_many_are_assigned_as_was_previewed(served: Served, people: dict[str, Sitting]) -> None:
    """Who gets which is shown before; what changed meanwhile stays, and says so."""
    wang = people["wang"]
    numbers = [reported(served, QUESTION, account=f"m-{at}") for at in (1, 2)]
    shown = wang.post("/desk/many/preview", case=numbers, to="chen", queue="unowned").text
    give = re.findall(r'name="give" value="([^"]*)"', shown)
    assert [one.rpartition("|")[2] for one in give] == ["chen", "chen"]
    assert served.run(dossier_of(served.house.reception, numbers[0])).case.owner is None
    wang.post(f"/desk/cases/{numbers[0]}/do/assign", to="wang")
    done = wang.post("/desk/many", give=give, queue="unowned")
    assert done.status_code == 200
    owners = [served.run(dossier_of(served.house.reception, one)).case.owner for one in numbers]
    assert owners == ["wang", "chen"]
    assert "1 case has a new handler" in done.text
    assert "handles no cases" in wang.post("/desk/many/preview", case=numbers, to="eye").text
    assert wang.post("/desk/many", give="x|y|z").status_code == 400


VISIT = {
    "who": "itself", "account": "c-1", "text": f"不是我转的 {EVIL}", "branch": "南京路支行",
    "stop": "everything", "paper_identity_document": "original", "paper_statement": "copy",
    "compared": "yes", "proof": "card_chip",
    "language": "zh", "due": "2099-01-01T10:00",
}  # fmt: skip


def test_a_walk_in_is_contained_and_leaves_with_a_paper(served: Served, people: dict[str, Sitting]) -> None:
    """Proven by two proofs; sent twice it is one; the paper opens the case, the screen shows no code."""
    wang = people["wang"]
    soon = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    form = {**VISIT, "key": "visit-1", "due": soon}
    refused = wang.post("/desk/counter", **{**form, "branch": ""})
    assert refused.status_code == 400
    assert "&lt;script&gt;" in refused.text
    paper = wang.post("/desk/counter", **form)
    assert paper.status_code == 200
    assert EVIL not in paper.text
    (number,) = set(re.findall(r"/desk/cases/(\d{12})", paper.text))
    printed = re.search(r'<span class="printed">(.*?)</span>\s*<span class="unprinted', paper.text, re.DOTALL)
    assert printed is not None
    groups = re.findall(r"<span>(\w{5})</span>", printed[1])
    assert (len(groups), paper.text.count(groups[0])) == (4, 1)
    case = served.run(served.house.public_door.case_of(number, "-".join(groups), "198.51.100.4"))
    assert (case.channel, case.standing, case.contained) == ("branch", Standing.PROVEN, "frozen")
    again = wang.post("/desk/counter", **form)
    assert number in again.text
    dossier = served.run(dossier_of(served.house.reception, number))
    assert len(dossier.messages) == 1
    assert [one.title for one in dossier.tasks] == ["[预约 appointment] 南京路支行"]
    assert wang.get(f"/desk/counter/{number}/receipt.pdf").status_code in (200, 202)
    assert people["eye"].post("/desk/counter", **form).status_code == 403


def test_who_speaks_for_another_proves_nobody_else(served: Served, people: dict[str, Sitting]) -> None:
    """A daughter's face is not her father's; her name stands with what she said."""
    wang = people["wang"]
    form = {**VISIT, "key": "visit-2", "who": "another", "account": "c-2", "due": "", "name": ""}
    assert wang.post("/desk/counter", **form).status_code == 400
    paper = wang.post("/desk/counter", **{**form, "name": "王小明", "relation": "女儿"})
    (number,) = set(re.findall(r"/desk/cases/(\d{12})", paper.text))
    dossier = served.run(dossier_of(served.house.reception, number))
    assert dossier.case.standing == Standing.CLAIMED
    assert "王小明 · 女儿" in dossier.messages[0].masked


def test_every_room_is_whole(
    browser: Any, served: Served, cookies: dict[str, str], opened: str, language: str
) -> None:
    """Each page without an accessibility fault, no wider than a phone; in Chinese, the densest of them."""
    rooms = {
        "wang": ("/desk/queues", "/desk/many", "/desk/counter", f"/desk/cases/{opened}?tab=work"),
        "eye": ("/desk/access", "/desk/access/matrix?role=agent", f"/desk/cases/{opened}/trace"),
        "bank-b": ("/desk/opened", f"/desk/cases/{opened}/trace"),
    }
    if language == "zh":
        rooms = {"wang": rooms["wang"][2:], "eye": rooms["eye"][2:]}
    with at_desk(browser, served, cookies["wang"], language) as page:
        for name, path in [(name, path) for name, pages in rooms.items() for path in pages]:
            cookie = {"name": SESSION_COOKIE, "value": cookies[name], "url": served.address}
            page.context.add_cookies([cookie])
            page.set_viewport_size(PHONE)
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
            page.set_viewport_size(DESK)
            assert violations(page) == [], path
