"""The doors of webhooks: who is told of events of cases, what they were told, and one of it again."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.keep_webhooks import (
    list_deliveries,
    list_webhooks,
    put_webhook,
    remove_webhook,
    replay_delivery,
)
from countermand.flows.reception import Reception
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.queue_messages import (
    DeliveryPage,
    DeliveryShown,
    Removed,
    WebhookList,
    WebhookRequest,
    WebhookShown,
)
from countermand.surfaces.http.visits import identifier, visit_of

Asked = Request[Any, Any, Any]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def _reception(request: Asked) -> Reception:
    house: House = request.app.state["house"]
    return house.reception


def _name(segment: str) -> str:
    if not _NAME.fullmatch(segment):
        raise invalid_request("a name has up to 64 small letters, digits and dashes", "name")
    return segment


@get("/v1/webhooks", scope="admin", gives=WebhookList)
async def read_webhooks(request: Asked) -> dict[str, Any]:
    """Every webhook, and whether it takes what it is told."""
    return {"webhooks": await list_webhooks(_reception(request))}


@put("/v1/webhooks/{name:str}", scope="admin", status_code=200, gives=WebhookShown)
async def set_webhook(request: Asked, name: FromPath[str], data: JSONBody[WebhookRequest]) -> dict[str, Any]:
    """Post events of these kinds to an address from now on; the secret is shown when it is made, once."""
    visit = visit_of(request.scope)
    return await put_webhook(
        _reception(request),
        _name(name),
        data.url,
        data.events,
        visit.actor,
        visit.trace_id,
        new_secret_wanted=data.new_secret,
    )


@delete("/v1/webhooks/{name:str}", scope="admin", status_code=200, gives=Removed, refuses=(404,))
async def delete_webhook(request: Asked, name: FromPath[str]) -> dict[str, Any]:
    """Tell it no more."""
    visit = visit_of(request.scope)
    return await remove_webhook(_reception(request), _name(name), visit.actor, visit.trace_id)


@get("/v1/webhooks/{name:str}/deliveries", scope="admin", gives=DeliveryPage, refuses=(404,))
async def read_deliveries(request: Asked, name: FromPath[str], before: FromQuery[str] = "") -> dict[str, Any]:
    """What it was told, newest first, with what came of each."""
    return await list_deliveries(_reception(request), _name(name), before)


@post(
    "/v1/webhooks/{name:str}/deliveries/{delivery:str}/replay",
    scope="admin",
    status_code=200,
    gives=DeliveryShown,
    refuses=(404,),
)
async def replay(request: Asked, name: FromPath[str], delivery: FromPath[str]) -> dict[str, Any]:
    """Tell one event again, under the same event id."""
    found = identifier(delivery, "delivery")
    return await replay_delivery(_reception(request), _name(name), found, visit_of(request.scope).trace_id)


WEBHOOK_HANDLERS = (read_webhooks, set_webhook, delete_webhook, read_deliveries, replay)
