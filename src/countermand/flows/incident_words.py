"""How incidents and their orders are shown, and what is said where there is none."""

from __future__ import annotations

from typing import Any

from countermand.containment.plan import Plan
from countermand.containment.preview import scope_of
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Conflict, NotFound
from countermand.vocabulary.incidents import Incident
from countermand.vocabulary.orders import CAUSES, Order


def shown_containment(
    incident: Incident, planned: Plan, revoked: list[str], off: list[str], effects: list[str], now: int
) -> dict[str, Any]:
    """A containment as it is answered, now and at every retry; `off` left our own profile of the account."""
    cause = CAUSES[incident.code]
    return {
        "incident": incident.id,
        "account": incident.account,
        "person": incident.person,
        "code": incident.code,
        "tier": incident.tier,
        "placed_at": rfc3339(incident.placed_at),
        "cause": {"en": cause.text.en, "zh": cause.text.zh},
        "remedy": {"en": cause.remedy.en, "zh": cause.remedy.zh},
        "documents": list(cause.documents),
        "orders": [shown_order(order) for order in planned.orders],
        "scope": scope_of(planned.orders, now),
        "holds_revoked": revoked,
        "devices_unbound": list(planned.unbind),
        "devices_off_profile": off,
        "sessions_ended": len(planned.revocations),
        "evidence_requested": True,
        "task": None if planned.task is None else planned.task.id,
        "effects": effects,
    }


def shown_order(order: Order) -> dict[str, Any]:
    """An order as doors show it."""
    limit = order.amount_limit
    return {
        "order": order.id,
        "measure": order.measure.value,
        "account": order.account,
        "person": order.person,
        "values": list(order.values),
        "amount_limit": None if limit is None else {"minor": limit.minor, "currency": limit.currency},
        "code": order.code,
        "placed_at": rfc3339(order.placed_at),
        "ends_at": None if order.ends_at is None else rfc3339(order.ends_at),
        "incident": order.incident,
    }


def key_reused(key: str) -> Conflict:
    """409 for another request under a key that was used."""
    return Conflict(
        "key_reused",
        "This idempotency key was used for another request; give every request its own key.",
        "该幂等键已用于另一个请求；请为每个请求使用独立的键。",
        key=key,
    )


def unknown_incident(incident: str) -> NotFound:
    """404 for an incident nobody knows."""
    return NotFound(
        "unknown_incident",
        f"No incident {incident} is known here.",
        f"此处没有事件 {incident}。",
        incident=incident,
    )
