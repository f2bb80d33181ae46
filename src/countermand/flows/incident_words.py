"""How incidents and their orders are shown, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from countermand.containment.plan import Plan, Told
from countermand.containment.preview import scope_of
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Conflict, NotFound
from countermand.kernel.text import Text
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


# What people must do themselves where nobody stands behind a port.
_UNTOLD = {
    "banking": Text(
        en="No core banking system is set, so none was told; do there by hand what it must not let pass.",
        zh="未设置核心系统，因此没有通知任何核心系统；请在核心系统中人工处理。",
    ),
    "sessions": Text(
        en="No receiver of ended sessions is set, so none was told; ask for each request whether its session "
        "may act, or follow the feed of ended sessions.",
        zh="未设置会话终止的接收方，因此没有通知任何一方；请逐请求查询会话是否有效，或跟随会话终止记录。",
    ),
    "webhooks": Text(
        en="Nobody could be told to stop collecting on the disputed debts; tell the collectors yourself, at "
        "once. Here nothing more is taken for them.",
        zh="无法通知任何一方停止对有争议债务的催收；请立即自行通知催收方。本系统内不会再为其扣款。",
    ),
}


def shown_untold(told: Sequence[Told], ports: Collection[str]) -> list[dict[str, Any]]:
    """What was to be told and could be told to nobody: no such port is set up here."""
    found: dict[tuple[str, str], list[Told]] = {}
    for one in told:
        if one.port not in ports:
            found.setdefault((one.port, one.action), []).append(one)
    return [
        {
            "port": port,
            "action": action,
            "count": len(those),
            "debts": [debt for one in those for debt in one.body.get("debts", [])],
            "text": {"en": _UNTOLD[port].en, "zh": _UNTOLD[port].zh},
        }
        for (port, action), those in found.items()
    ]


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
