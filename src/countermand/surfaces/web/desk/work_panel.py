"""The tab of the work on a case: what each department does and by when, and the approved wording for it."""

from __future__ import annotations

from typing import Any

from countermand.cases.playbooks import newest
from countermand.flows.case_desk import CaseDesk
from countermand.flows.case_links import linked
from countermand.flows.show_case import Dossier
from countermand.kernel.clock import MICROS_PER_HOUR
from countermand.kernel.errors import NotFound
from countermand.vocabulary.staff import Role, Staff

_NOTHING_LINKED: dict[str, Any] = {"links": [], "absorbed": [], "into": None, "recallable": None}
_OUTSIDE = frozenset({Role.REGULATOR_VIEWER, Role.PEER})


async def work_panel(desk: CaseDesk, dossier: Dossier, shown: dict[str, Any], by: Staff) -> dict[str, Any]:
    """Playbook with its steps, departments, wording, and what the case hangs together with.

    Instants are microseconds UTC. Raises Unavailable.
    """
    outside = bool(by.roles & _OUTSIDE)
    steps = _steps(desk, dossier)
    return {
        "playbook": None if not dossier.case.playbook else desk.playbooks[dossier.case.playbook].title,
        "offered": None if dossier.case.playbook else _offered(desk, dossier),
        "steps": steps,
        "departments": _departments(steps, shown["tasks"]),
        "wording": [] if outside else _wording(desk, dossier),
        **(_NOTHING_LINKED if outside else await linked(desk, dossier)),
    }


def _steps(desk: CaseDesk, dossier: Dossier) -> list[dict[str, Any]]:
    case = dossier.case
    book = desk.playbooks.get(case.playbook or "")
    if book is None:
        return []
    left = [one.id for one in book.steps if one.id not in case.steps]
    now = desk.clock.now()
    found = []
    for one in book.steps:
        due = case.first_at + one.hours * MICROS_PER_HOUR
        state = "done" if one.id not in left else "next" if one.id == left[0] else "open"
        late = state != "done" and due < now
        found.append(
            {"id": one.id, "text": one.text, "role": one.role.value, "due_at": due, "state": state,
             "late": late, "may_skip": one.may_skip}
        )  # fmt: skip
    return found


def _offered(desk: CaseDesk, dossier: Dossier) -> Any:
    """The playbook for what the case is about, if there is one."""
    try:
        return newest(desk.playbooks, None, dossier.case.category).title
    except NotFound:
        return None


def _departments(steps: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each role still has to do, and whether something of it is late; those with work first."""
    roles: dict[str, dict[str, Any]] = {}
    for one in steps:
        row = roles.setdefault(one["role"], {"role": one["role"], "left": 0, "done": 0, "late": False})
        row["done" if one["state"] == "done" else "left"] += 1
        row["late"] |= one["late"]
    for task in tasks:
        if task["role"]:
            row = roles.setdefault(task["role"], {"role": task["role"], "left": 0, "done": 0, "late": False})
            row["done" if task["done_by"] else "left"] += 1
    return sorted(roles.values(), key=lambda row: -row["left"])


def _wording(desk: CaseDesk, dossier: Dossier) -> list[Any]:
    """The approved phrases that fit what the case is about."""
    category = dossier.case.category.value
    return [one for one in desk.phrases.values() if not one.for_ or category in one.for_]
