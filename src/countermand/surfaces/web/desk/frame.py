"""What every page of the console stands in: who looks, what they may do, the rail of queues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from litestar import Request, Response
from litestar.datastructures import FormMultiDict

from countermand.cases.permissions import may_ever
from countermand.flows.find_cases import FindingHouse, filter_of, list_cases, list_queues
from countermand.kernel.errors import BadRequest, NotFound
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import staff_of, visit_of
from countermand.surfaces.web.answers import page, page_language
from countermand.surfaces.web.desk.short_times import ago_said, left_said, urgency_of
from countermand.vocabulary.queues import QueueFilter
from countermand.vocabulary.staff import GRANTABLE, Verb

Asked = Request[Any, Any, Any]
QUEUE_FIRST = "all"
RAIL_CASES_MAX = 30
# The rooms that there are, besides the cases.
ROOMS = frozenset(
    {
        "cases",
        "approvals",
        "clocks",
        "opened",
        "access",
        "counter",
        "board",
        "health",
        "lab",
        "measures",
        "knowledge",
    }
)


class May(Mapping[str, bool]):
    """What the roles of somebody may ever do, by the word of the verb: `may.reply`."""

    def __init__(self, roles: Any) -> None:
        self._roles = roles

    def __getitem__(self, word: str) -> bool:
        return may_ever(self._roles, Verb(word))

    def __iter__(self) -> Iterator[str]:
        return iter(verb.value for verb in Verb)

    def __len__(self) -> int:
        return len(Verb)


def house_of(request: Asked) -> House:
    """The house behind the door."""
    house: House = request.app.state["house"]
    return house


def trace_of(request: Asked) -> str:
    """The trace that stands with what is done here."""
    return visit_of(request.scope).trace_id


def desk_page(
    request: Asked,
    template: str,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> Response[bytes]:
    """A page of the console: with `may`, `now` in microseconds UTC, and how short times are said.

    `looks_only`: whoever looks never writes, and is shown no form that does.
    """
    staff, now = staff_of(request), house_of(request).clock.now()
    language = page_language(request)
    given = {
        "may": May(staff.roles),
        "now": now,
        "room": "",
        "left": partial(left_said, language=language),
        "ago": partial(ago_said, language=language),
        "urgency": urgency_of,
        "rooms": ROOMS,
        "looks_only": bool(staff.roles & GRANTABLE),
        **values,
    }
    return page(request, template, status=status, headers=headers, **given)


async def rail_of(request: Asked, queue: str = "", after: str = "") -> dict[str, Any]:
    """The queues with how many cases are in each now, and a page of one of them, the nearest clock first.

    Whoever may list nothing gets an empty rail; an unknown queue or place is the first one again.
    """
    staff = staff_of(request)
    if not may_ever(staff.roles, Verb.LIST_CASES):
        return {"queues": [], "queue": "", "cases": [], "next": None, "after": ""}
    return await rail_for(house_of(request).reception, staff.name, queue, after)


async def rail_for(reception: FindingHouse, me: str, queue: str, after: str) -> dict[str, Any]:
    """The same for somebody by name. Raises Unavailable."""
    try:
        wanted = await filter_of(reception, queue or QUEUE_FIRST, me)
    except NotFound:
        queue, wanted = QUEUE_FIRST, QueueFilter()
    try:
        found = await list_cases(reception, wanted, me, after, RAIL_CASES_MAX)
    except BadRequest:
        after = ""
        found = await list_cases(reception, wanted, me, after, RAIL_CASES_MAX)
    queues = await list_queues(reception, me)
    return {**queues, "queue": queue or QUEUE_FIRST, **found, "after": after}


def plain_number(spoken: str) -> str:
    """A case's number as it stands in an address."""
    return spoken.replace(" ", "")


async def typed_in(request: Asked) -> dict[str, str]:
    """The fields of a form, those of one name a line each, trimmed but for `text`; no files."""
    form: FormMultiDict = await request.form()
    typed: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            text = value.replace("\r\n", "\n")
            typed.setdefault(str(name), []).append(text if name == "text" else text.strip())
    return {name: "\n".join(values) for name, values in typed.items()}
