"""Events of cases leave for the institution's systems: CloudEvents, signed, without personal data.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from countermand.cases.webhook_ports import Poster
from countermand.flows.address_book import Sealer
from countermand.kernel.clock import MICROS_PER_HOUR, Clock, rfc3339
from countermand.kernel.errors import Unavailable
from countermand.kernel.signed_posts import signed_headers
from countermand.vocabulary.effects import Delivery, Effect, EffectState
from countermand.vocabulary.facts import WEBHOOK_DISABLED, Fact
from countermand.vocabulary.webhooks import EVENT_SOURCE, EVENT_TYPE_PREFIX, Webhook
from countermand.work import Works

log = structlog.get_logger(__name__)

# As many attempts in a row, over so long at least: an hour's restart of a receiver disables nothing.
FAILURES_MAX = 20
FAILING_MICROS_MIN = MICROS_PER_HOUR
REPLAY_WINDOW_SECONDS = 300
_DATA = ("case", "number", "seq", "stage", "ball", "contained", "risk", "category", "outcome")
# Whoever answers one of these has read it and will answer it again.
_REFUSED = frozenset({400, 410, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class WebhookPort:
    """Implements `deliver_effects.Port`: one attempt, and what it says about the webhook."""

    works: Works
    vault: Sealer
    poster: Poster
    clock: Clock

    async def deliver(self, effect: Effect) -> Delivery:
        """Post it. Raises Unavailable (`receiver_away`) where it is to be tried again."""
        name = effect.body["webhook"]
        async with self.works.open() as unit:
            webhook = await unit.webhooks.find(name)
        if webhook is None or webhook.disabled_at is not None:
            return Delivery(state=EffectState.FAILED, answer={"webhook": "disabled" if webhook else "gone"})
        secret = self.vault.open(webhook.secret, secret_context(name))
        now = self.clock.now()
        said = await self.poster.post(webhook.url, *signed(cloud_event(effect), secret, now))
        taken = said.status is not None and 200 <= said.status < 300
        if taken or said.status in _REFUSED:
            await self._took(webhook)
            state = EffectState.DONE if taken else EffectState.FAILED
            return Delivery(state=state, answer={"status": said.status})
        await self._failed(webhook, effect)
        why = said.why if said.status is None else f"HTTP {said.status}"
        raise Unavailable(
            "receiver_away",
            f"The webhook {name} takes nothing now: {why}.",
            f"Webhook {name} 暂时不可用：{why}。",
        )

    async def _took(self, webhook: Webhook) -> None:
        if webhook.failures:
            async with self.works.open() as unit:
                await unit.webhooks.answered(webhook.name)

    async def _failed(self, webhook: Webhook, effect: Effect) -> None:
        """Count it; whoever fails for too long is told no more, and that is an alarm."""
        now = self.clock.now()
        async with self.works.open() as unit:
            found = await unit.webhooks.failed(webhook.name, now, FAILURES_MAX, now - FAILING_MICROS_MIN)
            if found is None or not found.disabled:
                return
            body = {"webhook": webhook.name, "failures": found.failures, "effect": effect.id}
            await unit.note([Fact(now, WEBHOOK_DISABLED, body, None, effect.trace)])
        log.error("webhook_disabled", webhook=webhook.name, failures=found.failures)


def cloud_event(effect: Effect) -> dict[str, Any]:
    """The event as others read it; told again, it has the same id."""
    body = effect.body
    return {
        "specversion": "1.0",
        "id": f"{body['case']}/{body['seq']}",
        "source": EVENT_SOURCE,
        "type": f"{EVENT_TYPE_PREFIX}{body['kind']}",
        "subject": body["number"],
        "time": rfc3339(body["at"]),
        "datacontenttype": "application/json",
        "data": {name: body[name] for name in _DATA},
    }


def signed(event: dict[str, Any], secret: bytes, now: int) -> tuple[bytes, dict[str, str]]:
    """Body and headers: HMAC-SHA256 over `timestamp.body`; what is older than five minutes is refused."""
    body = msgspec.json.encode(event)
    headers = signed_headers(secret, event["id"], body, now)
    return body, {"Content-Type": "application/cloudevents+json", **headers}


def secret_context(name: str) -> str:
    """What the secret of a webhook is sealed for."""
    return f"webhook {name}"
