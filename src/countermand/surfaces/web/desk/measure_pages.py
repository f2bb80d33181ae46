"""Clocks and breaches of every case, and how the platform does: figures with their tables."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromQuery

from countermand.flows.find_cases import list_cases
from countermand.flows.platform_measures import SPANS_DAYS, platform_measures
from countermand.kernel.text import Text
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of
from countermand.vocabulary.queues import QueueFilter
from countermand.vocabulary.staff import Verb

LISTED_MAX = 30
DAYS = 30


def _rule_name(request: Asked, policy: str) -> Text:
    """The rule in words; its id where its pack is not in use any more."""
    rule = house_of(request).reception.clocks.house.rules.get(policy)
    return Text(en=policy, zh=policy) if rule is None else rule.name


def _days(text: str) -> int:
    if not text:
        return DAYS
    if not (text.isascii() and text.isdigit() and int(text) in SPANS_DAYS):
        raise invalid_request("days is one of 7, 30, 90", "days")
    return int(text)


@get("/desk/clocks", page="staff", verb=Verb.LIST_CASES)
async def read_clocks(request: Asked) -> Response[bytes]:
    """What is overdue, what is due next, and what was missed: by whom and why."""
    reception, me = house_of(request).reception, staff_of(request).name
    overdue = await list_cases(reception, QueueFilter(overdue=True), me, "", LISTED_MAX)
    coming = await list_cases(reception, QueueFilter(overdue=False), me, "", LISTED_MAX)
    found = await platform_measures(house_of(request), DAYS)
    lists = {
        "overdue": overdue["cases"],
        "next": [one for one in coming["cases"] if one["seconds_left"] is not None],
    }
    missed = [{**one, "rule": _rule_name(request, one["policy"])} for one in found["missed"]]
    values: dict[str, Any] = {"lists": lists, "missed": missed, "desk": found["desk"]}
    return desk_page(request, "desk/clocks.html", **values, room="clocks")


@get("/desk/measures", page="staff", verb=Verb.LIST_CASES)
async def read_measures(request: Asked, days: FromQuery[str] = "") -> Response[bytes]:
    """How fast people are stopped for and answered, on what evidence, where it was late, and why."""
    found = await platform_measures(house_of(request), _days(days))
    causes = [{**one, "rule": _rule_name(request, one["policy"])} for one in found["causes"]]
    values = {**found, "causes": causes, "spans": SPANS_DAYS}
    return desk_page(request, "desk/measures.html", found=values, room="measures")


MEASURE_PAGES = (read_clocks, read_measures)
