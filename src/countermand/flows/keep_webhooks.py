"""Webhooks are set, shown and taken away; what they were told is listed, and one of it told again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from countermand.flows.reception import Reception
from countermand.flows.tell_webhooks import secret_context
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.ids import new_secret
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.effects import Effect, EffectState
from countermand.vocabulary.facts import WEBHOOK_CHANGED, WEBHOOK_REMOVED, Fact
from countermand.vocabulary.webhooks import WEBHOOKS, Webhook

DELIVERIES_SHOWN_MAX = 100
URL_CHARACTERS_MAX = 2000


async def put_webhook(
    house: Reception,
    name: str,
    url: str,
    events: Sequence[EventKind],
    actor: str,
    trace: str | None = None,
    *,
    new_secret_wanted: bool = False,
) -> dict[str, Any]:
    """Set where events of these kinds go; its secret is in the answer once: when it is made.

    Set again, it starts anew: what failed is forgotten, and the secret stays unless a new one is wanted.
    Raises BadRequest (`bad_webhook_url`), Unavailable.
    """
    _check(url)
    now = house.clock.now()
    async with house.works.open() as unit:
        known = await unit.webhooks.find(name, lock=True)
        secret = new_secret() if known is None or new_secret_wanted else None
        sealed = known.secret if known is not None else b""
        if secret is not None:
            sealed = house.vault.seal(secret.encode(), secret_context(name))
        kinds = tuple(sorted(set(events)))
        webhook = Webhook(name=name, url=url, events=kinds, secret=sealed, made_at=now, made_by=actor)
        await unit.webhooks.put(webhook)
        body = {"webhook": name, "events": [kind.value for kind in kinds], "actor": actor}
        await unit.note([Fact(now, WEBHOOK_CHANGED, {**body, "new_secret": secret is not None}, None, trace)])
    shown = shown_webhook(webhook)
    return shown if secret is None else {**shown, "secret": secret}


async def list_webhooks(house: Reception) -> list[dict[str, Any]]:
    """Every webhook, without its secret. Raises Unavailable."""
    async with house.works.open() as unit:
        return [shown_webhook(one) for one in await unit.webhooks.all()]


async def remove_webhook(house: Reception, name: str, actor: str, trace: str | None = None) -> dict[str, Any]:
    """Tell it no more; what is still to be told fails. Raises NotFound (`unknown_webhook`), Unavailable."""
    now = house.clock.now()
    async with house.works.open() as unit:
        if not await unit.webhooks.drop(name):
            raise _unknown(name)
        await unit.note([Fact(now, WEBHOOK_REMOVED, {"webhook": name, "actor": actor}, None, trace)])
    return {"name": name, "removed": True}


async def list_deliveries(house: Reception, name: str, before: str = "") -> dict[str, Any]:
    """What it was told, newest first; `next` asks for more. Raises NotFound, BadRequest, Unavailable."""
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise BadRequest("bad_cursor", "This is no place in the list.", "游标无效。", field="before")
    async with house.works.open() as unit:
        if await unit.webhooks.find(name) is None:
            raise _unknown(name)
        found = await unit.webhooks.deliveries(name, int(before) if before else None, DELIVERIES_SHOWN_MAX)
    more = str(found[-1].place) if len(found) == DELIVERIES_SHOWN_MAX else None
    return {"deliveries": [_shown_delivery(one.effect) for one in found], "next": more}


async def replay_delivery(
    house: Reception, name: str, delivery: str, trace: str | None = None
) -> dict[str, Any]:
    """Tell one event again, with the same event id, whatever came of it.

    Raises NotFound (`unknown_webhook`, `unknown_delivery`), Unavailable.
    """
    now = house.clock.now()
    async with house.works.open() as unit:
        if await unit.webhooks.find(name) is None:
            raise _unknown(name)
        told = await unit.effects.find(delivery)
        if told is None or told.port != WEBHOOKS or told.body["webhook"] != name:
            raise NotFound(
                "unknown_delivery",
                f"The webhook {name} has no delivery {delivery!r}.",
                f"Webhook {name} 没有投递记录 {delivery!r}。",
            )
        again = replace(
            told,
            id=house.ids.new(told.id.partition("~")[0] + "~", now),
            placed_at=now,
            due_at=now,
            alarm_at=None,
            state=EffectState.PENDING,
            attempts=0,
            ended_at=None,
            answer=None,
            trace=trace,
        )
        await unit.effects.put([again])
    return _shown_delivery(again)


def shown_webhook(webhook: Webhook) -> dict[str, Any]:
    """A webhook for a door; its secret is never shown again."""
    since, disabled = webhook.failing_since, webhook.disabled_at
    return {
        "name": webhook.name,
        "url": webhook.url,
        "events": [kind.value for kind in webhook.events],
        "made_at": rfc3339(webhook.made_at),
        "made_by": webhook.made_by,
        "failures": webhook.failures,
        "failing_since": None if since is None else rfc3339(since),
        "disabled_at": None if disabled is None else rfc3339(disabled),
    }


def _shown_delivery(effect: Effect) -> dict[str, Any]:
    return {
        "id": effect.id,
        "event": f"{effect.body['case']}/{effect.body['seq']}",
        "kind": effect.body["kind"],
        "number": effect.body["number"],
        "placed_at": rfc3339(effect.placed_at),
        "state": effect.state.value,
        "attempts": effect.attempts,
        "due_at": rfc3339(effect.due_at),
        "ended_at": None if effect.ended_at is None else rfc3339(effect.ended_at),
        "answer": effect.answer,
    }


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.scheme not in ("http", "https") or len(url) > URL_CHARACTERS_MAX:
        raise BadRequest(
            "bad_webhook_url",
            "A webhook has an http or https address without a user name in it.",
            "Webhook 地址应为不含用户名的 http 或 https 地址。",
            field="url",
        )


def _unknown(name: str) -> NotFound:
    return NotFound("unknown_webhook", f"There is no webhook {name!r}.", f"没有名为 {name!r} 的 Webhook。")
