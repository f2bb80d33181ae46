"""Cases leave: whole as JSON, or as rows of the CFPB's complaint file; masked, one after the other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from countermand.cases.list_ports import ExportedCase
from countermand.flows.find_cases import FindingHouse
from countermand.intake.taxonomies import Place
from countermand.kernel.clock import moment_of, rfc3339
from countermand.vocabulary.facts import CASES_EXPORTED, Fact
from countermand.vocabulary.triage import Category

EXPORTED_AT_ONCE = 200
# The columns of the CFPB's public complaint database, in its order.
CFPB_COLUMNS = (
    "Date received", "Product", "Sub-product", "Issue", "Sub-issue", "Consumer complaint narrative",
    "Company public response", "Company", "State", "ZIP code", "Tags", "Consumer consent provided?",
    "Submitted via", "Date sent to company", "Company response to consumer", "Timely response?",
    "Consumer disputed?", "Complaint ID",
)  # fmt: skip
_SUBMITTED = {
    "app": "Web", "chat": "Web", "door": "Web", "wechat": "Web", "email": "Email", "hotline": "Phone",
    "branch": "Other", "import": "Other",
}  # fmt: skip
# What an outcome came to, in the words of the CFPB's company response.
_RESPONSES = {
    "unauthorised_confirmed": "Closed with monetary relief",
    "merchant_error": "Closed with monetary relief",
    "identity_misuse_no_account": "Closed with non-monetary relief",
    "authorised": "Closed with explanation",
    "deceived": "Closed with explanation",
    "family_or_insider": "Closed with explanation",
    "insufficient": "Closed with explanation",
    "answered": "Closed with explanation",
    "withdrawn": "Closed",
    "duplicate": "Closed",
}
IN_PROGRESS, NO_CONSENT = "In progress", "Consent not provided"
# The CFPB writes XXXX where something was taken out; of our masks nothing stays, not even last digits.
_MASKED = re.compile(r"[\w@.]*\*{2,}[\w@.]*")


async def export_cases(house: FindingHouse, since: int, until: int) -> AsyncIterator[ExportedCase]:
    """Cases first heard in a span (microseconds UTC, the end excluded), in that order.

    A page is read at a time, each in a unit of its own: however slowly it is written, nothing waits for it.
    Raises Unavailable.
    """
    after: tuple[int, str] | None = None
    while True:
        async with house.works.open() as unit:
            page = await unit.case_lists.exported(since, until, after, EXPORTED_AT_ONCE)
        for one in page:
            yield one
        if len(page) < EXPORTED_AT_ONCE:
            return
        after = (page[-1].heard_at, page[-1].id)


async def note_export(house: FindingHouse, form: str, since: int, until: int, cases: int, actor: str) -> None:
    """That cases have left, who took them and how many, stays on record. Raises Unavailable."""
    now = house.clock.now()
    body = {"form": form, "from": rfc3339(since), "until": rfc3339(until), "cases": cases, "actor": actor}
    async with house.works.open() as unit:
        await unit.note([Fact(now, CASES_EXPORTED, body)])


def json_row(case: ExportedCase) -> dict[str, Any]:
    """All of a case; texts are masked as the desk sees them."""
    return {
        "case": dict(case.state),
        "events": [dict(event) for event in case.events],
        "messages": [dict(message) for message in case.messages],
        "legal_clocks": [dict(clock) for clock in case.legal_clocks],
    }


def cfpb_row(case: ExportedCase, places: Mapping[Category, Place]) -> dict[str, str] | None:
    """A case as a row of the CFPB's file; None where it is no complaint there.

    The narrative is what the customer wrote first, with every mask replaced as the CFPB does. Whether they
    consent to its publication nobody has asked. `Timely response?` is told where a legal clock has ended.
    """
    state = case.state
    place = places[Category(state["category"])]
    if place.cfpb_product is None or place.cfpb_issue is None:
        return None
    said = next((one["masked"] for one in case.messages if one["direction"] == "in"), "")
    closed = state["stage"] == "closed"
    ended = {clock["state"] for clock in case.legal_clocks}
    day = _day(state["first_at"])
    filled = {
        "Date received": day,
        "Product": place.cfpb_product,
        "Issue": place.cfpb_issue,
        "Consumer complaint narrative": _MASKED.sub("XXXX", said),
        "Consumer consent provided?": NO_CONSENT,
        "Submitted via": _SUBMITTED.get(state["channel"], "Other"),
        "Date sent to company": day,
        "Company response to consumer": _RESPONSES[state["outcome"]] if closed else IN_PROGRESS,
        "Timely response?": "" if not ended else "No" if "breached" in ended else "Yes",
        "Consumer disputed?": "Yes" if state.get("appealed") or state.get("reopened") else "No",
        "Complaint ID": state["number"],
    }
    return {name: filled.get(name, "") for name in CFPB_COLUMNS}


def _day(at: int) -> str:
    moment: datetime = moment_of(at).astimezone(UTC)
    return f"{moment.year}/{moment.month}/{moment.day}"
