"""How every part of the house stands, the worst first, with what it means for customers and what to do."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from countermand.flows.show_health import show_health
from countermand.oversight.health import worst
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of
from countermand.surfaces.web.words import texts
from countermand.vocabulary.health import STATES_IN_ORDER, Part
from countermand.vocabulary.staff import Verb

# Where more is to be read, by the part.
DOCS = {
    "database": "docs/operate/running.md",
    "port": "docs/operate/running.md",
    "sealing": "docs/operate/transparency-log.md",
    "signing": "docs/operate/transparency-log.md",
    "outsider": "docs/how-to/have-the-log-witnessed.md",
    "child": "docs/operate/health.md",
    "keys": "docs/operate/vault.md",
    "scanner": "docs/operate/vault.md",
    "mail": "docs/how-to/hear-by-mail.md",
    "wechat": "docs/how-to/open-channels.md",
    "banking": "docs/reference/core-banking.md",
    "policy": "docs/how-to/use-the-lab.md",
    "shadow": "docs/how-to/shadow-a-policy.md",
    "drift": "docs/how-to/train-a-model.md",
    "notices": "docs/how-to/tell-customers.md",
    "reading": "docs/how-to/read-evidence.md",
}
ELSE_DOCS = "docs/operate/health.md"
# What belongs together, in the order of what customers would feel first.
GROUPS = (
    ("decide", ("deciding", "clock", "policy", "database", "disk")),
    ("act", ("timers", "outbox", "port", "banking", "alerts", "notices")),
    ("hear", ("mail", "wechat", "scanner", "reading", "keys")),
    ("prove", ("sealing", "signing", "outsider", "child")),
    ("learn", ("drift", "shadow", "shadows")),
)


def _named(part: Part) -> dict[str, Any]:
    """A part with the keys of its words; what it is of has its own name where the words know it."""
    of_key = part.of.partition(" ")[0].replace(".", "_")
    return {
        **part._asdict(),
        "state": part.state.value,
        "of_key": of_key if f"health.of_{of_key}" in texts() else "",
        "of": part.of,
        "docs": DOCS.get(part.name, ELSE_DOCS),
    }


async def _values(request: Asked) -> dict[str, Any]:
    at, parts = await show_health(house_of(request))
    shown = [_named(one) for one in sorted(parts, key=lambda one: -STATES_IN_ORDER.index(one.state))]
    known = {name for _, names in GROUPS for name in names}
    groups = [
        (key, [one for one in shown if one["name"] in names or (key == "learn" and one["name"] not in known)])
        for key, names in GROUPS
    ]
    troubled = [one for one in shown if one["state"] in ("bad", "late")]
    counts = {state.value: sum(one.state is state for one in parts) for state in STATES_IN_ORDER}
    return {"at": at, "groups": groups, "worst": worst(parts).value, "troubled": troubled, "counts": counts}


@get("/desk/health", page="staff", verb=Verb.LIST_CASES)
async def read_health(request: Asked) -> Response[bytes]:
    """Every part with its state; the page renews itself."""
    return desk_page(request, "live/health.html", **await _values(request), room="health")


@get("/desk/health/parts", page="staff", verb=Verb.LIST_CASES)
async def read_health_parts(request: Asked) -> Response[bytes]:
    """The parts alone, as they are now."""
    return desk_page(request, "live/parts.html", **await _values(request), room="health")


HEALTH_PAGES = (read_health, read_health_parts)
