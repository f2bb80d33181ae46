"""What stands beside a case, a tab at a time: person, money, devices, evidence, clocks, rules, knowledge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from countermand.flows.find_cases import list_cases
from countermand.flows.keep_knowledge import search_knowledge
from countermand.flows.keep_profiles import show_profile
from countermand.flows.show_case import Dossier
from countermand.flows.show_case_account import show_case_account
from countermand.flows.show_checklist import show_checklist
from countermand.flows.show_exhibits import list_exhibits
from countermand.flows.tell_facts import told_facts
from countermand.kernel.errors import Forbidden, NotFound
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import page_language
from countermand.surfaces.web.desk.frame import Asked, May, house_of
from countermand.surfaces.web.desk.work_panel import work_panel
from countermand.surfaces.web.told_facts import facts_shown
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.queues import QueueFilter

OTHERS_SHOWN_MAX = 8
ARTICLES_SHOWN_MAX = 6
Shown = dict[str, Any]


class Beside(NamedTuple):
    """Who looks at which case, as far as they may see it, and what they typed into the panel."""

    request: Asked
    dossier: Dossier
    shown: Shown
    asked: str


async def panel_of(request: Asked, dossier: Dossier, shown: Shown, tab: str, asked: str) -> dict[str, Any]:
    """The values of one tab; `{"closed": True}` where the role does not see it. Raises Unavailable."""
    try:
        return await _PANELS[tab](Beside(request, dossier, shown, asked))
    except Forbidden:
        return {"closed": True}


async def _person(at: Beside) -> dict[str, Any]:
    house, case = house_of(at.request), at.dossier.case
    account = at.shown["case"].get("account")
    profile, others = None, []
    if account is not None and account == case.account:
        try:
            profile = await show_profile(house, account)
        except NotFound:
            profile = None
        if May(staff_of(at.request).roles)["list_cases"]:
            wanted = QueueFilter(account=account)
            found = await list_cases(house.reception, wanted, staff_of(at.request).name, "", OTHERS_SHOWN_MAX)
            others = [one for one in found["cases"] if one["case"] != at.shown["case"]["number"]]
    return {"profile": profile, "others": others}


async def _money(at: Beside) -> dict[str, Any]:
    return await show_case_account(
        house_of(at.request).case_desk, at.dossier.case.number, staff_of(at.request), at.asked
    )


async def _devices(at: Beside) -> dict[str, Any]:
    house, account = house_of(at.request), at.dossier.case.account
    record = await _money(at._replace(asked=""))
    if account is None:
        return {"known": [], "seen": [], "authenticators": []}
    try:
        known = (await show_profile(house, account))["devices"] or []
    except NotFound:
        known = []
    seen: dict[str, Shown] = {}
    for one in record["operations"]:
        if one["device"] is not None:
            seen.setdefault(one["device"], one)
    return {
        "known": list(known),
        "seen": [{"device": device, "known": device in known, **one} for device, one in seen.items()],
        "authenticators": await house.authenticators.all(account),
    }


async def _evidence(at: Beside) -> dict[str, Any]:
    house, number, staff = house_of(at.request), at.dossier.case.number, staff_of(at.request)
    checklist = await show_checklist(house.reading_desk, number, staff)
    last = await told_facts(house.reading_desk, number, staff)
    told = () if last is None else facts_shown(last.facts, house.reception.timezone)
    return {"checklist": checklist, "told": told, **await list_exhibits(house.room, number, staff)}


async def _work(at: Beside) -> dict[str, Any]:
    return await work_panel(house_of(at.request).case_desk, at.dossier, at.shown, staff_of(at.request))


async def _clocks(at: Beside) -> dict[str, Any]:
    return {"clocks": at.shown["clocks"]}


async def _rules(at: Beside) -> dict[str, Any]:
    read = [event for event in at.dossier.events if event.kind in (EventKind.READ, EventKind.RISK_SET)]
    return {**await _money(at), "read": read}


async def _kb(at: Beside) -> dict[str, Any]:
    house, language = house_of(at.request), at.dossier.case.language
    language = language if language in ("zh", "en") else page_language(at.request)
    first = next((one.masked for one in at.dossier.messages if at.shown["messages"]), "")
    question = at.asked or first
    found = search_knowledge(house.knowledge, house.clock, question, language) if question else []
    return {"articles": found[:ARTICLES_SHOWN_MAX], "asked": at.asked, "in": language}


_PANELS: dict[str, Callable[[Beside], Awaitable[dict[str, Any]]]] = {
    "person": _person,
    "money": _money,
    "devices": _devices,
    "evidence": _evidence,
    "work": _work,
    "clocks": _clocks,
    "rules": _rules,
    "kb": _kb,
}
