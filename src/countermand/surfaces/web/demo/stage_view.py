"""The demo as its page shows it: acts with what was told, controls, what is decided now, who is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from countermand.drills.demo_company.cast import CAST, CUSTOMER
from countermand.drills.demo_company.stream import Row
from countermand.drills.demo_story.acts import Act
from countermand.drills.demo_story.company import Company
from countermand.drills.demo_story.show import SPEEDS, ActState, Show
from countermand.kernel.text import Text
from countermand.surfaces.web.routes import PAGE_HANDLERS
from countermand.vocabulary.operation_words import titled
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.staff import Role

CUSTOMER_CALLED = Text(en="Lin Yue", zh="林悦")
LIVE_BOARD = "/desk/live"


@cache
def has_page(path: str) -> bool:
    """Whether there is a page at a path."""
    return any(path in handler.paths for handler in PAGE_HANDLERS)


def stage_view(company: Company) -> dict[str, Any]:
    """What the template of the stage is given."""
    show = company.show
    now = next((act for act in show.acts if show.state(act) is ActState.NOW), None)
    last = show.acts[max(0, show.over - 1)] if show.over else show.acts[0]
    on = now or (last if show.is_over or show.over else None)
    return {
        "show": show,
        "speeds": SPEEDS,
        "now_on": None if on is None else _shown_act(show, on),
        "acts": [_shown_act(show, act) for act in show.acts],
        "rows": [
            {"kind": titled(row.operation.kind.value), "amount": row.operation.amount,
             "account": row.operation.account, "outcome": row.decision.outcome, "id": row.decision.id,
             "at": row.decision.decided_at,
             "why": _why(row)}
            for row in company.heard.rows
        ],
        "counts": dict(company.heard.counts),
        "total": company.heard.total,
        "people": _people(company),
        "live_board": has_page(LIVE_BOARD),
    }  # fmt: skip


def called_of(who: str) -> Text:
    """How somebody of the demo is called."""
    return CUSTOMER_CALLED if who == CUSTOMER else CAST[Role(who)].called


def bundle_of(company: Company) -> Path | None:
    """The file that the story has made last."""
    found = company.show.scene.bundle
    return found if found is not None and found.is_file() else None


def _shown_act(show: Show, act: Act) -> dict[str, Any]:
    scene, state = show.scene, show.state(act)
    begun = state is not ActState.WAITING
    return {
        "name": act.name,
        "title": act.title,
        "about": act.about,
        "state": state.value,
        "lines": scene.told.get(act.name, []),
        "looks": [
            {"number": number, "who": look.who, "label": look.label, "to": to, "proof": look.proof,
             "takes_over": look.takes_over}
            for number, look in enumerate(act.looks)
            if begun and (to := look.to(scene)) is not None
        ],
    }  # fmt: skip


def _why(row: Row) -> Text | None:
    """The first reason, where an operation did not simply go through."""
    decision = row.decision
    return decision.reasons[0].text if decision.reasons and decision.outcome != Outcome.ALLOW.word else None


def _people(company: Company) -> list[dict[str, Any]]:
    """Whoever somebody may come in as."""
    found: list[dict[str, Any]] = [
        {"who": CUSTOMER, "called": CUSTOMER_CALLED, "does": Text(en="customer", zh="客户"), "code": None}
    ]
    for role, person in CAST.items():
        if person.name in company.codes.apps:
            code, _ = company.codes.now(person.name)
            found.append({"who": role.value, "called": person.called, "does": person.does, "code": code})
    return found
