"""All that a case's page shows, gathered in as few looks as there are rooms: state, words, people, panel."""

from __future__ import annotations

from typing import Any

from countermand.cases.case import NEXT_STAGES
from countermand.cases.numbers import spoken
from countermand.cases.playbooks import MacroText
from countermand.flows.beside_case import be_there, read_draft
from countermand.flows.case_desk import CaseDesk
from countermand.flows.desk_view import for_desk
from countermand.flows.freeze_case import SECOND_THOUGHT_MICROS, preview_freeze
from countermand.flows.keep_staff import list_staff
from countermand.flows.link_cases import suggested
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import PROMISE_WORDS, Dossier, dossier_of
from countermand.flows.show_checklist import show_checklist
from countermand.flows.show_clocks import show_clocks
from countermand.kernel.errors import CountermandError, Forbidden
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.desk.case_panel import panel_of
from countermand.surfaces.web.desk.frame import Asked, May, house_of, plain_number, trace_of
from countermand.vocabulary.acts import Reply
from countermand.vocabulary.cases import (
    Ball,
    CaseEvent,
    CaseOutcome,
    Contained,
    EventKind,
    RootCause,
    Stage,
)
from countermand.vocabulary.clocks import LIVE
from countermand.vocabulary.staff import ALONE, STAFF_ROLES, Role
from countermand.vocabulary.triage import Category

TABS = ("person", "work", "money", "devices", "evidence", "clocks", "rules", "kb")
VIEWS = ("conversation", "timeline")
_LIVE = frozenset(state.value for state in LIVE)
# Who only looks leaves no trace of being there for those who work.
_LOOKERS = frozenset({Role.AUDITOR, Role.REGULATOR_VIEWER, Role.PEER, Role.ADMIN})


async def case_values(request: Asked, number: str, view: str, tab: str, asked: str) -> dict[str, Any]:
    """What `desk/case.html` is given; `asked` is what was typed into the panel.

    Raises NotFound `unknown_case`, Forbidden (`role_lacks_verb`, `conflict_of_interest`), Unavailable.
    """
    house, staff = house_of(request), staff_of(request)
    cover = await cover_for(house.case_desk, number, staff, trace_of(request))
    dossier = await dossier_of(house.reception, number)
    clocks = await show_clocks(house.reception.clocks.house, dossier.case.id)
    shown, may = cover(for_desk(dossier, clocks)), May(staff.roles)
    works = may["work"] and not staff.roles & _LOOKERS
    tab = tab if tab in TABS else TABS[0]
    return {
        "shown": shown,
        "case": {
            "outcome": None,
            "account": None,
            "person": None,
            "owner": None,
            "team": None,
            "language": "zh",
            **shown["case"],
        },
        "number": plain_number(number),
        "spoken": spoken(dossier.case.number),
        "view": view if view in VIEWS else VIEWS[0],
        "tab": tab,
        "panel": await panel_of(request, dossier, shown, tab, asked),
        "works": works,
        "promises": PROMISE_WORDS,
        "categories": [one.value for one in Category],
        "outcomes": [one.value for one in CaseOutcome],
        "causes": [one.value for one in RootCause],
        "stages": sorted(one.value for one in NEXT_STAGES[dossier.case.stage]),
        "balls": [one.value for one in Ball],
        "roles": [one.value for one in STAFF_ROLES if one not in ALONE],
        "telling": dossier.case.outcome is not None and dossier.case.stage in (Stage.DECIDE, Stage.REMEDY),
        "legal": next((one for one in clocks if one["kind"] == "legal" and one["state"] in _LIVE), None),
        "mine": _second_thoughts(dossier, staff.name, house.clock.now()),
        **(await _beside(request, number, dossier) if works else _NOTHING_BESIDE),
    }


_NOTHING_BESIDE: dict[str, Any] = {
    "others": [], "draft": "", "draft_old": False, "people": [], "scopes": {}, "alike": [], "books": None,
    "wanted": [],
}  # fmt: skip


async def _beside(request: Asked, number: str, dossier: Dossier) -> dict[str, Any]:
    """Who else is here, what was begun, whom it can go to, what a freeze would stop, what may be the same."""
    house, staff = house_of(request), staff_of(request)
    desk = house.case_desk
    there = await be_there(desk, number, "reading", staff)
    draft = await read_draft(desk, number, staff) if there["draft"] else {"text": "", "changed_since": False}
    scopes = {}
    if May(staff.roles)["contain"]:
        for name, whole in (("outgoing", False), ("whole", True)):
            try:
                scopes[name] = await preview_freeze(desk, number, staff, whole=whole)
            except CountermandError:
                break
    try:
        alike = (await suggested(desk, number, staff))["suggested"]
    except Forbidden:
        alike = []
    category = dossier.case.category.value
    fits = [one for one in desk.phrases.values() if not one.for_ or category in one.for_]
    return {
        "others": there["others"],
        "draft": draft["text"] or "",
        "draft_old": draft["changed_since"],
        "people": await list_staff(desk),
        "scopes": scopes,
        "alike": alike,
        "wanted": await _wanted(request, number),
        "books": {"phrases": fits, "macros": [_offered(desk, one) for one in desk.macros.values()]},
    }


def _offered(desk: CaseDesk, macro: MacroText) -> dict[str, Any]:
    """A macro as the composer offers it, with the values that its phrases still need."""
    needed: set[str] = set()
    for act in macro.acts:
        if isinstance(act, Reply):
            marks = {
                mark for name in act.phrases if name in desk.phrases for mark in desk.phrases[name].marks
            }
            needed |= marks - act.values.keys() - {"handler", "case"}
    return {"id": macro.id, "title": macro.title, "marks": sorted(needed)}


async def _wanted(request: Asked, number: str) -> list[dict[str, Any]]:
    """What only the customer can give, as the checklist of the case has it."""
    try:
        checklist = await show_checklist(house_of(request).reading_desk, number, staff_of(request))
    except Forbidden:
        return []
    return [one for one in checklist["items"] if one["state"] == "ask"]


def _second_thoughts(dossier: Dossier, name: str, now: int) -> CaseEvent | None:
    """The freeze that whoever looks has just placed and may take back alone."""
    held = dict(dossier.case.held)
    return next(
        (
            event
            for event in reversed(dossier.events)
            if event.kind is EventKind.CONTAINED
            and event.actor == name
            and now - event.at <= SECOND_THOUGHT_MICROS
            and held[event.body["incident"]] not in (Contained.ENDED, Contained.LIFTED)
        ),
        None,
    )
